"""Every case of media-cases.json against the policy alone: no network, no resolver."""

from __future__ import annotations

import pytest

from mock_server.checks.validation import Validator
from mock_server.media.policy import Refused, Route, check_host, parse
from mock_server.problems import Invalid
from tests.kit import media_cases
from tests.kit.submissions import submission

CASES = media_cases.load()
# Whether these are refused depends on what the host answers, or on whether it has a certificate.
ABOUT_THE_ORIGIN = {"response", "body", "redirect", "tls"}


def refused_by_policy(case: media_cases.Case) -> bool:
    """Judge text, name and addresses of one case, as both media worlds do."""
    try:
        url = parse(case.url)
        check_host(url)
        Route((url.literal,) if url.literal else tuple(media_cases.FakeResolver(case.resolves_to)(url.host, url.port)))
    except (Refused, OSError):
        return True
    return False


@pytest.mark.parametrize("case", [c for c in CASES if isinstance(c.url, str)], ids=lambda case: case.id)
def test_verdict(case: media_cases.Case) -> None:
    """The policy alone gives each case the verdict it has, as far as it does not depend on the origin."""
    accepted = case.accepted or case.kind in ABOUT_THE_ORIGIN
    assert refused_by_policy(case) is not accepted or case.also_ok


@pytest.mark.parametrize("case", [c for c in CASES if not isinstance(c.url, str)], ids=lambda case: case.id)
def test_no_text(case: media_cases.Case) -> None:
    """What is no text does not even reach the policy."""
    with pytest.raises(Invalid, match="media_url"):
        Validator().validate(submission(media_url=case.url))
