"""What a mock can be seen to do when it is read: engagements of all kinds, and requests that tell servers apart."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from http import HTTPStatus
from http.client import HTTPException
from urllib.parse import quote, urlencode

from mock_server import Running
from tests.defects.probing import SECONDS, Probe
from tests.kit.http import PATH, send
from tests.kit.submissions import ABSENT, submission

ENGAGEMENTS = 54  # more than 50 that one credential may read
WAY = "https://media.mock.test"
STARTS = tuple(f"2026-03-{day:02}T09:30:00.000Z" for day in range(1, 29))
LISTS: tuple[dict[str, str], ...] = (
    {},
    {"limit": "100"},
    {"limit": "3"},
    {"limit": "three"},
    {"limit": "100", "order_by": "updated_at:asc"},
    {"limit": "100", "search": "a call 1"},
    {"limit": "2", "expand": "tags"},
    {"limit": "100", "filter[engagement_type][eq]": "CALL"},
    {"limit": "100", "filter[engagement_type][in]": "CALL,MEETING"},
    *({"limit": "100", f"filter[processing_status][{how}]": "FAILED"} for how in ("eq", "in")),
    *({"limit": "100", f"filter[start_at][{how}]": STARTS[9]} for how in ("gt", "gte", "lt", "lte")),
    *({"limit": "100", f"filter[updated_at][{how}]": "2026-01-01T00:00:00Z"} for how in ("gt", "lt")),
)
TWICE = ("?filter[engagement_type][eq]=CALL&filter[engagement_type][eq]=CALL", "/{id}?expand=tags&expand=signals")
EXPANSIONS = ("", "?expand=tags", "?expand=tags,owner", "?expand=owner", "?expand=speakers")
SEARCHES = (
    "all 1",
    "A%l 1",
    "A_call 1",
    "A.call 1",
    "A*l 1",
    "A+call+1",
    "A%20call 1",
    "A\\ call",
    "A call",
    "<é>",
    "é",
)
FILTERS: tuple[dict[str, str], ...] = (
    {"filter[engagement_type][eq]": "DOCUMENT"},
    {"filter[engagement_type][in]": "MEETING", "search": "A call 1"},
    {"filter[start_at][gte]": "2026-03-10T15:00:00+05:30"},
    {"filter[start_at][lte]": "2026-03-10T09:30:00Z"},
    {"filter[start_at][gte]": STARTS[9], "filter[start_at][lt]": STARTS[12]},
)
ODD_IDS = ("ngmt_01", "%00", "%F0%9F%98%80", "'%20OR%201=1--")


def stage(server: Running) -> list[str]:
    """Create engagements of all kinds, let their processing end, and return the ids of some."""
    ids = []
    for number in range(ENGAGEMENTS):
        body = submission(
            type=("CALL", "MEETING")[number % 2],
            title=f"A call {number}",
            start_at=STARTS[number % len(STARTS)],
            is_private=number % 9 == 0,
            media_url=f"{WAY}/fails-processing/a.mp3" if number % 7 == 3 else f"{WAY}/ok.mp3?duration=90",
        )
        made = send(server, body)
        if number < 3:
            ids.append(str(made.json().get("id")))
            send(server, body | {"title": "Another title"})
    attended = {"is_private": True, "participants": [{"email": "reader@example.com"}], "start_at": STARTS[0]}
    send(server, submission(title="A call of the reader", **attended))
    made = send(server, submission(title='A call <é> & "x", and more than forty characters of it', start_at=STARTS[0]))
    ids.append(str(made.json().get("id")))
    send(server, method="GET", path=f"{PATH}/{ids[0]}", headers=_bearer(server.credentials["private_reader"]))
    send(server, submission(title="A call refused", media_url=f"{WAY}/page.html"))
    server.mock.services.clock.advance(timedelta(days=1))
    return ids


def observe_reads(probe: Probe) -> Iterator[tuple[str, str]]:
    """Yield what was read, in short, and what came back: the engagements one by one, and then lists."""
    ids = stage(probe.server)
    who = [*probe.server.credentials.values(), "nobody", None]
    for credential in who:
        for place, id_ in enumerate([*ids, f"{ids[0][:25]}000000", *ODD_IDS]):
            yield f"engagement {place} {credential}", _read(probe, f"/{id_}", credential)
        for query in LISTS:
            yield f"list {query} {credential}", _read(probe, f"?{urlencode(query)}", credential)
    reader = probe.server.credentials["private_reader"]
    for tail in EXPANSIONS:
        yield tail, _read(probe, f"/{ids[0]}{tail}", reader)
        yield f"{tail} again", _read(probe, f"/{ids[0]}{tail}", reader)
    yield "exactly one page", _read(probe, "?limit=11&search=a+call+1", reader)
    yield from _closer(probe, ids[0])
    yield "pages", _pages(probe, reader)
    first, again, other = (_tag(probe, ids[0], reader, query) for query in ("", "", "expand=tags"))
    third = _tag(probe, ids[0], reader, "expand=signals")
    yield "the tag of one answer, and of others", f"{first == again} {first == other} {other == third}"


def _closer(probe: Probe, id_: str) -> Iterator[tuple[str, str]]:
    """Yield what was read in ways that are less usual, and what came back."""
    names, tail = probe.server.credentials, id_.partition("_")[2]
    for place, other in enumerate((f"{id_}%20", f"{id_}%00", f"usr_{tail}")):
        yield f"alike {place}", _read(probe, f"/{other}", names["private_reader"])
    for name, credential in names.items():
        yield f"expanded {name}", _read(probe, f"/{id_}?expand=tags", credential)
        yield f"list {name}", str(_get(probe, "?limit=5&expand=owner", credential)[0])
        yield f"expanded list {name}", _read(probe, "?limit=100&expand=tags", credential)
        for tag in ("*", '"x"'):
            yield f"{tag} {name}", str(_get(probe, f"/{id_}", credential, tag)[0])
        yield f"other case {name}", _read(probe, f"/{id_}", credential.swapcase())
    for query in (*({"search": text} for text in SEARCHES), *FILTERS):
        yield str(query), _read(probe, f"?limit=100&{urlencode(query)}", names["private_reader"])
    for tail in TWICE:
        yield tail, _read(probe, tail.format(id=id_), names["private_reader"])
    basic = {"Authorization": f"Basic {names['private_reader']}"}
    yield "Basic", str(send(probe.server, method="GET", path=f"{PATH}/{id_}", headers=basic, timeout=SECONDS).status)
    yield from _second_pages(probe, names["private_reader"], names["other_workspace"])


def _second_pages(probe: Probe, reader: str, other: str) -> Iterator[tuple[str, str]]:
    """Yield the second page of a list with a filter: of another length, and of a reader of another workspace."""
    query = "?filter[engagement_type][eq]=CALL"
    cursor = json.loads(_get(probe, f"{query}&limit=3", reader)[2]).get("next_cursor")
    for credential in (reader, other):
        yield "second page", _read(probe, f"{query}&limit=5&cursor={quote(str(cursor))}", credential)


def _get(probe: Probe, tail: str, credential: str | None, tag: str = "") -> tuple[int, dict[str, str], bytes]:
    """Read, and return status, headers and body; 0 if there is no answer."""
    headers = {"Authorization": ABSENT} if credential is None else _bearer(credential)
    headers |= {"If-None-Match": tag} if tag else {}
    try:
        answer = send(probe.server, method="GET", path=PATH + tail, headers=headers, timeout=SECONDS)
    except (OSError, HTTPException) as error:
        return 0, {}, type(error).__name__.encode()
    return answer.status, dict(answer.headers), answer.body


def _bearer(credential: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {credential}"}


def _read(probe: Probe, tail: str, credential: str | None) -> str:
    """Return what is comparable in an answer: of two headers that they are there, of a cursor that it is not empty."""
    status, headers, body = _get(probe, tail, credential)
    shown = re.sub(r'"next_cursor": "[^"]+"', '"next_cursor": "…"', probe.comparable(body))
    return f"{status} {[name in headers for name in ('ETag', 'X-Api-Version')]} {shown}"


def _pages(probe: Probe, credential: str) -> str:
    """Follow a list while something is created, and return how many engagements its pages have, each counted once."""
    seen: list[str] = []
    cursor: str | None = ""
    for _ in range(ENGAGEMENTS):
        status, _, body = _get(probe, f"?limit=10&search=A%20call{cursor and '&cursor=' + quote(cursor)}", credential)
        page = json.loads(body)
        if status != HTTPStatus.OK or not isinstance(page, dict):
            return f"{status}"
        seen += [one["id"] for one in page["data"]]
        send(probe.server, submission(title="A call in between"))
        if not (cursor := page["next_cursor"]):
            break
    return f"{len(seen)} engagements, {len(set(seen))} ids"


def _tag(probe: Probe, id_: str, credential: str, query: str = "") -> str | None:
    return _get(probe, f"/{id_}?{query}", credential)[1].get("ETag")
