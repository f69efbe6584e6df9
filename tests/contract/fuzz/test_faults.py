"""Targets with several faults, and targets that go down while they are fuzzed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from contract.target.clock import PaperClock
from tests.kit.fuzzing import Dying, Started, failed, fuzz


class Faulty:
    """An application that spoils the answers of another one in five ways."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        started: list[Any] = []
        content = b"".join(self._app(environ, lambda status, headers, *_: started.extend((status, headers))))
        status, headers = started
        said = json.loads(content)
        if status.startswith("20"):
            status = "201 Created"  # IDEM-1: repeats too
            said |= {"signals": [], "is_private": True}  # RESP-6, RESP-9
            headers = [header for header in headers if header[0] != "X-Api-Version"]  # RESP-5
        elif status.startswith("422"):
            said["request_id"] = "42"  # ERR-6
        content = json.dumps(said).encode()
        headers = [(name, value) for name, value in headers if name != "Content-Length"]
        start_response(status, [*headers, ("Content-Length", str(len(content)))])
        return [content]


@pytest.mark.long
def test_each_of_several_faults_is_reported(start: Started) -> None:
    """One run of a few hundred cases names the rule of every fault, and the case of each is one or two requests."""
    session = start(Faulty)
    state = fuzz(session, 300)
    found = failed(session)
    assert {"IDEM-1", "RESP-6", "RESP-9", "RESP-5", "ERR-6"} <= found.keys()
    assert found.keys() <= {"IDEM-1", "IDEM-2", "RESP-6", "RESP-9", "RESP-5", "ERR-6"}
    assert state.stopped is None
    assert all(failure.curl.count("curl ") <= 3 for failures in found.values() for failure in failures[:1])


@pytest.mark.parametrize("status", [None, 500])
@pytest.mark.parametrize("left", [0, 20])
def test_a_target_that_goes_down_ends_the_run(start: Started, left: int, status: int | None) -> None:
    """Silence accuses nobody and says why the run ended; answers of 500 are reported; neither is a traceback."""
    session = start(clock=PaperClock())
    session.client._transport = Dying(session.client._transport, left, status)
    state = fuzz(session, 60)
    if status is None:
        assert failed(session) == {}
        assert "stopped answering" in str(state.stopped)
    else:
        assert "ERR-4" in failed(session)


def test_a_case_is_plain_unless_its_form_matters(start: Started) -> None:
    """The case of a fault that any form shows is sent without chunks, escapes or a connection of its own."""
    session = start("repeat-201")
    fuzz(session, 300)
    (failure,) = failed(session)["IDEM-1"]
    for word in ("chunked", "Connection: close", "\\u00", "\\/", "?duration=1&"):
        assert word not in failure.curl
    assert failure.curl.count("curl ") == 2
