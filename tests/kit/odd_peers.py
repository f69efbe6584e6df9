"""Peers on a bare socket that answer in ways that no server library would."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

DEADLINE = 30.0
Talk = Callable[[socket.socket, bytes], None]  # answers one request, of which the bytes that came first are given
BODY = b'{"object": "engagement", "id": "ngmt_1"}'
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY


@contextmanager
def talking(talk: Talk, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """Serve each connection in a thread of its own, and yield the host and port."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        server.settimeout(0.05)

        def serve(peer: socket.socket) -> None:
            with suppress(OSError, ssl.SSLError):
                peer.settimeout(DEADLINE)
                with context.wrap_socket(peer, server_side=True) if context else peer as wrapped:
                    while begun := wrapped.recv(1 << 16):
                        while not _is_whole(begun):
                            begun += wrapped.recv(1 << 16)
                        talk(wrapped, begun)

        def accept() -> None:
            while not ended.is_set():
                with suppress(TimeoutError):
                    threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}"
        finally:
            ended.set()
            thread.join()


def _is_whole(read: bytes) -> bool:
    """Tell whether a request is there with its body; of a chunked one the head is enough. TLS is answered at once."""
    if read.startswith(b"\x16\x03"):
        return True
    head, end, body = read.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    return bool(end) and (length is None or len(body) >= int(length[1]))


def saying(answer: bytes) -> Talk:
    """Answer each request with these bytes."""
    return lambda peer, _: peer.sendall(answer)


def dripping(begin: bytes, drop: bytes) -> Talk:
    """Begin an answer at once, and go on with a drop twenty times a second, without end."""

    def talk(peer: socket.socket, _: bytes) -> None:
        peer.sendall(begin)
        pause = threading.Event()
        while True:
            pause.wait(0.05)
            peer.sendall(drop)

    return talk


def relaying(seen: list[bytes], authorization: bytes) -> Talk:
    """Be a proxy that wants credentials, for CONNECT and for whole URLs."""

    def talk(client: socket.socket, head: bytes) -> None:
        seen.append(head)
        if b"proxy-authorization: " + authorization.lower() not in head.lower():
            client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        method, target = head.split(b" ")[:2]
        host = target if method == b"CONNECT" else target.split(b"/")[2]
        with socket.create_connection((host.split(b":")[0].decode(), int(host.split(b":")[1])), DEADLINE) as server:
            if method == b"CONNECT":
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            else:
                server.sendall(head.replace(b"http://" + host, b"", 1))
            other = threading.Thread(target=_pump, args=(client, server))
            other.start()
            _pump(server, client)
            other.join()

    return talk


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(1 << 16):
            sink.sendall(piece)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
