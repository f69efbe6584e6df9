"""Ways to send one and the same document that must not change the outcome."""

from __future__ import annotations

import json
from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from itertools import product
from typing import Any

from contract.exchange import Body, escape
from contract.spec.fields import fields

_FIELDS = tuple(fields())
# Content types under which the contract leaves open whether JSON is taken; None is none at all.
MEDIA_TYPES = (
    "application/json; charset=nonsense",
    *("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "nonsense", None),
)


@dataclass(frozen=True, slots=True)
class Encoding:
    r"""How a document is written and sent.

    `order` is that of its fields, unless they stay as they are. `space` stands after each comma and colon, and around
    the whole if it is more than a blank. `escapes` is none, slashes (\/), ascii (all but ASCII as \uXXXX) or all, in
    names too. With `chunked` the length is not announced; `alone` asks for a connection that is used once.
    """

    order: tuple[str, ...] = ()
    space: str = " "
    escapes: str = "none"
    chunked: bool = False
    alone: bool = False

    def body(self, document: dict[str, Any]) -> Body:
        """Return the body that says `document` in this way."""
        names = sorted(document, key=lambda name: self.order.index(name) if name in self.order else len(self.order))
        ordered = {name: document[name] for name in names}
        if self.escapes == "all":
            return Body(escape(ordered, names=True).encode(), ordered, escaped=True)
        separators = (f",{self.space}", f":{self.space}")
        text = json.dumps(ordered, ensure_ascii=self.escapes == "ascii", separators=separators)
        around = self.space.strip(" ")
        text = f"{around}{text}{around}"
        return Body((text.replace("/", "\\/") if self.escapes == "slashes" else text).encode(), ordered)

    @property
    def unusual(self) -> dict[str, object]:
        """What differs from the plain encoding, by name."""
        values = {each.name: getattr(self, each.name) for each in dataclass_fields(self)}
        return {name: value for name, value in values.items() if value != getattr(PLAIN, name)}

    def includes(self, other: Encoding) -> bool:
        """Tell whether all that is unusual about another encoding is so here."""
        return other.unusual.items() <= self.unusual.items()

    def __repr__(self) -> str:
        said = [f"space {self.space!r}", f"escapes {self.escapes}"]
        said += ["another order"] if self.order else []
        said += [name for name in ("chunked", "alone") if getattr(self, name)]
        return f"Encoding({', '.join(said)})"


PLAIN = Encoding()
_ORDERS = ((), _FIELDS[::-1], _FIELDS[4:] + _FIELDS[:4], _FIELDS[1::2] + _FIELDS[::2])
_SPACES = (" ", "", "\n  ", "\t", "\r\n")
_ESCAPES = ("none", "slashes", "ascii", "all")
ENCODINGS = tuple(
    Encoding(order, space, escapes, chunked, alone)
    for alone, chunked, order, space, escapes in product((False, True), (False, True), _ORDERS, _SPACES, _ESCAPES)
)
FORMS = {
    "its fields in another order": Encoding(order=_FIELDS[::-1]),
    "line ends and tabs between its parts": Encoding(space="\r\n\t"),
    "escaped slashes": Encoding(space="", escapes="slashes"),
    "every character escaped": Encoding(escapes="all"),
}  # one of each kind
