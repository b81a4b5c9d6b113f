"""Who a page of a site has in front of it: tokens for anonymous and for proven customers.

Owns: what a page is told where it gets none. Does not know: HTTP, connections, how tokens are made.

Invariant (tests/server/test_site_customers.py): who gets none is told which setting or call mends
it, and no secret.
"""

from collections.abc import Callable

from router.server.auth import Identity
from router.server.proofs import MintedCustomer, ProofRefused, Proofs
from router.server.settings import Settings
from router.server.visitors import MintedVisitor, Visitors

__all__ = ["NotLetIn", "SiteCustomers"]


class NotLetIn(Exception):
    """The page gets no token; ``status`` is that of the answer, the text for its developer."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class SiteCustomers:
    """Makes the tokens of customers whom no service of the tenant signs in.

    Args:
        settings: Of all tenants.
        key: This server's own, out of which theirs are made.
        wall_ms: The time by which tokens end.
    """

    def __init__(self, settings: Settings, key: bytes, wall_ms: Callable[[], int]) -> None:
        self._tenants = frozenset(settings.tenants)
        self._visitors = Visitors(settings, key)
        self._proofs = Proofs(settings, key)
        self._wall_ms = wall_ms

    @property
    def verifiers(self) -> tuple[Callable[[str, int], Identity], ...]:
        """Who knows whose a token is that was made here."""
        return (self._visitors.verify, self._proofs.verify)

    def visitor(
        self, tenant: str, secret: str | None, *, address: str, now_s: float
    ) -> MintedVisitor:
        """A token for an anonymous customer.

        Raises:
            NotLetIn: there is no such tenant, or it takes none.
            TooMany: from this address.
        """
        if tenant not in self._tenants:
            raise NotLetIn(404, _no_tenant(tenant))
        if not self._visitors.has(tenant):
            raise NotLetIn(
                401,
                f"[tenants.{tenant}] takes no anonymous customers (visitors = false): call "
                'fairline("identify", {id, proof}) or {id, token} before the panel is opened',
            )
        return self._visitors.mint(
            tenant, secret, address=address, now_ms=self._wall_ms(), now_s=now_s
        )

    def proven(self, tenant: str, customer: str, proof: str) -> MintedCustomer:
        """A token for a customer whose id the tenant's service has proven.

        Raises:
            NotLetIn: there is no such tenant, or the proof does not count.
        """
        if tenant not in self._tenants:
            raise NotLetIn(404, _no_tenant(tenant))
        try:
            return self._proofs.mint(tenant, customer, proof, self._wall_ms())
        except ProofRefused as error:
            raise NotLetIn(401, str(error)) from None


def _no_tenant(tenant: str) -> str:
    return (
        f"there is no tenant {tenant!r}: is data-tenant the name after [tenants. in the settings?"
    )
