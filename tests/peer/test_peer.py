from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import combinations
from typing import Any

import pytest

from tests.kit.http import PATH, Answer, send
from tests.kit.submissions import ABSENT, submission
from tests.peer import MEDIA, Serving, Variant, pairwise, serve, singles, switches

VARIANTS = pairwise()


@pytest.fixture(params=VARIANTS, ids=range(len(VARIANTS)))
def peer(request: pytest.FixtureRequest) -> Iterator[Serving]:
    """Serve each variant, without its rate, which would make the tests wait."""
    with serve(request.param, requests_per_second=None) as serving:
        yield serving


def post(peer: Serving, body: object, who: str = "writer") -> Answer:
    """Submit with one of the credentials."""
    return send(peer, body, credential=peer.credentials[who])


def get(peer: Serving, tail: str = "", who: str = "writer", **headers: str) -> Answer:
    """Read one engagement, or a list, with one of the credentials."""
    return send(peer, credential=peer.credentials[who], method="GET", path=PATH + tail, headers=headers)


def test_every_pair_of_values_meets() -> None:
    """Any two values of any two switches are together in one of the variants, and there are few of those."""
    domains = switches()
    met = {pair for row in VARIANTS for pair in combinations([(n, getattr(row, n)) for n in domains], 2)}
    wanted = {((a, x), (b, y)) for a, b in combinations(domains, 2) for x in domains[a] for y in domains[b]}
    assert wanted <= met
    assert len(VARIANTS) < 40


def test_singles_change_one_switch() -> None:
    """The single variants are the default and, for every other value of a switch, the default with that value."""
    changed = [{n for n in switches() if getattr(v, n) != getattr(Variant(), n)} for v in singles()]
    assert [len(names) for names in changed] == [0] + [1] * (len(changed) - 1)
    assert len(changed) == 1 + sum(len(values) - 1 for values in switches().values())


def test_create_and_replay(peer: Serving) -> None:
    """A first create makes an engagement and a repeat returns it with 200, in all variants."""
    body = submission(title="Réunion 🎉", start_at="2026-03-02T09:30:00+01:00", is_private=True)
    first, again = post(peer, body), post(peer, body | {"title": "Other", "source_system": "other"})
    assert (first.status, again.status) == (peer.variant.first_status, 200)
    assert first.json()["id"] == again.json()["id"]
    assert first.json()["title"] == again.json()["title"] == "Réunion 🎉"
    if "start_at" in first.json():
        assert datetime.fromisoformat(first.json()["start_at"]) == datetime.fromisoformat(body["start_at"])
    assert post(peer, body, "other_workspace").json()["id"] != first.json()["id"]


@pytest.mark.parametrize("url", MEDIA["accepted"])
def test_accepted_media(peer: Serving, url: str) -> None:
    """The recordings it offers as accepted are accepted."""
    assert post(peer, submission(media_url=url)).status == peer.variant.first_status


PRIVATE = [
    "https://10.0.0.1/a.mp3", "https://172.31.255.255/a.mp3", "https://192.168.0.0/a.mp3", "https://127.9.9.9/a.mp3",
    "https://169.254.169.254/a.mp3", "https://[::1]/a.mp3", "https://[fe80::1]/a.mp3", "https://[fe80::1%25eth0]/a.mp3",
    "https://[fd00::1]/a.mp3", "https://[::ffff:10.0.0.1]/a.mp3", "https://[::ffff:7f00:1]/a.mp3",
    "https://2130706433/a.mp3", "https://0x7f.1/a.mp3", "https://0177.0.0.1/a.mp3", "https://127.1/a.mp3",
    "https://0xA9FEA9FE/a.mp3", "https://LOCALHOST./a.mp3", "https://a.localhost/a.mp3", "https://10.0.0.1.nip.io/a.mp3",
    "https://app-192-168-1-1.nip.io/a.mp3", "https://7f000001.nip.io/a.mp3", "https://--1.sslip.io/a.mp3",
]  # fmt: skip


@pytest.mark.parametrize(
    "url", ["http://media.example.com/call.mp3", *MEDIA["rejected"], *MEDIA["redirect_to_private"], *PRIVATE]
)
def test_exact_refusals(url: str) -> None:
    """http, private addresses in all spellings and other content get 422 even where other refusals get 400."""
    with serve(refusal_status=400, whole_internet=True, strict_addresses=False) as peer:
        body = submission(media_url=url)
        assert post(peer, body).status == 422
        assert post(peer, body | {"media_url": MEDIA["accepted"][0]}).status == 201


BAD: list[Any] = [
    b"", b"[]", b"null", b'{"a":', b"\xff\xfe", b"[" * 100_000, b'{"a":' * 100_000, b"9" * 10_000, b'{"a": NaN}',
    {"title": "a" * 501}, {"title": ""}, {"title": None}, {"title": 5}, {"external_id": ABSENT}, {"type": "EMAIL"},
    {"run_workflows": "true"}, {"is_private": 1}, {"start_at": "2026-02-30T00:00:00Z"},
    {"start_at": "0001-01-01T00:00:00+14:00"},
    {"start_at": 5}, {"participants": {}}, {"participants": ["Ada"]}, {"participants": [{"name": 5}]},
    {"transcript_text": "a" * 900_001}, {"transcript_text": "😀" * 237_501}, {"media_url": "not a url"},
    {"media_url": "ftp://media.example.com/a.mp3"}, {"media_url": MEDIA["unreachable"][0]}, {"media_url": "https://[::1/"},
    {"media_url": "https://127.0.0.1\\@media.example.com/a.mp3"},
]  # fmt: skip


def test_refusals(peer: Serving) -> None:
    """Every other bad body gets the variant's status, as a problem that names the field in the variant's way."""
    for bad in BAD:
        answer = post(peer, bad if isinstance(bad, bytes) else submission(**bad))
        if answer.status == 413 and peer.variant.proxy_ceiling:
            continue
        assert answer.status == peer.variant.refusal_status, bad
        assert answer.json()["request_id"].startswith("rid_")
        assert answer.headers["x-api-version"] == peer.variant.api_version
        if isinstance(bad, dict) and peer.variant.error_names != "absent":
            assert any(name in error["field"] for error in answer.json()["errors"] for name in bad)


def test_credentials(peer: Serving) -> None:
    """Unknown credentials get 401, those without the scope 403, and neither takes the key."""
    body = submission()
    assert send(peer, body, credential=None).status == 401
    assert send(peer, body, headers={"Authorization": f"Basic {peer.credentials['writer']}"}).status == 401
    assert send(peer, body, credential=f"{peer.credentials['writer']}x").status == 401
    assert {post(peer, body, who).status for who in ("reader", "private_reader", "noscope")} == {403}
    assert post(peer, body).status == peer.variant.first_status


def test_race(peer: Serving) -> None:
    """Of eight first submissions at once one creates; the others get it, or 409 where the variant says so."""
    body = submission()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(peer, body), range(8)))
    assert len({answer.json()["id"] for answer in answers if answer.status < 400}) == 1
    allowed = {200, peer.variant.first_status} | ({409} if peer.variant.in_flight == "conflict" else set())
    assert {answer.status for answer in answers} <= allowed


def test_reading_back(peer: Serving) -> None:
    """What was created is read and listed once by those who may, page by page, and by nobody else."""
    made = [post(peer, submission(is_private=False)).json()["id"] for _ in range(3)]
    secret = post(peer, submission(is_private=True)).json()["id"]
    if peer.variant.reading == "absent":
        assert {get(peer, f"/{made[0]}").status, get(peer).status} <= {404, 405}
        return
    first = get(peer, f"/{made[0]}", "reader")
    known = get(peer, f"/{made[0]}", "reader", **{"If-None-Match": first.headers["etag"]})
    assert (first.status, first.json()["id"]) == (200, made[0])
    assert known.status == 304 or peer.variant.processing == "moving"
    assert [get(peer, f"/{secret}", who).status for who in ("reader", "private_reader")] == [404, 200]
    assert [get(peer, f"/{made[0]}", who).status for who in ("noscope", "other_workspace")] == [403, 404]
    listed, cursor = [], ""
    while cursor is not None:
        page = get(peer, f"?limit=1&order_by=updated_at:asc{cursor and f'&cursor={cursor}'}", "reader").json()
        listed += [engagement["id"] for engagement in page["data"]]
        cursor = page["next_cursor"]
    assert sorted(listed) == sorted(made)
    for wrong in ("limit=0", "limit=101", "order_by=id", "cursor=x", "expand=all", "filter[title][eq]=x"):
        assert get(peer, f"?{wrong}", "reader").status == 400, wrong


FREEDOMS: list[tuple[str, dict[str, Any], Any]] = [
    ("nul_characters", {"title": "a\0b"}, "refused"),
    ("nul_characters", {"participants": [{"name": "a\0b"}]}, "refused"),
    ("deepest_json", {"extra": json.loads("[" * 100 + "]" * 100)}, 100),
    ("follows_redirects", {"media_url": "https://media.mock.test/redirect/1/a.mp3"}, False),
]


@pytest.mark.parametrize(("switch", "fields", "value"), FREEDOMS)
def test_what_real_servers_refuse(switch: str, fields: dict[str, Any], value: Any) -> None:
    """NUL, deep JSON and any redirect are accepted as a rule, and refused by the variant of a server that cannot."""
    body = submission(**{"media_url": "https://media.mock.test/redirect/0/a.mp3", **fields})
    with serve() as peer:
        assert post(peer, body).status == 201
    with serve(**{switch: value}) as peer:
        assert post(peer, body).status == 422
        assert post(peer, submission()).status == 201


def test_content_types() -> None:
    """The content type is not looked at, or another one than JSON gets 415 in a problem."""
    headers = {"Content-Type": "text/plain"}
    with serve() as peer:
        assert send(peer, submission(), credential=peer.credentials["writer"], headers=headers).status == 201
    with serve(content_types="json_only") as peer:
        refused = send(peer, submission(), credential=peer.credentials["writer"], headers=headers)
        assert (refused.status, refused.headers["content-type"]) == (415, "application/problem+json")
        assert post(peer, submission()).status == 201


def test_rate() -> None:
    """A variant with a rate answers 429 with Retry-After beyond it."""
    with serve(requests_per_second=1) as peer:
        limited = next(answer for _ in range(50) if (answer := post(peer, submission())).status == 429)
    assert limited.headers["retry-after"] == "1"
