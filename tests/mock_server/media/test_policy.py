"""The address policy: pure functions over a URL."""

from __future__ import annotations

import socket
from ipaddress import ip_address

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mock_server import spec
from mock_server.media import policy
from mock_server.media.policy import Refused
from mock_server.media.simulated import SimulatedMedia


def verdict(url: str) -> Refused | None:
    """Judge a URL as the mock does, and return why it was refused."""
    try:
        SimulatedMedia(pause=lambda _: None).fetch(policy.parse(url), lambda _: None)
    except Refused as refused:
        return refused
    return None


@pytest.mark.parametrize(
    ("first", "last", "rule"),
    [
        ("10.0.0.0", "10.255.255.255", "URL-3"),
        ("172.16.0.0", "172.31.255.255", "URL-4"),
        ("192.168.0.0", "192.168.255.255", "URL-5"),
        ("127.0.0.0", "127.255.255.255", "URL-6"),
        ("169.254.0.0", "169.254.255.255", "URL-7"),
        ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "URL-9"),
        ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "URL-10"),
        ("0.0.0.0", "0.255.255.255", "URL-20"),  # noqa: S104  not an address to bind
        ("100.64.0.0", "100.127.255.255", "URL-20"),
        ("192.0.0.0", "192.0.0.255", "URL-20"),
        ("192.0.2.0", "192.0.2.255", "URL-20"),
        ("192.88.99.0", "192.88.99.255", "URL-20"),
        ("198.18.0.0", "198.19.255.255", "URL-20"),
        ("198.51.100.0", "198.51.100.255", "URL-20"),
        ("203.0.113.0", "203.0.113.255", "URL-20"),
        ("168.63.129.16", "168.63.129.16", "URL-20"),
        ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "URL-20"),
        ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "URL-20"),
        ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "URL-25"),
    ],
)
def test_a_range_is_refused_to_its_edges_and_no_further(first: str, last: str, rule: str) -> None:
    """Both ends of a range are refused by its rule; the neighbours outside are not refused by this rule's range."""
    low, high = ip_address(first), ip_address(last)
    assert [found[0] for address in (low, high) if (found := policy.judge(address))] == [rule, rule]
    inside = policy.judge(low)
    for neighbour in (low - 1 if int(low) else None, high + 1):
        assert neighbour is None or policy.judge(neighbour) != inside or rule == "URL-20"


@pytest.mark.parametrize(
    "address",
    [
        "9.255.255.255",
        "11.0.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.167.255.255",
        "192.169.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "1.0.0.0",
        "168.63.129.15",
        "2000::",
        "2001:200::1",
        "2606:4700::1111",
        "2a00::1",
        "3ffe::1",
    ],
)
def test_public_neighbours_are_accepted(address: str) -> None:
    """Public addresses beside the ranges are fetched, literally."""
    host = f"[{address}]" if ":" in address else address
    assert verdict(f"https://{host}/a.mp3") is None


@pytest.mark.parametrize(
    ("address", "rule"),
    [
        ("::1", "URL-8"),
        ("0:0:0:0:0:0:0:1", "URL-8"),
        ("::", "URL-20"),
        ("ff02::1", "URL-20"),
        ("fec0::1", "URL-20"),
        ("100::1", "URL-20"),
        ("4000::1", "URL-20"),
        ("5f00::1", "URL-20"),
        ("::7f00:1", "URL-25"),
        ("2001::1", "URL-25"),
        ("2001:100::1", "URL-20"),
        ("2002:a00:1::", "URL-25"),
        ("::ffff:127.0.0.1", "URL-12"),
        ("::ffff:7f00:1", "URL-12"),
        ("::ffff:10.0.0.1", "URL-12"),
        ("::ffff:100.64.0.1", "URL-20"),
        ("64:ff9b::100.64.0.1", "URL-20"),
        ("64:ff9b::10.0.0.1", "URL-25"),
        ("64:ff9b::a9fe:a9fe", "URL-25"),
        ("64:ff9b:1::1", "URL-20"),
        ("fe80::1%eth0", "URL-9"),
        ("fe80::1%25eth0", "URL-9"),
        ("2606:4700::1111%1", "URL-20"),
    ],
)
def test_an_ipv6_literal_that_is_not_public_is_refused(address: str, rule: str) -> None:
    """Loopback, link-local and every other unreachable or tunnelled form is refused by its rule."""
    refused = verdict(f"https://[{address}]/a.mp3")
    assert refused is not None
    assert (refused.rule, refused.code) == (rule, "private_address")


@pytest.mark.parametrize("address", ["::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_ipv4_inside_ipv6_is_judged_by_the_ipv4(address: str) -> None:
    """A mapped or NAT64 form of a public address is public."""
    assert verdict(f"https://[{address}]/a.mp3") is None


@pytest.mark.parametrize(
    ("url", "rule", "code"),
    [
        ("http://media.example.com/a.mp3", "URL-1", "url_scheme"),
        ("HTTP://media.example.com/a.mp3", "URL-1", "url_scheme"),
        ("http://10.0.0.1/a.mp3", "URL-1", "url_scheme"),
        ("ftp://media.example.com/a.mp3", "URL-2", "url_scheme"),
        ("file:///etc/passwd", "URL-2", "url_scheme"),
        ("data:audio/mpeg;base64,AAAA", "URL-2", "url_scheme"),
        ("s3://bucket/a.mp3", "URL-2", "url_scheme"),
        ("httpss://media.example.com/", "URL-2", "url_scheme"),
        ("", "URL-19", "invalid_url"),
        ("a.mp3", "URL-19", "invalid_url"),
        ("//media.example.com/a.mp3", "URL-19", "invalid_url"),
        ("https:///a.mp3", "URL-19", "invalid_url"),
        ("https://", "URL-19", "invalid_url"),
        ("https:media.example.com/a.mp3", "URL-19", "invalid_url"),
        ("https://media.example.com/a b.mp3", "URL-19", "invalid_url"),
        ("https://media.example.com/ä.mp3", "URL-19", "invalid_url"),
        ("https://media.example.com/%zz", "URL-19", "invalid_url"),
        ("https://media.example.com/%#a", "URL-19", "invalid_url"),
        ("https://media.example.com/a%4#a", "URL-19", "invalid_url"),
        ("https://media.example.com/%41%?a", "URL-19", "invalid_url"),
        ("https://media.example.com/a#%", "URL-19", "invalid_url"),
        ("https://media.example.com/a.mp3\n", "URL-19", "invalid_url"),
        (" https://media.example.com/a.mp3", "URL-19", "invalid_url"),
        ("https://media..example.com/a.mp3", "URL-28", "invalid_url"),
        ("https://.example.com/a.mp3", "URL-28", "invalid_url"),
        ("https://" + "a" * 64 + ".example.com/", "URL-28", "invalid_url"),
        ("https://" + "a." * 127 + "example.com/", "URL-28", "invalid_url"),
        ("https://media%2eexample.com/a.mp3", "URL-28", "invalid_url"),
        ("https://media!.example.com:443/a.mp3?x#y", "URL-28", "invalid_url"),
        ("https://[v1.fe80::a]/a.mp3", "URL-28", "invalid_url"),
        ("https://media%2.example.com/a.mp3", "URL-19", "invalid_url"),
        ("https://media.example.com/".ljust(8193, "a"), "URL-27", "too_long"),
        ("http://media.example.com/".ljust(8193, "a"), "URL-27", "too_long"),
        ("é" * 9000, "URL-27", "too_long"),
        ("https://[::1/a.mp3", "URL-19", "invalid_url"),
        ("https://[1.2.3.4]/a.mp3", "URL-19", "invalid_url"),
        ("https://[]/a.mp3", "URL-19", "invalid_url"),
        ("https://[::1%%]/a.mp3", "URL-19", "invalid_url"),
        ("https://[fe80::1%25eth0%25]/a.mp3", "URL-19", "invalid_url"),
        ("https://user@media.example.com/a.mp3", "URL-21", "url_userinfo"),
        ("https://user:secret@media.example.com/a.mp3", "URL-21", "url_userinfo"),
        ("https://media.example.com:8443/a.mp3", "URL-22", "url_port"),
        ("https://media.example.com:0/a.mp3", "URL-22", "url_port"),
        ("https://media.example.com:99999/a.mp3", "URL-22", "url_port"),
        ("https://media.example.com:123456/a.mp3", "URL-22", "url_port"),
        ("https://media.example.com:" + "9" * 5000, "URL-22", "url_port"),
        ("https://media.example.com:-1/a.mp3", "URL-19", "invalid_url"),
        ("https://bücher.example/a.mp3", "URL-23", "invalid_url"),
        ("https://localhost/a.mp3", "URL-13", "private_address"),
        ("https://LocalHost./a.mp3", "URL-13", "private_address"),
        ("https://a.b.localhost/a.mp3", "URL-13", "private_address"),
        ("https://intranet/a.mp3", "URL-28", "private_address"),
        ("https://printer.local/a.mp3", "URL-28", "private_address"),
        ("https://metadata.google.internal/a.mp3", "URL-28", "private_address"),
        ("https://router.home.arpa/a.mp3", "URL-28", "private_address"),
        ("https://localhost.localdomain/a.mp3", "URL-28", "private_address"),
        ("https://100.64.0.1.nip.io/a.mp3", "URL-20", "private_address"),
        ("https://0.0.0.0.sslip.io/a.mp3", "URL-20", "private_address"),
        ("https://2002-a00-1--1.sslip.io/a.mp3", "URL-25", "private_address"),
        ("https://10.0.0.1.nip.io/a.mp3", "URL-14", "private_address"),
        ("https://2130706433/a.mp3", "URL-11", "private_address"),
        ("https://0x7f000001/a.mp3", "URL-11", "private_address"),
        ("https://127.1/a.mp3", "URL-11", "private_address"),
        ("https://0177.0.0.1/a.mp3", "URL-11", "private_address"),
        ("https://192.168.257/a.mp3", "URL-11", "private_address"),
        ("https://0251.0xfe.43518/a.mp3", "URL-11", "private_address"),
        ("https://0x64400001/a.mp3", "URL-20", "private_address"),
        ("https://0/a.mp3", "URL-20", "private_address"),
        ("https://0340.0.0.1/a.mp3", "URL-20", "private_address"),
        ("https://134744072/a.mp3", "URL-28", "invalid_url"),
        ("https://8.8.2056/a.mp3", "URL-28", "invalid_url"),
        ("https://010.0.0.1/a.mp3", "URL-28", "invalid_url"),
        ("https://256.0.0.1/a.mp3", "URL-28", "invalid_url"),
        ("https://4294967296/a.mp3", "URL-28", "invalid_url"),
        ("https://1.2.3.4.5/a.mp3", "URL-28", "invalid_url"),
        ("https://127.0.0.08/a.mp3", "URL-28", "invalid_url"),
        ("https://127.0x/a.mp3", "URL-28", "invalid_url"),
        ("https://media.example.1/a.mp3", "URL-28", "invalid_url"),
    ],
)
def test_a_refusal_names_its_rule(url: str, rule: str, code: str) -> None:
    """The reason why a URL is refused is the right one, not the first that comes along."""
    refused = verdict(url)
    assert refused is not None
    assert (refused.rule, refused.code) == (rule, code)
    assert "secret" not in refused.message


SPELLINGS = ("{0}", "0x{0:x}", "0{0:o}", "{1}.{5}", "0{1:o}.0x{2:x}.{6}", "0x{1:x}.0{2:o}.{3}.0x{4:x}")


@given(st.ip_addresses(v=4), st.sampled_from(SPELLINGS))
def test_a_spelling_means_the_address_that_the_c_library_reads(address: policy.Address, spelling: str) -> None:
    """Every form is judged by its address, and that of a public one is refused too."""
    whole, (a, b, c, d) = int(address), address.packed
    host = spelling.format(whole, a, b, c, d, whole & 0xFFFFFF, whole & 0xFFFF)
    assume(host != str(address))
    assert ip_address(socket.inet_aton(host)) == address == policy.parse(f"https://{host}/a.mp3").literal
    refused, denied = verdict(f"https://{host}/a.mp3"), policy.judge(address)
    assert refused is not None
    assert refused.rule == ("URL-28" if denied is None else "URL-20" if denied[0] == "URL-20" else "URL-11")


@given(st.text("0123456789abcdefx._", max_size=20))
def test_no_other_number_is_an_address(host: str) -> None:
    """Whatever is taken for an IPv4 address means the same one to the C library, in every case."""
    try:
        literal = policy.parse(f"https://{host}/").literal
    except Refused:
        return
    if literal is not None:
        assert ip_address(socket.inet_aton(host.removesuffix("."))) == literal


@pytest.mark.parametrize("length", [2_049, 2_700, 5_000, 8_192])
def test_a_signed_link_may_be_long(length: int) -> None:
    """A URL of up to 8,192 characters is accepted."""
    assert verdict("https://media.example.com/a.mp3?X-Amz-Security-Token=".ljust(length, "a")) is None


def test_another_port_is_allowed_by_configuration() -> None:
    """A port that is configured is accepted, and the default one is not if it is left out."""
    assert policy.parse("https://media.example.com:8443/a.mp3", ports=(8443,)).port == 8443
    with pytest.raises(Refused, match="uses port 443; allowed is 8443"):
        policy.parse("https://media.example.com/a.mp3", ports=(8443,))


@pytest.mark.parametrize(
    ("url", "host", "target"),
    [
        ("https://Media.Example.COM./a?b#c", "media.example.com", "/a?b"),
        ("HTTPS://media.example.com", "media.example.com", "/"),
        ("https://media.example.com?x@y", "media.example.com", "/?x@y"),
        ("https://media.example.com#@127.0.0.1", "media.example.com", "/"),
        ("https://my_bucket.example.com:443/%41", "my_bucket.example.com", "/%41"),
        ("https://media.example.com:" + "0" * 5000 + "443", "media.example.com", "/"),
    ],
)
def test_the_parts_of_a_url(url: str, host: str, target: str) -> None:
    """The host is lower case without its last dot; the target is path and query, never the fragment."""
    parsed = policy.parse(url)
    assert (parsed.host, parsed.target, parsed.port, parsed.text) == (host, target, 443, url)


@given(st.ip_addresses())
def test_every_address_gets_a_verdict(address: policy.Address) -> None:
    """Any address is public, or refused by a rule that exists; never is one private to Python and public to us."""
    found = policy.judge(address)
    if found is None:
        assert not any((address.is_loopback, address.is_link_local, address.is_multicast, address.is_unspecified))
    else:
        assert found[0] in {rule["id"] for rule in spec.document()["x-rules"]}


@given(st.from_regex(r"https://[!-~]{1,60}", fullmatch=True) | st.text(max_size=80).map("https://".__add__))
def test_any_text_gets_a_verdict(url: str) -> None:
    """No text, however odd, does anything but pass or be refused."""
    refused = verdict(url)
    assert refused is None or refused.rule.startswith("URL-")
