"""What a client sent, as far as the journal kept it, whether or not the mock read it before it answered."""

from __future__ import annotations

import json
from typing import Any

from mock_server.problems import counted
from mock_server.records.entry import Entry, shown_key
from mock_server.redaction import redacted

LONGEST = 120  # characters of a value that is shown


def sent(entry: Entry) -> dict[str, Any]:
    """Return the JSON object that was sent; an empty one if it was none, or was too long to be kept whole."""
    if entry.body is None or entry.body.truncated:
        return {}
    try:
        document = json.loads(entry.body.excerpt)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def sent_key(entry: Entry) -> str | None:
    """Return the external_id that a request named, as the records keep it."""
    if entry.external_id is not None:
        return entry.external_id
    named = sent(entry).get("external_id")
    return shown_key(named) if isinstance(named, str) else None


def shown(value: object) -> str:
    """Return a value in a sentence: as Python writes it, without API keys, escaped and shortened."""
    text = redacted(repr(value) if isinstance(value, str) and value.isprintable() else ascii(value))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({counted(len(text), 'character')})"
