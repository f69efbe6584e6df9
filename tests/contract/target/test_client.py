"""The client: budgets, patience, the ledger, and what it makes of silence."""

import json
from collections import deque
from dataclasses import replace
from pathlib import Path

import pytest

from contract.exchange import Response
from contract.outcome import CutShort, Untested, Violation
from contract.target.client import ANCHOR_TRIES, TRIES
from contract.target.clock import Clock
from contract.target.ledger import Ledger
from contract.target.patience import Patience
from contract.target.transport import NoAnswer
from tests.kit.targets import SECRET, Make, Scripted, engagement, failed, problem, reply


def test_everything_a_run_creates_carries_its_run_id(make: Make) -> None:
    """Keys and titles begin with the run id, workflows are off, and the engagement is private."""
    client = make(Scripted(engagement()))
    document = client.submission()
    assert document["external_id"].startswith(client.run_id)
    assert document["title"].startswith(client.run_id)
    assert (document["run_workflows"], document["is_private"]) == (False, True)
    assert client.submission()["external_id"] != document["external_id"]


def test_429_is_obeyed(make: Make) -> None:
    """A 429 is waited out for as long as Retry-After says, and the request is sent again."""
    transport = Scripted(reply(429, {}, {"retry-after": "7"}), engagement())
    client = make(transport)
    assert client.submit(client.submission()).response.status == 201
    assert client.waits == [7.0]


def test_a_target_that_stays_busy_is_untested(make: Make) -> None:
    """After several 429 the case is untested; it is neither a pass nor a failure of its rule."""
    transport = Scripted(reply(429, {}, {"retry-after": "1"}))
    with pytest.raises(Untested, match="429"):
        make(transport).submit({})
    assert len(transport.sent) == TRIES


@pytest.mark.parametrize(
    ("asked", "waited"),
    [
        ("7", 7.0),
        ("1.5", 1.5),
        ("0", 0.0),
        ("900", 120.0),
        ("9" * 5000, 120.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 120.0),
        ("Fri, 31 Dec 9999 23:59:59 -2359", 120.0),
        ("²", 1.0),
        ("-5", 1.0),
        ("soon", 1.0),
        ("", 1.0),
    ],
    ids=range(12),
)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_obeyed_in_each_form(make: Make, status: int, asked: str, waited: float) -> None:
    """Seconds, a decimal, a date; what nobody can read is waited for a second, then longer each time."""
    client = make(Scripted(reply(status, {}, {"retry-after": asked}), engagement()))
    assert client.submit(client.submission()).response.status == 201
    assert client.waits == [waited]


def test_another_form_than_seconds_is_reported(make: Make) -> None:
    """A 429 owes Retry-After in seconds, in ASCII."""
    for asked, failures in (("7", 0), ("1.5", 1), ("²", 1), ("Fri, 31 Dec 2027 23:59:59 GMT", 1)):
        client = make(Scripted(problem(429), engagement()))
        client._transport._script[0].headers["retry-after"] = asked  # type: ignore[attr-defined]
        client.submit(client.submission())
        assert client.recorder.findings["ERR-7"].failed == failures


@pytest.mark.parametrize("status", [408, 502, 503, 504, 520, 522, 524, 526, 530])
def test_what_a_gateway_answers_is_asked_again_and_then_untested(make: Make, status: int) -> None:
    """One may be passing; one that stays decides nothing, and no rule is blamed for it."""
    client = make(Scripted(reply(status, {}), engagement()))
    assert client.submit(client.submission()).response.status == 201
    client = make(transport := Scripted(Response(status, {"content-type": "text/html"}, b"<html>Bad gateway")))
    with pytest.raises(Untested, match=f"{status} from something in front of the target"):
        client.submit(client.submission())
    assert len(transport.sent) == TRIES
    assert failed(client) == {}


@pytest.mark.parametrize("status", [502, 504])
def test_a_target_that_says_502_itself_has_failed(make: Make, status: int) -> None:
    """No gateway writes a request_id and X-Api-Version; 503 is the target's word for busy."""
    client = make(transport := Scripted(problem(status)))
    assert client.submit(client.submission()).response.status == status
    assert len(transport.sent) == 1
    assert failed(client).keys() == {"ERR-4"}


@pytest.mark.parametrize(
    "page",
    [
        Response(403, {"content-type": "text/html"}, b"<h1>Forbidden</h1>"),
        Response(406, {"content-type": "text/plain"}, b"Not acceptable!"),
        Response(200, {"content-type": "text/html; charset=utf-8"}, b"<title>Request Rejected</title> support ID: 1"),
        Response(400, {"content-type": "text/html"}, b"<hr><center>nginx</center>"),
    ],
    ids=range(4),
)
def test_the_page_of_a_firewall_is_untested(make: Make, page: Response) -> None:
    """It is asked for once more, without a wait, and blames no rule."""
    client = make(transport := Scripted(page))
    with pytest.raises(Untested, match="from something in front of the target"):
        client.submit(client.submission(), expect="refused")
    assert (len(transport.sent), sum(client.waits)) == (2, 0.0)
    assert failed(client) == {}


@pytest.mark.parametrize("status", [411, 501])
def test_a_gateway_that_knows_no_chunks_is_not_the_target(make: Make, status: int) -> None:
    """HTTP/1.0 has no chunks: its page in answer to them decides nothing. In answer to anything else it does."""
    page = Response(status, {"content-type": "text/html"}, b"<h1>Sorry</h1>")
    client = make(Scripted(page))
    with pytest.raises(Untested, match="from something in front of the target"):
        client.submit(client.submission(), chunked=True)
    assert failed(client) == {}
    client.submit(client.submission())
    assert "ERR-3" in failed(client)


@pytest.mark.parametrize(
    ("answer", "expect"),
    [
        (Response(403, {"content-type": "text/html"}, b"<h1>Forbidden</h1>"), "forbidden"),
        (Response(403, {"content-type": "text/html", "x-api-version": "v2"}, b"<h1>Forbidden</h1>"), "refused"),
        (Response(422, {"content-type": "text/html"}, b"<h1>Unprocessable</h1>"), "refused"),
        (Response(500, {"content-type": "text/html"}, b"<h1>Internal Server Error</h1>"), "refused"),
    ],
    ids=range(4),
)
def test_a_page_of_the_application_is_its_own(make: Make, answer: Response, expect: str) -> None:
    """What a target writes as HTML itself breaks ERR-3."""
    client = make(Scripted(answer))
    assert client.submit(client.submission(), expect=expect).response is answer
    assert client.recorder.findings["ERR-3"].failed


def test_a_body_that_is_too_large_for_a_gateway_is_told_at_once(make: Make) -> None:
    """413 is an answer for whoever asks about limits, whatever its page looks like."""
    page = Response(413, {"content-type": "text/html"}, b"<center>nginx</center>")
    client = make(transport := Scripted(page))
    assert client.submit(client.submission()).response is page
    assert len(transport.sent) == 1


def test_a_lost_answer_may_leave_a_submission_in_flight(make: Make) -> None:
    """After a gateway's time-out a 409 means that the first attempt is not through yet; alone it is an answer."""
    client = make(Scripted(reply(504, {}), problem(409), engagement(status=200)))
    assert client.submit(client.submission()).response.status == 200
    client = make(Scripted(problem(409)))
    assert client.submit(client.submission()).response.status == 409


def test_patience_ends_the_run(make: Make) -> None:
    """All waits for a busy target together last no longer than limits.patience."""
    client = make(Scripted(reply(429, {}, {"retry-after": "120"})), patience=300.0)
    with pytest.raises(CutShort, match=r"patience of 300 s.*limits.patience"):
        client.submit(client.submission())
    assert sum(client.waits) == 240


def test_answers_that_drip_use_up_the_patience(make: Make) -> None:
    """What an answer takes beyond ten seconds counts as waiting."""
    client = make(Scripted(replace(engagement(), seconds=60.0)), patience=120.0)
    for _ in range(2):
        client.submit(client.submission())
    with pytest.raises(CutShort, match="answers are slow"):
        client.submit(client.submission())


def test_a_burst_of_which_an_answer_is_lost_decides_nothing(make: Make) -> None:
    """The lost one may be that which created. Of a busy target those are returned that were answered."""
    client = make(Scripted(engagement(), reply(502, {}), engagement(status=200)))
    assert client.race([client.request(client.submission()) for _ in range(3)]) == []
    client = make(Scripted(engagement(), reply(429, {}, {"retry-after": "1"}), engagement(status=200)))
    exchanges = client.race([client.request(client.submission()) for _ in range(3)])
    assert [exchange.response.status for exchange in exchanges] == [201, 200]


def test_the_budget_of_requests_ends_the_run(make: Make) -> None:
    """Not one request more than limits.max_requests is sent."""
    transport = Scripted(problem())
    client = make(transport, max_requests=3)
    for _ in range(3):
        client.submit({}, expect="refused")
    with pytest.raises(CutShort, match="3 requests"):
        client.submit({}, expect="refused")
    assert len(transport.sent) == 3


def test_the_budget_of_creations_ends_the_run(make: Make) -> None:
    """When limits.max_creations engagements exist, nothing is sent that a faulty target may make another one of."""
    numbers = iter(range(10))
    transport = Scripted(lambda _: engagement(next(numbers)))
    client = make(transport, max_creations=2)
    for _ in range(2):
        client.submit(client.submission())
    for expect in ("created", "refused"):
        with pytest.raises(CutShort, match="2 creations"):
            client.submit(client.submission(), expect=expect)
    assert len(transport.sent) == 2


def test_answers_without_a_readable_id_count(make: Make) -> None:
    """A target that accepts what it must refuse, and shows nothing of it, is stopped by the budget all the same."""
    transport = Scripted(Response(200, {}, b"<html>"))
    client = make(transport, max_creations=10)
    for _ in range(10):
        client.submit(client.submission(title=""), expect="refused")
    with pytest.raises(CutShort, match="10 creations"):
        client.submit(client.submission(title=""), expect="refused")
    assert (len(transport.sent), client.creations) == (10, 10)


def test_the_rate_spaces_requests(make: Make) -> None:
    """With a rate of 5/s the client waits a fifth of a second between requests."""
    client = make(Scripted(problem()), rate=5.0)
    for _ in range(4):
        client.submit({}, expect="refused")
    assert client.waits == pytest.approx([0.0, 0.2, 0.2, 0.2])


def test_a_client_outlasts_what_may_be_forgotten(make: Make) -> None:
    """What is left of a time since an exchange is waited for, and nothing once it is over."""
    client = make(Scripted(engagement()))
    exchange = client.submit(client.submission())
    client.outlast(exchange, 60)
    client.outlast(replace(exchange, started=exchange.started - 61), 60)
    assert client.waits == [pytest.approx(60, abs=10), 0.0]


def test_the_time_that_huge_answers_take_is_counted(make: Make) -> None:
    """A run against a target whose every answer is huge ends within its patience; small answers cost none of it."""
    client = make(Scripted(engagement(), engagement(2), engagement(3, title="t" * (1 << 20))))
    client.clock = Clock()
    client.patience = Patience(1e-9, client.clock)
    for _ in range(3):
        client.submit(client.submission())
    with pytest.raises(CutShort, match="answers are huge"):
        client.submit(client.submission())


def test_the_time_until_a_huge_answer_is_there_is_counted(make: Make) -> None:
    """What a huge answer takes on its way is waiting as well, though no longer than a recording may take."""

    def slowly(_: object) -> Response:
        client.clock.sleep(5.0)
        return engagement(title="t" * (1 << 20))

    client = make(Scripted(slowly))
    client.patience = Patience(4.0, client.clock)
    client.submit(client.submission())
    with pytest.raises(CutShort, match="answers are huge"):
        client.submit(client.submission())


def test_the_time_that_a_huge_answer_is_judged_is_counted(make: Make) -> None:
    """What the run does with a huge answer before it sends again is counted; a wait that it chose is not."""
    client = make(Scripted(engagement(title="t" * (1 << 20))))
    client.patience = Patience(4.0, client.clock)
    exchange = client.submit(client.submission())
    client.outlast(exchange, 60.0)
    client.submit(client.submission())
    client.clock.sleep(5.0)  # as long as it is judged
    with pytest.raises(CutShort, match="answers are huge"):
        client.submit(client.submission())


def test_the_trail_holds_no_large_answers(make: Make) -> None:
    """Sixty-four answers of 4 MiB would be a quarter of a gigabyte; their status and request are all that is shown."""
    client = make(Scripted(engagement(), engagement(title="t" * 100_000)))
    client.trail = deque(maxlen=64)
    small, large = (client.submit(client.submission()) for _ in range(2))
    assert [(step.request, step.response.status) for step in client.trail] == [
        (each.request, each.response.status) for each in (small, large)
    ]
    assert [len(step.response.content) for step in client.trail] == [len(small.response.content), 0]


def test_keys_are_written_before_they_are_sent(make: Make, tmp_path: Path) -> None:
    """The ledger holds a key before the target can have it, even if there is no answer."""
    path = tmp_path / "created.jsonl"
    seen: list[str] = []

    def answer(_: object) -> Response:
        seen.append(path.read_text(encoding="utf-8"))
        return engagement()

    client = make(Scripted(answer))
    client._ledger = Ledger(path)
    client.submit(client.submission(external_id="key-1"))
    assert json.loads(seen[0])["external_id"] == "key-1"


def test_a_dropped_connection_is_tried_once_more(make: Make) -> None:
    """One broken connection is nobody's fault."""
    client = make(Scripted(NoAnswer("dropped"), engagement()))
    assert client.submit(client.submission()).response.status == 201


def test_silence_for_one_case_is_a_violation(make: Make) -> None:
    """A case that gets no answer twice, while an accepted one is answered, breaks ERR-4 and its own rule."""
    client = make(Scripted(engagement(), NoAnswer("reset"), NoAnswer("reset"), engagement(status=200)))
    client.anchor = client.submit(client.submission())
    with pytest.raises(Violation, match="no answer twice"):
        client.submit({"hostile": True})
    assert client.recorder.findings["ERR-4"].failed == 1


def test_silence_for_all_cuts_the_run_short(make: Make) -> None:
    """When accepted cases get no answer for half a minute either, the run ends and no rule is blamed."""
    transport = Scripted(engagement(), NoAnswer("down"))
    client = make(transport)
    client.anchor = client.submit(client.submission())
    with pytest.raises(CutShort, match="stopped answering"):
        client.submit({})
    assert len(transport.sent) == 1 + 2 + ANCHOR_TRIES
    assert client.recorder.findings["ERR-4"].failed == 0


def test_an_outage_is_outlasted(make: Make) -> None:
    """A target that is away for eight seconds is asked again, and no rule is blamed."""
    client = make(Scripted(engagement(), *[NoAnswer("down")] * 6, engagement(status=200), engagement(2)))
    client.anchor = client.submit(client.submission())
    assert client.submit(client.submission()).response.id == "ngmt_2"
    assert sum(client.waits) >= 8
    assert failed(client) == {}


def test_safe_sends_nothing_that_could_create(make: Make) -> None:
    """In the profile safe only what a conforming target refuses leaves the machine."""
    transport = Scripted(problem())
    client = make(transport, profile="safe")
    for expect in ("created", "replayed", "observed"):
        with pytest.raises(Untested, match="safe"):
            client.submit(client.submission(), expect=expect)
    with pytest.raises(Untested, match="safe"):
        client.race([client.request({})])
    assert transport.sent == []
    client.submit({}, expect="refused")
    assert len(transport.sent) == 1


def test_every_answer_is_checked(make: Make) -> None:
    """What must hold of every answer is checked on each, whatever test sent the request."""
    client = make(
        Scripted(Response(400, {"content-type": "text/html"}, b"<html>Traceback (most recent call last)</html>"))
    )
    client.submit({}, expect="refused")
    broken = {rule for rule, findings in client.recorder.findings.items() if findings.failed}
    assert {"ERR-1", "ERR-2", "ERR-3"} <= broken


def test_a_credential_is_found_in_an_answer_unless_the_body_said_it(make: Make) -> None:
    """An answer that repeats the credential breaks AUTH-6; a title that happens to be the credential does not."""
    client = make(Scripted(engagement(title=SECRET)))
    client.submit({"title": SECRET})
    assert client.recorder.findings["AUTH-6"].failed == 0
    client.submit({"title": "another"})
    assert client.recorder.findings["AUTH-6"].failed == 1


def test_a_repeated_request_id_is_found(make: Make) -> None:
    """Two refusals with one request id break ERR-6."""
    client = make(Scripted(problem(number=5)))
    client.submit({}, expect="refused")
    assert client.recorder.findings["ERR-6"].failed == 0
    client.submit({}, expect="refused")
    assert client.recorder.findings["ERR-6"].failed == 1


def test_a_member_of_an_engagement_is_no_request_id(make: Make) -> None:
    """What a target stores with an engagement comes again with it."""
    client = make(Scripted(engagement(request_id="rid_5")))
    first = client.submit(client.submission())
    client.submit(first.request.body, expect="replayed")
    assert client.recorder.findings["ERR-6"].failed == 0


def test_an_answer_may_show_the_engagement_of_another_key(make: Make) -> None:
    """What one key made is another's under any other key."""
    client = make(Scripted(engagement()))
    first = client.submit(client.submission())
    repeat = client.submit(first.request.body, expect="replayed")
    other = client.submit(client.submission())
    assert [client.shows_another(exchange) for exchange in (first, repeat, other)] == [False, False, True]


def test_a_key_that_utf8_cannot_hold_is_written_down(tmp_path: Path) -> None:
    """The ledger holds every key, one with half a surrogate pair too, and can be read as JSON."""
    path = tmp_path / "created.jsonl"
    Ledger(path).write("dialer:\ud800\u00e9", "writer")
    assert json.loads(path.read_text(encoding="utf-8"))["external_id"] == "dialer:\ud800\u00e9"


def test_nothing_is_sent_whose_key_cannot_be_kept(make: Make, tmp_path: Path) -> None:
    """A ledger that cannot be written, as on a full disk, leaves the target alone and says so."""
    client = make(transport := Scripted(engagement()))
    client._ledger = Ledger(tmp_path)  # a folder, to which nobody can write
    with pytest.raises(Untested, match="nothing is sent"):
        client.submit(client.submission())
    assert transport.sent == []
