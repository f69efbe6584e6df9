"""The verdicts on URLs, held against two policies that were written without knowing the strategies."""

import re
from collections.abc import Callable
from ipaddress import ip_address
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from contract.cases.addresses import PRIVATE
from contract.spec.rules import catalogue
from contract.strategies import FREE, Url, media_urls
from contract.strategies.addresses import private, spelled
from contract.strategies.urls import private_urls
from mock_server.media.policy import Refused, parse
from mock_server.media.simulated import SimulatedMedia
from tests.peer import MEDIA
from tests.peer.media import Unusable, check_syntax, fetch

Judge = Callable[[str], tuple[bool, int | None]]
MANY = settings(max_examples=120, database=None, suppress_health_check=list(HealthCheck))


def mock(url: str) -> bool:
    """Tell whether the mock's policy and its simulated world accept a URL."""
    try:
        SimulatedMedia(pause=lambda _: None).fetch(parse(url), lambda _: None)
    except Refused:
        return False
    return True


def peer(url: str, *, strict: bool) -> bool:
    """Tell whether the second implementation accepts a URL; a refusal that the page wants to be 422 must be one."""
    try:
        check_syntax(url)
        fetch(url, whole_internet=True, strict=strict)
    except Unusable:
        return False
    return True


@pytest.mark.parametrize(
    "accepts",
    [mock, lambda url: peer(url, strict=True), lambda url: peer(url, strict=False)],
    ids=["mock", "peer", "lax"],
)
def test_no_verdict_is_wrong(monkeypatch: pytest.MonkeyPatch, accepts: Callable[[str], bool]) -> None:
    """Two independent policies accept what is accepted and refuse what is refused, in every spelling that is drawn."""
    monkeypatch.setattr("tests.peer.media.FETCH_SECONDS", 0)

    @MANY
    @given(media_urls(**MEDIA, strangers=True))
    def check(url: Url) -> None:
        assert url.rule in catalogue()
        if url.verdict != FREE:
            assert accepts(url.value) == (url.verdict.kind == "accepted")

    check()


@given(private(4).flatmap(lambda place: st.tuples(st.just(place.address), spelled(place.address))))
@settings(max_examples=60, database=None)
def test_a_spelling_is_of_that_address(pair: tuple[object, str]) -> None:
    """Every spelling means its address to the C library, and none is the usual one."""
    import socket

    address, text = pair
    assert ip_address(socket.inet_aton(text)) == address
    assert text != str(address)


@pytest.mark.parametrize(("network", "rule"), PRIVATE, ids=str)
def test_every_private_network_is_drawn(network: object, rule: str) -> None:
    """Each network of the contract is drawn under its rule, and its first address is the simplest."""
    simplest = find(private_urls(), lambda url: url.rule == rule, settings=QUIET)
    assert re.search(r"//\[?([0-9a-f:.]+?)\]?/a\.mp3", simplest.value)
    assert ip_address(re.split(r"[/\[\]]+", simplest.value)[1]) == network[0]  # type: ignore[index]


QUIET = settings(max_examples=1200, database=None, phases=[Phase.generate, Phase.shrink])


def test_a_planted_gap_shrinks_to_its_first_address() -> None:
    """Where 172.20.0.0/16 is let through, the minimal URL is the first of that network and nothing else."""
    found = find(private_urls(), lambda url: "//172.20." in url.value, settings=QUIET, random=Random(1))
    assert found.value == "https://172.20.0.0/a.mp3"
    assert (found.rule, found.verdict.statuses) == ("URL-4", (422,))
