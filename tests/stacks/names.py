"""The names of the namespace: each resolves, so that a server under test finds what it would find outside."""

from __future__ import annotations

import re
from ipaddress import ip_address

PUBLIC, PUBLIC_V6 = "93.184.216.34", "2606:2800:220:1::34"
NOBODY = "93.184.216.35"  # a public address where connections end at once
NAMES = {
    "cdn.example.org": ["151.101.1.69"],
    "intranet.example.org": ["10.0.0.5"],
    "intranet6.example.org": ["fd00::5"],
    "localtest.me": ["127.0.0.1", "::1"],
    "lvh.me": ["127.0.0.1"],
    "metadata.google.internal": ["169.254.169.254"],
    "v6.example.org": [PUBLIC_V6],
    "mixed.example.org": [PUBLIC, "10.0.0.5"],
    "mixed6.example.org": [PUBLIC, "fd00::5"],
}
LONGEST = 253
REBINDING = "rebind.example.org"  # NOBODY when it is looked up for the first time, private from then on
EXISTS = re.compile(r"[^.]\.(?!invalid$)[a-z][a-z0-9-]+$")  # a single label, and a number at the end, are no names
ADDRESS_IN_NAME = re.compile(r"(?:^|[.-])(\d{1,3}(?:[.-]\d{1,3}){3}|[0-9a-f]{8})\.(?:nip\.io|sslip\.io)$")


class Zone(dict[str, list[str] | list[list[str]]]):
    """The addresses of a name: those of the table, the one that the name spells, else a public one."""

    def get(self, name: str, _: object = None) -> list[str] | list[list[str]]:
        """Return the addresses; none for a name that does not exist."""
        if name == REBINDING:
            return [[NOBODY], ["10.0.0.5"]]
        if name in NAMES:
            return [*NAMES[name]]
        if len(name) > LONGEST or not EXISTS.search(name):
            return []
        if name.endswith((".localtest.me", ".lvh.me", ".localhost")):
            return ["127.0.0.1"]
        if name.endswith((".internal", ".local")):
            return ["10.0.0.5"]
        return [*spelled(name)] or [PUBLIC]

    def __contains__(self, name: object) -> bool:
        return bool(self.get(str(name)))


def spelled(name: str) -> list[str]:
    """Return the address that a name of nip.io or sslip.io spells."""
    found = ADDRESS_IN_NAME.search(name)
    if found is None:
        return []
    text = found[1].replace("-", ".")
    try:
        return [str(ip_address(text if "." in text else int(text, 16)))]
    except ValueError:
        return []
