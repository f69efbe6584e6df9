"""Where a recording may be, and what it must be: URL-1 to URL-29."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from contract.judge.replay import Case, control, created, group, refused, settle
from contract.run.recorder import NotApplicable, Untested, Violation
from contract.suite.marks import each_group, rule
from contract.target.client import Client
from contract.target.simulated import MEDIA

EXACT = (422,)
LENIENT = (400, 422)  # a host in an odd spelling may count as a malformed URL


def at(host: str, status: tuple[int, ...]) -> Case:
    """Return the case of a recording on this host."""
    return Case(f"a recording on {host}", {"media_url": f"https://{host}/a.mp3"}, status=status)


def _exact(*hosts: str) -> list[Case]:
    return [at(host, EXACT) for host in hosts]


def _lenient(*hosts: str) -> list[Case]:
    return [at(host, LENIENT) for host in hosts]


# Both edges of each range, usual addresses, and something in every part that a narrower mask would let through.
HOSTS = {
    "URL-3": _exact(
        *("10.0.0.0", "10.0.0.1", "10.0.0.255", "10.1.2.3", "10.10.10.10", "10.63.255.255", "10.64.0.1"),
        *("10.127.255.255", "10.128.0.1", "10.192.4.4", "10.200.0.1", "10.255.0.1", "10.255.255.255"),
    ),
    "URL-4": _exact("172.16.0.0", *(f"172.{second}.{second}.1" for second in range(16, 32)), "172.31.255.255"),
    "URL-5": _exact(
        *("192.168.0.0", "192.168.0.1", "192.168.1.1", "192.168.63.9", "192.168.100.100", "192.168.127.255"),
        *("192.168.128.1", "192.168.178.1", "192.168.200.5", "192.168.255.255"),
    ),
    "URL-6": _exact(
        *("127.0.0.1", "127.0.0.0", "127.0.0.2", "127.0.1.1", "127.1.2.3", "127.63.1.1", "127.127.127.127"),
        *("127.128.0.1", "127.200.0.1", "127.255.255.254", "127.255.255.255"),
    ),
    "URL-7": _exact(
        *("169.254.0.0", "169.254.0.1", "169.254.169.254", "169.254.170.2", "169.254.100.100", "169.254.127.1"),
        *("169.254.128.1", "169.254.255.255"),
    ),
    "URL-8": _exact("[::1]", "[0:0:0:0:0:0:0:1]", "[0000:0000:0000:0000:0000:0000:0000:0001]", "[::0001]"),
    "URL-9": [
        *_exact("[fe80::1]", "[fe80::]", "[FE80::abcd]", "[fe8f::1]", "[fe90::1]", "[fea0::1]", "[febf:ffff::1]"),
        *_lenient("[fe80::1%25eth0]", "[fe80::1%25lo]"),
    ],
    "URL-10": _exact("[fc00::1]", "[fc00::]", "[fd00::1]", "[fd12:3456:789a::1]", "[fd00:ec2::254]", "[fdff:ffff::1]"),
    "URL-11": _lenient(
        *("2130706433", "167772161", "2852039166", "3232235777", "2886729729"),  # decimal
        *("0x7f000001", "0x0a000001", "0xA9FEA9FE", "0x7f.0x0.0x0.0x1", "0xc0.0xa8.0x1.0x1"),  # hexadecimal
        *("0177.0.0.1", "012.0.0.1", "0300.0250.0001.0001", "0251.0376.0251.0376", "017700000001"),  # octal
        *("127.1", "10.1", "127.0.1", "192.168.257", "0x7f.1", "0xa9.254.0251.254"),  # short and mixed
    ),
    "URL-12": _lenient(
        *("[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:10.0.0.1]", "[::FFFF:a00:1]", "[::ffff:172.16.0.1]"),
        *("[::ffff:192.168.1.1]", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[0:0:0:0:0:ffff:7f00:1]"),
    ),
    "URL-13": _lenient("localhost", "LOCALHOST", "LocalHost", "localhost.", "sub.localhost", "localhost:443"),
    "URL-14": _lenient(
        *("127.0.0.1.nip.io", "10.0.0.1.nip.io", "app.192.168.1.1.nip.io", "169-254-169-254.nip.io"),
        *("172.16.0.1.sslip.io", "10-1-2-3.sslip.io", "127.0.0.1.sslip.io", "localtest.me"),
    ),
}


def _hosts(*names: str) -> dict[str, list[Case]]:
    return {name: HOSTS[name] for name in names}


@each_group(
    _hosts("URL-3", "URL-4", "URL-5", "URL-6", "URL-7"),
    _hosts("URL-8", "URL-9", "URL-10", "URL-12"),
    _hosts("URL-11", "URL-13", "URL-14"),
)
def test_what_is_private_is_refused(client: Client, cases: dict[str, list[Case]]) -> None:
    """A recording on a private or internal address, however the address is written, is refused."""
    group(client, cases)


@rule("URL-1")
def test_http_is_refused(client: Client) -> None:
    """The same recording over http is refused with 422."""
    rest = client.config.accepted[0].partition(":")[2]
    urls = [f"http:{rest}", f"HTTP:{rest}"]
    group(client, {"URL-1": [Case(f"the URL {url}", {"media_url": url}, status=EXACT) for url in urls]})


@rule("URL-2")
def test_only_https_is_a_scheme(client: Client) -> None:
    """A recording under any other scheme is refused."""
    rest = client.config.accepted[0].partition(":")[2]
    urls = [f"{scheme}:{rest}" for scheme in ("ftp", "ws", "wss", "gopher", "s3", "httpss")]
    urls += ["file:///etc/passwd", "data:audio/mpeg;base64,SUQzBAAAAAAAAA==", "javascript:alert(1)", rest]
    group(client, {"URL-2": [Case(f"the URL {url}", {"media_url": url}) for url in urls]})


@rule("URL-19")
def test_a_media_url_is_a_uri(client: Client) -> None:
    """Text that is no URI with a host is refused."""
    texts = ["", "   ", "recording.mp3", "not a url", "https:", "https://", "https:///a.mp3", "https://:443/a.mp3"]
    texts += [
        "https://exa mple.com/a.mp3",
        "https://[::1/a.mp3",
        "https://[/a.mp3",
        "https://media.example.com:port/a.mp3",
    ]
    group(client, {"URL-19": [Case(f"the text {text!r}", {"media_url": text}) for text in texts]})


@rule("URL-16")
def test_only_audio_and_video_are_recordings(client: Client) -> None:
    """A page, a document or an image in place of a recording is refused with 422."""
    if not client.config.rejected:
        raise Untested("no public URL that is no recording is configured (CONTRACT_MEDIA_REJECTED)")
    cases = [Case(f"the recording {url}", {"media_url": url}, status=EXACT) for url in client.config.rejected[:10]]
    group(client, {"URL-16": cases})


@rule("URL-17")
def test_audio_and_video_are_accepted(client: Client) -> None:
    """Every configured recording, whatever its type, parameters or redirects, is accepted."""
    failures = []
    for url in client.config.accepted[: client.profile.pick(4, 8, 50)]:
        try:
            created(client, client.submission(media_url=url), "URL-17")
        except Violation as violation:
            failures.append(violation)
    settle(client, failures)


@rule("URL-15")
def test_a_redirect_inside_is_refused(client: Client) -> None:
    """A public URL that redirects to a private address is refused with 422."""
    if not client.config.redirect_to_private:
        raise NotApplicable("no URL that redirects inside is configured (CONTRACT_MEDIA_REDIRECT_TO_PRIVATE)")
    urls = client.config.redirect_to_private
    group(client, {"URL-15": [Case(f"a redirect at {url}", {"media_url": url}, status=EXACT) for url in urls]})


@rule("URL-18", "URL-26")
def test_what_cannot_be_fetched_is_refused(client: Client) -> None:
    """A recording whose host does not resolve or answer is refused."""
    key = client.key()
    for url in client.config.unreachable:
        exchange = refused(client, Case(f"the recording {url}", {"media_url": url}), "URL-18", key)
        client.recorder.observe("URL-26", f"answers {exchange.response.status}")
    if not client.profile.creates_nothing:
        control(client, key, "a recording that cannot be fetched")


def _seen(client: Client, name: str, urls: Sequence[str], expect: str = "observed") -> None:
    """Report which of these URLs are refused."""
    for url in urls:
        exchange = client.submit(client.submission(media_url=url), expect=expect)
        host = urlsplit(url).netloc
        verdict = "accepts" if exchange.response.ok else f"refuses ({exchange.response.status})"
        client.recorder.observe(name, f"{verdict} {host}")


@rule("URL-20")
def test_which_special_addresses_are_refused(client: Client) -> None:
    """Addresses that are not globally reachable, beyond those of the page."""
    hosts = ("0.0.0.0", "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "[2001:db8::1]", "[::]")
    _seen(client, "URL-20", [f"https://{host}/a.mp3" for host in hosts])


@rule("URL-21")
def test_whether_user_information_is_refused(client: Client) -> None:
    """A name and a password before the host."""
    url = client.config.accepted[0].replace("https://", "https://user:password@", 1)
    _seen(client, "URL-21", [url])


@rule("URL-22")
def test_which_ports_are_allowed(client: Client) -> None:
    """A port other than 443 on the host of the first accepted recording."""
    host = urlsplit(client.config.accepted[0]).hostname
    _seen(client, "URL-22", [f"https://{host}:8443/a.mp3", f"https://{host}:22/a.mp3"])


@rule("URL-23")
def test_whether_a_host_outside_ascii_is_refused(client: Client) -> None:
    """A host in Unicode instead of its xn-- form."""
    _seen(client, "URL-23", ["https://bücher.invalid/a.mp3"])


@rule("URL-24")
def test_how_the_neighbours_of_private_ranges_are_treated(client: Client) -> None:
    """The public addresses beside private ranges; asked on this machine only, as they belong to somebody."""
    if not client.config.loopback:
        raise NotApplicable("a target that is not on this machine would fetch from strangers")
    neighbours = ("9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0")
    _seen(client, "URL-24", [f"https://{host}/a.mp3" for host in neighbours[: client.profile.pick(1, 6, 6)]], "created")


@rule("URL-25")
def test_how_tunnelled_addresses_are_treated(client: Client) -> None:
    """A private IPv4 address inside NAT64, 6to4, Teredo or an IPv4-compatible address."""
    hosts = ("[64:ff9b::7f00:1]", "[2002:7f00:1::1]", "[2001:0:7f00:1:0:0:80ff:fffe]", "[::7f00:1]")
    _seen(client, "URL-25", [f"https://{host}/a.mp3" for host in hosts])


@rule("URL-27")
def test_how_long_a_url_may_be(client: Client) -> None:
    """An accepted recording with a fragment, which no host is ever sent, so that the URL has this many characters."""
    url = client.config.accepted[0].partition("#")[0] + "#"
    for length in (2_700, 8_193):
        exchange = client.submit(client.submission(media_url=url.ljust(length, "a")), expect="observed")
        verdict = "accepts" if exchange.response.ok else f"refuses ({exchange.response.status})"
        client.recorder.observe("URL-27", f"{verdict} {length:,} characters")


@rule("URL-28")
def test_which_other_hosts_are_refused(client: Client) -> None:
    """Hosts that a URI may have, and that lead nowhere public."""
    hosts = ("media", "media.local", "media.internal", "256.0.0.1", "media..example.com", "media%2eexample.com")
    _seen(client, "URL-28", [f"https://{host}/a.mp3" for host in hosts])


@rule("URL-29")
def test_which_limits_a_fetch_has(client: Client) -> None:
    """The sixth redirect; asked on this machine only, as no other host has this recording."""
    if not client.config.loopback:
        raise NotApplicable("a recording that is beyond a limit is known on this machine only")
    _seen(client, "URL-29", [f"{MEDIA}/redirect/6/a.mp3"])
