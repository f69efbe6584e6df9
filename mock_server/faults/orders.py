"""What can be ordered of faults: which requests they strike, when, what they do, and what of that goes together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from mock_server.reading import Accepts, Mistake, Model, Text, missing, one_of, refuse

BEFORE_AUTH, BEFORE_COMMIT, AFTER_COMMIT = PHASES = ("before_auth", "before_commit", "after_commit")
STATUS, CLOSE, RESET, TRUNCATE, SLOW, HANG, FORGET = KINDS = (
    "status", "close", "reset", "truncate", "slow", "hang", "forget",
)  # fmt: skip
NEED_CONNECTION = frozenset({CLOSE, RESET, TRUNCATE, HANG})
DEFAULT_DELAYS = {SLOW: 1000, HANG: 60_000}  # milliseconds
POST, GET = METHODS = ("POST", "GET")
BASE, PATH = "/api", "/v2/engagements"
MAX_DELAY = 600_000  # milliseconds
MAX_TIMES = 1_000_000
MAX_TTL = 366 * 24 * 3600  # seconds
MAX_HEADERS = 20
A_DAY = 86400  # seconds
# The server itself sets these headers. A fault that set them too would break more than you asked for.
_FRAMING = ("connection", "content-length", "content-type", "date", "server", "transfer-encoding", "upgrade")


@dataclass(frozen=True, slots=True)
class OrderContext:
    """What an order is checked against.

    `workspace` turns the id or name of a workspace into its id. `connected` says whether faults can act on connections.
    """

    workspace: Callable[[str], str | None]
    connected: bool = True


def context_of(info: ValidationInfo) -> OrderContext:
    """Return what a validator is to check against: in Python, where nobody names it, anything is possible."""
    return info.context or OrderContext(lambda name: name)


def _known_workspace(name: str, info: ValidationInfo) -> str:
    found = context_of(info).workspace(name)
    if found is None:
        raise ValueError("must be the id or the name of a workspace of this server")
    return found


def _path(text: str) -> str:
    """Return a path with the base URL before it. Raises ValueError if no operation is there."""
    path = text.removeprefix(BASE)
    if path != PATH and not path.startswith((f"{PATH}/", f"{PATH}*")):
        raise ValueError(f"must be {BASE}{PATH}, a path below it, or a beginning of such paths that ends in *")
    return BASE + path


def _for_faults(headers: Mapping[str, str]) -> Mapping[str, str]:
    if len(headers) > MAX_HEADERS:
        raise ValueError(f"must be at most {MAX_HEADERS} headers")
    message = f"must not be one of {', '.join(_FRAMING)}"
    refuse(Mistake((name,), "value", message) for name in headers if name.lower() in _FRAMING)
    return headers


KnownWorkspace = Annotated[Text, AfterValidator(_known_workspace)]
_phase, _status = one_of(PHASES), Accepts("a whole number from 400 to 599")
HeaderName = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$"), Accepts("the name of a header of HTTP")
]
HeaderValue = Annotated[
    str, Field(pattern=r"^[\t\x20-\x7e]{1,1000}$"), Accepts("1 to 1000 characters of printable ASCII on one line")
]
Times = Annotated[int, Field(ge=1, le=MAX_TIMES), Accepts(f"a whole number from 1 to {MAX_TIMES}")]
Ttl = Annotated[float, Field(gt=0, le=MAX_TTL), Accepts(f"a number above 0 and at most {MAX_TTL}")]
RetryAfter = Annotated[
    list[Annotated[int, Field(ge=0, le=A_DAY)]],
    Field(min_length=1, max_length=20),
    BeforeValidator(lambda value: value if isinstance(value, list) else [value]),
    Accepts(f"seconds from 0 to {A_DAY}, or a list of 1 to 20 of them"),
]


class Match(Model):
    """Which requests a fault strikes. None matches every value, and a text that ends in `*` matches a beginning."""

    method: Annotated[str, one_of(METHODS)] | None = None
    path: Annotated[Text, AfterValidator(_path)] | None = None
    external_id: Text | None = None
    credential_name: Text | None = None
    workspace: KnownWorkspace | None = None  # id

    @property
    def needs_caller(self) -> bool:
        """Whether the match depends on the credential."""
        return self.credential_name is not None or self.workspace is not None


class FaultOrder(Model):
    """One fault as it is ordered. Without `times` and `ttl` (seconds) it has no end.

    `retry_after` holds the seconds that the first strike announces, then those of the second, and so on. Later strikes
    announce the last value. `phase` is None only for the kind forget, which has one moment. `status` is None where the
    fault has no answer of its own.
    """

    kind: Annotated[str, one_of(KINDS)]
    phase: Annotated[str, _phase] | None = None
    match: Match = Match()
    status: Annotated[int, Field(ge=400, le=599), _status] | None = Field(
        default_factory=lambda given: 500 if _breaks_an_error(given.get("kind"), given.get("phase")) else None
    )
    headers: Annotated[dict[HeaderName, HeaderValue], AfterValidator(_for_faults)] | None = None
    retry_after: RetryAfter | None = None
    delay_ms: Annotated[int, Field(ge=1, le=MAX_DELAY), Accepts(f"a whole number from 1 to {MAX_DELAY}")] | None = (
        Field(default_factory=lambda given: DEFAULT_DELAYS.get(given.get("kind", "")))
    )
    times: Times | None = None
    probability: Annotated[float, Field(gt=0, le=1), Accepts("a number above 0 and at most 1")] = 1.0
    ttl: Ttl | None = None

    @field_validator("kind")
    @classmethod
    def _possible_here(cls, kind: str, info: ValidationInfo) -> str:
        if kind in NEED_CONNECTION and not context_of(info).connected:
            others = ", ".join(name for name in KINDS if name not in NEED_CONNECTION)
            raise ValueError(f"{kind} works only under the server of mock-server; accepted here are {others}")
        return kind

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        refuse(self._misfits(self.model_fields_set))
        return self

    def _misfits(self, given: set[str]) -> Iterator[Mistake]:
        if self.kind == FORGET and "phase" in given:
            yield Mistake(("phase",), "value", "does not apply to the kind forget: leave it out")
        if self.kind != FORGET and self.phase is None:
            yield missing(("phase",), _phase.what)
        if self.kind == STATUS and self.status is None:
            yield missing(("status",), _status.what)
        if self.match.external_id is not None and self.phase == BEFORE_AUTH:
            later = f"{BEFORE_COMMIT} or {AFTER_COMMIT}"
            message = f"is not known in the phase {BEFORE_AUTH}; accepted are {later}"
            yield Mistake(("match", "external_id"), "value", message)
        if self.match.method == GET and self.phase != BEFORE_AUTH:
            message = f"stores nothing, so that only the phase {BEFORE_AUTH} strikes it"
            yield Mistake(("match", "method"), "value", message)
        answers = self.kind == STATUS or _breaks_an_error(self.kind, self.phase)
        for name, applies, kinds in (
            ("status", answers, "kind status"),
            ("headers", self.kind == STATUS, "kind status"),
            ("retry_after", self.kind == STATUS, "kind status"),
            ("delay_ms", self.kind in DEFAULT_DELAYS, "kinds slow and hang"),
        ):
            if name in given and not applies:
                yield Mistake((name,), "value", f"applies to the {kinds} only: leave it out")


def _breaks_an_error(kind: str | None, phase: str | None) -> bool:
    """Tell whether a fault breaks off an answer that is an error, because there is no true answer yet."""
    return kind == TRUNCATE and phase != AFTER_COMMIT
