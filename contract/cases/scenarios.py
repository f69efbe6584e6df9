"""Scenarios: what one request leaves behind for the next, and what happens when two workspaces overlap.

The suite plays each of them, the state machine draws them. Rules: IDEM-2, IDEM-4, IDEM-9, SCOPE-1, SCOPE-5, AUTH-2.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from contract.cases import bodies, urls
from contract.cases.submission import Submission, media
from contract.cases.verdict import ACCEPTED, EXACTLY_422, REFUSED, Url
from contract.exchange import Text
from contract.spec.fields import body_rules, fields

WRITER, READER, OTHER, NOBODY = "writer", "reader", "other_workspace", "nobody"
CREATED, REPEATED, REFUSAL, FORBIDDEN, UNAUTHORIZED = "created", "replayed", "refused", "forbidden", "unauthorized"
KNOWN = "known"  # the key of an engagement that the run made before
LONG = "long"  # a key as long as a key may be


@dataclass(frozen=True, slots=True)
class Step:
    """One request: who sends it, under which key of the scenario, and what a conforming target does with it.

    `case` is what differs from a plain submission. The title of each step is another one, so that nothing of an
    earlier step can pass for the answer to a later one. A step that is `again` sends the very body of the one before.
    """

    who: str
    key: str
    outcome: str
    case: Submission | None = None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Scenario:
    """Requests one after the other, or `at_once`. `rule` is broken when a step that creates or repeats does not."""

    name: str
    rule: str
    steps: tuple[Step, ...]
    at_once: bool = False


def refusals(accepted: str, rejected: tuple[str, ...], unreachable: tuple[str, ...]) -> tuple[Submission, ...]:
    """Return one refusal of each kind; those that fetch come twice, as a first attempt may leave a lock."""
    title = fields()["title"]
    kinds = [
        Submission({}, REFUSED, body_rules()["required"], "a missing field", without="title"),
        Submission({"run_workflows": "false"}, REFUSED, fields()["run_workflows"].rules["type"], "a wrong type"),
        Submission({"title": Text(("t", (title.most or 0) + 1))}, REFUSED, title.rules["maxLength"], "a long title"),
        media(urls.over_http([accepted])[0]),
        media(Url("https://192.168.1.10/a.mp3", EXACTLY_422, "URL-5", "a private address")),
    ]
    fetched = urls.configured(rejected[:1], (), unreachable[:1])
    # With a start, which the submission that follows does not have: what was refused leaves none behind.
    cases = (replace(case, value={**case.value, "start_at": "2001-02-03T04:05:06Z"}) for case in map(media, fetched))
    return (*kinds, *(case for case in cases for _ in range(2)))


_PRIVATE = media(Url(urls.PRIVATE, EXACTLY_422, "URL-3", "a private address"))
_CHANGED = Submission(bodies.full(), ACCEPTED, "IDEM-2", "every field but the key and the recording")

SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        "what was sent without a credential leaves nothing behind",
        "IDEM-9",
        (Step(NOBODY, "a", UNAUTHORIZED), Step(WRITER, "a", CREATED)),
    ),
    Scenario(
        "what was forbidden leaves nothing behind",
        "SCOPE-5",
        (Step(READER, "a", FORBIDDEN, _CHANGED), Step(WRITER, "a", CREATED)),
    ),
    Scenario(
        "a key is another one in another workspace",
        "IDEM-4",
        (
            Step(WRITER, LONG, CREATED),
            Step(WRITER, LONG, REPEATED, again=True),
            Step(OTHER, LONG, CREATED, again=True),
            Step(WRITER, LONG, REPEATED),
            Step(OTHER, LONG, REPEATED),
        ),
    ),
    Scenario(
        "a refusal in one workspace is none in another",
        "IDEM-4",
        (Step(WRITER, "a", REFUSAL, _PRIVATE), Step(OTHER, "a", CREATED), Step(WRITER, "a", REFUSAL, _PRIVATE)),
    ),
    Scenario(
        "a repeat with every field changed changes nothing",
        "IDEM-2",
        (Step(WRITER, KNOWN, REPEATED, _CHANGED), Step(WRITER, KNOWN, REPEATED)),
    ),
    Scenario(
        "a repeat without a credential is refused",
        "AUTH-2",
        (Step(NOBODY, KNOWN, UNAUTHORIZED), Step(WRITER, KNOWN, REPEATED)),
    ),
    Scenario(
        "a repeat without the scope is refused",
        "SCOPE-1",
        (Step(READER, KNOWN, FORBIDDEN), Step(WRITER, KNOWN, REPEATED)),
    ),
    Scenario(
        "two workspaces at the same moment do not mix",
        "IDEM-4",
        (Step(WRITER, "a", CREATED), Step(OTHER, "b", CREATED), Step(OTHER, "a", CREATED)),
        at_once=True,
    ),
)
