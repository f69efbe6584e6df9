"""What the machine draws from, made once for a target: only what the target can reach, and nothing harmful."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from contract.cases.encodings import ENCODINGS, Encoding
from contract.cases.submission import media
from contract.strategies import (
    Submission,
    accepted_urls,
    defective_bodies,
    defective_submissions,
    encodings,
    free_submissions,
    free_urls,
    limit_submissions,
    media_submissions,
    private_sweeps,
    refused_urls,
    valid_submissions,
)
from contract.strategies.evenly import evenly
from contract.target.config import Config

READERS = ("reader", "private_reader")
Submissions = st.SearchStrategy[Submission]


@dataclass(frozen=True)
class Draws:
    """Strategies for one target. `bodies` and `media` have one defect; `broken` are both, but none in the key.

    On another machine what is created stays private and runs no workflows.
    """

    valid: Submissions
    bodies: Submissions
    media: Submissions
    sweeps: st.SearchStrategy[list[Submission]]
    broken: Submissions
    free: Submissions
    readers: st.SearchStrategy[str]
    encodings: st.SearchStrategy[Encoding]

    @classmethod
    def of(cls, config: Config, run_id: str, forms: Sequence[Encoding] = ENCODINGS) -> Draws:
        """Return the strategies for a configured target, which takes a submission in these forms."""
        known = (config.rejected, config.redirect_to_private, config.unreachable, config.private_names)
        urls = refused_urls(config.accepted, *known)
        valid = valid_submissions(accepted_urls(config.accepted), prefix=f"{run_id} ", quiet=not config.loopback)
        free = free_submissions(free_urls(config.accepted, config.loopback))
        if not config.loopback:
            free = free.filter(lambda submission: "is_private" not in submission.value)
        readers = [name for name in READERS if name in config.credentials]
        return cls(
            valid=_seldom(valid, _limit("accepted")),
            bodies=_seldom(defective_bodies(), _limit("refused")),
            media=media_submissions(urls),
            sweeps=private_sweeps().map(lambda swept: [media(url) for url in swept]),
            broken=defective_submissions(urls).filter(_spares_the_key),
            free=_seldom(free, _limit("free")),
            readers=st.sampled_from(readers) if readers else st.nothing(),
            encodings=encodings(forms),
        )


def _spares_the_key(submission: Submission) -> bool:
    return "external_id" not in (*submission.value, submission.without)


def _limit(kind: str) -> Submissions:
    return limit_submissions().filter(lambda drawn: drawn.verdict.kind == kind)


def _seldom(usual: Submissions, large: Submissions) -> Submissions:
    """Draw one of thirty from what takes a megabyte each."""
    return evenly([usual] * 29 + [large])


def drawn(name: str) -> st.SearchStrategy[Any]:
    """Draw from the strategy of this name that belongs to the machine which runs."""
    return st.runner().flatmap(lambda machine: getattr(machine.draws, name))


def several(name: str) -> st.SearchStrategy[list[Any]]:
    """Draw a few from the strategy of this name: for what is cheap because it creates nothing."""
    return st.lists(drawn(name), min_size=1, max_size=8)
