"""Defects of the key: what of an external_id counts, and what else counts."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable
from urllib.parse import unquote

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


class _Patterns(Store):
    """Looks a key up as a pattern of SQL."""

    def claim(self, workspace_id: str, external_id: str, patience: float) -> Claim | Engagement:
        escaped = re.escape(external_id).replace("%", ".*").replace("_", ".")
        for workspace, key in self._by_key:
            if workspace == workspace_id and re.fullmatch(escaped, key, re.DOTALL):
                return super().claim(workspace_id, key, patience)
        return super().claim(workspace_id, external_id, patience)


class _Beginnings(Store):
    """Takes a key for one that begins with it."""

    def claim(self, workspace_id: str, external_id: str, patience: float) -> Claim | Engagement:
        known = next((k for w, k in self._by_key if w == workspace_id and k.startswith(external_id)), external_id)
        return super().claim(workspace_id, known, patience)


def _without_accents(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


RACE = {"IDEM-10": "parallel first submissions with different titles all create"}

DEFECTS = (
    defect("key-cut-64", "IDEM-7", "Only the first 64 characters of a key count.", keyed(lambda key: key[:64])),
    defect("key-lower-bytes", "IDEM-8", "Of each character of a key only the lower byte counts.",
           keyed(lambda key: key.encode("utf-16-le", "surrogatepass")[::2].decode("latin-1"))),
    defect("key-last-number", "IDEM-7", "Zeros before the number at the end of a key do not count.",
           keyed(lambda key: re.sub(r"0*([0-9]+)$", r"\1", key))),
    defect("key-cut-100", "IDEM-7", "Only the first 100 characters of a key count.", keyed(lambda key: key[:100])),
    defect("key-cut-255", "IDEM-7", "Only the first 255 characters of a key count.", keyed(lambda key: key[:255])),
    defect("key-cut-499", "IDEM-7", "The 500th character of a key does not count.", keyed(lambda key: key[:499])),
    defect("key-cut-255-bytes", "IDEM-7 IDEM-8", "Only the first 255 bytes of a key count.",
           keyed(lambda key: key.encode()[:255].decode("utf-8", "ignore"))),
    defect("key-cut-500-bytes", "IDEM-7", "Only the first 500 bytes of a key count.",
           keyed(lambda key: key.encode()[:500].decode("utf-8", "ignore"))),
    defect("key-tail-only", "IDEM-7", "Only the last 32 characters of a key count.", keyed(lambda key: key[-32:])),
    defect("key-without-prefix", "IDEM-7", "What stands before the last colon of a key is dropped.",
           keyed(lambda key: key.rpartition(":")[2] or key)),
    defect("key-checksum", "IDEM-7", "Keys are compared by a 16-bit sum of their bytes: order does not count.",
           keyed(lambda key: str(sum(key.encode()) & 0xFFFF)),
           entails={"IDEM-6": "the place of white space in a key does not count"}),
    defect("key-casefold", "IDEM-5", "The case of a key does not count.", keyed(str.casefold),
           entails={"IDEM-8": "ß is folded into ss"}),
    defect("key-lower-ascii", "IDEM-5", "The case of ASCII letters in a key does not count.",
           keyed(lambda key: re.sub("[A-Z]", lambda match: match[0].lower(), key))),
    defect("key-trimmed", "IDEM-6", "White space around a key does not count.", keyed(str.strip)),
    defect("key-trimmed-left", "IDEM-6", "White space before a key does not count.", keyed(str.lstrip)),
    defect("key-trimmed-right", "IDEM-6", "White space after a key does not count.", keyed(str.rstrip)),
    defect("key-inner-space", "IDEM-6", "Several spaces in a key count as one.",
           keyed(lambda key: re.sub(r"(?<=\S) +(?=\S)", " ", key))),
    defect("key-without-accents", "IDEM-8", "Accents in a key do not count.", keyed(_without_accents)),
    defect("key-ascii-only", "IDEM-8", "Characters outside ASCII are dropped from a key.",
           keyed(lambda key: key.encode("ascii", "ignore").decode()),
           entails={"IDEM-6": "white space outside ASCII is dropped, too"}),
    defect("key-question-marks", "IDEM-8", "Characters outside ASCII become question marks in a key.",
           keyed(lambda key: key.encode("ascii", "replace").decode())),
    defect("key-latin-1", "IDEM-8", "Characters outside Latin-1 become question marks in a key.",
           keyed(lambda key: key.encode("latin-1", "replace").decode("latin-1"))),
    defect("key-cut-at-emoji", "IDEM-8", "A key ends at its first character beyond the basic plane.",
           keyed(lambda key: re.split("[\U00010000-\U0010ffff]", key)[0])),
    defect("key-supplementary", "IDEM-8", "All characters beyond the basic plane are equal in a key.",
           keyed(lambda key: re.sub("[\U00010000-\U0010ffff]", "\U00010000", key))),
    defect("key-like", "IDEM-7", "% and _ in a key are wildcards of SQL.", store(_Patterns)),
    defect("key-beginning", "IDEM-7", "A key is taken for a longer one that begins with it.", store(_Beginnings)),
    defect("key-percent-decoded", "IDEM-7 IDEM-6", "Escapes of URLs in a key are decoded.", keyed(unquote)),
    defect("key-form-decoded", "IDEM-7 IDEM-6", "A plus sign in a key is a space.",
           keyed(lambda key: key.replace("+", " "))),
    defect("key-without-fragment", "IDEM-7", "A key ends at its first number sign.",
           keyed(lambda key: key.partition("#")[0])),
    defect("key-up-to-nul", "IDEM-7", "A key ends at its first NUL.", keyed(lambda key: key.partition("\0")[0])),
    defect("key-without-zeros", "IDEM-7", "Leading zeros of numbers in a key do not count.",
           keyed(lambda key: re.sub(r"(?<![0-9])0+(?=[0-9])", "", key))),
    defect("key-without-quotes", "IDEM-7", "Quotation marks in a key do not count.",
           keyed(lambda key: re.sub("[\"']", "", key))),
    defect("key-as-file-name", "IDEM-7", "Other characters than letters, digits and dashes become underscores.",
           keyed(lambda key: re.sub(r"[^\w-]", "_", key)),
           entails={"IDEM-6": "a space becomes an underscore", "IDEM-8": "so does what is no letter"}),
    defect("key-last-segment", "IDEM-7", "What stands before the last slash of a key is dropped.",
           keyed(lambda key: key.rpartition("/")[2] or key)),
    defect("key-folded-like-mail", "IDEM-5", "The case of a key with an at sign does not count.",
           keyed(lambda key: key.lower() if "@" in key else key)),
    defect("key-tab-is-space", "IDEM-6", "A tab in a key is a space.", keyed(lambda key: key.replace("\t", " "))),
    defect("key-without-zero-width", "IDEM-8", "Characters without a width do not count in a key.",
           keyed(lambda key: re.sub("[\u200b-\u200f\u00ad\u2060\ufe0f\ufeff]", "", key)),
           entails={"IDEM-6": "U+FEFF is among them, which some languages take for white space"}),
    defect("key-sharp-s", "IDEM-8", "A sharp s in a key is two letters.", keyed(lambda key: key.replace("ß", "ss"))),
    defect("key-case-beyond-ascii", "IDEM-8 IDEM-5", "The case of letters outside ASCII does not count in a key.",
           keyed(lambda key: re.sub(r"[^\0-\x7f]", lambda match: match[0].lower(), key))),
    defect("key-uuid-case", "IDEM-5", "The case of a UUID in a key does not count.",
           keyed(lambda key: re.sub(r"[\dA-Fa-f]{8}(-[\dA-Fa-f]{4}){3}-[\dA-Fa-f]{12}", lambda m: m[0].lower(), key))),
    defect("key-email-case", "IDEM-5", "The case of an e-mail address in a key does not count.",
           keyed(lambda key: re.sub(r"\S+@\S+", lambda match: match[0].lower(), key))),
    defect("key-line-end", "IDEM-6", "A line end behind a key does not count.", keyed(lambda key: key.rstrip("\r\n"))),
    defect("key-wide-blanks", "IDEM-6", "Wide and no-break spaces around a key do not count.",
           keyed(lambda key: key.strip("\u00a0\u3000"))),
    defect("key-without-middle", "IDEM-7", "The middle of a long key does not count.",
           keyed(lambda key: key[:96] + key[-32:])),
    defect("key-unescaped-html", "IDEM-7", "HTML entities in a key are resolved.", keyed(html.unescape)),
    defect("key-as-path", "IDEM-7", "Several slashes in a key count as one.",
           keyed(lambda key: re.sub("/+", "/", key))),
    defect("key-dashes", "IDEM-7", "Dashes and underscores are equal in a key.",
           keyed(lambda key: key.replace("_", "-"))),
    defect("key-unescaped", "IDEM-7", "Backslashes are dropped from a key.", keyed(lambda key: key.replace("\\", ""))),
    defect("key-without-controls", "IDEM-7", "Control characters are dropped from a key.",
           keyed(lambda key: re.sub(r"[\x01-\x08\x0e-\x1f]", "", key))),
    defect("key-kana", "IDEM-8", "Hiragana and katakana are equal in a key.",
           keyed(lambda key: re.sub("[ァ-ヶ]", lambda match: chr(ord(match[0]) - 0x60), key))),
    defect("key-quotes-equal", "IDEM-8", "Straight and curved quotes are equal in a key.",
           keyed(lambda key: key.replace("’", "'"))),
    defect("key-with-case-of-source", "IDEM-3", "The same key from a source in upper case is another one.",
           keyed_with(lambda valid: valid.source_system.isupper())),
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
