"""The client of a run: it records every exchange, judges what must hold of all, and knows which preconditions fail."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from contract.cases import bodies
from contract.cases.credentials import QUERY, WrongCredential
from contract.cases.submission import Document
from contract.exchange import Body, Exchange, Request
from contract.judge import invariants
from contract.judge.invariants import rule_of_failure
from contract.outcome import ANSWERED, LeftOut, See, Violation
from contract.run.profile import Profile
from contract.run.recorder import Recorder
from contract.spec.fields import fields
from contract.spec.statuses import BUSY
from contract.target.client import Client
from contract.target.clock import Clock
from contract.target.config import Config
from contract.target.discretion import SAFE
from contract.target.ledger import Ledger
from contract.target.receiver import Receiver
from contract.target.transport import Transport

SMALL = 5000  # bytes of a body, or of its answer, that is worth keeping until the end
REPEAT = "a repeat"  # the precondition that the same submission again gets 200


class RecordingClient(Client):
    """What tests send with. Not for use from several threads."""

    def __init__(  # noqa: PLR0913  what a run consists of
        self,
        config: Config,
        transport: Transport,
        recorder: Recorder,
        profile: Profile,
        *,
        ledger: Ledger | None = None,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(
            config, transport, profile.run_id, refused_only=profile.creates_nothing, ledger=ledger, clock=clock
        )
        self.profile = profile
        self.recorder = recorder
        self.throttled = 0  # answers with 429
        # Credentials and keys of submissions that may have created what no answer showed.
        self.lost: set[tuple[str | None, str | None]] = set()
        self.receiver: Receiver | None = None  # of webhooks
        self.offers: set[str] | None = None  # which reading operations there are, once that was asked
        self.milestones: list[Exchange] = []  # what was created on the way, to be looked for at the end
        self.examples: dict[str, Exchange] = {}  # engagements that several tests look at
        self.early: dict[str, Exchange] = {}  # the first read of an engagement by private_reader, by its id
        self.last_reads: dict[str, Exchange] = {}  # the last such read, by the id
        self.statuses: dict[str, str | None] = {}  # how far its last repeat showed an engagement to be, by its id
        # A precondition that does not hold (a field whose valid values are refused, a repeat): the rule that is broken.
        self.broken: dict[str, str] = {}
        self.forgotten: set[str | None] = set()  # keys that were remembered for a while: nothing rests on them any more
        self.owners: dict[str, str] = {}  # who owned the first engagement of a credential
        self.plain: dict[str, int] = {}  # the status of the plain refusal of a kind, by what it is
        self._request_ids: deque[str] = deque(maxlen=5000)

    def allowed(self, changes: Document) -> Document:
        """Return what of these fields may be sent: all, or what others would not see."""
        if not self.config.discreet:
            return changes
        return {name: value for name, value in changes.items() if name not in SAFE or SAFE[name] is value}

    @contextmanager
    def case(self, rule: str, why: str) -> Iterator[None]:
        """Send one case of several. If it may not leave it is noted under its rule, and the test goes on."""
        try:
            yield
        except LeftOut as reason:
            self.recorder.leave_out(rule, f"{why} ({reason})")

    @property
    def forms(self) -> list[Document]:
        """What a valid submission may differ in from a plain one: nothing, its type, or every field."""
        kinds = () if "type" in self.broken else fields()["type"].values
        others = [{"type": kind} for kind in kinds if kind != self.base["type"]]
        return [{}, *others, *([self.full()] if "full" not in self.broken else [])]

    def full(self) -> Document:
        """Return a valid value of every field that may be sent here and whose valid values are accepted.

        A text ends with a mark, by which it could be found.
        """
        values = {name: value for name, value in bodies.full().items() if name not in self.broken}
        texts = {name: f"{value} {self.marked(name)}" for name, value in values.items() if fields()[name].most}
        return self.allowed({**values, **texts})

    def marked(self, name: str) -> str:
        """Return the mark in the text of a field, which is of this run."""
        return f"{self.run_id} {name}"

    def need(self, *preconditions: str) -> None:
        """Raise See if one of these is known not to hold."""
        for name in preconditions:
            if name in self.broken:
                raise See(self.broken[name])

    def shows_another(self, exchange: Exchange) -> bool:
        """Tell whether an answer shows the engagement of another key."""
        return self.ids.get(exchange.response.id or "", exchange.request.key) != exchange.request.key

    def submit_wrong(self, wrong: WrongCredential, key: str) -> Exchange:
        """Send a submission that is valid but for its credential. Raises LeftOut if that is none."""
        token = self.config.credentials["writer"].token
        if (reason := wrong.unfit(token, self.config.valid_headers)) is not None:
            raise LeftOut(reason)
        document: Document | Body = {**self.base, "external_id": key}
        request = self.request(document if wrong.content is None else Body(wrong.content), credential=None, key=key)
        headers, path, sent = request.headers, request.path, wrong.header(token)
        if wrong.place == QUERY:
            if self.config.discreet:
                raise LeftOut("what is in between writes URLs into its logs")
            path = f"{path}?{sent}"
        elif sent is not None:
            headers = ((wrong.place, sent), *headers)
        written = wrong.shell(token) if wrong.place == "Authorization" else None
        options = {"expect": "unauthorized", "headers": headers, "authorization": written, "key": key, "path": path}
        return self.submit(request.body, credential=None, **options)

    def forget(self) -> None:
        """Drop the engagements made so far, but not whose they are: for runs that go on and on."""
        super().forget()
        self.milestones.clear()
        self.early.clear()
        self.last_reads.clear()
        self.statuses.clear()
        self.examples.clear()  # a target that was reset does not know them either

    def heard(self, exchange: Exchange) -> None:
        """Count the case, and check what must hold of every answer."""
        self.throttled += exchange.response.status == BUSY
        if exchange.response.status < 500 and not exchange.response.unavailable:
            self.lost.discard(exchange.request.sender_and_key)
        elif exchange.request.submits:
            self.lost.add(exchange.request.sender_and_key)
        self.recorder.count_case()
        self.recorder.history.add(exchange)
        for finding in invariants.check(exchange):
            self.recorder.fail(finding.rule, Violation(*finding, exchange))
        if exchange.response.status >= 400 and (number := exchange.request_id) is not None:
            if number in self._request_ids:
                self.recorder.fail("ERR-6", Violation("ERR-6", "a new request_id", f"{number} again", exchange))
            self._request_ids.append(number)
        # A repeat, or a racer that lost, may show an id that belongs to no engagement.
        creates = exchange.request.expect != "replayed" and (not exchange.burst or exchange.response.status == 201)
        new = creates and exchange.response.id is not None and exchange.response.id not in self.ids
        if new and exchange.request.submits:
            self._check_owner(exchange)
        small = len(exchange.request.body.content) < SMALL and len(exchange.response.content) < SMALL
        if new and small and exchange.request.submits and exchange.request.credential == "writer":
            self.milestones.append(exchange)
        super().heard(exchange)

    def _check_owner(self, exchange: Exchange) -> None:
        """Record an engagement that belongs to somebody else than the others of its credential. Rule: SCOPE-4."""
        owner, credential = exchange.response.engagement.get("owner_user_id"), exchange.request.credential
        if isinstance(owner, str) and credential is not None:
            known = self.owners.setdefault(credential, owner)
            if owner != known:
                expected = f"owner_user_id {exchange.shown(known)} again"
                self.recorder.fail("SCOPE-4", Violation("SCOPE-4", expected, exchange.shown(owner), exchange))

    def unanswered(self, request: Request) -> None:
        """Count the case that got no answer."""
        if request.submits:
            self.lost.add(request.sender_and_key)
        self.recorder.count_case()
        super().unanswered(request)

    def silent(self, exchange: Exchange, reason: str) -> None:
        """Record that a case makes the target fall silent. Rules: ERR-4, READ-18, LIST-14."""
        actual, rule = f"no answer twice, while others are answered: {reason}", rule_of_failure(exchange.request)
        self.recorder.fail(rule, Violation(rule, ANSWERED, actual, exchange))
