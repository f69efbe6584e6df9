"""The mock that a run without a target starts for itself."""

from __future__ import annotations

import logging

from contract.target.embedded import embedded


def test_the_log_of_the_mock_is_quiet_for_a_run_and_then_as_before() -> None:
    """A run in somebody's process does not decide what is logged there after it."""
    log = logging.getLogger("mock_server")
    log.setLevel(logging.INFO)
    try:
        with embedded():
            assert log.level == logging.WARNING
        assert log.level == logging.INFO
    finally:
        log.setLevel(logging.NOTSET)
