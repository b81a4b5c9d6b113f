"""The easy proof of who a customer is: an HMAC over their id, made by the site's own service.

Owns: the comparison of a proof, and the short-lived token that a customer gets for it.
Does not know: HTTP, anonymous customers, what a customer may do.

Invariants (tests/server/test_proofs.py): a proof counts for one id of one tenant, and is compared
in constant time; the secret is never a key that signs tokens (``router.server.soundness``), or who
may choose an id could have a token signed; such a token says that the customer is verified and
brings no class, no name and no attributes, for the page could have made those up; it lives an hour
at most.

A proof never ends by itself: whoever has copied it is that customer until the secret changes.
Signed tokens end, and are the better way where more than a chat depends on it.
"""

import hashlib
import hmac

import msgspec
from msgspec import Struct

from router.server.auth import Authenticator, Identity, TokenRefused, mint
from router.server.settings import KeyEntry, Settings

__all__ = ["MintedCustomer", "ProofRefused", "Proofs"]

KID = "fairline-proven"
TOKEN_TTL_S = 3_600
NOT_TO_PROVE = "visitor-"
"""How the ids of anonymous customers begin; nobody becomes one of them by a proof."""


class ProofRefused(Exception):
    """A proof does not count; the text is for the page's developer and holds no secret."""


class MintedCustomer(Struct, frozen=True):
    """What the page gets for a proof."""

    token: str
    id: str
    expires_ms: int


class Proofs:
    """Checks proofs, and makes and checks the tokens that customers get for them."""

    def __init__(self, settings: Settings, key: bytes) -> None:
        """``key`` is this server's own; tokens are signed with one that is derived from it."""
        secret = hmac.digest(key, b"proven", hashlib.sha256).hex()
        self._entry = KeyEntry(kid=KID, alg="HS256", secret=secret)
        named = {
            name: tenant for name, tenant in settings.tenants.items() if tenant.identity_secret
        }
        self._secrets = {
            name: [one.encode() for one in (tenant.identity_secret, tenant.identity_secret_before)]
            for name, tenant in named.items()
        }
        self._ttl_s = {
            name: min(TOKEN_TTL_S, tenant.token_ttl_max_s) for name, tenant in named.items()
        }
        tenants = {
            name: msgspec.structs.replace(tenant, keys=(self._entry,))
            for name, tenant in named.items()
        }
        self._authenticator = Authenticator(msgspec.structs.replace(settings, tenants=tenants))

    def mint(self, tenant: str, customer: str, proof: str, now_ms: int) -> MintedCustomer:
        """A token for the customer whom the proof names.

        Raises:
            ProofRefused: with what the page's developer can do about it.
        """
        keys = self._secrets.get(tenant)
        if keys is None:
            raise ProofRefused(
                f"[tenants.{tenant}] has no identity_secret: set one, or identify with a token"
            )
        if customer.startswith(NOT_TO_PROVE):
            raise ProofRefused(f"ids that begin with {NOT_TO_PROVE!r} are anonymous customers'")
        if not self._is_right(keys, customer, proof):
            raise ProofRefused(
                "the proof does not fit the id: it is the HMAC-SHA256 of exactly this id, as hex "
                f"digits, with identity_secret of [tenants.{tenant}], made on your server"
            )
        ttl_s = self._ttl_s[tenant]
        token = mint(
            self._entry,
            tenant=tenant,
            role="customer",
            subject=customer,
            now_ms=now_ms,
            ttl_s=ttl_s,
            claims={"verified": True},
        )
        return MintedCustomer(token=token, id=customer, expires_ms=ttl_s * 1_000)

    def verify(self, token: str, now_ms: int) -> Identity:
        """Says which proven customer a token of ours names.

        Raises:
            TokenRefused: it is not one of ours, or not any more.
        """
        identity = self._authenticator.verify(token, now_ms)
        if identity.role != "customer":
            raise TokenRefused("proofs are customers'")
        return identity

    def _is_right(self, keys: list[bytes], customer: str, proof: str) -> bool:
        """Whether one of the secrets made it; all are tried, so that time tells nothing."""
        given = proof.lower().encode()
        found = False
        for key in keys:
            expected = hmac.new(key, customer.encode(), hashlib.sha256).hexdigest().encode()
            found |= bool(key) and hmac.compare_digest(expected, given)
        return found
