"""What is checked of every answer that Schemathesis gets: one small function a promise of the contract.

A failure's message begins with the id of the broken rule. Checks send further requests where a promise needs it; those
that create are rare, and stop when the creations of the budget are used up.
"""

from __future__ import annotations

from contextlib import suppress

import schemathesis
from schemathesis import CheckContext
from schemathesis import Response as Answer

from contract.cases import bodies
from contract.cases.credentials import WRONG
from contract.cases.submission import Submission, media
from contract.exchange import Exchange
from contract.generated.session import Case, JudgedExchange, Target
from contract.generated.targets import targets
from contract.judge.answers import answer as said
from contract.judge.answers import blamed_for
from contract.judge.creation import judge_created
from contract.judge.refusal import judge_forbidden, judge_refusal
from contract.judge.submission import Judgement
from contract.outcome import LeftOut, Violation
from contract.run import blame
from contract.run.blame import explain
from contract.run.groups import control, group
from contract.run.steps import accepted, check_first, created, created_near, refused, replayed, turned_away
from contract.schemathesis.checking import checking
from contract.schemathesis.failures import (
    BadAnswer,
    BadError,
    CredentialIgnored,
    CredentialShown,
    KeysCollide,
    KeyUsedUp,
    LimitMissed,
    MediaMisjudged,
    Misjudged,
    ReplayChanged,
    ScopeIgnored,
    VersionMissing,
)
from contract.spec.fields import fields
from contract.spec.rules import catalogue

OFTEN, SELDOM, RARE = 5, 25, 100  # cases between two probes
TRANSCRIPT = fields()["transcript_text"]


def _family(*names: str) -> frozenset[str]:
    return frozenset(rule.id for rule in catalogue().values() if rule.family in names)


LIMITS = frozenset({"LIMIT-7", "LIMIT-8", "LIMIT-9"})
VERSION = frozenset({"RESP-5", "ERR-2"})
SECRETS = frozenset({"AUTH-6"})
REPLAY = frozenset({"IDEM-1", "IDEM-2", "IDEM-3", "IDEM-11"})
FREE = frozenset({"IDEM-9"})
CREDENTIALS = _family("AUTH") - SECRETS
ERRORS = _family("ERR") - VERSION
FIELDS = _family("BODY", "LIMIT") - LIMITS
MEDIA = _family("URL")
SCOPES = _family("SCOPE")
ANSWERS = _family("RESP") - VERSION - {"RESP-3"}
DISTINCT = frozenset({"RESP-3"}) | _family("IDEM") - REPLAY - FREE


@schemathesis.check
def credential_is_not_shown(ctx: CheckContext, response: Answer, case: Case) -> None:
    """No answer repeats the credential that was sent (AUTH-6)."""
    with checking(CredentialShown, SECRETS, case, response) as (target, _):
        target.recorder.hold(*SECRETS)  # unless it was found when the answer came


@schemathesis.check
def credential_is_needed(ctx: CheckContext, response: Answer, case: Case) -> None:
    """Nobody creates without a credential, or with a wrong one: each in turn gets 401 (AUTH-1 to AUTH-4)."""
    with checking(CredentialIgnored, CREDENTIALS, case, response) as (target, heard):
        if not heard.is_first or not target.due("credentials", OFTEN):
            return
        target.recorder.hold("AUTH-1")
        wrong = WRONG[target.probes["credentials"] // OFTEN % len(WRONG)]
        turned_away(target.client, wrong, target.client.key())
        target.recorder.hold(wrong.rule)


@schemathesis.check
def version_is_there(ctx: CheckContext, response: Answer, case: Case) -> None:
    """Every answer carries X-Api-Version (RESP-5, ERR-2)."""
    with checking(VersionMissing, VERSION, case, response) as (target, heard):
        target.recorder.hold("RESP-5" if heard.exchange.response.ok else "ERR-2")  # unless found when it came


@schemathesis.check
def error_is_a_problem(ctx: CheckContext, response: Answer, case: Case) -> None:
    """Every error is a problem, shows nothing of the inside, and no body makes the server fail (ERR)."""
    with checking(BadError, ERRORS, case, response) as (target, heard):
        target.recorder.hold("ERR-4", *(() if heard.exchange.response.ok else ("ERR-1", "ERR-3", "ERR-6")))


@schemathesis.check
def submission_is_judged(ctx: CheckContext, response: Answer, case: Case) -> None:
    """Whatever is valid is accepted, whatever is not is refused (BODY, LIMIT)."""
    with checking(Misjudged, FIELDS, case, response) as (target, heard):
        _judge(target, heard, media=False)


@schemathesis.check
def media_is_judged(ctx: CheckContext, response: Answer, case: Case) -> None:
    """Nothing but a recording on a public https host is accepted, the rest is refused with 422 (URL).

    An accepted submission is sent again with the next URL of a list in its place: a minimal pair. Each is, until the
    list has been gone through once, and some after that.
    """
    with checking(MediaMisjudged, MEDIA, case, response) as (target, heard):
        _judge(target, heard, media=True)
        again = target.probes["hostile"] >= len(target.hostile)
        if not heard.is_first or (again and not target.due("hostile again", OFTEN)):
            return
        url = target.hostile[target.probes["hostile"] % len(target.hostile)]
        target.probes["hostile"] += 1
        document = {**heard.exchange.document, "external_id": target.client.key(), "media_url": url.value}
        exchange = target.client.submit(document, expect="refused")
        if (finding := judge_refusal(exchange, url)) is not None:
            target.probes["hostile"] -= 1  # it stays, so that Hypothesis sees it again
            raise explain(target.client, media(url), finding, exchange)
        target.recorder.hold(url.rule)


def _judge(target: Target, heard: JudgedExchange, *, media: bool) -> None:
    """Compare the answer with the verdict, if the judged is about media, or about all else."""
    judged, exchange = heard.judgement, heard.exchange
    if judged is None or exchange.response.inconclusive:
        return
    try:
        _compare(target, judged, exchange)
    except Violation as found:
        if media == (found.rule or "").startswith("URL-"):
            raise
        return
    held = judged.rules if len(judged.rules) == 1 else _valid(exchange) if judged.accepted else ()
    target.recorder.hold(*(rule for rule in held if media == rule.startswith("URL-")))


def _compare(target: Target, judged: Judgement, exchange: Exchange) -> None:
    """Raise Violation if a submission was judged wrong, of the part that is judged wrong with nothing else about it."""
    if judged.rules and (finding := judge_refusal(exchange, judged.case)) is not None:
        for case in judged.cases if target.may_create else ():
            with suppress(LeftOut):  # then the whole has to do, which was made safe before it was sent
                _part_refused(target, case)
        raise explain(target.client, judged.case, finding, blame.conclusive(exchange))
    if judged.accepted and not exchange.response.ok:
        rule = _of_refusal(target, blame.conclusive(exchange))
        raise Violation(rule, "a valid submission to be accepted", said(exchange), exchange)


def _part_refused(target: Target, case: Submission) -> None:
    """Raise Violation unless a part is refused. Raises See if the server failed: another part may be the reason."""
    try:
        refused(target.client, case, target.client.key())
    except Violation as violation:
        if violation.exchange is not None:
            blame.conclusive(violation.exchange)
        raise


def _of_refusal(target: Target, exchange: Exchange) -> str:
    """Return the rule that the refusal of a valid submission breaks; by its error alone if nothing may be created."""
    return blame.of_refusal(target.client, exchange, None) if target.may_create else blamed_for(exchange)


def _valid(exchange: Exchange) -> tuple[str, ...]:
    """Return the rules that the acceptance of a valid submission keeps."""
    return tuple({fields()[name].valid for name in exchange.document if name in fields()})


@schemathesis.check
def keys_are_distinct(ctx: CheckContext, response: Answer, case: Case) -> None:
    """Every new key makes a new engagement, however near it is to another, in each workspace (IDEM-4 to IDEM-8)."""
    with checking(KeysCollide, DISTINCT, case, response) as (target, heard):
        if heard.judgement is None or not heard.judgement.accepted or not response.status_code < 300:
            return
        check_first(target.client, heard.exchange, heard.known, "IDEM-7")
        if not target.may_create or not target.due("near keys", SELDOM):
            return
        document, key = heard.exchange.document, heard.exchange.request.key or ""
        # The second differs from the first in nothing but its case.
        for rule, near in (("IDEM-7", f"{key}-Key"), ("IDEM-5", f"{key}-KEY"), ("IDEM-6", f" {key}")):
            if len(near) <= 500 and target.may_create:
                created_near(target.client, {**document, "external_id": near}, rule, (key, f"{key}-Key"))
                target.recorder.hold(rule)
        if target.may_create:
            created(target.client, document, "IDEM-4", credential="other_workspace")
            target.recorder.hold("IDEM-4")


@schemathesis.check
def replay_is_unchanged(ctx: CheckContext, response: Answer, case: Case) -> None:
    """Every repeat gets 200 and the stored engagement, whatever else it says (IDEM-1 to IDEM-3)."""
    with checking(ReplayChanged, REPLAY, case, response) as (target, heard):
        if not heard.is_first:
            return
        client, first = target.client, heard.exchange
        replayed(client, first, first.request.body)
        target.recorder.hold("IDEM-1")
        if target.due("changed repeats", OFTEN):
            replayed(client, first, {**first.document, "source_system": "elsewhere"})
            replayed(client, first, {**client.base, "external_id": first.request.key})
            target.recorder.hold("IDEM-2", "IDEM-3")


@schemathesis.check
def refusal_leaves_the_key_free(ctx: CheckContext, response: Answer, case: Case) -> None:
    """After a refusal the same key creates (IDEM-9)."""
    with checking(KeyUsedUp, FREE, case, response) as (target, heard):
        key = heard.exchange.request.key
        if (
            heard.judgement is None
            or not heard.judgement.rules
            or key is None
            or not key.startswith(target.client.run_id)
        ):
            return
        reason = heard.judgement.rules[0] if target.client.config.loopback else "a refusal"
        if response.status_code in heard.judgement.verdict.statuses and target.may_create and target.due(reason, RARE):
            control(target.client, key, f"of {reason}", heard.exchange)
            target.recorder.hold("IDEM-9")


@schemathesis.check
def scope_is_needed(ctx: CheckContext, response: Answer, case: Case) -> None:
    """Credentials that may only read get 403 for the same submission, and leave nothing behind (SCOPE)."""
    with checking(ScopeIgnored, SCOPES, case, response) as (target, heard):
        if not heard.is_first or not target.due("scope", SELDOM):
            return
        client = target.client
        for name, rule in (("reader", "SCOPE-1"), ("private_reader", "SCOPE-3")):
            if name in client.config.credentials:
                fresh = {**heard.exchange.document, "external_id": client.key()}
                _forbidden(target, fresh, name, rule)
                _forbidden(target, heard.exchange.document, name, rule)
                target.recorder.hold(rule)
                if target.may_create:
                    created(client, fresh, "SCOPE-5")
                    target.recorder.hold("SCOPE-5")


def _forbidden(target: Target, document: dict[str, object], credential: str, rule: str) -> None:
    exchange = target.client.submit(document, credential=credential, expect="forbidden")
    if (finding := judge_forbidden(exchange, rule)) is not None:
        raise Violation(*finding, exchange)


@schemathesis.check
def transcript_is_limited(ctx: CheckContext, response: Answer, case: Case) -> None:
    """Transcripts at both limits are accepted, and over either are refused; asked once (LIMIT-7, LIMIT-8)."""
    with checking(LimitMissed, LIMITS, case, response) as (target, heard):
        if not heard.is_first or target.probes["limits"]:
            return
        for rule in (TRANSCRIPT.rules["maxLength"], TRANSCRIPT.rules["x-maxBytes"]):
            if not target.may_create:
                return
            target.probes["limits"] += 1  # not `due`: megabytes are sent once, whatever comes of it
            accepted(target.client, bodies.at_limit(rule)[0])
            group(target.client, {rule: bodies.refused()[rule]})
            target.recorder.hold(rule)


@schemathesis.check
def answer_is_documented(ctx: CheckContext, response: Answer, case: Case) -> None:
    """Every success has the documented shape, ids and values, and says what was submitted (RESP)."""
    with checking(BadAnswer, ANSWERS, case, response) as (target, heard):
        if heard.is_first and heard.judgement is not None and heard.judgement.accepted:
            for finding in judge_created(heard.exchange):
                target.recorder.fail(finding.rule, Violation(*finding, heard.exchange))
            target.recorder.hold("RESP-1", "RESP-2", "RESP-4", "RESP-6", "RESP-9")


@schemathesis.check
class SomethingWasAccepted:
    """A run in which nothing was accepted has tested next to nothing, and fails."""

    def after_run(self, ctx: CheckContext) -> None:
        """Look back at all that was sent."""
        for target in targets.opened():
            if not target.accepted:
                raise AssertionError(
                    f"nothing was accepted by {target.client.config.base_url}: is it the right target, and do"
                    " CONTRACT_WRITER and CONTRACT_MEDIA_ACCEPTED fit it?"
                )
