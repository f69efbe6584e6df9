"""Targets that mean no good: conforming ones until they turn, and what they then do to whoever waits for an answer.

Every answer that they make repeats the credential that came with the request.
"""

from __future__ import annotations

import json
from dataclasses import replace
from threading import Event

from tests.kit.gateways import Answer, Asked, Gateway, Handler, head


class Turning(Gateway):
    """Passes on what comes, and from the request after `after` on has a word of its own in each answer."""

    def __init__(self, base_url: str, after: int) -> None:
        super().__init__(base_url)
        self.after = after

    def answer(self, asked: Asked) -> Answer | None:
        """Return what the target says, or what is made of it."""
        said = super().answer(asked)
        if said is None or len(self.log) <= self.after:
            return said
        echo = ("X-Echo", asked.header("Authorization"))
        return self.turned(asked, replace(said, headers=[*said.headers, echo]))

    def turned(self, asked: Asked, said: Answer) -> Answer | None:  # noqa: ARG002
        """Return what is made of an answer."""
        return said

    def write(self, peer: Handler, answer: Answer) -> None:
        """Send an answer, in a hostile way once it has turned."""
        if len(self.log) <= self.after:
            super().write(peer, answer)
        else:
            self.send(peer, answer)

    def send(self, peer: Handler, answer: Answer) -> None:
        """Send an answer after the turn."""
        super().write(peer, answer)


def drip(peer: Handler, content: bytes) -> None:
    """Send a byte a second, until the client leaves."""
    pause = Event()
    for place in range(len(content)):
        peer.wfile.write(content[place : place + 1])
        pause.wait(1.0)


class SlowHead(Turning):
    """Sends a byte a second from the beginning."""

    def send(self, peer: Handler, answer: Answer) -> None:
        """Drip."""
        drip(peer, head(answer, f"HTTP/1.1 {answer.status} -", len(answer.body)) + answer.body)


class SlowBody(Turning):
    """Sends a byte of the body a second."""

    def send(self, peer: Handler, answer: Answer) -> None:
        """Drip after the head."""
        peer.wfile.write(head(answer, f"HTTP/1.1 {answer.status} -", len(answer.body)))
        drip(peer, answer.body)


class SlowChunk(Turning):
    """Sends one chunk, a byte a second."""

    def send(self, peer: Handler, answer: Answer) -> None:
        """Drip inside of the chunk."""
        chunked = replace(answer, headers=[*answer.headers, ("Transfer-Encoding", "chunked")])
        peer.wfile.write(head(chunked, f"HTTP/1.1 {answer.status} -") + b"%x\r\n" % len(answer.body))
        drip(peer, answer.body)


class Continuing(Turning):
    """Says to go on, for ever."""

    def send(self, peer: Handler, answer: Answer) -> None:  # noqa: ARG002
        """Say it until the client leaves."""
        while True:
            peer.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")


class Later(Turning):
    """Asks to come back in two minutes, whatever comes."""

    status = 429

    def turned(self, asked: Asked, said: Answer) -> Answer:
        """Refuse."""
        document = {"type": "about:blank", "title": asked.header("Authorization"), "status": self.status, "detail": ""}
        headers = [("Content-Type", "application/problem+json"), ("X-Api-Version", "v2"), ("Retry-After", "120")]
        return Answer(self.status, [*headers, ("X-Echo", said.headers[-1][1])], json.dumps(document).encode())


class Unavailable(Later):
    """The same with 503."""

    status = 503


class Unreadable(Later):
    """Says how long to wait in a form that nobody reads."""

    def turned(self, asked: Asked, said: Answer) -> Answer:
        """Refuse, with a superscript."""
        later = super().turned(asked, said)
        kept = [(name, value) for name, value in later.headers if name != "Retry-After"]
        return replace(later, headers=[*kept, ("Retry-After", "²")])


class Hanging(Turning):
    """Never answers what it was sent before."""

    patience = 3.0  # seconds: longer than the client's

    def answer(self, asked: Asked) -> Answer | None:
        """Wait until the client leaves if these bytes were sent before."""
        if len(self.log) > self.after and any(asked.body == earlier.body for earlier in list(self.log)):
            Event().wait(self.patience)
            return None
        return super().answer(asked)


class LineFeeds(Turning):
    """Puts 40,000 line feeds into each error."""

    def turned(self, asked: Asked, said: Answer) -> Answer:
        """Write a trace, or what looks like the beginning of one."""
        if said.status < 400:
            return said
        text = f"{asked.header('Authorization')}\nat " + "\n" * 40_000 + "at"
        return replace(said, headers=[("Content-Type", "text/plain")], body=text.encode())


class Fat(Turning):
    """Answers with nearly 4 MiB, all of it JSON."""

    def turned(self, asked: Asked, said: Answer) -> Answer:
        """Put many small values behind what is said."""
        ballast = b', "ballast": [' + b"[]," * ((4 << 20) // 3 - 1000) + b"0]}"
        echo = json.dumps(asked.header("Authorization")).encode()
        return replace(said, body=said.body.rstrip()[:-1] + b', "echo": ' + echo + ballast)


class LongIds(Turning):
    """Gives everything an id of nearly a mebibyte, so that an answer is large, and not yet huge."""

    def turned(self, asked: Asked, said: Answer) -> Answer:  # noqa: ARG002
        """Continue the ids."""
        document = json.loads(said.body)
        for name in ("id", "request_id"):
            if name in document:
                document[name] += "1" * 1_000_000
        return replace(said, body=json.dumps(document).encode())


class Deep(Turning):
    """Nests its answers a hundred thousand levels."""

    def turned(self, asked: Asked, said: Answer) -> Answer:  # noqa: ARG002
        """Put a list of lists of lists behind what is said."""
        return replace(said, body=said.body.rstrip()[:-1] + b', "deep": ' + b"[" * 100_000 + b"]" * 100_000 + b"}")


class Utf16(Turning):
    """Writes JSON in UTF-16."""

    def turned(self, asked: Asked, said: Answer) -> Answer:  # noqa: ARG002
        """Encode it again."""
        return replace(said, body=said.body.decode().encode("utf-16"))


class Marked(Turning):
    """Begins with a byte order mark."""

    def turned(self, asked: Asked, said: Answer) -> Answer:  # noqa: ARG002
        """Put it in front."""
        return replace(said, body=b"\xef\xbb\xbf" + said.body)


class Twice(Turning):
    """Names a member of each object twice."""

    def turned(self, asked: Asked, said: Answer) -> Answer:  # noqa: ARG002
        """Add a second one."""
        return replace(said, body=said.body.rstrip()[:-1] + b', "title": "another", "title": "again"}')


class Far(Turning):
    """Lives in the year 9999."""

    def turned(self, asked: Asked, said: Answer) -> Answer:  # noqa: ARG002
        """Say so in the header Date and in the body."""
        headers = [(name, value) for name, value in said.headers if name.lower() != "date"]
        body = said.body.replace(b'"created_at": "20', b'"created_at": "99').replace(
            b'"created_at":"20', b'"created_at":"99'
        )
        return replace(said, headers=[*headers, ("Date", "Fri, 31 Dec 9999 23:59:59 GMT")], body=body)


ALL: list[type[Turning]] = [
    *(SlowHead, SlowBody, SlowChunk, Continuing, Later, Unavailable, Unreadable, Hanging),
    *(LineFeeds, Fat, LongIds, Deep, Utf16, Marked, Twice, Far),
]
