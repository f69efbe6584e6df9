"""The forms in which a target takes a submission, asked first, so that no other rule is blamed for one."""

from __future__ import annotations

from typing import Any

from contract.cases.encodings import ENCODINGS, PLAIN, Encoding
from contract.exchange import Exchange
from contract.judge.answers import answer
from contract.outcome import NotApplicable, Untested, Violation
from contract.run import blame
from contract.run.client import RecordingClient
from contract.spec.fields import body_rules
from contract.spec.statuses import LENGTH_REQUIRED

SINGLE = tuple(form for form in ENCODINGS if len(form.unusual) == 1)


def taken(client: RecordingClient) -> tuple[Encoding, ...]:
    """Return the encodings that the target takes, and record a violation for each form that it refuses. Rule: BODY-13.

    It asks with repeats, which create nothing. If even a plain repeat is refused, that says nothing about forms, and
    all are returned. Raises CutShort.
    """
    first = client.anchor
    if first is None or not _takes(client, first, PLAIN):
        return ENCODINGS
    refused = [form for form in SINGLE if not _takes(client, first, form)]
    return tuple(form for form in ENCODINGS if not any(form.includes(other) for other in refused))


def _takes(client: RecordingClient, first: Exchange, form: Encoding) -> bool:
    """Repeat a submission in a form and tell whether that was accepted."""
    rule = body_rules()["valid"]
    try:
        exchange = client.submit(form.body(first.document), expect="replayed", **sending(client, form, "writer"))
        refused = not blame.conclusive(exchange).response.ok
    except (Untested, NotApplicable, Violation):
        return False
    if refused and form != PLAIN and exchange.response.status != LENGTH_REQUIRED:
        client.recorder.fail(
            rule, Violation(rule, f"a valid repeat to be accepted as {form}", answer(exchange), exchange)
        )
    return not refused


def sending(client: RecordingClient, form: Encoding, credential: str) -> dict[str, Any]:
    """Return the options of the client that send a body in a form."""
    options: dict[str, Any] = {"credential": credential, "chunked": form.chunked}
    if form.alone:
        headers = (("Authorization", client.credential(credential)), ("Content-Type", "application/json"))
        options["headers"] = (*headers, ("Connection", "close"))
    return options
