"""Whose a token is, whoever signed it: the tenant's services, or this server itself.

Owns: the order in which signers are asked, the log's word about a token that nobody signed, and the
count of those.
Does not know: how a token is checked, what a bearer may do.

Invariants (tests/server/test_bearers.py): a token that one signer accepts is accepted; of several
refusals "expired" is the one that is told, for a newer token would count; what the log says of a
refused token quotes nothing of it, and names a tenant only if there is one of that name; so do the
series, which are there at 0 from the start.
"""

from collections.abc import Callable, Iterable, Sequence

import structlog
from prometheus_client import Metric
from prometheus_client.registry import Collector

from router.server.auth import Authenticator, Identity, TokenRefused
from router.server.buckets import Labels, as_counter
from router.steps import Bearer

__all__ = ["Bearers", "Verify"]

_LOG = structlog.get_logger("fairline.bearers")

_REASONS = ("invalid", "expired")

Verify = Callable[[str, int], Identity]
"""Says whose a token of this server's own is, at a time, or raises ``TokenRefused``."""


class Bearers(Collector):
    """All who may have signed a token; shows how many tokens nobody had.

    Args:
        authenticator: Knows the tenants' keys.
        own: Those of this server, asked next.
        wall_ms: The time by which tokens end.
        tenants: Whose series there are.
    """

    def __init__(
        self,
        authenticator: Authenticator,
        own: Sequence[Verify],
        wall_ms: Callable[[], int],
        tenants: Iterable[str] = (),
    ) -> None:
        self._authenticator = authenticator
        self._own = own
        self._wall_ms = wall_ms
        self._refused: dict[Labels, int] = {
            (tenant, reason): 0 for tenant in ("", *tenants) for reason in _REASONS
        }

    async def authenticate(self, token: str) -> Bearer:
        """Says who a token's bearer is.

        Raises:
            TokenRefused: nobody's.
        """
        now_ms = self._wall_ms()
        try:
            identity = await self._authenticator.authenticate(token, now_ms)
        except TokenRefused as error:
            identity = self._verify_own(token, now_ms, error)
        return Bearer(
            role=identity.role,
            id=identity.subject,
            tenant=identity.tenant,
            claims=identity.claims,
            expires_at_ms=identity.expires_at_ms,
        )

    def _verify_own(self, token: str, now_ms: int, refused: TokenRefused) -> Identity:
        for verify in self._own:
            try:
                return verify(token, now_ms)
            except TokenRefused as other:
                refused = other if other.reason == "expired" else refused
        tenant = self._authenticator.tenant_of(token)
        key = (tenant, refused.reason)
        self._refused[key] = self._refused.get(key, 0) + 1
        known = {"tenant": tenant} if tenant else {}
        _LOG.warning("token.refused", reason=refused.reason, error=str(refused), **known)
        raise refused

    def collect(self) -> Iterable[Metric]:
        """See ``Collector``; may be called in a thread."""
        yield as_counter(
            "fairline_tokens_refused",
            "Tokens that did not count, by whose they claim to be.",
            ["tenant", "reason"],
            self._refused,
        )
