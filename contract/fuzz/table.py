"""The table of cases, sent as it stands before Hypothesis draws: what a plain case shows needs no search."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain

from contract.cases import bodies, titles, urls
from contract.cases.credentials import WRONG, WrongCredential
from contract.cases.keys import NEAR, WHY, NearKeys
from contract.cases.lengths import shortest
from contract.cases.submission import Submission, media
from contract.cases.verdict import ACCEPTED, Url, Verdict
from contract.exchange import Body
from contract.fuzz.machine import EngagementMachine
from contract.run.steps import accepted, not_refused
from contract.spec.fields import fields
from contract.strategies import Encoding
from contract.target.client import Client
from contract.target.config import Config

Case = Submission | WrongCredential | NearKeys


def table(client: Client) -> tuple[Case, ...]:
    """Return the cases for a target; on another machine without those of which each makes an engagement."""
    refused: tuple[Case, ...] = (*_bodies(client), *_recordings(client.config), *WRONG)
    return (*refused, *_accepted(client.config, client.run_id), *_near()) if client.config.loopback else refused


def send(machine: EngagementMachine, case: Case) -> None:
    """Send a case of the table as it stands, unless it would create beyond the budget. Raises Violation."""
    refused = isinstance(case, WrongCredential | Submission) and case.verdict.kind == "refused"
    if not refused and not machine.may_create():
        return
    match case:
        case WrongCredential():
            machine.deny(case)
        case NearKeys():
            machine.create_near(case)
        case Submission(verdict=Verdict(kind="free")):
            machine.observe(case)
        case Submission(field="external_id", verdict=Verdict(kind="accepted")):
            with machine.judging(case.rule):
                not_refused(machine.client, case)
        case Submission(verdict=Verdict(kind="accepted")):
            with machine.judging(case.rule):
                accepted(machine.client, case)
        case _:
            machine.refuse([case], Encoding())


def _bodies(client: Client) -> Iterator[Submission]:
    whole = Body.of(client.submission()).content
    yield from chain.from_iterable(bodies.refused().values())
    yield from (*bodies.NO_OBJECTS, *bodies.NO_JSON)
    yield from chain.from_iterable(bodies.in_other_forms(whole, json.dumps(whole.decode())).values())


def _recordings(config: Config) -> Iterator[Submission]:
    accepted = config.accepted[0]
    known = urls.configured(config.rejected, config.redirect_to_private, config.unreachable, config.private_names)
    yield from urls.wrapped(accepted)
    yield from map(media, chain.from_iterable(urls.HOSTS.values()))
    yield from map(media, chain(urls.over_http((accepted,)), urls.other_schemes(accepted), urls.no_uris(accepted)))
    yield from map(media, known)


def _near() -> Iterator[NearKeys]:
    for rule, (first, *others) in NEAR.items():
        yield from (NearKeys(first, other, rule, WHY[rule]) for other in others)


def _accepted(config: Config, run_id: str) -> Iterator[Submission]:
    yield from chain.from_iterable((*bodies.accepted().values(), *bodies.free().values()))
    yield from titles.accepted(run_id)
    yield from chain.from_iterable(shortest(field) for field in fields().values() if field.least)
    for url in (urls.in_capitals(config.accepted[0]), *config.accepted[1:]):
        yield media(Url(url, ACCEPTED, "URL-17", f"the recording {url}"))
