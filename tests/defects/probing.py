"""What a mock can be seen to do: a long list of requests, and what is comparable between two servers in the answers.

It proves that a defect is one, by a difference from the right mock. It knows no rule and is no contract suite.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from threading import Barrier
from typing import Any

from mock_server import Running
from tests.defects.samples import bodies, headers, pairs
from tests.kit.http import PATH, connect, send
from tests.kit.submissions import ABSENT, submission

SECONDS = 5.0  # until a request counts as never answered
HEADERS = ("content-type", "x-api-version", "retry-after", "x-debug-caller")
CHUNKED = {"Transfer-Encoding": "chunked"}
Json = dict[str, Any]


@dataclass
class Probe:
    """One server under observation. Ids and times are written so that two servers can be compared."""

    server: Running
    names: dict[str, str] = field(default_factory=dict)

    def send(self, body: object, authorization: str | None = "writer", **further: str) -> tuple[int, str]:
        """Submit a body and return the status and what else is comparable; the credential is a name or a header.

        `further` are further headers.
        """
        credential = self.server.credentials.get(authorization or "")
        header = f"Bearer {credential}" if credential else authorization
        headers = {"Authorization": ABSENT if header is None else header, **further}
        try:
            answer = send(self.server, body, headers=headers, timeout=SECONDS)
        except (OSError, HTTPException) as error:
            return 0, type(error).__name__
        shown = [f"{name}: {answer.headers[name]}" for name in HEADERS]
        return answer.status, "\n".join([*shown, self.comparable(answer.body)])

    def behind(self, credential: str) -> list[int]:
        """Submit with a credential and with its letters in other case, on one connection, and return the statuses."""
        connection, statuses = connect(self.server), []
        for token in (credential, credential.swapcase()):
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
            connection.request("POST", PATH, json.dumps(submission()), headers)
            answer = connection.getresponse()
            answer.read()
            statuses.append(answer.status)
        connection.close()
        return statuses

    def comparable(self, content: bytes) -> str:
        """Return a body with ids numbered in the order of their appearance, and times relative to now."""
        now = datetime.now(UTC)
        try:
            document = json.loads(content)
        except ValueError:
            return repr(content)
        if isinstance(document, dict):
            start, end = _instant(document.get("start_at")), _instant(document.get("end_at"))
            if start and end:
                document["end_at"] = str(end - start)
            created, updated = _instant(document.get("created_at")), _instant(document.get("updated_at"))
            if created and updated:
                document["updated_at"] = str(updated - created)
            if not isinstance(document.get("detail", ""), str):
                document["detail"] = "no text"
        text = json.dumps(document, sort_keys=True)
        text = re.sub(r'"\d{4}-\d\d-\d\dT[\d:.]+Z"', lambda match: _relative(match[0], now), text)
        return re.sub(r"\b(ngmt|rid)_[A-Za-z0-9]+(?=\")", lambda match: self._named(match[0]), text)

    def _named(self, id_: str) -> str:
        return self.names.setdefault(id_, f"{id_.partition('_')[0]}#{len(self.names)}")

    def race(self, body: Json, other: Json | None = None) -> str:
        """Submit a body eight times at once and return how it went; or four times, and as often another beside it."""
        barrier = Barrier(8)

        def one(place: int) -> tuple[int, str]:
            barrier.wait()
            status, text = self.send(other if other is not None and place % 2 else body)
            return status, next(iter(re.findall(r'"id": "([^"]+)"', text)), "")

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(one, range(8)))[:: 1 if other is None else 2]
        return f"{len({id_ for _, id_ in answers})} ids, {sorted(status for status, _ in answers)}"


def _instant(text: object) -> datetime | None:
    try:
        instant = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return instant if instant.tzinfo else None


def _relative(text: str, now: datetime) -> str:
    instant = _instant(text.strip('"'))
    return '"now"' if instant and abs(instant - now) < timedelta(seconds=60) else text


def _odd_places(probe: Probe) -> Iterator[tuple[str, str]]:
    writer = probe.server.credentials["writer"]
    yield "nothing from nobody", str(probe.send(b"", None))
    for name, before in (("X-Api-Key", ""), ("Cookie", "token=")):
        yield name, str(probe.send(submission(), None, **{name: before + writer}))
    asked = send(probe.server, submission(), credential=None, path=f"{PATH}?access_token={writer}", timeout=SECONDS)
    yield "the query", str(asked.status)
    body = submission()
    yield "with Bearer, and without", str([probe.send(body, header)[0] for header in (f"Bearer {writer}", writer)])
    yield "one connection", str(probe.behind(writer))


def observe(server: Running, concern: str) -> Iterator[tuple[str, str]]:
    """Yield what was sent for a concern, in short, and what came back."""
    probe = Probe(server)
    for who in server.credentials:
        yield who, "{} {}".format(*probe.send(submission(), who))
    if concern in {"auth", "errors"}:
        for header in headers(server.credentials["writer"]):
            yield str(header), "{} {}".format(*probe.send(submission(), header))
    for body in bodies(concern):
        yield _short(body), "{} {}".format(*probe.send(body))
    yield from _further(probe, concern)
    if concern == "idempotency":
        for first, one, second, two in pairs():
            body = submission()
            yield (
                f"{one} {_short(first)} then {two} {_short(second)}",
                "\n".join(
                    str(probe.send(body | change, who))
                    for change, who in ((first, one), (second, two), (first, "writer"))
                ),
            )
        for place in range(5):
            yield f"race {place}", probe.race(submission())
        yield "a hundred requests later", _much_later(probe)
    yield from memory(probe)


def _further(probe: Probe, concern: str) -> Iterator[tuple[str, str]]:
    """Yield what a concern needs besides bodies."""
    if concern == "auth":
        yield from _odd_places(probe)
    elif concern == "errors":
        yield "X-Request-Id", str(probe.send(b"{", **{"X-Request-Id": "mine"}))
    elif concern == "body":
        yield from _other_forms(probe)


def _other_forms(probe: Probe) -> Iterator[tuple[str, str]]:
    content = json.dumps(submission()).encode()
    for media_type in ("application/json; charset=utf-8", "APPLICATION/JSON"):
        yield media_type, str(probe.send(content, **{"Content-Type": media_type}))
    yield "chunks", str(probe.send(b"%x\r\n%s\r\n0\r\n\r\n" % (len(content), content), **CHUNKED))


def _much_later(probe: Probe) -> str:
    """Return the answers to a submission and to its repeat, between which are more than a hundred requests."""
    first = probe.send(kept := submission())
    for _ in range(110):
        probe.send({})
    return f"{first} {probe.send(kept)}"


def _short(body: object) -> str:
    return re.sub(r"tests:\d+", "", str(body))[:200]


def _mixed_races(probe: Probe) -> Iterator[tuple[str, str]]:
    for place in range(5):
        body = submission()
        yield f"race with refusals {place}", probe.race(body, body | {"media_url": "https://10.0.0.1/a.mp3"})


def memory(probe: Probe) -> Iterator[tuple[str, str]]:
    """Yield what is remembered after a while and many creations, and of repeats with a time between."""
    private = probe.send(early := submission(is_private=True, start_at="2026-01-02T03:04:05Z"))
    forgotten = submission()
    first = json.loads(probe.send(forgotten)[1].rpartition("\n")[2] or "{}")
    yield "twenty more", str([probe.send(submission()) for _ in range(20)])
    yield "early", f"{private} {probe.send(early)}"
    yield "same", f"{first} {probe.send(forgotten)}"
    stored = [_times(probe, early) for _ in range(2)]
    yield "times of repeats", str(stored[0] == stored[1])
    probe.server.mock.services.clock.advance(timedelta(seconds=5))
    yield "later", f"{probe.send(early)}"
    yield "later, and again", f"{probe.send(early)}"
    yield "a start of its own", str(_starts_anew(probe))
    yield from _mixed_races(probe)


def _starts_anew(probe: Probe) -> bool:
    """Tell whether what is created later starts later."""
    starts = []
    for _ in range(2):
        starts.append(json.loads(send(probe.server, submission(), timeout=SECONDS).body).get("start_at"))
        probe.server.mock.services.clock.advance(timedelta(seconds=2))
    return starts[0] != starts[1]


def _times(probe: Probe, body: Json) -> str:
    """Return the times in an answer as they are."""
    raw = Probe(probe.server)
    raw.comparable = lambda content: content.decode()  # type: ignore[method-assign]
    return str(re.findall(r'"(?:created|updated|start)_at": ?"([^"]*)"', raw.send(body)[1]))
