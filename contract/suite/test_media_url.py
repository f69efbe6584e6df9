"""Where a recording may be, and what it must be: URL-1 to URL-29."""

from collections.abc import Sequence

from contract.cases import urls
from contract.cases.submission import Submission, by_rule, media
from contract.cases.verdict import FREE, Url
from contract.outcome import NotApplicable, Untested, Violation
from contract.run.client import RecordingClient
from contract.run.groups import group, settle
from contract.run.steps import created, note_verdict
from contract.suite.marks import each_group, rule
from contract.target.simulated import MEDIA


@each_group(
    urls.refused_hosts("URL-3", "URL-4", "URL-5", "URL-6", "URL-7"),
    urls.refused_hosts("URL-8", "URL-9", "URL-10", "URL-12"),
    urls.refused_hosts("URL-11", "URL-13", "URL-14"),
)
def test_what_is_private_is_refused(client: RecordingClient, cases: dict[str, Sequence[Submission]]) -> None:
    """A recording on a private or internal address, however the address is written, is refused."""
    group(client, cases)


@rule("URL-1", "URL-2")
def test_only_https_is_a_scheme(client: RecordingClient) -> None:
    """An accepted recording is refused over http and under any other scheme."""
    accepted = client.config.accepted[0]
    group(client, urls.as_table((*urls.over_http([accepted]), *urls.other_schemes(accepted))))


@rule(urls.NO_URI, urls.NO_TEXT)
def test_a_media_url_is_a_uri(client: RecordingClient) -> None:
    """Text that is no URI with a host is refused, and so is an accepted recording in a list or an object."""
    accepted = client.config.accepted[0]
    group(client, {**urls.as_table(urls.no_uris(accepted)), **by_rule(urls.wrapped(accepted))})


@rule("URL-16")
def test_only_audio_and_video_are_recordings(client: RecordingClient) -> None:
    """A page, a document or an image in place of a recording is refused with 422."""
    if not client.config.rejected:
        raise Untested("no public URL that is no recording is configured (CONTRACT_MEDIA_REJECTED)")
    named = urls.named_elsewhere(client.config.rejected[0])
    group(client, urls.as_table((*urls.configured(client.config.rejected[:10], (), ()), named)))


@rule("URL-17")
def test_audio_and_video_are_accepted(client: RecordingClient) -> None:
    """Every configured recording, whatever its type, parameters or redirects, is accepted; HTTPS is https.

    The first one, which all other tests send as it is, is sent in that form; the last one on this machine with a
    query, as most hosts serve the same file for it.
    """
    failures = []
    first, *others = client.config.accepted
    if client.config.loopback:
        others[-1:] = map(urls.with_query, others[-1:])
    for url in (urls.in_capitals(first), *others[: client.profile.pick(3, 7, 49)]):
        try:
            created(client, client.submission(media_url=url), "URL-17")
        except Violation as violation:
            failures.append(violation)
    settle(client, failures)


@rule("URL-15")
def test_a_redirect_inside_is_refused(client: RecordingClient) -> None:
    """A public URL that redirects to a private address is refused with 422."""
    if not client.config.redirect_to_private:
        raise Untested("no URL that redirects inside is configured (CONTRACT_MEDIA_REDIRECT_TO_PRIVATE)")
    group(client, urls.as_table(urls.configured((), client.config.redirect_to_private, ())))


@rule("URL-14")
def test_a_private_name_is_refused(client: RecordingClient) -> None:
    """A configured name is refused whichever of its addresses is private: an IPv6 one, one of several, a later one."""
    if not client.config.private_names:
        raise NotApplicable("no name that leads inside is configured (CONTRACT_MEDIA_PRIVATE_NAMES)")
    group(client, urls.as_table(urls.configured((), (), (), client.config.private_names)), apart=True)


@rule("URL-18", "URL-26")
def test_what_cannot_be_fetched_is_refused(client: RecordingClient) -> None:
    """A recording whose host does not resolve or answer is refused."""
    for status in group(client, urls.as_table(urls.configured((), (), client.config.unreachable))):
        client.recorder.observe("URL-26", f"answers {status}")


def _seen(client: RecordingClient, seen: Sequence[Url], expect: str = "observed") -> None:
    """Report which of these URLs are refused."""
    for url in seen:
        exchange = client.submit(media(url).document(client.base, client.key()), expect=expect)
        note_verdict(client, url.rule, exchange, url.why)


def _variations(client: RecordingClient, name: str) -> list[Url]:
    return [url for url in urls.variations(client.config.accepted[0]) if url.rule == name]


@rule("URL-20")
def test_which_special_addresses_are_refused(client: RecordingClient) -> None:
    """Addresses that are not globally reachable, beyond those of the page."""
    _seen(client, urls.on(urls.SPECIAL, "URL-20"))


@rule("URL-21")
def test_whether_user_information_is_refused(client: RecordingClient) -> None:
    """A name and a password before the host."""
    _seen(client, _variations(client, "URL-21"))


@rule("URL-22")
def test_which_ports_are_allowed(client: RecordingClient) -> None:
    """A port other than 443 on the host of the first accepted recording, one that no host has, and a trailing dot."""
    _seen(client, _variations(client, "URL-22")[:3])


@rule("URL-23")
def test_whether_a_host_outside_ascii_is_refused(client: RecordingClient) -> None:
    """A host in Unicode instead of its xn-- form."""
    _seen(client, urls.on(("bücher.invalid",), "URL-23"), "refused")


@rule("URL-24")
def test_how_the_neighbours_of_private_ranges_are_treated(client: RecordingClient) -> None:
    """The public addresses beside private ranges; asked on this machine only, as they belong to somebody."""
    if not client.config.loopback:
        raise NotApplicable("a target that is not on this machine would fetch from strangers")
    _seen(client, urls.on(urls.NEIGHBOURS, "URL-24")[: client.profile.pick(1, 6, 6)], "created")


@rule("URL-25")
def test_how_tunnelled_addresses_are_treated(client: RecordingClient) -> None:
    """A private IPv4 address inside NAT64, 6to4, Teredo or an IPv4-compatible address."""
    _seen(client, urls.on(urls.TUNNELLED, "URL-25"))


@rule("URL-27")
def test_how_long_a_url_may_be(client: RecordingClient) -> None:
    """An accepted recording with a fragment, which no host is ever sent, so that the URL has this many characters."""
    url = client.config.accepted[0].partition("#")[0] + "#"
    for length in (2_700, 8_193):
        _seen(client, [Url(url.ljust(length, "a"), FREE, "URL-27", f"{length:,} characters")])


@rule("URL-28")
def test_which_other_hosts_are_refused(client: RecordingClient) -> None:
    """Hosts that a URI may have, and that lead nowhere public."""
    _seen(client, urls.on(urls.NOWHERE, "URL-28"), "refused")


@rule("URL-29")
def test_which_limits_a_fetch_has(client: RecordingClient) -> None:
    """The sixth redirect; asked on this machine only, as no other host has this recording."""
    if not client.config.loopback:
        raise NotApplicable("a recording that is beyond a limit is known on this machine only")
    _seen(client, [Url(f"{MEDIA}/redirect/6/a.mp3", FREE, "URL-29", "the sixth redirect")])
