"""How a target says no, and what it survives: ERR-1 to ERR-10."""

from collections.abc import Iterator
from dataclasses import replace

from contract.cases import hostile, urls
from contract.exchange import Body, Exchange, Request, Text
from contract.judge.answers import answer, field_texts, named_fields, spelled_fields
from contract.outcome import LeftOut, NotApplicable, Untested, Violation
from contract.run.client import RecordingClient
from contract.run.groups import settle
from contract.spec.fields import fields
from contract.suite.marks import at_the_end, large, rule

KINDS = ("no credential", "no scope", "a broken field", "no JSON", "a refused recording")


def refusal(client: RecordingClient, kind: str) -> Request:
    """Return a request that is refused in one of the usual ways."""
    match kind:
        case "no credential":
            return client.request(client.submission(), credential=None, expect="unauthorized")
        case "no scope" if "reader" in client.config.credentials:
            return client.request(client.submission(), credential="reader", expect="forbidden")
        case "no JSON":
            return client.request(Body(Body.of(client.submission()).content[:-1]), expect="refused")
        case "a refused recording":
            return client.request(client.submission(media_url=urls.PRIVATE), expect="refused")
    return client.request(client.submission(title="", type="X"), expect="refused")


@rule("ERR-1", "ERR-2", "ERR-3", "ERR-6")
def test_errors_are_problems(client: RecordingClient) -> None:
    """Each kind of refusal is a problem with all its members, the header, and a request id of the target's own."""
    exchanges = [client.send(refusal(client, kind)) for kind in KINDS]
    named = refusal(client, "a broken field")
    exchanges.append(client.send(replace(named, headers=(*named.headers, ("X-Request-Id", "id-of-the-client")))))
    if all(exchange.response.ok for exchange in exchanges):
        raise Untested("the target refuses nothing, so it shows no error")


@rule("ERR-5")
def test_the_error_names_the_right_field(client: RecordingClient) -> None:
    """One broken field at a time is named by the error, where errors name fields at all."""
    wrong = {"title": 5, "run_workflows": "yes", "type": "EMAIL", "source_system": "", "participants": "Ada"}
    exchanges: list[tuple[str, Exchange]] = []
    longer = Text(("t", (fields()["source_system"].most or 0) + 1))
    for field, value in (*wrong.items(), ("media_url", urls.PRIVATE), ("source_system", longer)):
        with client.case("ERR-5", field):
            exchanges.append((field, client.submit(client.submission(**{field: value}), expect="refused")))
    for field, exchange in exchanges:
        texts = sorted(set(field_texts(exchange)))
        if any(texts) and field not in spelled_fields(exchange) and not exchange.response.ok:
            raise Violation("ERR-5", f"an error that names {field}", f"only {', '.join(texts)}", exchange)
    if not any(named_fields(exchange) for _, exchange in exchanges):
        raise NotApplicable("errors do not name fields")


def hostile_requests(client: RecordingClient) -> Iterator[tuple[str, Request]]:
    """Yield bodies that break careless servers, each under a name and with a key of its own."""
    for name, recipe in hostile.BODIES.items():
        document = client.submission()
        expect = "refused" if name in hostile.REFUSED else "created" if "number" in name else "observed"
        content = Body(recipe(Body.of(document).content))
        yield name, client.request(content, expect=expect, key=document["external_id"])
    request = client.request(client.submission(), expect="refused")
    yield "a body that claims to be gzip", replace(request, headers=(*request.headers, ("Content-Encoding", "gzip")))


@large
@rule("ERR-4")
def test_no_body_makes_the_server_fail(client: RecordingClient) -> None:
    """Whatever the body, the answer is below 500 and comes."""
    failures = []
    for name, request in hostile_requests(client):
        try:
            exchange = client.send(request)
        except LeftOut as reason:
            client.recorder.leave_out("ERR-4", f"{name} ({reason})")
            continue
        except Untested as reason:  # something in between has answered; the next may arrive
            client.recorder.leave("ERR-4", reason)
            continue
        except Violation as violation:
            failures.append(Violation("ERR-4", f"{name}: an answer", violation.actual, violation.exchange))
            continue
        if exchange.response.status >= 500 and not exchange.response.unavailable:
            failures.append(Violation("ERR-4", f"{name}: an answer below 500", answer(exchange), exchange))
    settle(client, failures)


@at_the_end
@rule("ERR-7")
def test_too_many_requests_say_when_to_come_back(client: RecordingClient) -> None:
    """Every 429 of the run carried Retry-After in seconds."""
    if not client.throttled:
        raise NotApplicable("the target never answered 429")


@rule("ERR-8")
def test_whether_a_refused_body_gets_400_or_422(client: RecordingClient) -> None:
    """The status of a wrong type, a missing field and malformed JSON."""
    valid = client.submission()
    bodies = {
        "a wrong type": {**valid, "title": 5},
        "a missing field": {name: value for name, value in valid.items() if name != "title"},
        "malformed JSON": Body(Body.of(valid).content[:-1]),
    }
    for what, body in bodies.items():
        exchange = client.submit(body, expect="refused")
        client.recorder.observe("ERR-8", f"{exchange.response.status} for {what}")


@rule("ERR-9")
def test_what_unknown_paths_and_methods_get(client: RecordingClient) -> None:
    """Another method on the path, and a path that does not exist."""
    for method, path in (("PATCH", "/v2/engagements"), ("POST", "/v2/no-such-thing")):
        exchange = client.submit(client.submission(), expect="refused", method=method, path=path)
        client.recorder.observe("ERR-9", f"{exchange.response.status} for {method} {path}")


@large
@rule("ERR-10")
def test_how_large_a_body_may_be(client: RecordingClient) -> None:
    """Six megabytes in a field that is ignored, about what the limits allow when all is escaped, and twenty."""
    for megabytes in (6, *client.profile.pick((), (20,), (20,))):
        document = client.submission(title=5, padding=Text(("a", megabytes * 1_000_000)))
        try:
            said = str(client.submit(document, expect="refused").response.status)
        except Violation:  # recorded under ERR-4
            said = "no answer"
        client.recorder.observe("ERR-10", f"{said} for a body of {megabytes} MB")


@at_the_end
@rule("ERR-1", "ERR-2", "ERR-3", "ERR-4", "ERR-6", "AUTH-6")
def test_every_error_of_the_run_was_a_problem(client: RecordingClient) -> None:
    """What must hold of every answer held of all of them; the failures were recorded as they came."""
    if not client.requests:
        raise Violation(None, "answers", "nothing was sent")
