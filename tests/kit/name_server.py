"""A name server for one test world: as few lines of DNS (RFC 1035) as a resolver accepts."""

from __future__ import annotations

import socket
import struct
import threading
from collections import Counter
from contextlib import suppress
from ipaddress import ip_address

ADDRESS = "9.9.9.9"
A, AAAA, CNAME = 1, 28, 5
NOERROR, SERVFAIL, NXDOMAIN = 0, 2, 3


class NameServer:
    """Answers on UDP port 53 until it is closed.

    `zone` maps a name to its addresses; a list of lists is answered in turn, the last one stays. `slow` names get no
    answer, `broken` ones SERVFAIL, `aliases` a CNAME. `asked` counts the questions, by name and type.
    """

    def __init__(self) -> None:
        self.zone: dict[str, list[str] | list[list[str]]] = {}
        self.slow: set[str] = set()
        self.broken: set[str] = set()
        self.aliases: dict[str, str] = {}
        self.asked: Counter[tuple[str, int]] = Counter()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((ADDRESS, 53))
        self._thread = threading.Thread(target=self._serve, name="name-server")
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                question, client = self._socket.recvfrom(4096)
            except OSError:
                return
            if not question:
                return
            if (reply := self._reply(question)) is not None:
                self._socket.sendto(reply, client)

    def _reply(self, message: bytes) -> bytes | None:
        name, end = _read_name(message)
        (kind,) = struct.unpack_from("!H", message, end)
        turn = self.asked[name, kind]
        self.asked[name, kind] += 1
        if name in self.slow:
            return None
        records, final = b"", name
        if name in self.aliases:
            final = self.aliases[name]
            target = _write_name(final)
            records += _write_name(name) + struct.pack("!HHIH", CNAME, 1, 0, len(target)) + target
        addresses = [ip_address(text) for text in self._addresses(final, turn)]
        wanted = [each.packed for each in addresses if each.version == {A: 4, AAAA: 6}.get(kind)]
        for packed in wanted:
            records += _write_name(final) + struct.pack("!HHIH", kind, 1, 0, len(packed)) + packed
        code = SERVFAIL if name in self.broken else NOERROR if final in self.zone else NXDOMAIN
        count = len(wanted) + (name in self.aliases)
        header = message[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, count, 0, 0)
        return header + message[12 : end + 4] + records

    def _addresses(self, name: str, turn: int) -> list[str]:
        answers = self.zone.get(name, [])
        if answers and isinstance(answers[0], list):
            return list(answers[min(turn, len(answers) - 1)])
        return [str(answer) for answer in answers]


def _read_name(message: bytes) -> tuple[str, int]:
    """Return the name that is asked for and where it ends."""
    labels, place = [], 12
    while length := message[place]:
        labels.append(message[place + 1 : place + 1 + length].decode(errors="replace"))
        place += 1 + length
    return ".".join(labels).lower(), place + 1


def _write_name(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
