"""One submission of the table: what differs from a plain valid one, with its verdict and its rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from contract.cases.verdict import Judged, Url
from contract.exchange import Body, Text, shown

Document = dict[str, Any]


@dataclass(frozen=True)
class Submission(Judged):
    """What differs from a plain valid submission: fields to set (the value), and one to leave out.

    `instead` is the name under which the value of the one left out stands. `body` stands in the place of the whole
    body. `escaped` writes every character as an escape. `plainer` is a case of another rule that has to hold first:
    where a target gets both wrong, that rule is to blame.
    """

    value: Document
    without: str | None = None
    instead: str | None = None
    body: Body | None = None
    escaped: bool = False
    plainer: Submission | None = field(default=None, repr=False)

    @property
    def field(self) -> str | None:
        """The field that differs, if it is one."""
        return self.without or next(iter(self.value), None)

    def document(self, base: Mapping[str, Any], key: str) -> Document:
        """Return the whole submission, made from a plain one, with this key unless the key is what differs."""
        document = {**base, "external_id": key, **self.value}
        if self.instead is not None and self.without is not None:
            document[self.instead] = document[self.without]
        return {name: value for name, value in document.items() if name != self.without}

    def content(self, base: Mapping[str, Any], key: str) -> Body:
        """Return the body to send."""
        return Body.of(self.document(base, key), escaped=self.escaped) if self.body is None else self.body


def said(name: str, value: Any) -> str:
    """Name a case by a field and its value as JSON; a computed text by its length and how it is made."""
    if isinstance(value, Text):
        pieces = ", then ".join(_times(piece, count) for piece, count in value.parts if piece and count)
        article = "an" if name[0] in "aeiou" else "a"
        return f"{article} {name} of {len(value):,} characters ({pieces})"
    return f"{name} {shown(value)}"


def _times(piece: str, count: int) -> str:
    several = f"the {len(piece)} characters " if len(piece) > 1 < count else ""
    return f"{count:,} × {several}{shown(piece)}"


def media(url: Url) -> Submission:
    """Return the submission that differs from a plain one in this recording."""
    plainer = None if url.plainer is None else media(url.plainer)
    return Submission({"media_url": url.value}, url.verdict, url.rule, url.why, plainer=plainer)


Table = Mapping[str, tuple[Submission, ...]]


def by_rule(cases: Iterable[Submission]) -> dict[str, tuple[Submission, ...]]:
    """Return cases by their rule, in their order."""
    found: dict[str, list[Submission]] = defaultdict(list)
    for case in cases:
        found[case.rule].append(case)
    return {rule: tuple(several) for rule, several in found.items()}
