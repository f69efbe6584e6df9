"""Reads JSON that is sent to the control plane. It finds every mistake and says where it is and what is accepted."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from flask import request

from mock_server.checks import body
from mock_server.media.policy import MAX_URL
from mock_server.problems import FieldError, Invalid, Malformed

MAX_DOCUMENT_BYTES = 256 * 1024 * 1024  # a snapshot may hold many transcripts
LONGEST_PARSED = MAX_URL  # characters
LONGEST_NAME = 100
T = TypeVar("T")


def sent_json(default: object = None) -> Any:
    """Return the JSON body of the present request, or `default` if it has none. Raises Malformed."""
    length = request.content_length
    if not length and not request.environ.get("wsgi.input_terminated"):
        return default
    raw = body.read(request.environ["wsgi.input"], length, MAX_DOCUMENT_BYTES)
    body.check_headers(request.content_type, request.headers.get("Content-Encoding"))
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise Malformed("The body is not valid JSON.") from None


class Fields:
    """The members of one object at `pointer`. Call `finish` after reading: it raises all mistakes at once."""

    def __init__(self, value: object, pointer: str = "", errors: list[FieldError] | None = None) -> None:
        self.errors: list[FieldError] = [] if errors is None else errors
        self.pointer = pointer
        self._root = errors is None
        self._known: list[str] = []
        self.members: Mapping[str, Any] = value if isinstance(value, dict) else {}
        if not isinstance(value, dict):
            self.fail("", "type", f"must be an object, not {body.json_type(value)}")

    def fail(self, name: str, code: str, message: str) -> None:
        """Note that a member is wrong."""
        place = f"{self.pointer}/{name.replace('~', '~0').replace('/', '~1')}" if name else self.pointer
        self.errors.append(FieldError(place, code, message))

    def finish(self) -> None:
        """Note unknown members, and raise Invalid if there is any mistake. An inner object leaves that to the outer."""
        for name in self.members:
            if name not in self._known:
                self.fail(name, "unknown", f"is not known; accepted are {', '.join(self._known)}")
        if self._root and self.errors:
            raise Invalid(self.errors)

    def has(self, name: str) -> bool:
        """Tell whether a member is there and is not null. From now on its name is known."""
        self._known.append(name)
        return self.members.get(name) is not None

    def text(self, name: str, default: T, *, longest: int = 500) -> str | T:
        """Read a text that is not empty."""
        accepted = f"a text of 1 to {longest} characters"
        value: str | T = self._read(name, default, accepted, lambda v: _is_text(v) and 1 <= len(v) <= longest)
        return value

    def name(self, name: str, default: T) -> str | T:
        """Read a name: a text that terminals and pages can show."""
        accepted = "a text of 1 to 100 characters, none of them a control character"
        value: str | T = self._read(
            name, default, accepted, lambda v: _is_text(v) and 1 <= len(v) <= LONGEST_NAME and v.isprintable()
        )
        return value

    def word(self, name: str, default: T, accepted: Collection[str]) -> str | T:
        """Read one of these words."""
        value: str | T = self._read(name, default, f"one of {', '.join(accepted)}", lambda v: v in accepted)
        return value

    def boolean(self, name: str, *, default: bool) -> bool:
        """Read true or false."""
        value: bool = self._read(name, default, "true or false", lambda v: isinstance(v, bool))
        return value

    def integer(self, name: str, default: T, low: int, high: int) -> int | T:
        """Read a whole number from `low` to `high`."""
        accepted = f"a whole number from {low} to {high}"
        value: int | T = self._read(name, default, accepted, lambda v: type(v) is int and low <= v <= high)
        return value

    def number(self, name: str, default: T, low: float, high: float) -> float | T:
        """Read a number above `low` and at most `high`."""
        accepted = f"a number above {low:g} and at most {high:g}"
        # Not a number is not in any range; true is a whole number to Python, not to JSON.
        value: float | T = self._read(name, default, accepted, lambda v: type(v) in {int, float} and low < v <= high)
        return value

    def parsed(self, name: str, default: T, parse: Callable[[str], Any]) -> Any:
        """Read a text with `parse`, which raises ValueError with what is accepted."""
        value = self.text(name, None, longest=LONGEST_PARSED)
        if value is None:
            return default
        try:
            return parse(value)
        except ValueError as error:
            self.fail(name, "format", str(error))
            return default

    def inner(self, name: str) -> Fields:
        """Return the members of an object within this one. A missing object counts as empty."""
        value = self.members[name] if self.has(name) else {}
        return Fields(value, f"{self.pointer}/{name}", self.errors)

    def each(self, name: str) -> list[Fields]:
        """Return the members of each object in a list. A missing list counts as empty."""
        values = self._read(name, [], "a list of objects", lambda v: isinstance(v, list))
        return [Fields(value, f"{self.pointer}/{name}/{place}", self.errors) for place, value in enumerate(values)]

    def needs(self, name: str, accepted: str) -> None:
        """Note that a member is missing, unless it is there or is known to be wrong."""
        if self.members.get(name) is None and not any(e.field == f"{self.pointer}/{name}" for e in self.errors):
            self.fail(name, "required", f"is missing; accepted is {accepted}")

    def _read(self, name: str, default: T, accepted: str, fits: Callable[[Any], bool]) -> Any:
        if not self.has(name):
            return default
        value = self.members[name]
        try:
            good = fits(value)
        except TypeError:  # a list cannot be looked up in a set
            good = False
        if not good:
            self.fail(name, "value", f"must be {accepted}")
            return default
        return value


def _is_text(value: object) -> bool:
    """Tell whether a value is a text that has a form in UTF-8. One with a lone surrogate has none."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
