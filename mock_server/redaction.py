"""Keeps credentials out of everything that is shown: logs, the journal, reports."""

from __future__ import annotations

import re
from functools import lru_cache

HIDDEN = "(not shown)"
# A character of a key may be escaped as in JSON or as in a URL.
_API_KEY = re.compile(r"sk-apik_(?:[A-Za-z0-9._~+/=-]|\\u[0-9A-Fa-f]{4}|%[0-9A-Fa-f]{2})+", re.ASCII)
# A challenge (WWW-Authenticate) asks for a secret and holds none.
_SECRET_HEADER = re.compile(r"(?<!^www-)auth|cookie|token|secret|password|api-?key|credential|signature", re.IGNORECASE)
_SCHEMES = frozenset({"bearer", "basic", "digest", "token"})  # words that are not part of a secret


def redacted(text: str) -> str:
    """Return the text with every API key in it replaced."""
    return _API_KEY.sub(HIDDEN, text) if "sk-apik_" in text else text


def redacted_bytes(raw: bytes) -> bytes:
    """Return the bytes with every API key in them replaced. They need not be UTF-8."""
    if b"sk-apik_" not in raw:
        return raw
    return redacted(raw.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def redacted_header(name: str, value: str) -> str:
    """Return the value of a header as it may be shown. Of a secret one only its scheme remains, as in `Bearer …`."""
    if not _is_secret(name):
        return redacted(value)
    scheme, blank, _ = value.partition(" ")
    return f"{scheme} {HIDDEN}" if blank and scheme.lower() in _SCHEMES else HIDDEN


@lru_cache(256)  # every request brings the same few names
def _is_secret(header: str) -> bool:
    return _SECRET_HEADER.search(header) is not None
