"""Who is behind a proxy.

Owns: which addresses are proxies of ours, and how what they say of a client is read.
Does not know: connections, limits.

Invariant (tests/server/test_proxies.py): only what a proxy of ours added itself is believed; what a
client wrote into the header moves nothing.
"""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

__all__ = ["Network", "Proxies", "network"]

Network = IPv4Network | IPv6Network
CHAIN_MAX = 16
"""Proxies one behind the other; what stands further left is not looked at."""


def network(text: str) -> Network:
    """An address or a network, ``10.0.0.0/8``.

    Raises:
        ValueError: it is neither.
    """
    return ip_network(text, strict=False)


class Proxies:
    """The proxies in front of this node."""

    def __init__(self, networks: Sequence[Network] = ()) -> None:
        self._networks = tuple(networks)

    def has(self, host: str) -> bool:
        """Whether the address is one of them."""
        if not self._networks:
            return False
        try:
            address = ip_address(host.partition("%")[0])
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            return any(address.ipv4_mapped in network for network in self._networks)
        return any(address in network for network in self._networks)

    def client(self, host: str, forwarded: Iterable[str]) -> str:
        """The address of the client that a connection from ``host`` is for.

        Each proxy adds whom it was connected from at the right, so the rightmost that is no proxy
        of ours is the client. ``host`` itself where that says nothing.

        Args:
            host: Who is connected to us.
            forwarded: The values of ``X-Forwarded-For``, in the order sent.
        """
        if not self.has(host):
            return host
        named = [part.strip() for value in forwarded for part in value.split(",")]
        for name in reversed(named[-CHAIN_MAX:]):
            if not _is_address(name):
                return host
            if not self.has(name):
                return name
            host = name
        return host


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
