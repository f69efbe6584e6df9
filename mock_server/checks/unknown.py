"""Names the fields of a body that the contract does not know, and what was probably meant. Rule: BODY-17."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mock_server import spec
from mock_server.reading import harmless
from mock_server.redaction import redacted

MAX_NAMED = 10  # in a trace and in a line of the log
LONGEST_NAME = 60  # characters of a name that are looked at and shown
LIKENESS = 0.7  # from 0 to 1: `start` is like `start_at`, and `status` is not
_SEPARATORS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class UnknownField:
    """A field that is not known: a pointer to it (RFC 6901), shortened and printable, and the name that was meant."""

    pointer: str
    meant: str | None

    def __str__(self) -> str:
        return f"{self.pointer} (did you mean {self.meant}?)" if self.meant else self.pointer


@dataclass(frozen=True, slots=True)
class UnknownFields:
    """The first unknown fields of a body. `more` says that there are others."""

    fields: tuple[UnknownField, ...] = ()
    more: bool = False

    def __str__(self) -> str:
        return ", ".join(map(str, self.fields)) + (", and more" if self.more else "")


class UnknownFieldFinder:
    """Finds what is neither a field of a submission nor one of a participant."""

    def __init__(self) -> None:
        self._of_body = frozenset(spec.schema("CreateEngagement")["properties"])
        self._of_person = frozenset(spec.schema("Participant")["properties"])

    def all(self, document: dict[str, Any]) -> Iterator[UnknownField]:
        """Yield every unknown field of a body, those of its participants last."""
        return (self._field(parent, name) for parent, name in self._places(document))

    def first(self, document: dict[str, Any]) -> UnknownFields:
        """Return the first unknown fields. One that several participants have is named at the first of them."""
        found: dict[tuple[bool, str], UnknownField] = {}
        for parent, name in self._places(document):
            if (key := (bool(parent), name)) not in found:
                if len(found) == MAX_NAMED:
                    return UnknownFields(tuple(found.values()), more=True)
                found[key] = self._field(parent, name)
        return UnknownFields(tuple(found.values()))

    def _places(self, document: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """Yield the pointer to the object of each unknown field, and its name."""
        for name in document:
            if name not in self._of_body:
                yield "", name
        people = document.get("participants")
        for place, person in enumerate(people if isinstance(people, list) else ()):
            for name in person if isinstance(person, dict) else ():
                if name not in self._of_person:
                    yield f"/participants/{place}", name

    def _field(self, parent: str, name: str) -> UnknownField:
        pointer = f"{parent}/{harmless(shortened(name).replace('~', '~0').replace('/', '~1'))}"
        return UnknownField(pointer, _meant(name[:LONGEST_NAME], self._of_person if parent else self._of_body))


def shortened(name: str) -> str:
    """Return the beginning of a name, without an API key."""
    return redacted(name[: LONGEST_NAME * 2])[:LONGEST_NAME] + ("…" if len(name) > LONGEST_NAME else "")


def _meant(name: str, known: frozenset[str]) -> str | None:
    """Return the known name that differs least, whatever its case and its underscores."""
    plain = {_SEPARATORS.sub("", one).lower(): one for one in sorted(known)}
    close = difflib.get_close_matches(_SEPARATORS.sub("", name).lower(), plain, 1, LIKENESS)
    return plain[close[0]] if close else None
