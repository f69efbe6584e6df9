"""The media world without a network."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_server.media import policy
from mock_server.media.policy import Refused
from mock_server.media.simulated import DEADLINE, MAX_REDIRECTS, ROUTES, SimulatedMedia, resolve, type_of


class World:
    """A simulated world that notes how long it was asked to wait."""

    def __init__(self) -> None:
        self.paused: list[float] = []
        self.notes: list[str] = []
        self.media = SimulatedMedia(pause=self.paused.append)

    def outcome(self, url: str) -> str:
        """Return the content type, or the rule and the code of the refusal."""
        try:
            return self.media.fetch(policy.parse(url), self.notes.append).content_type
        except Refused as refused:
            return f"{refused.rule} {refused.code}"

    def duration(self, url: str) -> float:
        """Return the length of a recording."""
        return self.media.fetch(policy.parse(url), self.notes.append).duration_seconds


@pytest.fixture
def world() -> World:
    """Make a world."""
    return World()


@pytest.mark.parametrize(
    ("path", "outcome"),
    [
        ("/ok.mp3", "audio/mpeg"),
        ("/type/audio/mpeg/x", "audio/mpeg"),
        ("/type/AUDIO/Wav/x", "audio/wav"),
        ("/type/video/mp4", "video/mp4"),
        ("/type/video/x-vendor.thing+1/x", "video/x-vendor.thing+1"),
        ("/type/audio/mpeg;codecs=mp3/x.html", "audio/mpeg"),
        ("/type/text/html/x.mp3", "URL-16 media_type"),
        ("/type/application/ogg/x.ogg", "URL-16 media_type"),
        ("/type/audiovideo/mp4/x", "URL-16 media_type"),
        ("/type/xaudio/mp4/x", "URL-16 media_type"),
        ("/type/audio//x", "URL-16 media_type"),
        ("/no-type/a.mp3", "URL-16 media_type"),
        ("/redirect/0/a.mp3", "audio/mpeg"),
        ("/redirect/5/a.mp4", "video/mp4"),
        ("/redirect/6/a.mp3", "URL-29 unreachable"),
        ("/redirect/999999999/a.mp3", "URL-29 unreachable"),
        ("/redirect/5/a.html", "URL-16 media_type"),
        ("/redirect-private/a.mp3", "URL-15 private_address"),
        ("/rebind/a.mp3", "audio/mpeg"),
        ("/404/a.mp3", "URL-18 unreachable"),
        ("/403/", "URL-18 unreachable"),
        ("/500", "URL-18 unreachable"),
        ("/timeout/a.mp3", "URL-18 unreachable"),
        ("/truncated/a.mp3", "URL-18 unreachable"),
        ("/bad-certificate/a.mp3", "URL-18 unreachable"),
        ("/slow/30000/a.mp3", "audio/mpeg"),
        ("/slow/30001/a.mp3", "URL-18 unreachable"),
        ("/slow/x/a.mp3", "audio/mpeg"),
        ("/404.mp3", "audio/mpeg"),
        ("/404?x/a", "URL-18 unreachable"),
        ("/slow/0030000000/a.mp3", "audio/mpeg"),
        ("/", "audio/mpeg"),
        ("?x.html", "audio/mpeg"),
    ],
)
def test_the_paths_of_the_special_host(world: World, path: str, outcome: str) -> None:
    """On media.mock.test the path chooses what happens."""
    assert world.outcome(f"https://media.mock.test{path}") == outcome


def test_slow_paths_really_wait(world: World) -> None:
    """A slow host is waited for as long as it takes, and one beyond the deadline not at all."""
    for milliseconds in (0, 250, 30_000, 30_001):
        world.outcome(f"https://MEDIA.mock.test:443/slow/{milliseconds}/a.mp3")
    assert world.paused == [0.0, 0.25, DEADLINE]


@pytest.mark.parametrize("path", ["/404/a.mp3", "/slow/900/a.mp3", "/type/text/html/a"])
def test_other_hosts_have_no_special_paths(world: World, path: str) -> None:
    """The paths mean nothing elsewhere."""
    assert world.outcome(f"https://media.example.com{path}") == "audio/mpeg"
    assert world.paused == []


@pytest.mark.parametrize(
    ("host", "outcome"),
    [
        ("media.example.com", "audio/mpeg"),
        ("a.b", "audio/mpeg"),
        ("nip.io", "audio/mpeg"),
        ("localtest.me.example.com", "audio/mpeg"),
        ("8.8.8.8.nip.io", "audio/mpeg"),
        ("app-8-8-8-8.sslip.io", "audio/mpeg"),
        ("08080808.nip.io", "audio/mpeg"),
        ("2606-4700--1111.sslip.io", "audio/mpeg"),
        ("localtest.me", "URL-14 private_address"),
        ("a.localtest.me", "URL-14 private_address"),
        ("lvh.me", "URL-14 private_address"),
        ("sub.lvh.me.", "URL-14 private_address"),
        ("10.0.0.1.nip.io", "URL-14 private_address"),
        ("app.10.0.0.1.nip.io", "URL-14 private_address"),
        ("app-192-168-1-250.nip.io", "URL-14 private_address"),
        ("a.b-172-31-0-1.sslip.io", "URL-14 private_address"),
        ("127-0-0-1.sslip.io", "URL-14 private_address"),
        ("app-7f000001.nip.io", "URL-14 private_address"),
        ("app.7f000001.nip.io", "URL-14 private_address"),
        ("app.--1.sslip.io", "URL-14 private_address"),
        ("A9FEA9FE.NIP.IO", "URL-14 private_address"),
        ("--1.sslip.io", "URL-14 private_address"),
        ("fe80--1.sslip.io", "URL-14 private_address"),
        *((f"{name}.mock.test", "URL-14 private_address") for name in ("private", "private6", "mixed", "mixed6")),
        ("rebind.mock.test", "URL-18 unreachable"),
        ("x.nip.io", "URL-18 unreachable"),
        ("999.0.0.1.nip.io", "URL-18 unreachable"),
        ("invalid.example.invalid", "URL-18 unreachable"),
        ("a.INVALID", "URL-18 unreachable"),
    ],
)
def test_names_resolve_by_their_shape(world: World, host: str, outcome: str) -> None:
    """Well-known names have the address that the real world gives them; every other name has a public one."""
    assert world.outcome(f"https://{host}/a.mp3") == outcome


def test_a_name_that_ends_in_invalid_alone_does_not_resolve() -> None:
    """The name `invalid` itself is as unknown as those below it."""
    with pytest.raises(Refused, match="does not resolve"):
        resolve("invalid")


@pytest.mark.parametrize(
    ("target", "content_type"),
    [
        *((f"/a.{suffix}", "audio") for suffix in ("mp3", "wav", "ogg", "m4a", "flac", "MP3", "opus", "aac")),
        *((f"/a.{suffix}", "video") for suffix in ("mp4", "webm", "mov", "mkv", "MoV")),
        *((f"/a.{suffix}", "text") for suffix in ("html", "txt", "csv")),
        *((f"/a.{suffix}", "application") for suffix in ("json", "pdf", "zip", "m3u8")),
        *((f"/a.{suffix}", "image") for suffix in ("png", "jpg", "svg")),
        *(
            (f"/stream.{script}", "audio")
            for script in ("php", "PHP", "phtml", "aspx", "asp", "jsp", "cgi", "do", "pl")
        ),
        *((f"/stream.{script}?id=7", "audio") for script in ("action", "ashx", "cfm", "fcgi", "php5", "py", "rb")),
        *((target, "audio") for target in ("/", "/a", "/a.", "/a.unknown", "/html", "/a.html/b", "/.mp3", "/a.html/")),
        ("/a.pdf?x=/b.mp3", "application"),
        ("/a.mp3?x=b.html", "audio"),
        ("/tar.gz", "application"),
        ("/v1.2/a.b.html", "text"),
        ("//[x/a.html", "text"),
        ("//[::1]/a.mp3", "audio"),
    ],
)
def test_the_suffix_decides_the_content_type(target: str, content_type: str) -> None:
    """The suffix of the last segment of the path stands for a content type; without a known one it is audio/mpeg."""
    assert type_of(target).partition("/")[0] == content_type


@pytest.mark.parametrize(
    ("query", "seconds"),
    [("?duration=90", 90), ("?a=1&duration=1", 1), ("?duration=86400", 86_400), ("?duration=x&duration=7", 7)],
)
def test_the_query_decides_the_duration(world: World, query: str, seconds: int) -> None:
    """`?duration=` gives the seconds."""
    assert world.duration(f"https://media.example.com/a.mp3{query}#x") == seconds


@pytest.mark.parametrize(
    "query",
    ["", "?duration=0", "?duration=86401", "?duration=-5", "?duration=1.5", "?duration=", "?duration=0000000090"],
)
def test_without_a_usable_duration_it_follows_from_the_url(query: str) -> None:
    """The same URL always has the same length, of 30 seconds to an hour, and another URL mostly another."""
    url = f"https://media.example.com/a.mp3{query}"
    assert World().duration(url) == World().duration(url)
    lengths = {World().duration(f"https://media.example.com/{number}.mp3{query}") for number in range(20)}
    assert len(lengths) > 15
    assert all(30 <= length <= 3600 for length in lengths)


@pytest.mark.parametrize(
    ("path", "seconds"),
    [("a.mp3", 2252), ("b.mp4", 2323), ("a.mp3??duration=7", 3294), ("duration=7", 3074)],
)
def test_a_duration_stays_the_same_in_every_version(world: World, path: str, seconds: int) -> None:
    """What a test of an integrator has once seen it sees again: these lengths are pinned."""
    assert world.duration(f"https://media.example.com/{path}") == seconds


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/404/a.mp3", "is on a host that answers with status 404 (Not Found)"),
        ("/403/a.mp3", "is on a host that answers with status 403 (Forbidden)"),
        ("/500/a.mp3", "is on a host that answers with status 500 (Internal Server Error)"),
        ("/slow/30001/a.mp3", "does not answer in time"),
        ("/timeout/a.mp3", "does not answer in time"),
        ("/truncated/a.mp3", "breaks off before its end"),
        ("/bad-certificate/a.mp3", "has a certificate that is not valid"),
    ],
)
def test_a_recording_that_cannot_be_fetched_says_why(world: World, path: str, says: str) -> None:
    """The message of URL-18 names what went wrong, and when the recording has to be there."""
    with pytest.raises(Refused) as caught:
        world.duration(f"https://media.mock.test{path}")
    assert caught.value.message == f"{says}: the recording must be fetched during the request"


def test_a_redirect_to_a_private_address_is_noted(world: World) -> None:
    """The note says where the redirect led; the answer to the client does not."""
    world.outcome("https://media.mock.test/redirect-private/a.mp3")
    assert "redirects to https://10.0.0.7/" in world.notes


def test_a_private_address_is_noted_with_its_range(world: World) -> None:
    """The note names the range that forbids an address, and the rule."""
    world.outcome("https://10.0.0.1.nip.io/a.mp3")
    assert world.notes == ["10.0.0.1.nip.io is 10.0.0.1 (private, URL-3)"]


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("10.0.0.7", "10.0.0.7 (private, URL-3)"),
        ("2130706433", "127.0.0.1 (loopback, URL-6)"),
        ("0xa9fea9fe", "169.254.169.254 (link-local, URL-7)"),
        ("[::1]", "::1 (loopback, URL-8)"),
        ("[::ffff:a00:7]", "::ffff:10.0.0.7 (private, written in IPv6, URL-12)"),
        ("0144.64.1", "100.64.0.1 (carrier-grade NAT, URL-20)"),
        ("134744072", "8.8.8.8"),
        ("93.184.216.34", "93.184.216.34"),
    ],
)
def test_the_address_of_a_literal_is_noted(world: World, host: str, address: str) -> None:
    """The note has the address that a host spells, in whatever form, with what forbids it."""
    world.outcome(f"https://{host}/a.mp3")
    assert world.notes[0].replace("::ffff:a00:7", "::ffff:10.0.0.7") == f"the host is {address}"


def test_one_redirect_is_noted_as_one(world: World) -> None:
    """The note counts in words that are right for one."""
    world.outcome("https://media.mock.test/redirect/1/a.mp4")
    assert "1 redirect" in world.notes


def test_every_decision_is_noted(world: World) -> None:
    """The world says what each name resolved to, how often it was redirected, and what is served."""
    world.outcome("https://media.mock.test/redirect/3/a.mp4")
    assert world.notes == ["media.mock.test is 93.184.216.34", "3 redirects", "serves video/mp4"]


def test_the_table_of_routes_is_true(world: World) -> None:
    """What `mock-server routes` prints is what happens."""
    for paths, outcome in ROUTES:
        for pattern in paths.split():
            example = pattern.replace("…", "a").replace("<type>/<subtype>", "audio/mpeg").replace("<ms>", "1")
            result = world.outcome("https://media.mock.test" + example.replace("<n>", str(MAX_REDIRECTS)))
            assert ("/" in result) == outcome.startswith("201"), pattern


@given(st.text(alphabet="/?[]@:!%a.0-=&;", max_size=30))
def test_no_target_is_too_odd(rest: str) -> None:
    """Whatever the grammar admits after the host is served or refused, never a failure."""
    for host in ("media.mock.test", "media.example.com"):
        assert World().outcome(f"https://{host}/{rest}")
