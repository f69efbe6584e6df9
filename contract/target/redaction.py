"""Takes the secrets of a configuration out of every text that a run shows or writes.

Texts pass through here once: where they enter a result, and before anything is cut, since half a credential would not
be recognised any more.
"""

from __future__ import annotations

import html
import json
import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from contract.exchange import SHORTEST_SECRET
from contract.target.config import Config

# Headers that say what the client is or wants, and so hold nothing to hide. All others of [http] headers may.
_HARMLESS = re.compile(r"accept(-.*)?|user-agent|host|origin|referer|cache-control|content-.*|via", re.IGNORECASE)


@dataclass(frozen=True, slots=True, repr=False)
class Redactor:
    """Replaces each secret by the shell variable that stands for it. `short` names those that are easily missed."""

    short: tuple[str, ...]
    _pattern: re.Pattern[str] | None
    _names: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, config: Config) -> Redactor:
        """Return what knows the credentials of a configuration, and the secrets of its headers and proxy."""
        names: dict[str, str] = {}
        short = []
        for secret, variable in _secrets(config):
            if len(secret) < SHORTEST_SECRET:
                short.append(variable)
            for form in _forms(secret):
                names.setdefault(form, f"${variable}")
            if len(end := secret.rpartition(".")[2]) >= SHORTEST_SECRET and end != secret:
                names.setdefault(end, f"${{{variable}##*.}}")  # the secret half of an API key
        pattern = re.compile("|".join(_expressions(names))) if names else None
        return cls(tuple(dict.fromkeys(short)), pattern, names)

    def __call__(self, text: str) -> str:
        """Return the text without secrets."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda match: self._names[match[0]], text)

    @property
    def warning(self) -> str | None:
        """A sentence about secrets that are too short to be found everywhere; None if there is none."""
        if not self.short:
            return None
        return (
            f"{', '.join(self.short)}: shorter than {SHORTEST_SECRET} characters. Reports hide a short secret where"
            " it stands alone, and not inside longer words"
        )


def _secrets(config: Config) -> Iterator[tuple[str, str]]:
    """Yield each secret with the name of its variable."""
    for credential in config.credentials.values():
        yield credential.token, f"CONTRACT_{credential.name.upper()}"
    for name, value in config.headers.items():
        if not _HARMLESS.fullmatch(name) and value.strip():
            yield value.rpartition(" ")[2] or value, header_variable(name)
    if config.webhooks is not None:
        yield config.webhooks.secret, "CONTRACT_WEBHOOK_SECRET"
    if config.proxy and (password := urlsplit(config.proxy).password):
        yield password, "CONTRACT_PROXY_PASSWORD"


def header_variable(name: str) -> str:
    """Return the variable that stands for the secret of a header."""
    return f"CONTRACT_HEADER_{name.upper().replace('-', '_')}"


def _forms(secret: str) -> Iterator[str]:
    """Yield a secret as texts write it: plain, in JSON, in a URL, in HTML, and between apostrophes of a shell."""
    yield secret
    yield json.dumps(secret)[1:-1]
    yield secret.replace("/", "\\/")
    yield quote(secret, safe="")
    yield html.escape(secret)
    yield secret.replace("'", "'\"'\"'")


def _expressions(names: Iterable[str]) -> Iterator[str]:
    """Yield an expression for each: the longest first, as one may begin with another; a short one as a whole word."""
    for form in sorted(names, key=len, reverse=True):
        expression = re.escape(form)
        yield expression if len(form) >= SHORTEST_SECRET else rf"(?<![\w-]){expression}(?![\w-])"


def curl_options(config: Config) -> tuple[str, ...]:
    """Return the options by which curl reaches the target as the suite does: its headers, trust and proxy."""
    redact = Redactor.of(config)
    options = [f'-H "{name}: {redact(value)}"' for name, value in config.headers.items()]
    files = {"--cacert": config.ca_file, "--cert": config.client_cert, "--key": config.client_key}
    options += [f"{option} {shlex.quote(str(path))}" for option, path in files.items() if path]
    return (*options, *([f'-x "{redact(config.proxy)}"'] if config.proxy else []))
