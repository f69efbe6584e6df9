"""Which rule an address falls under, at the edges of every range."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from mock_server.media.policy import judge

RULES = {
    "URL-3": "10.0.0.0 10.255.255.255",
    "URL-4": "172.16.0.0 172.31.255.255",
    "URL-5": "192.168.0.0 192.168.255.255",
    "URL-6": "127.0.0.0 127.255.255.255",
    "URL-7": "169.254.0.0 169.254.255.255",
    "URL-8": "::1",
    "URL-9": "fe80:: febf:ffff:: fe80::1%eth0",
    "URL-10": "fc00:: fdff:ffff::",
    "URL-12": "::ffff:10.0.0.1 ::ffff:127.0.0.1 ::ffff:169.254.169.254",
    "URL-20": "0.0.0.0 100.64.0.0 100.127.255.255 192.0.0.192 192.0.2.1 192.88.99.1 198.19.255.255 198.51.100.1 "
    "203.0.113.1 224.0.0.1 255.255.255.255 168.63.129.16 :: 2001:1ff:: 2001:db8:: 3fff:fff:: 5f00:: fec0:: ff02::1 "
    "100:: 2606:2800::1%eth0 ::ffff:100.64.0.1 ::ffff:0.0.0.0 ::ffff:224.0.0.1 64:ff9b::100.64.0.1",
    "URL-25": "::7f00:1 64:ff9b::a9fe:a9fe 2001:0:1:: 2002:808:808::",
}
PUBLIC = (
    "9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 169.253.255.255 169.255.0.0 "
    "172.15.255.255 172.32.0.0 192.167.255.255 192.169.0.0 168.63.129.15 223.255.255.255 2001:200:: 2003:: "
    "2606:2800::1 3fff:1000:: ::ffff:8.8.8.8 64:ff9b::808:808"
)


@pytest.mark.parametrize(("rule", "text"), [(rule, text) for rule, texts in RULES.items() for text in texts.split()])
def test_denied(rule: str, text: str) -> None:
    """An address of a range that is not public is denied by the rule of that range."""
    denied = judge(ip_address(text))
    assert denied is not None
    assert denied[0] == rule


@pytest.mark.parametrize("text", PUBLIC.split())
def test_public(text: str) -> None:
    """The neighbours of those ranges are public, and so is IPv6 that means public IPv4."""
    assert judge(ip_address(text)) is None
