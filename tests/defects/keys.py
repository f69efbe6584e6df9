"""Defects of the key: what of an external_id counts, and what else counts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from mock_server.checks.validation import Submission
from mock_server.store import Claim, Engagement, Store
from tests.defects.seams import Install, defect, resubmitted, store


def keyed(fold: Callable[[str], str]) -> Install:
    """Look keys up in another form."""

    class Folding(Store):
        def claim(self, workspace_id: str, external_id: str, patience: float) -> Claim | Engagement:
            return super().claim(workspace_id, fold(external_id), patience)

    return store(Folding)


def keyed_with(member: Callable[[Submission], object]) -> Install:
    """Make something else of a submission a part of its key."""
    return resubmitted(lambda valid: {"external_id": f"{valid.external_id}\0{member(valid)!r}"})


def _without_accents(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


RACE = {"IDEM-10": "parallel first submissions with different titles all create"}

DEFECTS = (
    defect("key-cut-64", "IDEM-7", "Only the first 64 characters of a key count.", keyed(lambda key: key[:64])),
    defect("key-cut-100", "IDEM-7", "Only the first 100 characters of a key count.", keyed(lambda key: key[:100])),
    defect("key-cut-255", "IDEM-7", "Only the first 255 characters of a key count.", keyed(lambda key: key[:255])),
    defect("key-cut-499", "IDEM-7", "The 500th character of a key does not count.", keyed(lambda key: key[:499])),
    defect("key-cut-255-bytes", "IDEM-7 IDEM-8", "Only the first 255 bytes of a key count.",
           keyed(lambda key: key.encode()[:255].decode("utf-8", "ignore"))),
    defect("key-cut-500-bytes", "IDEM-7", "Only the first 500 bytes of a key count.",
           keyed(lambda key: key.encode()[:500].decode("utf-8", "ignore"))),
    defect("key-tail-only", "IDEM-7", "Only the last 32 characters of a key count.", keyed(lambda key: key[-32:])),
    defect("key-without-prefix", "IDEM-7", "What stands before the last colon of a key is dropped.",
           keyed(lambda key: key.rpartition(":")[2] or key),
           entails={"IDEM-6": "white space before the colon is dropped too"}),
    defect("key-checksum", "IDEM-7", "Keys are compared by a 16-bit sum of their bytes: order does not count.",
           keyed(lambda key: str(sum(key.encode()) & 0xFFFF)),
           entails={"IDEM-6": "the place of white space in a key does not count"}),
    defect("key-casefold", "IDEM-5", "The case of a key does not count.", keyed(str.casefold)),
    defect("key-lower-ascii", "IDEM-5", "The case of ASCII letters in a key does not count.",
           keyed(lambda key: re.sub("[A-Z]", lambda match: match[0].lower(), key))),
    defect("key-trimmed", "IDEM-6", "White space around a key does not count.", keyed(str.strip)),
    defect("key-trimmed-left", "IDEM-6", "White space before a key does not count.", keyed(str.lstrip)),
    defect("key-trimmed-right", "IDEM-6", "White space after a key does not count.", keyed(str.rstrip)),
    defect("key-inner-space", "IDEM-6", "Several spaces in a key count as one.",
           keyed(lambda key: re.sub(r"(?<=\S) +(?=\S)", " ", key))),
    defect("key-without-accents", "IDEM-8", "Accents in a key do not count.", keyed(_without_accents)),
    defect("key-ascii-only", "IDEM-8", "Characters outside ASCII are dropped from a key.",
           keyed(lambda key: key.encode("ascii", "ignore").decode())),
    defect("key-question-marks", "IDEM-8", "Characters outside ASCII become question marks in a key.",
           keyed(lambda key: key.encode("ascii", "replace").decode())),
    defect("key-latin-1", "IDEM-8", "Characters outside Latin-1 become question marks in a key.",
           keyed(lambda key: key.encode("latin-1", "replace").decode("latin-1"))),
    defect("key-cut-at-emoji", "IDEM-8", "A key ends at its first character beyond the basic plane.",
           keyed(lambda key: re.split("[\U00010000-\U0010ffff]", key)[0])),
    defect("key-supplementary", "IDEM-8", "All characters beyond the basic plane are equal in a key.",
           keyed(lambda key: re.sub("[\U00010000-\U0010ffff]", "\U00010000", key))),
    defect("key-with-source-system", "IDEM-3", "source_system is part of the key.",
           keyed_with(lambda valid: valid.source_system),
           entails={"IDEM-2": "source_system is one of the fields that may differ"}),
    defect("key-with-type", "IDEM-2 IDEM-1", "The type is part of the key.", keyed_with(lambda valid: valid.type)),
    defect("key-with-title", "IDEM-2 IDEM-1", "The title is part of the key.",
           keyed_with(lambda valid: valid.title), entails=RACE),
    defect("key-with-media-url", "IDEM-2 IDEM-1", "The URL is part of the key.",
           keyed_with(lambda valid: valid.media_url.text)),
    defect("key-with-run-workflows", "IDEM-2 IDEM-1", "run_workflows is part of the key.",
           keyed_with(lambda valid: valid.run_workflows)),
    defect("key-with-start", "IDEM-2 IDEM-1", "The start is part of the key.",
           keyed_with(lambda valid: valid.start_at)),
    defect("key-with-privacy", "IDEM-2 IDEM-1", "is_private is part of the key.",
           keyed_with(lambda valid: valid.is_private)),
    defect("key-with-participants", "IDEM-2 IDEM-1", "The participants are part of the key.",
           keyed_with(lambda valid: valid.participants)),
    defect("key-with-transcript", "IDEM-2 IDEM-1", "The transcript is part of the key.",
           keyed_with(lambda valid: valid.transcript)),
    defect("key-with-everything", "IDEM-2 IDEM-1 IDEM-3", "Submissions are compared by a hash of the whole body.",
           keyed_with(lambda valid: valid), entails=RACE),
)  # fmt: skip
