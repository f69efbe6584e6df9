"""A watch on the wire: every TCP SYN that is sent on `lo`, whoever sends it and whether or not anybody answers."""

from __future__ import annotations

import socket
import struct
import threading
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

ETH_P_ALL = 0x0003
ETH_P_IP, ETH_P_IPV6 = 0x0800, 0x86DD
SYN, ACK = 0x02, 0x10
TCP = 6


@dataclass(frozen=True, slots=True)
class Syn:
    """Where a connection was begun to."""

    address: IPv4Address | IPv6Address
    port: int


class SynWatch:
    """Collects the SYNs from the start until it is closed. Needs CAP_NET_RAW."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
        self._socket.bind(("lo", ETH_P_ALL))
        self._socket.settimeout(0.2)
        self._seen: list[Syn] = []
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="syn-watch")
        self._thread.start()

    def seen(self) -> list[Syn]:
        """Return all SYNs so far."""
        return list(self._seen)

    def close(self) -> None:
        """Stop watching."""
        self._closed.set()
        self._thread.join()
        self._socket.close()

    def _watch(self) -> None:
        while not self._closed.is_set():
            try:
                packet, (_, protocol, direction, *_) = self._socket.recvfrom(65536)
            except TimeoutError:
                continue
            if direction == socket.PACKET_OUTGOING and (syn := parse(packet, protocol)) is not None:
                self._seen.append(syn)


def parse(packet: bytes, protocol: int) -> Syn | None:
    """Return where a packet begins a connection to, if it does."""
    if protocol == ETH_P_IP and packet[9] == TCP:
        address: IPv4Address | IPv6Address = IPv4Address(packet[16:20])
        segment = packet[(packet[0] & 0x0F) * 4 :]
    elif protocol == ETH_P_IPV6 and packet[6] == TCP:
        address, segment = IPv6Address(packet[24:40]), packet[40:]
    else:
        return None
    flags = segment[13]
    return Syn(address, struct.unpack_from("!H", segment, 2)[0]) if flags & SYN and not flags & ACK else None
