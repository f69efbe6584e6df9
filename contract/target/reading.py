"""Reads the values of a configuration one by one: where each stands, if it can be used, and what to write instead."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from contract.spec.rules import catalogue
from contract.target.values import ConfigError, is_name, is_url

CREDENTIALS = ("writer", "reader", "private_reader", "noscope", "other_workspace")


@dataclass(frozen=True, slots=True)
class Deviation:
    """A rule that the target is known to break, until the day it `expires` (or for good)."""

    reason: str
    expires: date | None


KEYS = {
    "base_url": "CONTRACT_BASE_URL",
    **{f"credentials.{name}": f"CONTRACT_{name.upper()}" for name in CREDENTIALS},
    "credentials.credential_form": "CONTRACT_CREDENTIAL_FORM",
    "credentials.reader_email": "CONTRACT_READER_EMAIL",
    "media.accepted": "CONTRACT_MEDIA_ACCEPTED",
    "media.rejected": "CONTRACT_MEDIA_REJECTED",
    "media.redirect_to_private": "CONTRACT_MEDIA_REDIRECT_TO_PRIVATE",
    "media.private_names": "CONTRACT_MEDIA_PRIVATE_NAMES",
    "media.unreachable": "CONTRACT_MEDIA_UNREACHABLE",
    "limits.rate": "CONTRACT_RATE",
    "limits.max_requests": "CONTRACT_MAX_REQUESTS",
    "limits.max_creations": "CONTRACT_MAX_CREATIONS",
    "limits.patience": "CONTRACT_PATIENCE",
    "limits.visible": "CONTRACT_VISIBLE",
    "http.headers": None,
    "http.ca_file": "CONTRACT_CA_FILE",
    "http.client_cert": "CONTRACT_CLIENT_CERT",
    "http.client_key": "CONTRACT_CLIENT_KEY",
    "http.proxy": "CONTRACT_PROXY",
    "http.timeout": "CONTRACT_TIMEOUT",
    "webhooks.listen": "CONTRACT_WEBHOOK_LISTEN",
    "webhooks.secret": "CONTRACT_WEBHOOK_SECRET",
}
OWN_HEADERS = ("authorization", "content-type", "content-length", "transfer-encoding")
FREE_TABLES = ("waived", "deviations", "http.headers")  # their keys are the user's own


class Reader:
    """Looks each key up in its sources and remembers which one had it. Raises ConfigError with one line."""

    def __init__(
        self, document: dict[str, Any], path: str, flags: Mapping[str, str | None], environment: Mapping[str, str]
    ) -> None:
        self._document = document
        self._path = path
        self._flags = flags
        self._environment = environment
        self.sources: dict[str, str] = {}

    def value(self, key: str) -> str | None:
        """Return the text of a value, or None if no source has it."""
        found = self._find(key)
        if found is not None and (not isinstance(found, str | int | float) or isinstance(found, bool)):
            raise ConfigError(f"{self.sources[key]}: {key} must be one value")
        text = None if found is None else str(found).strip()
        if text == "" or (text and not text.isprintable()):
            raise ConfigError(f"{self.sources[key]}: {key} is empty or holds a control character")
        return text

    def _find(self, key: str) -> Any:
        name = key.rpartition(".")[2]
        variable = KEYS[key]
        table = self._document
        for part in key.split(".")[:-1]:
            table = table.get(part, {})
        for source, found in (
            (f"--{name.replace('_', '-')}", self._flags.get(name)),
            (f"environment {variable}", self._environment.get(variable or "") or None),
            (self._path, table.get(name)),
        ):
            if found is not None:
                self.sources[key] = source
                return found
        self.sources[key] = "default"
        return None

    def required(self, key: str, where: str) -> str:
        """Return the text of a value that must be there; `where` says where it can be set."""
        if (value := self.value(key)) is None:
            raise ConfigError(f"{key} is missing: set {where}, or {key} in {self._path}")
        return value

    def parsed(self, key: str, parse: Callable[[str], Any], default: Any) -> Any:
        """Return what `parse` makes of a text. It raises ValueError with what the value must be."""
        if (value := self.value(key)) is None:
            return default
        try:
            return parse(value)
        except ValueError as error:
            raise ConfigError(f"{self.sources[key]}: {key}: {value!r} {error}") from None

    def flag(self, key: str) -> bool:
        """Return a value that is true or false; false if no source has it."""
        found = self._find(key)
        if found in (True, False, None, "true", "false"):
            return found in (True, "true")
        raise ConfigError(f"{self.sources[key]}: {key} must be true or false")

    def urls(self, key: str) -> tuple[str, ...]:
        """Return https URLs, from a list of the file or a text with commas."""
        for text in (texts := self._list(key, "URLs")):
            if not is_url(text, "https"):
                raise ConfigError(f"{self.sources[key]}: {key}: {text!r} must be an https URL")
        return texts

    def names(self, key: str) -> tuple[str, ...]:
        """Return host names, from a list of the file or a text with commas."""
        for text in (texts := self._list(key, "names")):
            if not is_name(text):
                raise ConfigError(f"{self.sources[key]}: {key}: {text!r} must be a name such as intranet.example.com")
        return texts

    def _list(self, key: str, what: str) -> tuple[str, ...]:
        found = self._find(key)
        texts = [text.strip() for text in found.split(",")] if isinstance(found, str) else found or []
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise ConfigError(f"{self.sources[key]}: {key} must be a list of {what}")
        return tuple(texts)

    def headers(self) -> dict[str, str]:
        """Return the headers for gateways, by name."""
        table = self._find("http.headers") or {}
        for name, value in table.items():
            if not re.fullmatch(r"[A-Za-z0-9-]+", name) or not isinstance(value, str) or not value.isprintable():
                raise ConfigError(f"{self._path}: http.headers.{name} must be a header with a text")
            if name.lower() in OWN_HEADERS:
                raise ConfigError(f"{self._path}: http.headers.{name}: each case has its own, so it cannot be set here")
        return dict(table)

    def reasons(self, key: str) -> dict[str, str]:
        """Return the reasons of a table, by rule."""
        table = self._document.get(key, {})
        for rule, reason in table.items():
            known_rule(rule, f"{self._path}: {key}")
            if not isinstance(reason, str) or not reason.strip():
                raise ConfigError(f'{self._path}: {key}.{rule} needs a reason, as "{rule}" = "why"')
        return dict(table)

    def deviations(self) -> dict[str, Deviation]:
        """Return the known deviations, by rule."""
        found = {}
        for rule, entry in self._document.get("deviations", {}).items():
            known_rule(rule, f"{self._path}: deviations")
            where = f"{self._path}: deviations.{rule}"
            if not isinstance(entry, dict) or not isinstance(entry.get("reason"), str):
                raise ConfigError(f'{where} must be {{ reason = "why", expires = 2027-03-01 }}')
            for name in entry:
                if name not in ("reason", "expires"):
                    raise ConfigError(f"{where}.{name}: unknown key; {suggestion(name, ('reason', 'expires'))}")
            if not isinstance(expires := entry.get("expires"), date | None) or isinstance(expires, datetime):
                raise ConfigError(f"{where}.expires must be a date, as 2027-03-01 without quotes")
            found[rule] = Deviation(entry["reason"], expires)
        return found


def suggestion(word: str, accepted: Iterable[str]) -> str:
    """Say which accepted word is nearest, or list them all."""
    accepted = list(accepted)
    near = difflib.get_close_matches(word, accepted, n=1)
    return f"did you mean {near[0]}?" if near else f"accepted are {', '.join(accepted)}"


def known_rule(rule: str, where: str) -> None:
    """See that a rule exists; `where` is who named it. Raises ConfigError with the nearest one."""
    if rule not in catalogue():
        near = difflib.get_close_matches(rule.upper(), catalogue(), n=1)
        raise ConfigError(
            f"{where}: {rule} is no rule; {f'did you mean {near[0]}?' if near else 'see: contract rules'}"
        )


def read_toml(path: Path, source: str) -> dict[str, Any]:
    """Read a file whose keys are all known; `source` is the flag or the variable that names it. Raises ConfigError."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{source}: cannot read {path}: {error.strerror}") from None
    except RecursionError:
        raise ConfigError(f"{path}: nested too deeply") from None
    except ValueError as error:  # not TOML, or not UTF-8
        raise ConfigError(f"{path}: not valid TOML: {error}") from None
    _check_keys(document, "", str(path))
    return document


def _check_keys(table: Mapping[str, Any], prefix: str, path: str) -> None:
    accepted = {key[len(prefix) :].split(".")[0] for key in (*KEYS, *FREE_TABLES) if key.startswith(prefix)}
    for name, value in table.items():
        if name not in accepted:
            raise ConfigError(f"{path}: {prefix}{name}: unknown key; {suggestion(name, sorted(accepted))}")
        key = prefix + name
        is_table = key in FREE_TABLES or any(known.startswith(key + ".") for known in KEYS)
        if is_table != isinstance(value, dict):
            raise ConfigError(f"{path}: {key} {'must be a table, [' + key + ']' if is_table else 'is not a table'}")
        if is_table and key not in FREE_TABLES:
            _check_keys(value, key + ".", path)
