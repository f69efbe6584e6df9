"""What a conforming target answers to a value. The verdict is known because of how the value was made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Verdict:
    """`kind` is accepted, refused or free (the contract is silent). `statuses` are those that count as a refusal."""

    kind: str
    statuses: tuple[int, ...] = ()

    def __repr__(self) -> str:
        return " ".join((self.kind, *map(str, self.statuses)))


ACCEPTED = Verdict("accepted")
REFUSED = Verdict("refused", (400, 422))
EXACTLY_422 = Verdict("refused", (422,))  # http, private addresses and what is no recording
UNREADABLE = Verdict("refused", (400, 415, 422))  # what does not come as JSON may be refused by its media type as well
UNAUTHORIZED = Verdict("refused", (401,))
NO_SCHEME = Verdict("refused", (400, 401))  # a header that no scheme can be read from may count as malformed
FORBIDDEN = Verdict("refused", (403,))
FREE = Verdict("free")


@dataclass(frozen=True)
class Judged:
    """A value, what a conforming target answers to a submission that holds it, the rule that says so, and why."""

    value: Any
    verdict: Verdict
    rule: str
    why: str

    @property
    def statuses(self) -> str:
        """The statuses that count as a refusal, for people."""
        return " or ".join(map(str, self.verdict.statuses))


@dataclass(frozen=True)
class Url(Judged):
    """A text in the place of `media_url`.

    `plainer` is a URL that has to be refused first: where a target accepts both, the rule of that one is to blame.
    """

    value: str
    plainer: Url | None = field(default=None, repr=False)
