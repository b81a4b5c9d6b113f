"""Whose a token is, whoever signed it: the tenant's services, or this server itself.

Owns: the order in which signers are asked, and the log's word about a token that nobody signed.
Does not know: how a token is checked, what a bearer may do.

Invariants (tests/server/test_bearers.py): a token that one signer accepts is accepted; of several
refusals "expired" is the one that is told, for a newer token would count; what the log says of a
refused token quotes nothing of it.
"""

from collections.abc import Callable, Sequence

import structlog

from router.server.auth import Authenticator, Identity, TokenRefused
from router.steps import Bearer

__all__ = ["Bearers", "Verify"]

_LOG = structlog.get_logger("fairline.bearers")

Verify = Callable[[str, int], Identity]
"""Says whose a token of this server's own is, at a time, or raises ``TokenRefused``."""


class Bearers:
    """All who may have signed a token.

    Args:
        authenticator: Knows the tenants' keys.
        own: Those of this server, asked next.
        wall_ms: The time by which tokens end.
    """

    def __init__(
        self, authenticator: Authenticator, own: Sequence[Verify], wall_ms: Callable[[], int]
    ) -> None:
        self._authenticator = authenticator
        self._own = own
        self._wall_ms = wall_ms

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
        _LOG.warning("token.refused", reason=refused.reason, error=str(refused))
        raise refused
