"""Bodies that break careless servers. What the answer is does not matter, as long as one comes. Rule: ERR-4.

Each is made from a valid body with a key of its own: what is a repeat for a target never reaches the part that breaks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

Recipe = Callable[[bytes], bytes]  # from a valid body

# What no conforming target accepts; of the rest the contract says nothing.
REFUSED = (
    *("100,000 levels of lists", "Infinity for a boolean", "a NUL byte in the JSON"),
    *("a title of 100,000 open brackets", "20,000 participants that are none"),
    *("a lone surrogate for the type", "a lone surrogate in the start"),
)
_TITLE = b"contract test"


def _titled(text: bytes) -> Recipe:
    return lambda valid: valid.replace(_TITLE, text)


def _said(field: bytes, value: bytes) -> Recipe:
    """Return the recipe of a body in which a field has another value."""
    pattern = re.compile(rb'("%s": )("[^"]*"|[a-z]+)' % field)
    return lambda valid: pattern.sub(lambda match: match[1] + value, valid)


def _continued(field: bytes, end: bytes) -> Recipe:
    """Return the recipe of a body in which the text of a field goes on."""
    pattern = re.compile(rb'("%s": "[^"]*)' % field)
    return lambda valid: pattern.sub(lambda match: match[1] + end, valid)


def _with(members: bytes) -> Recipe:
    return lambda valid: valid[:-1] + b", " + members + b"}"


_DEEP = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
BODIES: Mapping[str, Recipe] = {
    "100,000 levels of lists": lambda _: b"[" * 100_000 + b"]" * 100_000,
    # Something that should not be there
    "Infinity for a boolean": _said(b"run_workflows", b"Infinity"),
    "invalid UTF-8": _titled(b"\xff\xfe\x80"),
    "an overlong encoding": _titled(b"\xc0\xaf"),
    "a byte order mark": lambda valid: b"\xef\xbb\xbf" + valid,
    "UTF-16": lambda valid: valid.decode().encode("utf-16"),
    "a lone surrogate in the title": _titled(b"\\ud800"),
    "the second half of a pair in the title": _titled(b"\\udc00x"),
    "the halves of a pair the wrong way round": _titled(b"\\ude00\\ud83d"),
    "a lone surrogate in the key": _continued(b"external_id", b"\\udfff"),
    "a lone surrogate for the type": _said(b"type", b'"\\ud800"'),
    "a lone surrogate in the source": _said(b"source_system", b'"crm\\ud800"'),
    "a lone surrogate in the URL": _continued(b"media_url", b"#\\ud800"),
    "a lone surrogate in the start": _with(b'"start_at": "2026-03-02T09:30:00Z\\ud800"'),
    "a lone surrogate in the transcript": _with(b'"transcript_text": "\\ud800"'),
    "a lone surrogate in a name": _with(b'"participants": [{"name": "\\udc00"}]'),
    "a lone surrogate in the name of a field": _with(b'"\\ud800": 1'),
    "a NUL in the key": _continued(b"external_id", b"\\u0000"),
    "a NUL byte in the JSON": _titled(b"\x00"),
    "a media_url of 100,000 characters": lambda valid: valid.replace(b"https://", b"https://" + b"a" * 100_000),
    "2 MB of white space": lambda valid: valid + b" " * 2_000_000,
    # One member more
    "100,000 levels of objects in an unknown field": _with(b'"x": ' + _DEEP),
    "a number of 20,000 digits": _with(b'"x": ' + b"9" * 20_000),
    "numbers beyond 1e308": _with(b'"x": 1' + b"0" * 400 + b', "y": 1e400, "z": -1e400'),
    "2,000 unknown fields": _with(b", ".join(b'"f%d": 1' % n for n in range(2_000))),
    "a key of 100,000 characters": _with(b'"' + b"k" * 100_000 + b'": 1'),
    "fields named __proto__, constructor and nothing": _with(
        b'"__proto__": {"x": 1}, "constructor": {"prototype": {"y": 1}}, "": 1'
    ),
    "20,000 participants that are none": _with(b'"participants": [' + b"1," * 19_999 + b"1]"),
    "a start in the year 10000": _with(b'"start_at": "10000-01-01T00:00:00Z"'),
    "a start in the year 12026": _with(b'"start_at": "+12026-03-02T09:30:00Z"'),
    "a start before the first year": _with(b'"start_at": "0001-01-01T00:00:00+14:00"'),
    "a start after the last year": _with(b'"start_at": "9999-12-31T23:59:59-14:00"'),
    # PostgreSQL knows offsets of less than sixteen hours.
    "a leap second with an offset of twenty hours": _with(b'"start_at": "2016-12-31T03:59:60-20:00"'),
    "a title of 100,000 open brackets": lambda valid: valid[:-1] + b', "title": ' + b"[" * 100_000,
}
