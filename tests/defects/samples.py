"""Values that tell servers apart: what the probes send."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

from tests.kit.submissions import ABSENT, submission

GOOD = "https://media.example.com/call.mp3"
Json = dict[str, Any]

OPTIONAL = ("start_at", "is_private", "transcript_text")
TYPES = ("call", "Call", " CALL ", "EMAIL", "TASK", "NOTE", "CALENDAR_EVENT", "DOCUMENT", "MEETING", "CALL", "0", "1")
TEXTS = ("title", "source_system", "external_id")
ODD: tuple[Any, ...] = (None, ABSENT, "", 5, 1, 0, True, False, [], {}, ["CALL"], {"a": 1}, "true", "yes", "a")
TITLES = (
    " padded ",
    "in  side",
    "a\tb\nc",
    "<b>&amp;</b> & 'x' \"y\"",
    "e\u0301",
    "Ünï 🎉 \\ /",
    "lower $$ %%",
    "a" * 256,
    "\x00",
    "\ud800",
    *("a\r\nb", "a\u3000", '"quoted"', "a+b", "a\u00adb", "a\u00a0b", "a\u2028b", "a\x01b", "100%%", "日"),
)
DATES = (
    "2026-03-02T09:30:45+01:30",
    "2026-03-02T09:30:45-05:30",
    "2026-02-30T00:00:00Z",
    "2026-02-29T10:00:00+01:00",
    "2026-13-01T00:00:00Z",
    "1970-01-01T00:00:00Z",
    "2026-03-02T09:30:45.5Z",
    "2026-03-02T24:00:00Z",
    "2026-03-02T25:10:00Z",
    "yesterday",
    "1767225600",
    "2026-03-02",
    *("2026-03-02T09:30:00+00:60", "2026-03-02T09:30:00+24:00", "2026-03-02T24:30:00Z", "2026-03-02X09:30:00Z"),
    *("2026-1-1T0:0:0Z", "26-01-01T00:00:00Z", "２０２６-03-02T09:30:00Z", "2026-03-02T09:30:00Z\0"),
    *("2026-03-02T09:30:00Z; more", "now"),
    *("2026-03-02T09:60:00Z", "1900-02-29T10:00:00Z", "2026-03-02T09:30:00Z\n", "on 2026-03-02T09:30:00Z"),
    *("2026/03/02T09:30:00Z", "2026-03-02T09:30:00PQR", "2024-12-30T22:15:30-00:45", "1969-07-20T20:17:40Z"),
    *("2026-03-02T09:30:00.123456789Z", [2026, 3, 2, 9, 30]),
)
HOSTS = (
    "10.0.0.1",
    "10.0.0.0",
    "10.9.9.9",
    "10.200.0.1",
    "10.255.255.255",
    "172.16.0.1",
    "172.20.1.1",
    "172.31.255.255",
    "192.168.0.1",
    "192.168.7.7",
    "192.168.255.255",
    "127.0.0.1",
    "127.0.9.9",
    "127.255.255.254",
    "169.254.1.1",
    "169.254.169.254",
    "169.254.255.255",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[fe80::1]",
    "[fe90::1]",
    "[fe80::1%25eth0]",
    "[fc00::1]",
    "[fd00::1]",
    "[::ffff:10.0.0.1]",
    "[::ffff:a00:1]",
    "2130706433",
    "0177.0.0.1",
    "0x7f000001",
    "0x7f.0x0.0x0.0x1",
    "127.1",
    "0x7f.1",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "a.localhost",
    "10.0.0.1.nip.io",
    "127.0.0.1.nip.io",
    "169-254-169-254.nip.io",
    "0a000001.nip.io",
    "localtest.me",
    "127.0.0.1.",
    "１２７.0.0.1",
    "media.example.com@10.0.0.1",
    "10.0.0.1:443",
    *(f"{name}.mock.test" for name in ("private6", "mixed", "rebind")),
    "8.8.8.8",
    "a.invalid",
)
URLS = (
    "http://media.example.com/a.mp3",
    "HTTP://media.example.com/a.mp3",
    "ftp://media.example.com/a.mp3",
    "file:///etc/a",
    "s3://bucket/a.mp3",
    "//media.example.com/a.mp3",
    "media.example.com/a.mp3",
    "no url",
    "https://",
    "https:///a.mp3",
    "https://media.example.com/a b.mp3",
    f" {GOOD}",
    f"{GOOD}\n",
    GOOD.replace("media", "me\ndia"),
    GOOD.replace("//", "/"),
    GOOD.replace("https", "HTTPS"),
    GOOD.replace("example.com", "example.com:99999"),
    GOOD.replace("example.com", "example.com."),
    "https://xn--a.example/a.mp3",
    "https://media.mock.test/type/Audio/MPEG/a",
    "https://[::1/a.mp3",
    f"{GOOD}?signature=1",
    *(f"https://media.example.com/a.{suffix}" for suffix in ("html", "txt", "json", "pdf", "png", "wav", "mp4")),
    *(f"https://media.mock.test/{path}/a.mp3" for path in ("no-type", "404", "timeout", "redirect-private")),
)
TRANSCRIPTS = (
    "a" * 900_000,
    "a" * 900_001,
    "a" * 899_999 + "é",
    "é" * 50_000 + "a" * 850_000,
    "é" * 50_001 + "a" * 849_999,
    "😀" * 237_500,
    "😀" * 237_501,
    "😀" * 300_000,
    "a" * 850_000 + "e\u0301" * 25_001,
    "é" * 100_000 + "a" * 780_000,
    "a" * 960_000,
    "a" * 1_100_000,
    "a" * 70_000,
    "あ" * 316_667,
)
PEOPLE: tuple[Any, ...] = (
    *([{"email": "ada+crm@example.com"}], [{"name": "n" * 120}], [{"name": "0"}], "[]", ["ada@example.com"]),
    *([{"name": f"Guest {number}"} for number in range(60)], [{"email": "ada@example.com"}] * 2),
    [],
    {},
    "Ada",
    5,
    ["Ada"],
    [5],
    [{"name": "Ada"}],
    [{"email": "a@b.example"}],
    [{"name": "Ada", "email": "a@b.example"}],
    [{"name": 5}],
    [{"email": 5}],
    [{"name": "Ada"}, {"name": "Bob"}],
    [[{"name": "Ada"}]],
    [{"name": "Ada", "email": False}],
    False,
    {"name": "Ada"},
)
RAW = (
    b"\n" + json.dumps(submission()).encode(),
    json.dumps(submission()).replace('"title"', '"\\u0074itle"').encode(),
    b"",
    b"[]",
    b"null",
    b'"a"',
    b"5",
    b"{",
    b"{'a': 1}",
    b'{"a": 1,}',
    b'{"a": 1} x',
    b'{"a": "\xff"}',
    b"\xff",
    b"[" * 5000,
    b'{"a":' * 600 + b"1" + b"}" * 600,
    b'{"a": %s}' % (b"9" * 500),
    b'{"a": 1e999}',
    b'{"a": "\\ud800"}',
    b'{"title": "\\u0000"}',
    b"[{}]",
    b'{"title": 5}',
)
SPOILT = (
    lambda raw: raw[:-1],
    lambda raw: raw[:-1] + b",}",
    lambda raw: raw + b"x",
    lambda raw: raw.replace(b'"', b"'"),
    lambda raw: b"[" + raw + b"]",
    lambda raw: json.dumps(raw.decode()).encode(),
    lambda raw: raw.replace(b"Q", b"\xff"),
    *((lambda raw, text=text: raw[:-1] + b', "x": "' + text + b'"}') for text in (b"\\x", b"\n")),
    lambda raw: b"/* a */" + raw,
    *((lambda raw, value=value: raw[:-1] + b', "x": ' + value + b"}") for value in (b"NaN", b"01", b"None")),
    lambda raw: raw[:-1] + b', "__proto__": 1}',
    lambda raw: raw[:-1] + b', "TITLE": "another"}',
    lambda raw: raw.replace(b'"title"', b'"Title"'),
    lambda raw: raw.replace(b'"title"', b'"TITLE"'),
    lambda raw: raw.replace(b'"media_url"', b'"mediaUrl"'),
    lambda raw: raw.replace(b'"CALL"', b'"\\ud800"').replace(b'"MEETING"', b'"\\ud800"'),
    lambda raw: raw[:-1] + b', "participants": [{"name": "\\udc00"}]}',
    lambda raw: raw.replace(b'"Quarterly review"', b'"\\ud83d"'),
)


def headers(writer: str) -> tuple[str | None, ...]:
    """Return Authorization headers around the credential of the writer."""
    secret = writer.partition(".")[2]
    schemes = tuple(f"{scheme} {writer}" for scheme in ("Basic", "Token", "Digest", "Bearers"))
    pairs = tuple(f"Basic {b64encode(pair.encode()).decode()}" for pair in (f"{writer}:", f":{writer}"))
    tokens = (
        writer[:10],
        writer.removeprefix("sk-apik_"),
        writer.rpartition(".")[2],
        writer[:-1],
        f"{writer}x",
        f"x{writer}",
        writer.upper(),
        writer.replace(secret, secret[::-1]),
        *("constructor", "k" * 6000, f"{writer}.x", f"{writer}=", f'"{writer}"', f"{writer},x", f"Bearer {writer}"),
        *(f"{writer[:-1]}%{ord(writer[-1]):02x}", f"x.{secret}", f"{writer.partition('.')[0]}.", "größer"),
    )
    inside = f"{writer[:8]}Bearer {writer[8:]}"
    return None, "", "Bearer", "Bearer x", writer, inside, *schemes, *pairs, *(f"Bearer {token}" for token in tokens)


def bodies(concern: str) -> Iterator[object]:
    """Yield the bodies that are sent for a concern, each by the writer."""
    match concern:
        case "auth":
            yield from (b"{", submission(title=""))
        case "media":
            yield from (submission(media_url=url) for url in (*URLS, *(f"https://{host}/a.mp3" for host in HOSTS)))
        case "limits":
            lengths = (99, 100, 101, 300, 499, 500, 501, 600)
            yield from (submission(**{name: "a"}) for name in TEXTS)
            yield from (submission(**{name: text}) for name in TEXTS for text in ("", " ", "0"))
            yield from (submission(**{name: c * n}) for name in TEXTS for n in lengths for c in "aé")
            yield from (submission(**{name: "e\u0301" * 250 + "a"}) for name in TEXTS)
            yield from (submission(title=title) for title in (" " + "a" * 500, "\u2764\ufe0f" * 251))
            yield from (submission(transcript_text=text) for text in TRANSCRIPTS)
            yield json.dumps(submission(transcript_text="あ" * 300_000), ensure_ascii=False).encode()
        case "body":
            yield from (submission(**{name: odd}) for name in (*submission(), *OPTIONAL) for odd in ODD)
            yield from (submission(media_url={"url": GOOD}), {"data": submission()})
            yield from (submission(type=kind) for kind in TYPES)
            yield from (submission(start_at=date) for date in DATES)
            yield from (submission(participants=people) for people in PEOPLE)
            yield from (*RAW, *(spoil(json.dumps(submission()).encode()) for spoil in SPOILT))
        case "response":
            yield from (submission(title=title) for title in TITLES)
            yield from (submission(is_private=private) for private in (True, False))
            yield from (submission(is_private=True, run_workflows=True), submission(object="call", duration_seconds=-1))
            yield submission(type="MEETING", start_at=DATES[0], transcript_text="a", participants=[])
        case "errors":
            yield from (submission(title=odd) for odd in (*ODD, *TITLES))
            yield from (*RAW, submission(media_url=URLS[0]), submission(media_url=None), submission(start_at="a"))
            yield from (submission(media_url="https://[::1/a.mp3"), submission(participants=[5]))
            yield from (submission(transcript_text=text) for text in ("é" * 450_000, "😀" * 237_500))
            yield from (spoil(json.dumps(submission()).encode()) for spoil in SPOILT)
            odd = (
                {"toString": "x"},
                "2026-03-02T09:30:00+01",
                "9999-12-31T23:59:59-14:00",
                "2016-12-31T03:59:60-20:00",
            )
            yield from (submission(start_at=start) for start in odd)


def pairs() -> Iterator[tuple[Json, str | None, Json, str]]:
    """Yield the changes of two submissions of one body, each with its sender; the writer then sends the first again."""
    same: Json = {}
    for change in (
        {"title": "Other"},
        {"type": "MEETING"},
        {"source_system": "other"},
        {"run_workflows": True},
        {"is_private": True},
        {"start_at": "2026-01-01T00:00:00Z"},
        {"transcript_text": "a"},
        same,
        {"media_url": "https://media.example.com/b.mp4"},
        {"participants": [{"name": "Ada"}]},
        {"title": ""},
    ):
        yield same, "writer", change, "writer"
        yield {"is_private": True, "start_at": "2025-01-01T00:00:00Z"}, "writer", change, "writer"
    for odd in ({"title": f" 😀{'a' * 300}"}, {"start_at": "2026-03-02T09:30:00.75Z"}):
        yield odd, "writer", odd, "writer"
    yield same, "writer", {"source_system": submission()["source_system"].upper()}, "writer"
    yield same, "writer", same, "other_workspace"
    yield same, "writer", {"type": "NOTE", "title": "Written"}, "writer"
    yield {"title": "t" * 300}, "writer", {"title": "t" * 300}, "writer"
    yield {"title": "Draft", "media_url": "https://10.0.0.1/a.mp3"}, "writer", same, "writer"
    for refused in ({"title": ""}, {"media_url": "https://10.0.0.1/a.mp3"}, {"run_workflows": None}):
        yield refused, "writer", same, "writer"
    yield from ((same, who, same, "writer") for who in ("reader", "unknown", None))
    base = "k" * 62
    for one, two in (
        (base + "ab", base + "aB"),
        ("x" * 499 + "a", "x" * 499 + "b"),
        ("y" * 100 + "a", "y" * 100 + "b"),
        ("z" * 255 + "a", "z" * 255 + "b"),
        ("w" * 64 + "a", "w" * 64 + "b"),
        *(("é" * 150 + "a", "é" * 150 + "b"), ("é" * 300 + "a", "é" * 300 + "b")),
        (base + " ", base),
        (" " + base, base),
        (base + "  b", base + " b"),
        ("café", "cafe"),
        ("é1", "è1"),
        ("a🎉b", "a🎉c"),
        ("k🎉", "k😀"),
        ("あ1", "い1"),
        ("a" + "t" * 40, "b" + "t" * 40),
        ("p:77", "q:77"),
        ("ab1", "ba1"),
        ("abé", "ab"),
        *(("lab", "l_b"), ("beginning", "begin"), ("p%41", "pA"), ("p+q", "p q"), ("f#1", "f#2"), ("n\0a", "n\0b")),
        *(("z-07", "z-7"), ("q'r", "qr"), ("s:t", "s/t"), ("u/v", "w/v"), ("A@b", "a@b"), ("t\tu", "t u")),
        *(("x\u200by", "xy"), ("Miß", "Miss"), ("low\u0161", "lowa"), ("end-010", "end-10")),
        *(("kÉ", "ké"), ("550e8400-e29B-41d4-a716-446655440000", "550e8400-e29b-41d4-a716-446655440000")),
        *(("a@Example", "a@example"), ("t\tt", "t t"), ("n\n", "n"), ("w\u3000", "w"), ("7", "007"), ("8", "8.0")),
        *(("u v", "u%20v"), ("h&i", "h&amp;i"), ("f#1", "f#2"), ("s/t", "s//t"), ("d_d", "d-d"), ("b\\b", "bb")),
        *(("c\x01c", "cc"), ("ß", "ss"), ("か", "カ"), ("o\u200bo", "oo"), ("q’", "q'")),
        ("m" * 150 + "1" + "m" * 150, "m" * 150 + "2" + "m" * 150),
    ):
        yield {"external_id": one}, "writer", {"external_id": two}, "writer"
