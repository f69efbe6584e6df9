"""What live media says of origins that are odd: the sentence is true, and the rule is the one that says so."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

import pytest

from mock_server.media.live import resolver
from mock_server.media.refusals import BAD_BODY, BAD_HEAD, BROKEN_OFF, NO_NAME, NO_REPLY, NO_TLS, SLOW_NAME
from mock_server.problems import RateLimited
from tests.kit.live_media import MEDIA, NewWorld, World
from tests.kit.origin import SECONDS, body, head

PUBLIC = "93.184.216.34"
AUDIO = ("Content-Type", "audio/mpeg")
pytestmark = pytest.mark.usefixtures("temporary_folder")


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\nX-Odd : 1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"ICY 200 OK\r\nContent-Type: audio/mpeg\r\n\r\n",
        head(200, AUDIO, ("Content-Length", "many")),
        head(200, AUDIO, ("Content-Length", "")),
        head(200, AUDIO, ("Content-Length", "9" * 30)),
        head(200, AUDIO, ("Content-Length", "3"), ("Content-Length", "4")),
        head(200, AUDIO, ("Transfer-Encoding", "gzip")),
        head(200, AUDIO, ("X-Nul", "\0")),
    ],
)
def test_odd_header(raw: bytes, world: World) -> None:
    """A header that cannot be read is said to be that. It is no recording that breaks off: none has begun."""
    refused = world.refusal(world.serve("/odd", raw=raw + body("mp3")))
    assert (refused.rule, refused.message.startswith(BAD_HEAD)) == ("URL-18", True)
    assert world.notes[-1].startswith("failed: RemoteProtocolError: ")


@pytest.mark.parametrize("raw", [b"", b"HTTP/1.1 200 OK\r\nContent-Ty", b"HTTP/1.1 103 Early Hints\r\n\r\n"])
def test_no_reply(raw: bytes, world: World) -> None:
    """A host that ends the connection before its header is complete has not answered."""
    refused = world.refusal(world.serve("/none", raw=raw))
    assert (refused.rule, refused.message.startswith(NO_REPLY)) == ("URL-18", True)


CHUNKED = head(200, AUDIO, ("Transfer-Encoding", "chunked"))


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (CHUNKED + b"no number\r\n" + body("mp3"), BAD_BODY),
        (CHUNKED + b"3\r\nabcdef\r\n" + body("mp3"), BAD_BODY),
        (CHUNKED + b"5\r\nab", BROKEN_OFF),
        (CHUNKED + b"2\r\nab\r\n", BROKEN_OFF),
        (head(200, AUDIO, ("Content-Length", "5")) + b"ab", BROKEN_OFF),
    ],
)
def test_odd_body(raw: bytes, sentence: str, world: World) -> None:
    """A body that breaks off is said to, and one that cannot be read is said to be that."""
    refused = world.refusal(world.serve("/odd-body", raw=raw))
    assert (refused.rule, refused.message.startswith(sentence)) == ("URL-18", True)


def test_header_flood(world: World) -> None:
    """A header that is too long for this server is refused as a limit of ours."""
    refused = world.refusal(world.serve("/flood", behaviour="hdr_flood"))
    assert (refused.rule, "100 KiB" in refused.message) == ("URL-29", True)


def test_notes_are_bounded(world: World) -> None:
    """However much a peer says, the trace stays short, and control characters are escaped."""
    for raw in (head(200, ("Content-Type", "\x7f\t" * 40_000)), b"HTTP/1.1 200 OK\r\n" + b"x" * 90_000 + b"\r\n\r\n"):
        world.refusal(world.serve("/talks", raw=raw))
    assert max(map(len, world.notes)) < 1_000
    assert all(note.isprintable() for note in world.notes)


@pytest.mark.parametrize(
    ("status", "rule"),
    [
        *((status, "URL-29") for status in (201, 202, 203, 204, 206, 299)),
        *((status, "URL-18") for status in (300, 304, 305, 400, 401, 403, 404, 416, 429, 500, 503, 599, 999)),
    ],
)
def test_status(status: int, rule: str, world: World) -> None:
    """The answer names the status that it got. Another success than 200 is refused as a choice of ours."""
    refused = world.refusal(world.serve("/status", status=status, headers=dict([AUDIO])))
    assert (refused.rule, str(status) in refused.message) == (rule, True)
    assert "Whatever" not in refused.message  # the phrase of the peer


@pytest.mark.parametrize("coding", ["", ",", " , ", "identity", "Identity, ,identity"])
def test_no_content_encoding(coding: str, world: World) -> None:
    """An empty Content-Encoding, as object stores send it, is none."""
    url = world.serve("/plain", headers={"Content-Type": "audio/mpeg", "Content-Encoding": coding})
    assert world.fetch(url) == pytest.approx(SECONDS, abs=0.5)


@pytest.mark.parametrize("coding", ["gzip", "identity, br", ", zstd", "aws-chunked"])
def test_content_encoding(coding: str, world: World) -> None:
    """An encoding that was not asked for is refused, as a choice of ours."""
    refused = world.refusal(world.serve("/packed", headers={"Content-Type": "audio/mpeg", "Content-Encoding": coding}))
    assert (refused.rule, refused.code) == ("URL-29", "unreachable")


@pytest.mark.parametrize("other", ["audio/mpeg", "AUDIO/MPEG;x=1", "video/mp4"])
def test_two_content_types(other: str, world: World) -> None:
    """Two content types that are both of a recording are accepted: the statement asks for no more."""
    url = world.serve("/two-types", headers={"Content-Type": "audio/mpeg", "content-type": other})
    assert world.fetch(url) == pytest.approx(SECONDS, abs=0.5)


@pytest.mark.parametrize("other", ["text/html", "", "audio/mpeg, text/html"])
def test_one_type_of_two_is_none_of_a_recording(other: str, world: World) -> None:
    """Two content types of which one is not of a recording are refused."""
    url = world.serve("/two-types", headers={"Content-Type": "audio/mpeg", "content-type": other})
    assert (world.refusal(url).rule, world.refusal(url).code) == ("URL-16", "media_type")


@pytest.mark.parametrize(
    ("location", "asked"),
    [
        ("/my call.mp3", "/my%20call.mp3"),
        ("https://media.example.com/a b/c d.mp3?x=y z", "/a%20b/c%20d.mp3?x=y%20z"),
        ("/Réunion.mp3", "/R%C3%A9union.mp3"),
        ("//media.example.com/録音.mp3", "/%E9%8C%B2%E9%9F%B3.mp3"),
        ('/"a"|{b}.mp3', "/%22a%22%7C%7Bb%7D.mp3"),
        ("/100%.mp3?sig=%2Ba%3D", "/100%25.mp3?sig=%2Ba%3D"),
        ("/é?" + "token=" * 200 + "é#frag é", "/%C3%A9?" + "token=" * 200 + "%C3%A9"),
        ("/" + "t" * 2_700, "/" + "t" * 2_700),
        ("/" + "t" * (8_192 - len(MEDIA) - 1), "/" + "t" * (8_192 - len(MEDIA) - 1)),
    ],
)
def test_redirect_is_encoded(location: str, asked: str, world: World) -> None:
    """What a URL may not hold is percent-encoded in a redirect, as browsers and curl do; the rest stays as it is."""
    url = world.serve("/to", status=302, headers={"Location": location})
    assert world.fetch(url) == pytest.approx(SECONDS, abs=0.5)
    assert world.origin.requests[-1].startswith(f"GET {asked} HTTP/1.1\r\n")
    assert f"redirects to {MEDIA}{asked}" in world.notes


@pytest.mark.parametrize(
    ("location", "rule"),
    [
        ("/" + "t" * (8_193 - len(MEDIA) - 1), "URL-27"),
        ("/" + "é" * 2_000, "URL-27"),
        ("https://media.example.com:8443/a.mp3", "URL-22"),
        ("https://user:secret@media.example.com/a.mp3", "URL-21"),
        ("https://bücher.example/a.mp3", "URL-23"),
        ("https://100.64.0.1/a.mp3", "URL-20"),
        ("https://cgnat.example.com/a.mp3", "URL-20"),
        ("https://[64:ff9b::a00:7]/a.mp3", "URL-25"),
        ("https://printer.local/a.mp3", "URL-28"),
        ("https://media..example.com/a.mp3", "URL-28"),
        ("https://134744072/a.mp3", "URL-28"),
        ("//[::1/a.mp3", "URL-18"),
        ("\\\\127.0.0.1\\a.mp3", "URL-18"),
        ("https://media.example.com\\@127.0.0.1/a.mp3", "URL-18"),
        ("https:///a.mp3", "URL-18"),
        ("https://media.example.com:port/", "URL-18"),
        ("", "URL-18"),
        ("https://does-not-exist.example.com/", "URL-18"),
    ],
)
def test_redirect_refused(location: str, rule: str, world: World) -> None:
    """A redirect that the page does not forbid is not refused by the page's rule, nor in its words."""
    world.resolver.begin({"media.example.com": [PUBLIC], "cgnat.example.com": ["100.64.0.1"]})
    refused = world.refusal(world.serve("/to", status=302, headers={"Location": location}))
    assert (refused.rule, "on public hosts" in refused.message) == (rule, False)
    assert "secret" not in refused.message + "".join(world.notes)
    assert len(world.dialled) == 1


@pytest.mark.parametrize(
    "headers", [{}, {"Location": ""}, {"Location": "/a.mp3", "location": "/b.mp3"}], ids=["none", "empty", "two"]
)
def test_redirect_to_no_one_place(headers: dict[str, str], world: World) -> None:
    """A redirect that does not say where to is said to be that."""
    refused = world.refusal(world.serve("/to", status=302, headers=headers))
    assert (refused.rule, "which one place" in refused.message) == ("URL-18", True)


def test_redirect_to_a_literal_is_traced(world: World) -> None:
    """The trace has where a redirect leads, and the address that its host spells."""
    world.refusal(world.serve("/to", status=302, headers={"Location": "https://0x0a000007/a.mp3"}))
    assert "redirects to https://0x0a000007/a.mp3" in world.notes
    assert "the host is 10.0.0.7 (private, URL-3)" in world.notes


def plain_http(connection: socket.socket) -> None:
    """Answer a handshake with plain HTTP."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def hang_up(connection: socket.socket) -> None:
    """Answer a handshake with the end of the connection."""
    connection.recv(65536)


def old_alert(connection: socket.socket) -> None:
    """Answer a handshake with an alert of TLS: the version is not spoken."""
    connection.recv(65536)
    connection.sendall(b"\x15\x03\x01\x00\x02\x02\x46")


@contextmanager
def listening(talk: Callable[[socket.socket], None]) -> Iterator[tuple[str, int]]:
    """Yield the address of a server on loopback that talks to one connection in this way."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with closing(connection), suppress(OSError):
                talk(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()
        thread.join()


@pytest.mark.parametrize("talk", [plain_http, hang_up, old_alert])
def test_no_tls(talk: Callable[[socket.socket], None], new_world: NewWorld) -> None:
    """A host that answers, but not with TLS, is not said to be silent."""
    world = new_world()
    with listening(talk) as address:
        world.media._dial = lambda *_: address
        refused = world.refusal(MEDIA + "/a.mp3")
    assert (refused.rule, refused.message.startswith(NO_TLS)) == ("URL-18", True)


def test_slow_name(new_world: NewWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is not resolved in time may exist: nobody says that it does not resolve."""
    monkeypatch.setattr(resolver, "LOOKUP_SECONDS", 0.2)
    world = new_world({"media.example.com": "TIMEOUT", "no.example.com": "SERVFAIL"})
    refused = world.refusal(MEDIA + "/a.mp3")
    assert (refused.rule, refused.message.startswith(SLOW_NAME)) == ("URL-18", True)
    refused = world.refusal("https://no.example.com/a.mp3")
    assert (refused.rule, refused.message.startswith(NO_NAME)) == ("URL-18", True)


@pytest.mark.long
def test_too_many_names(new_world: NewWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """When too many lookups hang, the server is busy, and says that and not that the name does not resolve."""
    monkeypatch.setattr(resolver, "LOOKUP_SECONDS", 0.2)
    world = new_world({"media.example.com": [PUBLIC], "hangs.example.com": "TIMEOUT"})
    for _ in range(resolver.LOOKUPS):
        world.refusal("https://hangs.example.com/a.mp3")
    with pytest.raises(RateLimited) as busy:
        world.fetch(MEDIA + "/a.mp3")
    assert int(busy.value.headers["Retry-After"]) >= 1


@pytest.mark.parametrize(
    ("resolves_to", "rule"),
    [
        (["100.64.0.1"], "URL-20"),
        (["0.0.0.0"], "URL-20"),  # noqa: S104  not an address to bind
        ([PUBLIC, "ff02::1"], "URL-20"),
        (["2002:a00:7::1"], "URL-25"),
        (["64:ff9b::a00:7"], "URL-25"),
        (["100.64.0.1", "10.0.0.7"], "URL-14"),
        (["::ffff:10.0.0.7"], "URL-14"),
        (["fd00::1"], "URL-14"),
    ],
)
def test_name_leads_inside(resolves_to: list[str], rule: str, world: World) -> None:
    """A name is refused by the page's rule if one of its addresses is of the page's ranges, else by ours."""
    world.resolver.begin({"media.example.com": resolves_to})
    assert world.refusal(MEDIA + "/a.mp3").rule == rule
    assert world.dialled == []
