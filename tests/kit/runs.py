"""Runs to render: a realistic one with every verdict over the whole catalogue, and hostile ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from contract.run.results import Failure, RuleResult, Run
from contract.spec.rules import Rule, catalogue

ATTACK = "</script><img src=x onerror=alert(1)>"
# Control characters, a lone surrogate, a text direction, an escape sequence, markup of every format.
NASTY = f"{ATTACK}\x00\x08\x1b[31mred\x1b[0m\ud800\u202egnp.exe\ufffe]]> | cell `tick` ``` @everyone [bold] & \"'"

REPLAY = Failure(
    expected="200 with the stored engagement\n"
    '{"id": "ngmt_01K3Z8Q2F5", "title": "Call with Ada", "engagement_type": "CALL", "is_private": true}',
    actual="200 with the stored engagement\n"
    '{"id": "ngmt_01K3Z8Q2F5", "title": "Call with Bob", "engagement_type": "MEETING", "is_private": true}',
    request_id="rid_01K3Z8QB9M2T7W",
    curl="curl -sS -X POST 'https://staging.example.com/api/v2/engagements' "
    """-H "Authorization: Bearer $CONTRACT_WRITER" -H 'Content-Type: application/json' """
    """-d '{"type": "MEETING", "title": "Call with Bob", "source_system": "contract", "external_id": """
    """"ck-7f3a-idem-2", "media_url": "https://media.example.com/a.mp3", "run_workflows": false}'""",
    request="POST /api/v2/engagements HTTP/1.1\r\nHost: staging.example.com\r\nAuthorization: Bearer ••••••\r\n"
    'Content-Type: application/json\r\n\r\n{\n  "type": "MEETING",\n  "title": "Call with Bob",\n'
    '  "source_system": "contract",\n  "external_id": "ck-7f3a-idem-2",\n'
    '  "media_url": "https://media.example.com/a.mp3",\n  "run_workflows": false\n}',
    response="HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Api-Version: v2\r\n\r\n{\n"
    '  "object": "engagement",\n  "id": "ngmt_01K3Z8Q2F5",\n  "title": "Call with Bob",\n'
    '  "engagement_type": "MEETING",\n  "is_private": true\n}',
)
ADDRESS = Failure(
    expected="422 for https://2130706433/a.mp3, which is 127.0.0.1",
    actual="201 for https://2130706433/a.mp3, which is 127.0.0.1",
    request_id="rid_01K3Z8R04KQ6XD",
    curl="curl -sS -X POST 'https://staging.example.com/api/v2/engagements' -d @-",
)
CRASH = Failure(
    expected="400 or 422, as a problem",
    actual="500 text/html: <!doctype html><title>Internal Server Error</title><p>Traceback (most recent call…",
    request_id=None,
    curl="python3 -c 'print(\"[\" * 100000)' | curl -sS -X POST 'https://staging.example.com/api/v2/engagements' -d @-",
    request="POST /api/v2/engagements HTTP/1.1\r\n\r\n[[[[[[…",
    response="HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/html\r\n\r\n<!doctype html>…",
)

_SPECIAL = {
    "IDEM-2": {"verdict": "fail", "failures": [REPLAY, replace(REPLAY, request_id="rid_01K3Z8QCC0W5V9")]},
    "URL-11": {"verdict": "fail", "failures": [ADDRESS]},
    "ERR-4": {"verdict": "fail", "failures": [CRASH]},
    "URL-18": {"verdict": "error", "reason": "the connection was reset for the accepted case too"},
    "URL-15": {"verdict": "untested", "reason": "media.redirect_to_private is not configured"},
    "SCOPE-2": {"verdict": "untested", "reason": "credentials.reader is not configured"},
    "URL-9": {"verdict": "deviates", "reason": "ticket 123, expires 2027-03-01", "failures": [ADDRESS]},
    "IDEM-4": {"verdict": "waived", "reason": "only one workspace on staging"},
    "SCOPE-4": {"verdict": "not_applicable", "reason": "the deployment leaves out owner_user_id"},
}
_OBSERVED = {
    "IDEM-13": "409 while the first submission is in flight",
    "LIMIT-11": "counts UTF-16 units",
    "IDEM-14": "answers 201 to a first create",
    "IDEM-15": "judges the URL before the key",
    "ERR-8": "400 for a wrong type, 422 for a missing field",
    "URL-20": "refuses 100.64.0.0/10 and 0.0.0.0/8; accepts 192.0.2.0/24, 198.51.100.0/24 and 203.0.113.0/24",
}


def run_of(results: list[RuleResult]) -> Run:
    """Return a run with these results against a staging host."""
    return Run(
        target="https://staging.example.com/api",
        profile="standard",
        seed=20260714,
        started_at=datetime(2026, 7, 14, 9, 26, 53, 589793, tzinfo=UTC),
        duration_seconds=41.2074,
        requests=1184,
        creations=247,
        results=results,
    )


def realistic() -> Run:
    """Return a run over the whole catalogue in which every verdict occurs."""
    return run_of([_result(rule, number) for number, rule in enumerate(catalogue().values())])


def kept() -> Run:
    """Return a run over the whole catalogue that found nothing wrong."""
    return run_of([_ordinary(rule, number) for number, rule in enumerate(catalogue().values())])


def hostile() -> Run:
    """Return a run in which every text that can come from outside is an attack."""
    failure = Failure(*(f"{NASTY} {name}" for name in ("expected", "actual", "rid", "curl", "request", "response")))
    rules = list(catalogue().values())
    results = [
        RuleResult(rules[0], "fail", 3, 0.1, NASTY, NASTY, [failure, failure]),
        RuleResult(rules[1], "error", 1, 0.1, NASTY, None, [failure]),
        RuleResult(rules[2], "untested", reason=NASTY),
        RuleResult(rules[6], "observed", 1, 0.1, observation=NASTY),
    ]
    return replace(run_of(results), target=f"https://example.com/{NASTY}", cut_short=NASTY)


def enormous() -> Run:
    """Return a run in which every rule failed in many cases with long texts, and one with texts as long as a body."""
    words = "é word " * 700
    failure = Failure(f"{words} a", f"b {words}", "rid_1", "x" * 9_000, words, words)
    results = [RuleResult(rule, "fail", 5, 1.0, failures=[failure] * 5) for rule in catalogue().values()]
    letters = "a" * 850_000
    results[0].failures = [replace(failure, expected=letters, actual=f"{letters}b", response=letters)]
    return run_of(results)


def _result(rule: Rule, number: int) -> RuleResult:
    given = _SPECIAL.get(rule.id)
    if given is None:
        return _ordinary(rule, number)
    cases = 0 if given["verdict"] in ("untested", "waived") else 4
    return RuleResult(rule, cases=cases, seconds=0.08 * cases, **given)  # type: ignore[arg-type]


def _ordinary(rule: Rule, number: int) -> RuleResult:
    cases = 1 + number * 7 % 23
    if rule.observed:
        return RuleResult(
            rule, "observed", cases, cases * 0.021, observation=_OBSERVED.get(rule.id, "as the mock does")
        )
    return RuleResult(rule, "pass", cases, cases * 0.021)
