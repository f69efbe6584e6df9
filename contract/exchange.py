"""One request and its answer, and how both are shown to people: short, and without credentials."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from contract.parsing import parse
from contract.spec.statuses import FROM_PROXIES, INCONCLUSIVE, OF_GATEWAYS, UNAVAILABLE

PATH = "/v2/engagements"
LONG = 200  # characters of a text that are shown as they are
SHOWN = 4000  # characters of a request or a response that a report shows
LARGE = 1 << 14  # bytes of an answer of which a run keeps nothing parsed
LONGEST_ID = 1000  # characters; a run keeps all ids
SHORTEST_SECRET = 8  # characters; shorter ones turn up in texts by chance


class Text(str):  # noqa: SLOT000  a str cannot have slots that are not empty
    """A text made of repeated pieces, which remembers how: a megabyte that is shown in one line."""

    parts: tuple[tuple[str, int], ...]

    def __new__(cls, *parts: tuple[str, int]) -> Self:
        """Return the pieces, each as often as its number says, one after the other."""
        made = super().__new__(cls, "".join(piece * count for piece, count in parts))
        made.parts = parts
        return made

    def __repr__(self) -> str:
        return " + ".join(f"{piece!r} * {count}" for piece, count in self.parts)


@dataclass(frozen=True)
class Body:
    r"""A body as sent. `document` is what it says, if it is JSON; `escaped` writes every character as \\uXXXX."""

    content: bytes
    document: Any = None
    escaped: bool = False

    @classmethod
    def of(cls, document: Any, *, escaped: bool = False) -> Body:
        """Return the body that says `document`."""
        if not escaped:
            return cls(json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass"), document)
        return cls(escape(document).encode(), document, escaped=True)


@dataclass(frozen=True)
class Request:
    """A request, ready to be sent. `headers` are all but Host and Content-Length. `key` is the external_id, if any.

    `expect` is what a conforming target answers; only a rehearsal reads it. `authorization` is how a report writes
    the Authorization header, in the shell's notation, when it holds anything but a configured credential.
    """

    body: Body
    headers: tuple[tuple[str, str], ...] = field(repr=False)  # the credential is among them
    credential: str | None = None
    key: str | None = None
    method: str = "POST"
    path: str = PATH
    chunked: bool = False
    expect: str = "created"
    authorization: str | None = None

    @property
    def sender_and_key(self) -> tuple[str | None, str | None]:
        """Under what it is stored, as far as is known: two workspaces may use one key."""
        return self.credential, self.key

    @property
    def submits(self) -> bool:
        """Whether it may create an engagement."""
        return self.method != "GET"

    @property
    def reads(self) -> str | None:
        """The id of the engagement that it reads."""
        if self.submits or not self.path.startswith(f"{PATH}/"):
            return None
        return self.path.removeprefix(f"{PATH}/").partition("?")[0]

    @property
    def served(self) -> bool:
        """Whether it is for an operation of the contract that the target offers."""
        reads = not self.submits and self.path.startswith(PATH) and self.expect != "observed"
        return reads or (self.method, self.path.partition("?")[0]) == ("POST", PATH)


@dataclass(frozen=True)
class Response:
    """An answer. Header names are lower case; `seconds` is from the first byte sent to the last received."""

    status: int
    headers: dict[str, str]
    content: bytes
    seconds: float = 0.0

    @property
    def json(self) -> Any:
        """The body as JSON, or None if it is not."""
        return parse(self.content)[0]

    @property
    def malformed(self) -> str | None:
        """Why the body is no JSON, or None if it is."""
        return parse(self.content)[1]

    @property
    def media_type(self) -> str:
        """The content type without parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def ok(self) -> bool:
        """Whether it is a success."""
        return 200 <= self.status < 300

    @property
    def unavailable(self) -> bool:
        """Whether something in front of the target did not reach it, by its status."""
        return self.status in UNAVAILABLE and not self._is_failure_of_the_target

    @property
    def from_proxy(self) -> bool:
        """Whether something in front of the target has answered, by its status."""
        return self.status in FROM_PROXIES and not self._is_failure_of_the_target

    @property
    def inconclusive(self) -> bool:
        """Whether it decides nothing: it is not from the target, or the target is busy."""
        return self.status in INCONCLUSIVE and not self._is_failure_of_the_target

    @property
    def _is_failure_of_the_target(self) -> bool:
        return self.status in OF_GATEWAYS and self.is_problem_of_the_target

    @property
    def is_problem_of_the_target(self) -> bool:
        """Whether it is an error of the target itself: it has a request_id and X-Api-Version, a gateway's has not."""
        return "x-api-version" in self.headers and isinstance(self.json, dict) and "request_id" in self.json

    @property
    def engagement(self) -> dict[str, Any]:
        """The engagement of a success; empty if the body is no object."""
        return self.json if self.ok and isinstance(self.json, dict) else {}

    @property
    def id(self) -> str | None:
        """The id of the engagement of a success; what is too long to be one is none."""
        return identifier(self.engagement.get("id"))


@dataclass(frozen=True)
class Exchange:
    """A request and the answer to it. `started` is when it was sent, in seconds since 1970.

    `redactor` takes the secrets of the configuration out of a text. `options` are those by which curl gets there.
    `burst` is the number of the burst that it was sent in; 0 if it was sent alone.
    """

    request: Request
    response: Response
    base_url: str
    started: float = 0.0
    redactor: Callable[[str], str] = field(default=str, repr=False)
    options: tuple[str, ...] = ()
    burst: int = 0

    @property
    def document(self) -> dict[str, Any]:
        """What the submission said; empty if it was no JSON object."""
        return self.request.body.document if isinstance(self.request.body.document, dict) else {}

    @property
    def request_id(self) -> str | None:
        """The request id of a problem; what is too long to be one is none."""
        return identifier(self.response.json.get("request_id") if isinstance(self.response.json, dict) else None)

    def redact(self, text: str) -> str:
        """Replace every secret of the configuration by the variable that holds it, and what was made of one."""
        text = self.redactor(text)
        sent = next((value for name, value in self.request.headers if name == "Authorization"), "").rpartition(" ")[2]
        if self.request.authorization is not None and len(sent) >= SHORTEST_SECRET:
            text = text.replace(sent, "********")
        return text

    def shown(self, value: Any) -> str:
        """Return a value of this exchange as JSON for people, without secrets, and short."""
        return shown(value, self.redact)

    def shown_request(self) -> str:
        """Return the request as a text for a report."""
        head = [f"{self.request.method} {self.base_url}{self.request.path}"]
        head += [f"{name}: {value}" for name, value in self.shown_headers()]
        document = self.request.body.document
        body = self.request.body.content.decode("utf-8", "replace") if document is None else self.shown(document)
        return _cut(self.redact("\n".join((*head, "", body))))

    def shown_response(self) -> str:
        """Return the response as a text for a report; status 0 stands for none, with the reason as its content."""
        if not self.response.status:
            return f"no response: {self.redact(self.response.content.decode('utf-8', 'replace'))}"
        head = [f"HTTP {self.response.status}", *(f"{name}: {value}" for name, value in self.response.headers.items())]
        return _cut(self.redact("\n".join((*head, "", self.response.content.decode("utf-8", "replace")))))

    def shown_headers(self) -> list[tuple[str, str]]:
        """Return the headers with every credential replaced by the shell's notation for it."""
        headers = []
        for name, value in self.request.headers:
            special = self.request.authorization if name == "Authorization" else None
            headers.append((name, self.redact(value) if special is None else special))
        if self.request.chunked:
            headers.append(("Transfer-Encoding", "chunked"))
        return headers


def identifier(found: Any) -> str | None:
    """Return `found` if it may be an id or a name: a text that is not too long. Else return None."""
    return found if isinstance(found, str) and len(found) <= LONGEST_ID else None


def escape(document: dict[str, Any], *, names: bool = False) -> str:
    r"""Return JSON of a flat object in which every character of every text is written as \\uXXXX.

    With `names` those of the members are, too.
    """

    def units(text: str) -> str:
        return "".join(f"\\u{unit:04x}" for unit in memoryview(text.encode("utf-16-le", "surrogatepass")).cast("H"))

    def value(item: Any) -> str:
        if isinstance(item, Text):
            return '"' + "".join(units(piece) * count for piece, count in item.parts) + '"'
        return f'"{units(item)}"' if isinstance(item, str) else json.dumps(item)

    name_of = value if names else json.dumps
    return "{" + ", ".join(f"{name_of(name)}: {value(item)}" for name, item in document.items()) + "}"


def shown(value: Any, redact: Callable[[str], str] = str) -> str:
    """Return a value as JSON for people; long texts by how they are made, or by their beginning and length.

    `redact` takes the secrets out of a text, before that is cut. Marks are escapes: with one, two characters look like
    a single one.
    """
    text = json.dumps(_short(value, redact), ensure_ascii=False, default=repr)
    return text if text.isascii() else "".join(map(_to_be_seen, text))


def _to_be_seen(char: str) -> str:
    return json.dumps(char)[1:-1] if unicodedata.category(char) == "Mn" else char


def _short(value: Any, redact: Callable[[str], str]) -> Any:
    match value:
        case Text(parts=parts) if len(value) > LONG:
            names = ("repeat", "then", "and_then", "and_last")
            return {name: [piece, count] for name, (piece, count) in zip(names, parts, strict=False)}
        case str() if len(value) > LONG:
            return {"begins": redact(value)[:60], "characters": len(value)}
        case str():
            return redact(value)
        case dict():
            return {redact(name): _short(item, redact) for name, item in value.items()}
        case list():
            return [_short(item, redact) for item in value[:20]]
    return value


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else text[:SHOWN] + f"\n… {len(text) - SHOWN} characters more"
