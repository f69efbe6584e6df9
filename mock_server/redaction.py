"""Keeps credentials out of everything that is shown: logs, the journal, reports."""

from __future__ import annotations

import re
from functools import lru_cache

HIDDEN = "(not shown)"
# API keys, and the secrets of webhooks. A character of one may be escaped as in JSON or as in a URL.
_SECRET = re.compile(r"(?:sk-apik_|whsec_)(?:[A-Za-z0-9._~+/=-]|\\u[0-9A-Fa-f]{4}|%[0-9A-Fa-f]{2})+", re.ASCII)
# A challenge (WWW-Authenticate) asks for a secret and holds none.
_SECRET_HEADER = re.compile(r"(?<!^www-)auth|cookie|token|secret|password|api-?key|credential|signature", re.IGNORECASE)
_SCHEMES = frozenset({"bearer", "basic", "digest", "token"})  # words that are not part of a secret


def redacted(text: str) -> str:
    """Return the text with every API key and every secret of a webhook in it replaced."""
    return _SECRET.sub(HIDDEN, text) if "sk-apik_" in text or "whsec_" in text else text


def redacted_bytes(raw: bytes) -> bytes:
    """Return the bytes with all that `redacted` replaces replaced in them. They need not be UTF-8."""
    if b"sk-apik_" not in raw and b"whsec_" not in raw:
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
