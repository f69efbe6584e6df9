"""An HTTPS origin on loopback that behaves as it is told: well, badly, slowly or without end.

It has a true certificate for every name that is asked for, save those of example.org. `serve` maps a path to what is
answered there, in the words of tests/data/media-cases.json; a path that is not in it serves a recording of 3 seconds.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from functools import cache
from typing import Any

import trustme

from tests.kit import recordings

SECONDS = 3.0
DRIP = 0.2  # seconds between two bytes of a slow answer
PUBLIC_IPS = ("93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946")


class Certificates:
    """A CA, and a certificate of it for each name."""

    def __init__(self) -> None:
        self.ca = trustme.CA()
        self._stranger = trustme.CA()
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._lock = threading.Lock()
        self.default = self._context(self.ca.issue_cert(*PUBLIC_IPS))
        self.default.sni_callback = self._choose

    def trust(self) -> ssl.SSLContext:
        """Return the context of a client that knows the CA."""
        context = ssl.create_default_context()
        self.ca.configure_trust(context)
        return context

    def at(self, address: str) -> ssl.SSLContext:
        """Return the context of a server at this IP address: for clients that name no host, and for those that do."""
        with self._lock:
            if address not in self._contexts:
                self._contexts[address] = self._context(self.ca.issue_cert(address))
                self._contexts[address].sni_callback = self._choose
            return self._contexts[address]

    def _choose(self, connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        if name is not None:
            # There is no certificate for some odd names: the client gets that of the addresses, and refuses it.
            with self._lock, suppress(ValueError):
                if name not in self._contexts:
                    self._contexts[name] = self._context(self._certificate(name))
                connection.context = self._contexts[name]

    def _certificate(self, name: str) -> trustme.LeafCert:
        if name.startswith("wrong."):
            return self.ca.issue_cert("other.example.org")
        return (self._stranger if name.startswith("untrusted.") else self.ca).issue_cert(name)

    @staticmethod
    def _context(certificate: trustme.LeafCert) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        return context


class Origin:
    """Listens from the start until it is closed. `address` is where; `requests` what was asked of it, head by head."""

    def __init__(self, certificates: Certificates, address: tuple[str, int] = ("127.0.0.1", 0)) -> None:
        self._certificates = certificates
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._listener = socket.create_server(address, family=family, backlog=128)
        self.address: tuple[str, int] = self._listener.getsockname()[:2]
        self.serve: dict[str, Mapping[str, Any]] = {}
        self.requests: list[str] = []
        self._threads: list[threading.Thread] = []
        self._open: set[socket.socket] = set()
        self._closed = threading.Event()
        self._start(self._accept)

    def close(self) -> None:
        """Stop, and wait for what is under way."""
        self._closed.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            with suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _start(self, work: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=work, args=arguments, name="origin")
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.add(connection)
            self._start(self._talk, connection)

    def _talk(self, connection: socket.socket) -> None:
        with closing(connection), suppress(OSError):
            connection.settimeout(30)
            with self._certificates.default.wrap_socket(connection, server_side=True) as tls:
                self._open.add(tls)
                head = b""
                while not head.endswith(b"\r\n\r\n") and (piece := tls.recv(65536)):
                    head += piece
                if not head.endswith(b"\r\n\r\n"):
                    return  # the client left
                self.requests.append(head.decode("latin-1"))
                path = head.split(b" ")[1].decode().split("?")[0]
                serve = self.serve.get(path, {})
                if serve.get("behaviour") == "silent":
                    tls.recv(1)  # until the client has had enough
                    return
                for piece in answer(serve, self._pause):
                    tls.sendall(piece)

    def _pause(self) -> None:
        if self._closed.wait(DRIP):
            raise OSError("the origin closes")


def answer(serve: Mapping[str, Any], pause: Callable[[], None]) -> Iterator[bytes]:
    """Yield the bytes of a response: `raw` ones, those of a behaviour, or those of a status with headers and a body."""
    if "raw" in serve:
        yield serve["raw"]
        return
    behaviour = serve.get("behaviour")
    if behaviour is not None:
        yield from BEHAVIOURS[behaviour](pause)
        return
    content = body(serve.get("body", "mp3"))
    headers = serve.get("headers", {"Content-Type": "audio/mpeg"})
    fields = [*headers.items(), *serve.get("raw_headers", ())]
    if serve.get("status") not in {204, 304}:
        fields.append(("Content-Length", str(len(content))))
    yield head(serve.get("status", 200), *fields)
    if serve.get("status") not in {204, 304}:
        yield content


def head(status: int, *fields: tuple[str, str]) -> bytes:
    """Return the head of a response."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
    return f"HTTP/1.1 {status} Whatever\r\n{lines}\r\n".encode()


MP3 = ("Content-Type", "audio/mpeg")


def _drip_head(pause: Callable[[], None]) -> Iterator[bytes]:
    for byte in head(200, MP3, ("X-Long", "x" * 10_000)):
        yield bytes([byte])
        pause()


def _drip_body(pause: Callable[[], None]) -> Iterator[bytes]:
    yield head(200, MP3, ("Content-Length", str(len(body("mp3")))))
    for byte in body("mp3"):
        yield bytes([byte])
        pause()


def _endless(_: Callable[[], None]) -> Iterator[bytes]:
    yield head(200, MP3, ("Transfer-Encoding", "chunked"))
    while True:
        yield b"10000\r\n" + bytes(0x10000) + b"\r\n"


def _cl_huge(_: Callable[[], None]) -> Iterator[bytes]:
    yield head(200, MP3, ("Content-Length", str(10**12)))
    yield bytes(1000)


def _cl_short(_: Callable[[], None]) -> Iterator[bytes]:
    yield head(200, MP3, ("Content-Length", str(len(body("mp3")))))
    yield body("mp3")[:-100]


def _hdr_flood(_: Callable[[], None]) -> Iterator[bytes]:
    yield head(200, MP3, *((f"X-{number}", "x") for number in range(20_000)))


def _cut(_: Callable[[], None]) -> Iterator[bytes]:
    yield head(200, MP3, ("Connection", "close"))
    yield body("mp3")


def _hints(_: Callable[[], None]) -> Iterator[bytes]:
    yield head(103, ("Link", "</a>"))
    yield from answer({}, lambda: None)


def _chunked(_: Callable[[], None]) -> Iterator[bytes]:
    yield head(200, MP3, ("Transfer-Encoding", "chunked"))
    for byte in body("mp3")[:-1]:
        yield b"1\r\n" + bytes([byte]) + b"\r\n"
    yield b"1\r\n" + body("mp3")[-1:] + b"\r\n0\r\n\r\n"


def _chunk_short(_: Callable[[], None]) -> Iterator[bytes]:
    yield head(200, MP3, ("Transfer-Encoding", "chunked"))
    yield b"10000\r\n" + body("mp3")


BEHAVIOURS: dict[str, Callable[[Callable[[], None]], Iterator[bytes]]] = {
    "drip_head": _drip_head,
    "drip_body": _drip_body,
    "endless": _endless,
    "cl_huge": _cl_huge,
    "cl_short": _cl_short,
    "hdr_flood": _hdr_flood,
    "cut": _cut,
    "hints": _hints,
    "chunked": _chunked,
    "chunk_short": _chunk_short,
}


@cache
def body(name: str) -> bytes:
    """Return a body by its name."""
    return BODIES[name]()


BODIES: dict[str, Callable[[], bytes]] = {
    "mp3": lambda: recordings.sample("mp3-cbr", SECONDS),
    "wav": lambda: recordings.sample("wav-pcm", SECONDS),
    "wav_pipe": lambda: recordings.sample("wav-pipe", SECONDS),
    "m4a_moov_end": lambda: recordings.sample("m4a", SECONDS),
    "webm_live": lambda: recordings.sample("webm-pipe", SECONDS),
    "adts": lambda: recordings.sample("aac", SECONDS),
    "xing_lie": lambda: _xing_lie(recordings.sample("mp3-cbr", SECONDS)),
    "hls": lambda: b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://169.254.169.254/a.ts\n#EXT-X-ENDLIST\n",
    "hls_file": lambda: b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
    "sdp": lambda: (
        b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 5004 RTP/AVP 0\r\n"
    ),
    "srt": lambda: b"1\n00:00:01,000 --> 99:00:00,000\nHello\n",
    "png": lambda: b"\x89PNG\r\n\x1a\n" + bytes(100),
    "ftyp_only": lambda: recordings.sample("m4a", SECONDS)[:28],
    "html": lambda: b"<html>secret of the upstream</html>",
    "megabyte": lambda: recordings.sample("wav-pcm", 31.25),
}


def _xing_lie(mp3: bytes) -> bytes:
    place = (mp3.find(b"Info") if b"Info" in mp3 else mp3.index(b"Xing")) + 8
    return mp3[:place] + b"\xff\xff\xff\xff" + mp3[place + 4 :]
