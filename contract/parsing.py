"""JSON that a target sent, read strictly: what two systems may read differently is none."""

from __future__ import annotations

import json
from typing import Any

DEEPEST = 64  # levels of an answer in JSON
_HOLDS = (dict, list)  # what may be nested in JSON
_latest: dict[bytes, tuple[Any, str | None]] = {}  # of one answer: each is looked at often


def parse(content: bytes) -> tuple[Any, str | None]:
    """Return JSON as RFC 8259 has it between systems, or None and what is wrong with it.

    It is UTF-8 without a byte order mark, no object has a name twice, and it is not nested more than DEEPEST levels.
    Half a surrogate pair may come back as it was sent: the contract is silent about those.
    """
    if (found := _latest.get(content)) is None:
        _latest.clear()  # before the next: parsed, an answer may take a hundred times its size
        found = _latest[content] = _parsed(content)
    return found


def _parsed(content: bytes) -> tuple[Any, str | None]:
    try:
        document = json.loads(content.decode("utf-8", "surrogatepass"), object_pairs_hook=_object)
    except UnicodeDecodeError:
        return None, "it is not UTF-8"
    except RecursionError:
        return None, "it is nested too deeply"
    except ValueError as error:
        return None, "a byte order mark stands before it" if content.startswith(b"\xef\xbb\xbf") else str(error)[:120]
    return (document, None) if _is_shallow(document) else (None, "it is nested too deeply")


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        names = [name for name, _ in members]
        raise ValueError(f"the name {next(name for name in names if names.count(name) > 1)[:40]!r} stands there twice")
    return found


def _is_shallow(document: Any) -> bool:
    level, depth = [document] if isinstance(document, _HOLDS) else [], 0
    while level := [
        child
        for item in level
        for child in (item.values() if isinstance(item, dict) else item)
        if child and isinstance(child, _HOLDS)  # there may be a million that hold nothing
    ]:
        depth += 1
        if depth >= DEEPEST:
            return False
    return True
