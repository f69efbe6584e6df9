"""Answers that a hostile or careless target gives: each has a judgement, and soon."""

from __future__ import annotations

import json
import multiprocessing
from dataclasses import replace

import pytest

from contract.exchange import Body, Exchange, Request, Response
from contract.judge.invariants import TRACES, check, now_at
from contract.parsing import DEEPEST
from tests.kit.targets import engagement, problem

VALID = engagement().content
DEADLINE = 60.0  # seconds; a quadratic expression takes hours for what is asked here


def broken(response: Response) -> dict[str, str]:
    """Return what is wrong with an answer, by rule."""
    exchange = Exchange(Request(Body.of({}), ()), response, "http://127.0.0.1:1/api")
    return {finding.rule: finding.actual for finding in check(exchange)}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (VALID.decode().encode("utf-16"), "not UTF-8"),
        (VALID.decode().encode("utf-16-le"), ""),
        (VALID.decode().encode("utf-32"), "not UTF-8"),
        (b"\xef\xbb\xbf" + VALID, "byte order mark"),
        (VALID.replace(b"{", b'{"id": "ngmt_2", ', 1), "'id' stands there twice"),
        (VALID.replace(b"}", b', "x": {"a": 1, "a": 2}}'), "'a' stands there twice"),
        (VALID.replace(b'"t"', b'"t\xff"'), "not UTF-8"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"a":' * 200_000 + b"1" + b"}" * 200_000, "nested too deeply"),
        (VALID.replace(b"}", b', "x": ' + b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1) + b"}"), "nested too deeply"),
        (VALID.replace(b"}", b', "x": ' + b"9" * 20_000 + b"}"), ""),
    ],
    ids=range(11),
)
def test_an_answer_is_json_as_every_client_reads_it(content: bytes, why: str) -> None:
    """UTF-8 without a mark, each name once, no deeper than anybody needs; the finding says what it is."""
    assert why in broken(replace(engagement(), content=content))["RESP-1"]
    assert why in broken(replace(problem(), content=content))["ERR-1"]


def test_an_ordinary_answer_is_json() -> None:
    """Letters of any script, nesting as documented, white space."""
    shown = json.dumps(
        json.loads(VALID) | {"title": "é你😀", "x": [{"a": [1]}, {"a": [2]}]}, ensure_ascii=False, indent=2
    )
    assert "RESP-1" not in broken(replace(engagement(), content=shown.encode()))


@pytest.mark.parametrize(
    "text",
    [
        "\n" * 1_000_000,
        "\n\t" * 500_000,
        "\\n" * 500_000,
        "\nat " * 250_000,
        "\nat " + "x" * 1_000_000,
        "\\n\\tat x" * 100_000,
    ],
    ids=range(6),
)
def test_a_stack_trace_is_looked_for_in_any_text(text: str) -> None:
    """A million line feeds, tabs, or beginnings of a trace take no longer than their length."""
    searching = multiprocessing.get_context("spawn").Process(target=TRACES.search, args=(text,))
    searching.start()
    searching.join(DEADLINE)
    ended = searching.exitcode
    searching.kill()
    searching.join()
    assert ended == 0


@pytest.mark.parametrize(
    "date",
    [
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "²",
        "",
        "x, 99",
    ],
)
def test_a_date_that_no_clock_says_is_not_believed(date: str) -> None:
    """The time of the exchange is then our own."""
    exchange = Exchange(Request(Body(b""), ()), Response(200, {"date": date}, b""), "http://h/api", started=1e9)
    assert now_at(exchange).timestamp() == 1e9


def test_answers_are_not_kept_parsed() -> None:
    """Only the latest one is, however many there are: parsed, an answer takes a hundred times its size."""
    answers = [Response(200, {}, b"[%d]" % number) for number in range(10)]
    parsed = [answer.json for answer in answers]
    assert answers[-1].json is parsed[-1]
    assert answers[0].json is not parsed[0]
