"""The tenant that nobody sees: where ``fairline doctor`` plays a conversation through.

Owns: its name, and the view of the cores without it.
Does not know: what is played there (``router.server.rehearsal``).

Invariant (tests/server/test_rehearsal.py): no figure, board, archive or alert shows it. A tenant of
the settings cannot have its name, for those begin with a letter or a digit.
"""

from collections.abc import Iterator, Mapping

from router.core import Router

__all__ = ["HIDDEN", "Served"]

HIDDEN = "~doctor"


class Served(Mapping[str, Router]):
    """The cores of the tenants that are served; follows a mapping whose cores may be made anew."""

    def __init__(self, routers: Mapping[str, Router]) -> None:
        self._routers = routers

    def __getitem__(self, tenant: str) -> Router:
        if tenant == HIDDEN:
            raise KeyError(tenant)
        return self._routers[tenant]

    def __iter__(self) -> Iterator[str]:
        return (tenant for tenant in self._routers if tenant != HIDDEN)

    def __len__(self) -> int:
        return sum(1 for _ in self)
