"""How often one address may connect.

Owns:
    A token bucket for each address, and what counts as one address.

Does not know:
    Sockets, heads, clocks (the instant is an argument), people.

Invariants:
    The table never holds more than `addresses_max` buckets, so the limiter is no way to fill the
    memory. A refused connection costs no token.
"""

from collections import OrderedDict
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

__all__ = ["LOOPBACK", "Admission", "Network"]

Network = IPv4Network | IPv6Network

LOOPBACK: Final[tuple[Network, ...]] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


class Admission:
    """One token bucket for each address, in a table that cannot grow without bound.

    An IPv6 customer holds a /64, so that is what counts as one address there.

    Args:
        rate: New connections a second.
        burst: How many may come at once.
        addresses_max: The longest unseen address is forgotten beyond this.
        exempt: Networks that are never refused, such as the proxies in front.
    """

    def __init__(
        self,
        *,
        rate: float = 50.0,
        burst: float = 300.0,
        addresses_max: int = 100_000,
        exempt: Sequence[Network] = LOOPBACK,
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._addresses_max = addresses_max
        self._exempt = tuple(exempt)
        self._left_by_scope: OrderedDict[IPv4Address | int, tuple[float, float]] = OrderedDict()

    def wait_s(self, host: str, now: float) -> float:
        """Charge one connection from `host`: 0 lets it in, else the seconds until one fits."""
        address = ip_address(host.partition("%")[0])
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        if any(address in network for network in self._exempt):
            return 0.0
        scope = int(address) >> 64 if isinstance(address, IPv6Address) else address
        left, at = self._left_by_scope.pop(scope, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._rate)
        wait_s = 0.0 if left >= 1.0 else (1.0 - left) / self._rate
        self._left_by_scope[scope] = (left if wait_s else left - 1.0, now)
        if len(self._left_by_scope) > self._addresses_max:
            self._left_by_scope.popitem(last=False)
        return wait_s
