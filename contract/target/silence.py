"""Why there is no answer: in a few words, without the parts of a URL or a header."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from urllib.parse import SplitResult

import httpcore

PROBE_SECONDS = 3.0


class NoAnswer(Exception):  # noqa: N818  a fact about the target, not a mistake
    """The connection was refused, dropped, or silent for too long. `followed` if another request was the reason."""

    def __init__(self, reason: str, *, followed: bool = False) -> None:
        super().__init__(reason)
        self.followed = followed


def why(error: Exception, url: SplitResult) -> str:
    """Say why an exchange with this URL failed."""
    causes = list(_causes(error))
    for cause in causes:
        match cause:
            case socket.gaierror():
                return "the name does not resolve"
            case ConnectionRefusedError():
                return "nothing listens there"
            case ssl.SSLError():
                return _tls(cause)
    match error:
        case httpcore.ProxyError():
            return "the proxy does not let the request through: check http.proxy and its credentials"
        case httpcore.TimeoutException():
            return "no answer in time"
    return _broken(error, url) or f"the connection broke ({type(causes[-1]).__name__})"


def _broken(error: Exception, url: SplitResult) -> str | None:
    """Say what speaks on the other side, if that is the reason."""
    if url.scheme == "http" and _speaks_tls(url):
        return "that port speaks TLS: begin base_url with https://"
    if isinstance(error, httpcore.RemoteProtocolError) and "disconnected" not in str(error):
        return "what came back is not HTTP"
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _tls(error: ssl.SSLError) -> str:
    if error.reason in {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"}:
        return "that port does not speak TLS: begin base_url with http://"
    if "CERTIFICATE_REQUIRED" in str(error) or "HANDSHAKE_FAILURE" in str(error):
        return "TLS failed: does the target want a client certificate? (http.client_cert)"
    return "TLS failed: is the certificate valid for this name? (http.ca_file adds an authority)"


def _speaks_tls(url: SplitResult) -> bool:
    """Tell whether a port that does not answer HTTP answers the first words of TLS. Nothing else is sent."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            socket.create_connection((url.hostname or "", url.port or 80), PROBE_SECONDS) as peer,
            context.wrap_socket(peer, server_hostname=url.hostname),
        ):
            return True
    except (OSError, ValueError):
        return False
