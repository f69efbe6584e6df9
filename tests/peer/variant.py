"""In which ways conforming servers differ: one switch a freedom that the page leaves, with its legal values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from itertools import combinations
from typing import Any

MEBIBYTE = 1 << 20


def _switch(*values: Any) -> Any:
    """Declare a switch by its legal values; the first is the default."""
    return field(default=values[0], metadata={"values": values})


@dataclass(frozen=True, slots=True)
class Variant:
    """One conforming server. The values of a switch that is not self-evident are explained behind it."""

    refusal_status: int = _switch(422, 400)  # the three media refusals of the page stay 422
    in_flight: str = _switch("wait", "conflict")
    first_status: int = _switch(201, 200, 202)
    id_style: str = _switch("ulid", "short", "long")  # 26, from 1, or 200 characters after the prefix
    api_version: str = _switch("v2", "2026-03-01", "1")
    optional_fields: str = _switch("all", "none", "some")
    extra_fields: bool = _switch(False, True)  # response fields the page does not list
    processing: str = _switch("PENDING", "moving", "PROCESSING", "COMPLETED")
    private_default: bool = _switch(False, True)
    start_echo: str = _switch("utc_milliseconds", "as_sent", "utc_seconds", "other_offset")
    charset_parameter: bool = _switch(False, True)
    chunked: bool = _switch(False, True)
    escape_answers: bool = _switch(False, True)  # characters outside ASCII written as \u escapes
    key_lookup: str = _switch("before_fetch", "before_url", "after_fetch")
    length_unit: str = _switch("code_points", "utf16")
    normalise_keys: bool = _switch(False, True)
    unknown_fields: str = _switch("ignored", "refused")
    null_optionals: str = _switch("refused", "accepted")
    lone_surrogates: str = _switch("refused", "accepted")
    nul_characters: str = _switch("accepted", "refused")  # PostgreSQL has none in text
    odd_participants: str = _switch("refused", "accepted")  # {}, an empty name, an e-mail without an at sign
    deepest_json: int | None = _switch(None, 100)  # parsers have limits: 100 levels is Ruby's
    content_types: str = _switch("any", "json_only")  # others get 415
    dates: str = _switch("rfc3339", "iso8601")
    scope_judged: str = _switch("before_body", "after_body")
    error_names: str = _switch("pointer", "dotted", "body", "jsonpath", "absent")
    all_errors: bool = _switch(True, False)  # or only the first one found
    challenge: bool = _switch(True, False)
    any_case_bearer: bool = _switch(True, False)
    credential_form: str = _switch("api_key", "opaque")
    whole_internet: bool = _switch(False, True)  # any public host serves recordings, or only the configured ones
    follows_redirects: bool = _switch(True, False)
    strict_addresses: bool = _switch(True, False)  # refuses more than the page asks for
    reading: str = _switch("offered", "absent")  # reading back: GET of one engagement and of lists
    creator_reads_private: bool = _switch(True, False)  # its creator, who is no participant, sees a private engagement
    odd_ids: str = _switch("unknown", "refused")  # an id of another length gets 404, or 400
    seconds: str = _switch("milliseconds", "whole")  # what created_at and updated_at show of what is stored
    etags: str = _switch("answer", "version")  # of what is shown, or of the engagement whatever is expanded
    search: str = _switch("text", "words")  # in any order
    pages: str = _switch(
        "full", "short"
    )  # short: what a reader must not see is taken out of a page that is cut already
    cursors: str = _switch("place", "query")  # query: with the limit and the expand of the first page
    proxy_ceiling: int | None = _switch(None, MEBIBYTE)  # larger bodies get 413 text/html from a proxy
    requests_per_second: int | None = _switch(None, 200)


def switches() -> dict[str, tuple[Any, ...]]:
    """Return the legal values of every switch."""
    return {switch.name: switch.metadata["values"] for switch in fields(Variant)}


def singles() -> Iterator[Variant]:
    """Yield the default and every variant that differs from it in one switch: the first to try on a false alarm."""
    yield Variant()
    for name, values in switches().items():
        for value in values[1:]:
            yield replace(Variant(), **{name: value})


def pairwise() -> list[Variant]:
    """Return variants in which every value of every switch meets every value of every other one.

    Greedy and repeatable: a row starts with a pair that is still open, and each further switch takes the value that
    closes most open pairs with the values chosen before it.
    """
    domains = switches()
    open_pairs = {
        frozenset(((first, one), (second, other)))
        for first, second in combinations(domains, 2)
        for one in domains[first]
        for other in domains[second]
    }
    order = sorted(open_pairs, key=lambda pair: sorted(map(repr, pair)))
    rows: list[Variant] = []
    while open_pairs:
        row = dict(next(pair for pair in order if pair in open_pairs))
        for name, values in domains.items():
            if name not in row:
                row[name] = max(values, key=lambda value: _closed(open_pairs, row, name, value))
        open_pairs -= {frozenset(pair) for pair in combinations(row.items(), 2)}
        rows.append(Variant(**row))
    return rows


def _closed(open_pairs: set[frozenset[tuple[str, Any]]], row: dict[str, Any], name: str, value: Any) -> int:
    return sum(frozenset(((name, value), item)) in open_pairs for item in row.items())
