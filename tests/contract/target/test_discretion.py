"""What a body may show to people who share a deployment."""

import json

import pytest

from contract.cases import bodies, hostile
from contract.exchange import Body
from contract.target.discretion import shows

SAFE = {"type": "CALL", "title": "t", "external_id": "k", "is_private": True, "run_workflows": False}
WHOLE = Body.of(SAFE).content


def changed(**changes: object) -> bytes:
    """Return the safe body with these changes."""
    return Body.of({**SAFE, **changes}).content


@pytest.mark.parametrize(
    "content",
    [
        WHOLE,
        Body.of(SAFE, escaped=True).content,
        changed(participants=[bodies.PERSON, {"name": "Ada @ home"}]),
        changed(media_url="https://user:password@media.example.org/a.mp3"),
        b"[" + WHOLE + b"]",
        json.dumps(WHOLE.decode()).encode(),
        WHOLE[:-1],
        WHOLE.replace(b'"', b"'"),
        WHOLE + WHOLE,
        WHOLE.decode().encode("utf-16"),
        b"\xef\xbb\xbf" + WHOLE,
        WHOLE.replace(b"{", b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b", "),
    ],
    ids=range(12),
)
def test_what_says_that_it_is_private_and_fires_nothing_may_leave(content: bytes) -> None:
    """In any form: escaped, wrapped, cut, in another encoding."""
    assert shows(content) is None


@pytest.mark.parametrize(
    "content",
    [
        *(changed(is_private=value) for value in (False, None, "true", 1, [True])),
        *(changed(run_workflows=value) for value in (True, None, "false", 0, [], {})),
        *(Body.of({n: v for n, v in SAFE.items() if n != left}).content for left in ("is_private", "run_workflows")),
        *(b"", b"{", b"{}", b"[]", b"null", b"1", b'"text"', b"type=CALL&title=t", b"<engagement/>"),
        b'{"engagement": ' + WHOLE + b"}",
        b"[" + WHOLE + b", {}]",
        WHOLE[:-1] + b', "is_private": false}',
        (WHOLE[:-1] + b', "run_workflows": true').replace(b'"', b"'"),
        json.dumps({"title": WHOLE.decode()}).encode(),
        WHOLE.replace(b"false", b"Infinity"),
        changed(participants=[{"email": "ada@example.org"}]),
        changed(participants=[{"email": "ada@example.com.evil.org"}]),
        Body.of({**SAFE, "title": "ada@example.org"}, escaped=True).content,
        changed(title="ada@example.org")[:-1],
    ],
    ids=range(32),
)
def test_everything_else_stays_here(content: bytes) -> None:
    """What is public, may fire, may mail a stranger, or says nothing of it."""
    assert shows(content) is not None


def test_hostile_bodies_are_judged_without_an_error() -> None:
    """Deep nesting, invalid UTF-8 and numbers of any length have a verdict; most of them may leave."""
    verdicts = {name: shows(recipe(WHOLE)) for name, recipe in hostile.BODIES.items()}
    assert sum(verdict is None for verdict in verdicts.values()) > len(verdicts) * 0.8
    assert verdicts["Infinity for a boolean"]
