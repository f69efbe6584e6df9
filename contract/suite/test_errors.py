"""How a target says no, and what it survives: ERR-1 to ERR-10."""

from collections.abc import Iterator

from contract.exchange import Body, Request, Text
from contract.judge.replay import answer, created, field_texts, named_fields, settle
from contract.run.recorder import NotApplicable, Violation
from contract.suite.marks import at_the_end, rule
from contract.target.client import Client

KINDS = ("no credential", "no scope", "a broken field", "no JSON", "a refused recording")


def refusal(client: Client, kind: str) -> Request:
    """Return a request that is refused in one of the usual ways."""
    match kind:
        case "no credential":
            return client.request(client.submission(), credential=None, expect="unauthorized")
        case "no scope" if "reader" in client.config.credentials:
            return client.request(client.submission(), credential="reader", expect="forbidden")
        case "no JSON":
            return client.request(Body(b"{"), expect="refused")
        case "a refused recording":
            return client.request(client.submission(media_url="https://10.0.0.1/a.mp3"), expect="refused")
    return client.request(client.submission(title="", run_workflows="no"), expect="refused")


@rule("ERR-1", "ERR-2", "ERR-3", "ERR-6")
def test_errors_are_problems(client: Client) -> None:
    """Each kind of refusal is a problem with all its members, the header, and a request id of its own."""
    for kind in KINDS:
        exchange = client.send(refusal(client, kind))
        if exchange.response.ok:
            raise Violation("ERR-1", f"a refusal ({kind})", answer(exchange), exchange)


@rule("ERR-5")
def test_the_error_names_the_right_field(client: Client) -> None:
    """One broken field at a time is named by the error, where errors name fields at all."""
    wrong = {"title": 5, "run_workflows": "yes", "type": "EMAIL", "source_system": "", "participants": "Ada"}
    exchanges = {}
    for field, value in (*wrong.items(), ("media_url", "https://10.0.0.1/a.mp3")):
        exchanges[field] = exchange = client.submit(client.submission(**{field: value}), expect="refused")
        named = named_fields(exchange)
        if named and field not in named:
            raise Violation("ERR-5", f"an error that names {field}", ", ".join(sorted(named)), exchange)
    if any(field in named_fields(exchange) for field, exchange in exchanges.items()):
        return
    for field, exchange in exchanges.items():
        if texts := field_texts(exchange):
            raise Violation("ERR-5", f"an error that names {field}", f"only {', '.join(sorted(set(texts)))}", exchange)
    raise NotApplicable("errors do not name fields")


def damaged(valid: bytes, run_id: bytes) -> dict[str, bytes]:
    """Return a valid body with something in it that should not be there, by name."""
    title, key = b"contract test", run_id + b":"
    return {
        "Infinity for a boolean": valid.replace(b'"run_workflows": false', b'"run_workflows": Infinity'),
        "invalid UTF-8": valid.replace(title, b"\xff\xfe\x80"),
        "an overlong encoding": valid.replace(title, b"\xc0\xaf"),
        "a byte order mark": b"\xef\xbb\xbf" + valid,
        "UTF-16": valid.decode().encode("utf-16"),
        "a lone surrogate in the title": valid.replace(title, b"\\ud800"),
        "a lone surrogate in the key": valid.replace(key, run_id + b"\\udfff:"),
        "a NUL in the key": valid.replace(key, run_id + b"\\u0000:"),
        "a NUL byte in the JSON": valid.replace(title, b"\x00"),
        "a media_url of 100,000 characters": valid.replace(b"https://", b"https://" + b"a" * 100_000),
        "2 MB of white space": valid + b" " * 2_000_000,
    }


def extended(valid: bytes) -> dict[str, bytes]:
    """Return a valid body with one member more that breaks careless servers, by name."""
    deep = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
    members = {
        "100,000 levels of objects in an unknown field": b'"x": ' + deep,
        "a number of 400 digits": b'"x": 1' + b"0" * 400,
        "a number of 20,000 digits": b'"x": ' + b"9" * 20_000,
        "the number 1e400": b'"x": 1e400, "y": -1e400',
        "NaN": b'"x": NaN',
        "2,000 unknown fields": b", ".join(b'"f%d": 1' % n for n in range(2_000)),
        "a key of 100,000 characters": b'"' + b"k" * 100_000 + b'": 1',
        "__proto__ and constructor": b'"__proto__": {"x": 1}, "constructor": {"prototype": {"y": 1}}',
        "20,000 participants that are none": b'"participants": [' + b"1," * 19_999 + b"1]",
        "a start in the year 10000": b'"start_at": "10000-01-01T00:00:00Z"',
        "a start before the first year": b'"start_at": "0001-01-01T00:00:00+14:00"',
        "a leap second": b'"start_at": "2016-12-31T23:59:60Z"',
    }
    broken_off = {"a title of 100,000 open brackets": valid[:-1] + b', "title": ' + b"[" * 100_000}
    return {name: valid[:-1] + b", " + member + b"}" for name, member in members.items()} | broken_off


def hostile(client: Client) -> Iterator[tuple[str, Request]]:
    """Yield bodies that break careless servers, each under a name."""
    document = client.submission()
    valid = Body.of(document).content
    bodies = {"100,000 levels of lists": b"[" * 100_000 + b"]" * 100_000}
    bodies |= damaged(valid, client.run_id.encode()) | extended(valid)
    for name, content in bodies.items():
        yield name, client.request(Body(content), expect="created" if name.startswith("a number") else "observed")
    request = client.request(document, expect="observed")
    gzip = (*request.headers, ("Content-Encoding", "gzip"))
    yield "a body that claims to be gzip", client.request(document, expect="observed", headers=gzip)
    yield "SQL in the title", client.request(client.submission(title="'; DROP TABLE engagements; --"))
    yield "a chunked body", client.request(client.submission(), chunked=True)


@rule("ERR-4")
def test_no_body_makes_the_server_fail(client: Client) -> None:
    """Whatever the body, the answer is below 500 and comes, and valid submissions are still accepted after it."""
    failures = []
    for name, request in hostile(client):
        try:
            exchange = client.send(request)
        except Violation as violation:
            failures.append(Violation("ERR-4", f"{name}: an answer", violation.actual, violation.exchange))
            continue
        if exchange.response.status >= 500 and exchange.response.status not in {502, 503, 504}:
            failures.append(Violation("ERR-4", f"{name}: an answer below 500", answer(exchange), exchange))
    created(client, client.submission(), "ERR-4")
    settle(client, failures)


@at_the_end
@rule("ERR-7")
def test_too_many_requests_say_when_to_come_back(client: Client) -> None:
    """Every 429 of the run carried Retry-After in seconds."""
    if not client.throttled:
        raise NotApplicable("the target never answered 429")


@rule("ERR-8")
def test_whether_a_refused_body_gets_400_or_422(client: Client) -> None:
    """The status of a wrong type, a missing field and malformed JSON."""
    bodies = {"a wrong type": {"title": 5}, "a missing field": {}, "malformed JSON": Body(b"{")}
    for what, body in bodies.items():
        exchange = client.submit(body, expect="refused")
        client.recorder.observe("ERR-8", f"{exchange.response.status} for {what}")


@rule("ERR-9")
def test_what_unknown_paths_and_methods_get(client: Client) -> None:
    """Another method on the path, and a path that does not exist."""
    for method, path in (("PATCH", "/v2/engagements"), ("POST", "/v2/no-such-thing")):
        exchange = client.submit({}, expect="refused", method=method, path=path)
        client.recorder.observe("ERR-9", f"{exchange.response.status} for {method} {path}")


@rule("ERR-10")
def test_how_large_a_body_may_be(client: Client) -> None:
    """Twenty megabytes in a field that is ignored."""
    if client.profile.pick(True, False, False):
        raise NotApplicable("asked in the profiles standard and thorough")
    exchange = client.submit({"title": 5, "padding": Text(("a", 20_000_000))}, expect="refused")
    client.recorder.observe("ERR-10", f"{exchange.response.status} for a body of 20 MB")


@at_the_end
@rule("ERR-1", "ERR-2", "ERR-3", "ERR-4", "ERR-6", "AUTH-6")
def test_every_error_of_the_run_was_a_problem(client: Client) -> None:
    """What must hold of every answer held of all of them; the failures were recorded as they came."""
    if not client.requests:
        raise Violation(None, "answers", "nothing was sent")
