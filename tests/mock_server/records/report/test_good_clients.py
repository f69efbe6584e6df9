"""Clients that do everything right have a clean card, whatever happens to them."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mock_server.testing import EngagementsApi, EngagementsServer, fresh_api
from tests.kit.submissions import submission

ATTEMPTS = 8
PHASES = st.sampled_from(["before_auth", "before_commit", "after_commit"])
FAULTS = st.one_of(
    st.fixed_dictionaries({"kind": st.sampled_from(["close", "reset", "truncate", "hang"]), "phase": PHASES}),
    st.fixed_dictionaries(
        {
            "kind": st.just("status"),
            "phase": PHASES,
            "status": st.sampled_from([408, 409, 425, 429, 500, 502, 503, 504]),
        },
        optional={"retry_after": st.lists(st.integers(0, 120), min_size=1, max_size=3)},
    ),
    st.fixed_dictionaries({"preset": st.sampled_from(["lost-acknowledgement", "overloaded"])}),
)
CALLS = st.fixed_dictionaries(
    {"title": st.sampled_from(["A call", "Another", ""]), "run_workflows": st.booleans()},
    optional={
        "start_at": st.sampled_from(["2026-03-02T09:30:00Z", "2031-03-02T09:30:00+01:00"]),
        "media_url": st.sampled_from(["https://media.mock.test/404/a.mp3", "https://10.0.0.1/a.mp3"]),
        "transcript_text": st.sampled_from(["Hello", "x" * 10_000]),
    },
)
CLOCK = st.sampled_from(["freeze", "reset", "now"])  # now changes nothing


def push(api: EngagementsApi, body: dict[str, Any]) -> int | None:
    """Submit a call as a good client does, and return the last status. Waits move the clock of the mock."""
    client, delay, status = api.app.test_client(), 1.0, None
    headers = {"Authorization": f"Bearer {api.credentials['writer']}"}
    for _ in range(ATTEMPTS):
        try:
            answer = client.post("/api/v2/engagements", headers=headers, json=body)
        except OSError:
            api.clock.advance(seconds=delay)
        else:
            status = answer.status_code
            if status < 500 and status not in {408, 409, 425, 429}:
                return status
            api.clock.advance(seconds=float(answer.headers.get("Retry-After", delay)))
        delay *= 2
    return status


@settings(max_examples=60)
@given(st.lists(st.tuples(CALLS, st.lists(FAULTS, max_size=2), st.integers(1, 3), CLOCK), max_size=4))
def test_a_good_client_is_never_accused(
    engagements_server: EngagementsServer, steps: list[tuple[dict[str, Any], list[dict[str, Any]], int, str]]
) -> None:
    """A client that waits as told, keeps its keys and takes refusals has no finding through any faults and clocks.

    It may import its calls twice, a day later, whatever the clock was set back to before. Only workflows for old calls
    are judged by what it was told to send.
    """
    with fresh_api(engagements_server) as api:
        for number, (call, faults, times, clock) in enumerate(steps):
            for fault in faults:
                api.faults.add(times=times, **fault)
            getattr(api.clock, clock)()
            push(api, submission(external_id=f"crm:{number}", **call))
        api.clock.advance(days=1)
        for number, (call, _, _, _) in enumerate(steps[:2] if len(steps) > 1 else []):
            push(api, submission(external_id=f"crm:{number}", **call))
        found = [verdict.id for verdict in api.report().verdicts if verdict.findings]
        assert found in ([], ["workflows"]), str(api.report())
