"""Lines for a shell that send requests again: as they were, but under fresh keys, and without credentials.

A target remembers keys, so a line that repeats one would be answered with what is stored. Each line therefore puts the
present time into the keys of its run. Credentials are the variables that hold them.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from contract.exchange import LONG, Body, Exchange, Request, Text

ROUNDS = 20  # of a race: one alone may come out right by chance
TIME = "@NOW@"  # stands for the present time until the line is made
ROUND = "@ROUND@"  # stands for the time and the number of a round, in as many characters
ROUND_OF_TIME = "${NOW%??????}-$round"  # rounds have five digits
NOW = "NOW=$(python3 -c 'import time; print(time.time_ns())')"  # `date` knows no more than seconds everywhere
TAKE_ID = """python3 -c 'import json, sys; print(json.load(sys.stdin)["id"])'"""
DIGITS = 19  # characters of it
_STEM = re.compile(r"(ck[0-9a-f]{10}:\d+)", re.IGNORECASE)  # how the key of a run begins
_VARIABLE = re.compile(r"\$\{?#?(CONTRACT_[A-Z0-9_]+)")


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """What came between a first submission and its last repeat: engagements of other keys, further requests, time."""

    creations: int = 0
    requests: int = 0
    seconds: float = 0.0


def script(steps: Sequence[Exchange], meanwhile: Meanwhile | None = None) -> str:
    """Return lines that send these requests one after the other. Before the last one comes what was meanwhile."""
    lines = [curl(step) for step in steps]
    if len(steps) > 1 and (id_ := steps[-1].request.reads):  # what the first line makes has another id each time
        lines[0] = f"ID=$({lines[0].replace('curl -sS -i', 'curl -sS', 1)} | {TAKE_ID})"
        lines[-1] = lines[-1].replace(id_, "'\"$ID\"'" if f"'{steps[-1].base_url}" in lines[-1] else "$ID")
    lines[-1:-1] = _between(steps[0], meanwhile) if meanwhile is not None else []
    return _whole(lines)


def _between(first: Exchange, meanwhile: Meanwhile) -> list[str]:
    """Return lines that create under other keys, send what is refused, and wait. All are like the first submission."""
    refused = replace(first, request=replace(first.request, body=Body.of({**first.document, "title": ""})))
    lines = []
    for count, exchange in ((meanwhile.creations, first), (meanwhile.requests, refused)):
        line = curl(exchange).replace("curl -sS -i", "curl -sS -o /dev/null", 1)
        lines += _rounds(count, line) if count else []
    return lines + ([f"sleep {meanwhile.seconds:.0f}"] if meanwhile.seconds > 1 else [])


def race(racers: Sequence[Exchange]) -> str:
    """Return lines that send these requests at the same moment, in several rounds."""
    first, *others = [curl(racer).removeprefix("curl ") for racer in racers]
    together = " --next ".join((f"curl -Z --parallel-immediate {first}", *others))
    return _whole(_rounds(ROUNDS, together))


def _rounds(count: int, line: str) -> list[str]:
    """Return a loop over a line. Each round has its own keys, of the same length."""
    return [f"for round in $(seq 10001 {10000 + count}); do", line.replace(TIME, ROUND), "done"]


def _whole(lines: Sequence[str]) -> str:
    """Return the lines after those that they need: the credentials, and the time."""
    text = "\n".join(lines)
    names = dict.fromkeys(_VARIABLE.findall(text))
    needed = [f'export {name}="${{{name}:?is not set}}"' for name in names]
    needed += [NOW] if TIME in text or ROUND in text else []
    text = text.replace(TIME, "'$NOW'").replace(ROUND, f"'{ROUND_OF_TIME}'")  # both stand between apostrophes
    return "\n".join((*needed, text))


def curl(exchange: Exchange) -> str:
    """Return one line that sends a request again; `TIME` stands in its key.

    A body that holds a credential, by chance or on purpose, is the one that the line does not repeat exactly.
    """
    return exchange.redact(_curl(exchange, _fresh(exchange.request)))


def _curl(exchange: Exchange, request: Request) -> str:
    globbing = set("[]{}") & set(request.path)  # curl takes them for a pattern
    parts = ["curl -sS -i", *(["-g"] if globbing else []), *exchange.options]
    if request.method != "POST" or not request.body.content:
        parts.append(f"-X {shlex.quote(request.method)}")
    for name, value in exchange.shown_headers():
        # The shell expands a credential's variable between double quotes; all else is quoted whole.
        header = f'"{name}: {value}"' if "$" in value else shlex.quote(f"{name}: {value}")
        parts.append(f"-H {header if value else shlex.quote(name + ';')}")
    address = exchange.redact(exchange.base_url + request.path)
    url = f'"{address}"' if _VARIABLE.search(address) else shlex.quote(address)
    content = request.body.content
    if not content:
        return " ".join((*parts, url))
    inline = content.decode("utf-8", "replace")
    if len(content) <= 10 * LONG and "\ufffd" not in inline and inline.isprintable() and not request.body.escaped:
        return " ".join((*parts, "--data-binary", shlex.quote(inline), url))
    return f"{_generator(request.body)} | {' '.join(parts)} --data-binary @- {url}"


def _fresh(request: Request) -> Request:
    """Return the request with the time in its key."""
    body = request.body
    document = body.document
    key = document.get("external_id") if isinstance(document, dict) else None
    if isinstance(key, str) and Body.of(document, escaped=body.escaped).content == body.content:
        return replace(request, body=Body.of({**document, "external_id": _key(key)}, escaped=body.escaped))
    mark = rb"\g<1>." + TIME.encode()
    content = re.sub(_STEM.pattern.encode(), mark, body.content, flags=re.IGNORECASE)
    return request if content == body.content else replace(request, body=Body(content))


def _key(key: str) -> str:
    """Return a key with the time behind its number. A long one keeps its length, which a limit may be about."""
    found = _STEM.search(key)
    if len(key) <= LONG:
        return key if found is None else f"{key[: found.end()]}.{TIME}{key[found.end() :]}"
    start = "" if found is None else f"{key[: found.end()]}."
    end = len(start) + DIGITS
    piece, tail = key[end : end + 1], key[end:]
    if len(set(tail[:-1])) == 1:  # one letter again and again, and the last: shorter to write
        return Text((start + TIME, 1), (piece, len(tail) - 1), (tail[-1], 1))
    return start + TIME + tail


def _generator(body: Body) -> str:
    """Return a small command that prints the body."""
    if body.document is None or Body.of(body.document, escaped=body.escaped).content != body.content:
        program = f"import sys; sys.stdout.buffer.write({_bytes_expression(body.content)})"
    else:
        document = _expression(body.document)
        program = f"import json, sys; d = {document}; "
        program += (
            "sys.stdout.write('{' + ', '.join(json.dumps(k) + ': ' + ('\"' + ''.join('\\\\u%04x' % u for u in"
            " memoryview(v.encode('utf-16-le')).cast('H')) + '\"' if isinstance(v, str) else json.dumps(v))"
            " for k, v in d.items()) + '}')"
            if body.escaped
            else "sys.stdout.buffer.write(json.dumps(d, ensure_ascii=False).encode('utf-8', 'surrogatepass'))"
        )
    return f"python3 -c {shlex.quote(program)}"


def _expression(value: Any) -> str:
    """Return a Python expression for a document; long texts as a sum of products."""
    match value:
        case Text() if len(value) > LONG:
            return " + ".join(f"{piece!a} * {count}" for piece, count in value.parts)
        case dict():
            return "{" + ", ".join(f"{name!a}: {_expression(item)}" for name, item in value.items()) + "}"
    return ascii(value)


_RUN = re.compile(rb"(.{1,6}?)\1{30,}", re.DOTALL)


def _bytes_expression(content: bytes) -> str:
    """Return a Python expression for bytes, in which runs of a short piece are products."""
    parts, end = [], 0
    for run in _RUN.finditer(content):
        parts += [repr(content[end : run.start()]), f"{run[1]!r} * {len(run[0]) // len(run[1])}"]
        end = run.end()
    return " + ".join(part for part in (*parts, repr(content[end:])) if part != "b''") or "b''"
