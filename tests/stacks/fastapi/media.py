import ipaddress
import socket
from urllib.parse import urlsplit

import httpx


class MediaError(Exception):
    pass


def check_host(host: str, port: int) -> None:
    try:
        infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        raise MediaError("media_url could not be resolved")
    for info in infos:
        address = ipaddress.ip_address(info[4][0])
        if address.is_private or address.is_loopback or address.is_link_local:
            raise MediaError("media_url must not point to a private or internal address")


def check_media(url: str) -> None:
    """Fetch the recording and make sure that it is audio or video."""
    parts = urlsplit(url)
    check_host(parts.hostname, parts.port or 443)
    try:
        with httpx.Client(follow_redirects=True, timeout=30) as client:
            with client.stream("GET", url) as response:
                if response.status_code != 200:
                    raise MediaError(f"media_url answered with status {response.status_code}")
                content_type = response.headers.get("content-type", "")
                if not content_type.startswith(("audio/", "video/")):
                    raise MediaError("media_url must serve an audio/* or video/* content type")
                for _ in response.iter_bytes():
                    pass
    except httpx.HTTPError:
        raise MediaError("media_url could not be fetched")
