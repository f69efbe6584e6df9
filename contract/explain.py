"""`contract explain RULE`: what a rule says, what the suite does for it, and how to read a failure."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence

import pytest

from contract.cases.credentials import PLACES, QUERY
from contract.exchange import LONG, Body, Request, Response, shown
from contract.run.profile import Profile
from contract.run.runner import run_suite
from contract.run.session import open_session
from contract.spec.rules import Rule, catalogue
from contract.target import simulated
from contract.target.clock import PaperClock
from contract.target.config import Config, Credential
from contract.target.reading import CREDENTIALS as NAMES
from contract.target.rehearsal import Rehearsal

MOST_EXAMPLES = 12
PLAIN = "a plain submission"
LEVELS = {
    "must": "The API's own page says it. Breaking it is a violation; leaving it untested makes the run incomplete.",
    "documented": "The vendor says it in another place. Breaking it is a violation.",
    "robust": "Any sane server does it, whatever it is sent. Breaking it is a violation.",
    "observe": "The contract is silent. The suite reports what the target does and never calls it a violation.",
}
EXPECTED = {
    "created": "must be accepted",
    "replayed": "must be answered with what is stored",
    "refused": "must be refused",
    "forbidden": "must be refused for want of the scope",
    "unauthorized": "must be refused with 401",
    "shown": "must be shown",
    "hidden": "must not be shown",
    "answered": "may be answered in any way below 500",
    "observed": "may be answered in any way",
}


class _Listening(Rehearsal):
    """A target on paper that remembers what it was sent while a test ran."""

    def __init__(self) -> None:
        super().__init__()
        self.tests: list[str] = []
        self.sent: list[Request] = []

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        function = getattr(item, "function", None)
        self.tests.append(" ".join((inspect.getdoc(function) or item.name).split()))

    def send(self, request: Request) -> Response:
        if self.tests:  # what comes before is the pre-flight
            self.sent.append(request)
        return super().send(request)


def explain(rule: Rule) -> str:
    """Return the explanation for people. It is made by a run on paper: nothing is sent."""
    listening = _rehearsed(rule)
    tests = [f"- {text}" for text in dict.fromkeys(listening.tests)]
    parts = [
        f"{rule.id} ({rule.level}): {rule.title}",
        f"{rule.statement}\n{LEVELS[rule.level]}\nIt stands in openapi.yaml, {rule.where}.",
        "\n".join(["What the suite tests:", *tests]),
        "\n".join(["What it sends for that, in the profile quick:", *_examples(listening.sent)]),
        _reading(rule),
    ]
    return "\n\n".join(parts)


def _rehearsed(rule: Rule) -> _Listening:
    listening = _Listening()
    config = Config(
        base_url="http://127.0.0.1:1/api",
        credentials={name: Credential(name, f"sk-apik_{name}.on-paper") for name in NAMES},
        accepted=simulated.ACCEPTED,
        reader_email=simulated.READER_EMAIL,
        rejected=simulated.REJECTED,
        redirect_to_private=simulated.REDIRECT_TO_PRIVATE,
        private_names=simulated.PRIVATE_NAMES,
        unreachable=simulated.UNREACHABLES,
    )
    session = open_session(config, Profile(), [rule.id], transport=listening, clock=PaperClock())
    run_suite(session, listening)
    return listening


def _examples(sent: Sequence[Request]) -> Iterator[str]:
    """Yield a line for each of the first few requests: what differs from a plain submission, and what must follow."""
    if not sent:
        yield "- nothing of its own: the tests look at answers that others got"
    keys: set[str | None] = set()
    lines = dict.fromkeys(f"- {_said(request, keys)}: {EXPECTED[request.expect]}" for request in sent)
    yield from list(lines)[:MOST_EXAMPLES]
    if len(lines) > MOST_EXAMPLES:
        yield f"- and {len(lines) - MOST_EXAMPLES} more"


def _said(request: Request, keys: set[str | None]) -> str:
    """Say a request: what differs in it, or else whether its key was sent before. `keys` are those of before."""
    difference = _difference(request)
    matters = difference == PLAIN and request.expect in {"created", "replayed"}
    again = ", under a key that was sent before" if matters and request.key in keys else ""
    keys.add(request.key)
    return f"{difference}{_who(request)}{again}{_form(request)}"


def _form(request: Request) -> str:
    """Say how a body is written and sent, where that is not as usual."""
    body = request.body
    usual = not isinstance(body.document, dict) or Body.of(body.document).content == body.content
    said = ", in chunks" if request.chunked else ""
    if body.escaped:
        return f"{said}, with every character escaped"
    return said if usual else f"{said}, in another order or with other space"


def _difference(request: Request) -> str:
    if not request.submits:
        return f"{request.method} {request.path[:LONG]}"
    document = request.body.document
    if not isinstance(document, dict):
        return f"the body {shown(request.body.content.decode('utf-8', 'replace'))}"
    plain: dict[str, object] = {"type": "CALL", "source_system": "contract-kit", "media_url": simulated.ACCEPTED[0]}
    plain |= {"run_workflows": False, "is_private": True}
    ours = ("title", "external_id")
    changed = {
        name: value
        for name, value in document.items()
        if not (name in ours and isinstance(value, str) and value.startswith("ck") and len(value) < 60)
        and plain.get(name) != value
    }
    left_out = [name for name in (*plain, *ours) if name not in document]
    said = [shown(changed)] if changed else []
    said += [f"without {name}" for name in left_out]
    return ", ".join(said) or PLAIN


def _who(request: Request) -> str:
    if request.authorization is not None:
        return f" with the header Authorization: {request.authorization}"
    if request.credential is None:
        default = QUERY if "?" in request.path else None
        place = next((name for name, _ in request.headers if name in PLACES), default)
        return " without a credential" if place is None else f" with another credential in {place}"
    return "" if request.credential == "writer" else f" with the credential {request.credential}"


def _reading(rule: Rule) -> str:
    if rule.observed:
        return "How to read it: the observation says what the target did. Two targets that differ here both conform."
    return (
        "How to read a failure: `expected` names the case and what the contract asks for, `got` is the answer. The\n"
        "lines for a shell send the case again. The report has the whole request and response. `untested` with\n"
        "`see ANOTHER-1` means: that rule is broken, and this one cannot be judged before it is mended."
    )


def by_id(name: str) -> Rule | None:
    """Return the rule of this id, in whatever case it is written."""
    return catalogue().get(name.upper())
