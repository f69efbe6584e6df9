"""What a client sent, as far as the journal kept it, whether or not the mock read it before it answered."""

from __future__ import annotations

import json
from typing import Any

from mock_server.records.entry import Entry, shown_key


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
