"""Single requests and bursts are sent in one way, read in one way, and end."""

from __future__ import annotations

import base64
import gzip
import socket
import ssl
import zlib
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from contract.exchange import Body, Request, Response
from contract.target.config import Config
from contract.target.transport import HttpTransport, NoAnswer
from contract.target.values import ConfigError
from tests.kit.odd_peers import BODY, PLAIN, Talk, dripping, relaying, saying, talking

PATIENT, HURRIED = 30.0, 0.5  # seconds until a time-out: one that must not come, and one that must


def transport(address: str, scheme: str = "http", timeout: float = PATIENT, **options: Any) -> HttpTransport:
    """Return a transport to this host and port."""
    return HttpTransport(Config(f"{scheme}://{address}/api", {}, (), timeout=timeout, **options))


def ways(sends: HttpTransport, body: bytes = b"{}") -> list[Response]:
    """Return the answers to a request alone and to two at once."""
    with sends:
        return [sends.send(Request(Body(body), ())), *sends.race([Request(Body(body), ())] * 2)]


def silent(sends: HttpTransport, reason: str, body: bytes = b"{}") -> None:
    """Assert that neither a request alone nor two at once get an answer, and why."""
    request = Request(Body(body), ())
    with sends:
        with pytest.raises(NoAnswer, match=reason):
            sends.send(request)
        with pytest.raises(NoAnswer, match=reason):
            sends.race([request, request])


def answered(answer: bytes | Talk, **options: Any) -> list[Response]:
    """Return the answers of a peer that says this."""
    with talking(saying(answer) if isinstance(answer, bytes) else answer) as address:
        return ways(transport(address, **options))


def test_both_ways_send_the_same_headers() -> None:
    """A gateway that wants a User-Agent, or a header of the configuration, gets it with every request."""
    seen: list[list[bytes]] = []

    def talk(peer: socket.socket, head: bytes) -> None:
        seen.append(sorted(head.partition(b"\r\n\r\n")[0].split(b"\r\n")))
        peer.sendall(PLAIN)

    answered(talk, headers={"X-Gateway": "g", "accept": "application/json"})
    assert seen[0] == seen[1] == seen[2]
    names = [line.partition(b":")[0].lower() for line in seen[0]]
    assert {b"user-agent", b"accept-encoding", b"x-gateway", b"host", b"content-length"} <= set(names)
    assert names.count(b"accept") == 1


@pytest.mark.parametrize(
    ("coding", "content"),
    [
        ("gzip", gzip.compress(BODY, mtime=0)),
        ("GZIP", gzip.compress(BODY, mtime=0)),
        ("deflate", zlib.compress(BODY)),
        ("deflate", zlib.compress(BODY)[2:-4]),
        ("gzip", BODY),
    ],
    ids=range(5),
)
def test_both_ways_undo_a_compression(coding: str, content: bytes) -> None:
    """A gateway may compress unasked, or say so without doing it."""
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (coding.encode(), len(content))
    assert {answer.content for answer in answered(head + content)} == {BODY}


@pytest.mark.parametrize(
    "before",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 2,
        b"HTTP/1.1 102 Processing\r\n\r\n" * 50,
    ],
    ids=["100", "103", "102"],
)
def test_both_ways_skip_what_comes_before_an_answer(before: bytes) -> None:
    """1xx is no answer; the one after it is."""
    assert [answer.status for answer in answered(before + PLAIN)] == [200] * 3


def test_both_ways_understand_http_1_0() -> None:
    """An answer without a length ends with the connection."""

    def talk(peer: socket.socket, _: bytes) -> None:
        peer.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + BODY)
        peer.shutdown(socket.SHUT_RDWR)

    assert {answer.content for answer in answered(talk)} == {BODY}


@pytest.mark.parametrize(
    "talk",
    [
        dripping(b"", b"H"),
        dripping(b"HTTP/1.1 200 OK\r\nX: ", b"x"),
        dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"x"),
        dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n", b"x"),
        dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        dripping(b"HTTP/1.0 200 OK\r\n\r\n", b"x"),
    ],
    ids=["first line", "header", "body", "chunk", "chunks", "100 Continue", "until the end"],
)
def test_every_answer_ends(talk: Talk) -> None:
    """However slowly it drips, an answer that is not whole within the time-out is none."""
    with talking(talk) as address:
        silent(transport(address, timeout=HURRIED), "no answer in time")


def test_a_peer_that_reads_nothing_does_not_hold_the_run() -> None:
    """Sending has the same deadline."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        silent(transport(address, timeout=HURRIED), "no answer in time", b"x" * (16 << 20))


def test_both_ways_go_through_a_proxy_with_credentials(tmp_path: Path) -> None:
    """With credentials in http.proxy; without them the sentence says where to look, and shows none."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    seen: list[bytes] = []
    proxied = relaying(seen, b"Basic " + base64.b64encode("us%er:p@ssé".encode()))
    with talking(saying(PLAIN)) as plain, talking(saying(PLAIN), context) as secure, talking(proxied) as proxy:
        for address, scheme in ((plain, "http"), (secure, "https")):
            trust = {"ca_file": tmp_path / "ca.pem"}
            through = transport(address, scheme, proxy=f"http://us%25er:p%40ss%C3%A9@{proxy}", **trust)
            assert [answer.status for answer in ways(through)] == [200] * 3
        silent(transport(secure, "https", proxy=f"http://{proxy}", **trust), "check http.proxy")
    assert len(seen) >= 5


def test_both_ways_show_a_client_certificate(tmp_path: Path) -> None:
    """With http.client_cert and http.client_key the target takes them; without, the sentence names the setting."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    own = authority.issue_cert("client@example.com")
    own.private_key_pem.write_to_path(tmp_path / "key.pem")
    own.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    trust = {"ca_file": tmp_path / "ca.pem"}
    with talking(saying(PLAIN), context) as address:
        known = transport(address, "https", client_cert=tmp_path / "cert.pem", client_key=tmp_path / "key.pem", **trust)
        assert [answer.status for answer in ways(known)] == [200] * 3
        silent(transport(address, "https", **trust), "http.client_cert")


def test_a_file_that_is_no_certificate_is_told(tmp_path: Path) -> None:
    """The sentence names the setting, also for a key that is encrypted, of which nobody is asked for the password."""
    authority = trustme.CA()
    own = authority.issue_cert("client@example.com")
    own.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    key = load_pem_private_key(own.private_key_pem.bytes(), None)
    encrypted = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    (tmp_path / "key.pem").write_bytes(encrypted)
    (tmp_path / "none.pem").write_text("none", encoding="utf-8")
    pair = {"client_cert": tmp_path / "cert.pem", "client_key": tmp_path / "key.pem"}
    for name, files in {"ca_file": {"ca_file": tmp_path / "none.pem"}, "client_cert": pair}.items():
        with pytest.raises(ConfigError, match=f"^http.{name}: "):
            transport("127.0.0.1:9", "https", **files)


def test_the_wrong_scheme_is_told() -> None:
    """HTTP on an https port, and the other way round, is one sentence with the fix."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with talking(saying(PLAIN), context) as address:
        silent(transport(address), "begin base_url with https://")
    with talking(saying(PLAIN)) as address, pytest.raises(NoAnswer, match="begin base_url with http://"):
        transport(address, "https", timeout=HURRIED).send(Request(Body(b""), ()))


def test_a_chunked_body_comes_as_chunks() -> None:
    """Its length is not said, and the bytes are the same."""
    seen: list[bytes] = []

    def talk(peer: socket.socket, read: bytes) -> None:
        while not read.endswith(b"0\r\n\r\n"):
            read += peer.recv(1 << 16)
        seen.append(read)
        peer.sendall(PLAIN)

    with talking(talk) as address, transport(address) as sends:
        sends.send(Request(Body(b"ab"), (), chunked=True))
    assert b"content-length" not in seen[0].lower()
    assert seen[0].endswith(b"\r\n\r\n2\r\nab\r\n0\r\n\r\n")
