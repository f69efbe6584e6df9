"""Reads the parameters of a query. All mistakes are told at once, each with the name of its parameter. Rule: LIST-13.

A reader takes the text of a parameter and returns its value, or raises ValueError with what is accepted.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from mock_server.checks.formats import InstantError, parse_date_time
from mock_server.checks.unknown import LIKENESS, LONGEST_NAME, MAX_NAMED, UnknownField, UnknownFields, shortened
from mock_server.problems import BadParameters, FieldError, counted
from mock_server.reading import harmless

Reader = Callable[[str], object]
MAX_PARAMETERS = 100
LONGEST_NUMBER = 9  # digits


@dataclass(frozen=True, slots=True)
class Query:
    """The parameters of a query: the values of those that are known, by name, and those that are ignored."""

    values: Mapping[str, Any]
    ignored: UnknownFields | None = None

    def get(self, name: str, default: Any) -> Any:
        """Return the value of a parameter, or the default if it was not sent."""
        return self.values.get(name, default)

    def __str__(self) -> str:
        sent = ", ".join(self.values) or "none"
        return f"{sent}; ignored unknown parameters: {self.ignored}" if self.ignored else sent


def read(query: str, readers: Mapping[str, Reader], rule: str, *, refuse_unknown: bool) -> Query:
    """Return the parameters of a query. Raises BadParameters with all mistakes, which break `rule`.

    `query` is the text behind the question mark, as WSGI has it. An unknown filter is refused in any case: who sends
    one does not want what is not filtered.
    """
    pairs = _pairs(query, rule)
    times = Counter(name for name, _ in pairs)
    errors, values = list[FieldError](), dict[str, Any]()
    for name, sent in dict(pairs).items():
        try:
            if name in readers:
                values[name] = _value(readers[name], sent, times[name])
        except ValueError as error:
            errors.append(FieldError(name, "repeated" if times[name] > 1 else "value", str(error), rule))
    unknown = [name for name in times if name not in readers]
    refused = [name for name in unknown if refuse_unknown or name.startswith("filter")]
    errors += [_refusal(_unknown(name, readers), rule) for name in refused]
    if errors:
        raise BadParameters(errors)
    named = tuple(_unknown(name, readers) for name in unknown[:MAX_NAMED])
    return Query(values, UnknownFields(named, more=len(unknown) > MAX_NAMED) if named else None)


def whole_number(least: int, most: int) -> Reader:
    """Return a reader of whole numbers."""

    def number(text: str) -> int:
        if text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER and least <= int(text) <= most:
            return int(text)
        raise ValueError(f"must be a whole number from {least} to {most}")

    return number


def one_of(words: Collection[str]) -> Reader:
    """Return a reader of one of these words."""

    def word(text: str) -> str:
        if text in words:
            return text
        raise ValueError(f"must be one of {', '.join(words)}")

    return word


def some_of(words: Collection[str]) -> Reader:
    """Return a reader of some of these words, with commas between. It returns them in their own order, each once."""

    def several(text: str) -> tuple[str, ...]:
        sent = text.split(",")
        if unknown := [word for word in sent if word not in words]:
            meant = difflib.get_close_matches(unknown[0][:LONGEST_NAME], words, 1)
            hint = f"; did you mean {meant[0]}?" if meant else ""
            raise ValueError(f"must be one or more of {', '.join(words)}, with commas between{hint}")
        return tuple(word for word in words if word in sent)

    return several


def text_of(longest: int) -> Reader:
    """Return a reader of a text that is not empty."""

    def text(sent: str) -> str:
        if 1 <= len(sent) <= longest:
            return sent
        raise ValueError(f"has {counted(len(sent), 'character')}; 1 to {longest} are accepted")

    return text


def instant(text: str) -> datetime:
    """Read a date and time with an offset."""
    try:
        return parse_date_time(text)
    except InstantError as error:
        hint = "; write + as %2B in a query" if " " in text else ""
        raise ValueError(f"{error}{hint}") from None


def _pairs(query: str, rule: str) -> list[tuple[str, str]]:
    """Return names and values in the order in which they were sent. Raises BadParameters."""
    try:
        sent = query.encode("latin-1").decode("utf-8")
        return parse_qsl(sent, keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS)
    except ValueError:
        message = f"must be at most {MAX_PARAMETERS} parameters, percent-encoded in UTF-8"
        raise BadParameters([FieldError("", "query", message, rule)]) from None


def _value(reader: Reader, sent: str, times: int) -> object:
    if times > 1:
        raise ValueError(f"is given {times} times: give it once")
    return reader(sent)


def _unknown(name: str, known: Collection[str]) -> UnknownField:
    """Return an unknown parameter as it may be shown, with the one that was probably meant."""
    close = difflib.get_close_matches(name[:LONGEST_NAME], known, 1, LIKENESS)
    return UnknownField(harmless(shortened(name)), close[0] if close else None)


def _refusal(parameter: UnknownField, rule: str) -> FieldError:
    advice = f"did you mean {parameter.meant}?" if parameter.meant else "leave it out"
    return FieldError(parameter.pointer, "unknown", f"is not known: {advice}", rule)
