"""What an answer says: in a line for people, and which fields its errors name."""

from __future__ import annotations

import re

from contract.exchange import LONG, Exchange
from contract.spec.fields import blamed, fields


def answer(exchange: Exchange) -> str:
    """Say an answer in a line: its status, and what a problem says, or else how its body begins."""
    response = exchange.response
    if response.ok:
        return f"{response.status}" + (f" with id {response.id}" if response.id else "")
    if isinstance(problem := response.json, dict) and problem:
        return f"{response.status}: {exchange.shown(problem.get('errors') or problem.get('detail', problem))}"
    begins = exchange.redact(response.content.decode("utf-8", "replace"))[:LONG].strip()
    return f"{response.status}: {begins}" if begins else f"{response.status}"


def named_fields(exchange: Exchange) -> set[str]:
    """Return the known fields that the errors of a problem name, whatever their notation."""
    named: set[str] = set()
    for text in field_texts(exchange):
        words = re.findall(r"[A-Za-z][A-Za-z_]*", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", text))
        named |= {word.lower() for word in words} & fields().keys()
    return named


def spelled_fields(exchange: Exchange) -> set[str]:
    """Return the known fields that the errors of a problem name as they are spelled, whatever stands around them."""
    words = (word for text in field_texts(exchange) for word in re.findall(r"[A-Za-z][A-Za-z_]*", text))
    return set(words) & fields().keys()


def blamed_for(exchange: Exchange) -> str:
    """Return the rule that the refusal of a valid submission breaks: of the first field it names that was sent.

    A refusal that names a field which was left out, or none at all, breaks the rule that the rest suffices.
    """
    return blamed(named_fields(exchange) & exchange.document.keys())


def field_texts(exchange: Exchange) -> list[str]:
    """Return what the errors of a problem hold as `field`."""
    problem = exchange.response.json
    errors = problem.get("errors") if isinstance(problem, dict) else None
    entries = [entry for entry in errors if isinstance(entry, dict)] if isinstance(errors, list) else []
    return [entry["field"] for entry in entries if isinstance(entry.get("field"), str)]
