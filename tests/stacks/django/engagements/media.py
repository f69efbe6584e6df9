import ipaddress
import socket
from urllib.parse import urlparse

import requests

from .problems import MediaError


def check_media(url):
    parts = urlparse(url)
    if parts.scheme != "https":
        raise MediaError("media_url must use https.")
    try:
        addresses = {info[4][0] for info in socket.getaddrinfo(parts.hostname, parts.port or 443)}
    except (OSError, UnicodeError):
        raise MediaError("media_url cannot be resolved.")
    for address in addresses:
        if ipaddress.ip_address(address).is_private:
            raise MediaError("media_url must not resolve to a private address.")
    try:
        with requests.get(url, stream=True, timeout=10) as response:
            response.raise_for_status()
            content_type = response.headers.get("Content-Type", "")
    except requests.RequestException:
        raise MediaError("media_url cannot be fetched.")
    if content_type.split("/")[0] not in ("audio", "video"):
        raise MediaError("media_url must serve audio/* or video/*.")
