"""Transcripts within a budget of memory."""

from __future__ import annotations

import hashlib
import random

import pytest

from mock_server import Running
from mock_server.transcripts import EXCERPT_BYTES, TranscriptShelf
from tests.kit.http import create


def noise(characters: int, seed: int = 1) -> str:
    """Return text that hardly compresses."""
    return random.Random(seed).randbytes(characters // 2).hex()


@pytest.mark.parametrize("text", ["", "a", "é" * 1000, "😀" * 5000, "a\0b", noise(100_000)], ids=range(6))
def test_a_transcript_comes_back_whole(text: str) -> None:
    """Within the budget the text is kept exactly, with its lengths and its digest."""
    kept = TranscriptShelf().keep(text)
    assert (kept.text(), kept.complete) == (text, True)
    assert (kept.characters, kept.size) == (len(text), len(text.encode()))
    assert kept.sha256 == hashlib.sha256(text.encode()).hexdigest()


def test_beyond_the_budget_the_beginning_remains() -> None:
    """When the budget is used up, digest and lengths stay those of the whole text, and 4 KiB of it are kept."""
    shelf, text = TranscriptShelf(budget=40_000), noise(60_000)
    first, second = shelf.keep(text), shelf.keep(text)
    assert (first.complete, second.complete) == (True, False)
    assert second.text() == text[:EXCERPT_BYTES]
    assert (second.characters, second.size, second.sha256) == (first.characters, first.size, first.sha256)
    assert len(second._compressed) < 5000
    assert shelf.keep("short").complete


def test_the_budget_is_the_sum_of_what_is_kept() -> None:
    """Transcripts are kept whole until their compressed sizes add up to the budget, to the byte; a drop makes room."""
    texts = [noise(20_000, seed) for seed in range(4)]
    sizes = [TranscriptShelf().keep(text).stored_size for text in texts]
    shelf = TranscriptShelf(budget=sum(sizes[:3]))
    kept = [shelf.keep(text) for text in texts]
    assert [transcript.complete for transcript in kept] == [True, True, True, False]
    assert not shelf.keep("a").complete
    shelf.drop(kept[1])
    assert shelf.keep(texts[1]).complete
    assert not shelf.keep("a").complete


def test_a_transcript_is_restored_as_it_was_kept() -> None:
    """A whole one counts for the budget again; of one beyond it the facts of the whole stay with its beginning."""
    text = noise(60_000)
    whole, cut = TranscriptShelf().keep(text), TranscriptShelf(budget=0).keep(text)
    shelf = TranscriptShelf(budget=whole.stored_size)
    again = shelf.restore(cut, cut.text())
    assert again == cut
    assert again.text() == text[:EXCERPT_BYTES]
    assert shelf.restore(whole, text) == whole
    assert not shelf.keep(text).complete


def test_an_excerpt_never_ends_in_half_a_character() -> None:
    """An excerpt that cuts a character of several bytes leaves it out."""
    kept = TranscriptShelf(budget=0).keep("a" + "😀" * 5000)
    assert kept.text() == "a" + "😀" * ((EXCERPT_BYTES - 1) // 4)


def test_a_submission_keeps_its_transcript_compressed(server: Running) -> None:
    """What is stored is the compressed transcript, once: the submission itself no longer holds the text."""
    text = "Ada: hello\n" * 50_000
    engagement_id = create(server, transcript_text=text).json()["id"]
    stored = next(e for e in server.mock.state.store._by_key.values() if e.id == engagement_id)
    assert stored.submission.transcript is None
    assert stored.transcript is not None
    assert stored.transcript.text() == text
    assert len(stored.transcript._compressed) < len(text) / 50
    assert text[:20] not in repr(stored)
