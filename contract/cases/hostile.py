"""Bodies that break careless servers. What the answer is does not matter, as long as one comes. Rule: ERR-4."""

from __future__ import annotations

# What no conforming target accepts; of the rest the contract says nothing.
REFUSED = (
    *(
        "100,000 levels of lists",
        "Infinity for a boolean",
        "a NUL byte in the JSON",
        "a title of 100,000 open brackets",
    ),
    *("20,000 participants that are none", "NaN"),
)


def bodies(valid: bytes, run_id: bytes) -> dict[str, bytes]:
    """Return hostile bodies, made from a valid one of this run, by name."""
    return {
        "100,000 levels of lists": b"[" * 100_000 + b"]" * 100_000,
        **damaged(valid, run_id),
        **extended(valid),
    }


def damaged(valid: bytes, run_id: bytes) -> dict[str, bytes]:
    """Return a valid body with something in it that should not be there, by name."""
    title, key = b"contract test", run_id + b":"
    return {
        "Infinity for a boolean": valid.replace(b'"run_workflows": false', b'"run_workflows": Infinity'),
        "invalid UTF-8": valid.replace(title, b"\xff\xfe\x80"),
        "an overlong encoding": valid.replace(title, b"\xc0\xaf"),
        "a byte order mark": b"\xef\xbb\xbf" + valid,
        "UTF-16": valid.decode().encode("utf-16"),
        "a lone surrogate in the title": valid.replace(title, b"\\ud800"),
        "a lone surrogate in the key": valid.replace(key, run_id + b"\\udfff:"),
        "a NUL in the key": valid.replace(key, run_id + b"\\u0000:"),
        "a NUL byte in the JSON": valid.replace(title, b"\x00"),
        "a media_url of 100,000 characters": valid.replace(b"https://", b"https://" + b"a" * 100_000),
        "2 MB of white space": valid + b" " * 2_000_000,
    }


def extended(valid: bytes) -> dict[str, bytes]:
    """Return a valid body with one member more that breaks careless servers, by name."""
    deep = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
    members = {
        "100,000 levels of objects in an unknown field": b'"x": ' + deep,
        "a number of 400 digits": b'"x": 1' + b"0" * 400,
        "a number of 20,000 digits": b'"x": ' + b"9" * 20_000,
        "the number 1e400": b'"x": 1e400, "y": -1e400',
        "NaN": b'"x": NaN',
        "2,000 unknown fields": b", ".join(b'"f%d": 1' % n for n in range(2_000)),
        "a key of 100,000 characters": b'"' + b"k" * 100_000 + b'": 1',
        "__proto__ and constructor": b'"__proto__": {"x": 1}, "constructor": {"prototype": {"y": 1}}',
        "20,000 participants that are none": b'"participants": [' + b"1," * 19_999 + b"1]",
        "a start in the year 10000": b'"start_at": "10000-01-01T00:00:00Z"',
        "a start before the first year": b'"start_at": "0001-01-01T00:00:00+14:00"',
        "a leap second": b'"start_at": "2016-12-31T23:59:60Z"',
    }
    broken_off = {"a title of 100,000 open brackets": valid[:-1] + b', "title": ' + b"[" * 100_000}
    return {name: valid[:-1] + b", " + member + b"}" for name, member in members.items()} | broken_off
