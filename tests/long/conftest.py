"""Sessions of the fuzzer that call an application in this process."""

from fuzz_sessions import mock_config, start

__all__ = ["mock_config", "start"]
