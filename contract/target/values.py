"""What the values of a configuration may be: each function reads one from its text."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from urllib.parse import urlsplit

_NAME = re.compile(r"(?:[a-z0-9_-]{1,63}\.)+[a-z][a-z0-9-]{0,62}", re.ASCII | re.IGNORECASE)


class ConfigError(Exception):
    """A setting that cannot be used: one line that says which, from where, and what is accepted."""


def is_url(text: str, *schemes: str) -> bool:
    """Tell whether a text is a URL of one of these schemes, in ASCII, with a host that can be looked up."""
    try:
        parts = urlsplit(text)
        known = parts.scheme in schemes and parts.port != 0 and _is_host(parts.hostname or "")
    except ValueError:  # a port that is none, or broken brackets
        return False
    return known and text.isascii() and text.isprintable() and " " not in text


def is_name(text: str) -> bool:
    """Tell whether a text is a host name with a dot in it, such as intranet.example.com."""
    return _NAME.fullmatch(text) is not None


def _is_host(text: str) -> bool:
    """Tell whether a name can be looked up: what has an empty label, or one that is too long, can not."""
    try:
        return bool(text.isascii() and text.encode("idna"))
    except UnicodeError:
        return False


def parse_base_url(text: str) -> str:
    """Read the root of an API. Raises ConfigError."""
    if not is_url(text, "http", "https") or {"?", "#", "@"} & set(text):
        shown = re.sub(r"//.*@", "//********@", text)  # there may be a password before it
        raise ConfigError(
            f"base_url: {shown!r} must be an http or https URL in ASCII up to the API's root, such as https://h/api"
        )
    return text.rstrip("/").removesuffix("/v2/engagements")


def parse_count(text: str) -> int:
    """Read a whole number above 0. Raises ValueError."""
    if (number := whole_number(text)) is None or number == 0:
        raise ValueError("must be a whole number above 0")
    return number


def whole_number(text: str) -> int | None:
    """Read a number in ASCII digits, as many as anybody needs; None if it is none."""
    return int(text) if re.fullmatch("[0-9]{1,18}", text) else None


def parse_seconds(text: str) -> float:
    """Read seconds, more than 0 and a day at most. Raises ValueError."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 86_400:
        raise ValueError("must be a number of seconds above 0, a day at most")
    return seconds


def parse_form(text: str) -> str:
    """Read how a credential is sent: bearer or raw. Raises ValueError."""
    if text not in {"bearer", "raw"}:
        raise ValueError("must be bearer or raw")
    return text


def parse_address(text: str) -> tuple[str, int]:
    """Read where to listen, `host:port`. Raises ValueError."""
    host, _, port = text.rpartition(":")
    number = whole_number(port)
    if not _is_host(host) or number is None or not 0 < number < 65536:
        raise ValueError("must be an address and a port, such as 127.0.0.1:8800")
    return host.strip("[]"), number


def parse_secret(text: str) -> str:
    """Read the secret of an endpoint. Raises ConfigError, which does not show it."""
    try:
        base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except ValueError:
        raise ConfigError(
            "webhooks.secret must be whsec_ and a text in base64, as the endpoint's page shows it"
        ) from None
    return text


def parse_email(text: str) -> str:
    """Read an e-mail address. Raises ValueError."""
    name, at, domain = text.partition("@")
    if not (name and at and domain) or "@" in domain or " " in text:
        raise ValueError("must be an e-mail address, such as reader@example.com")
    return text


def parse_proxy(text: str) -> str:
    """Read the URL of a proxy. Raises ConfigError, which does not show it."""
    if not is_url(text, "http", "https"):  # what is there is not shown: it may hold a password
        raise ConfigError("http.proxy must be a URL such as http://user:password@proxy.example.com:3128")
    return text


def parse_file(text: str) -> Path:
    """Read the path of a file that is there. Raises ValueError."""
    if not Path(text).is_file():
        raise ValueError("is not a file")
    return Path(text)


def parse_rate(text: str) -> float:
    """Read `5/s`, `100/minute` or `0.5/s` and return requests a second. Raises ValueError."""
    match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*/\s*(s|second|m|minute|h|hour)", text)
    if match is None or float(match[1]) == 0:
        raise ValueError("must be a rate such as 5/s or 100/minute")
    return float(match[1]) / {"s": 1, "m": 60, "h": 3600}[match[2][0]]
