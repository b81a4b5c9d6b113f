"""Anonymous customers: a browser's secret becomes an identity and a short-lived token.

Owns: the key that signs such tokens, the way from a secret to an id, how many identities one
address may have made.
Does not know: HTTP, who else signs tokens, what a customer may do.

Invariants (tests/server/test_visitors.py): nothing is stored for a visitor: the same secret gives
the same id for as long as the key lives; only secrets made here count, so nobody gets around the
limits with invented ones; an id does not tell the secret; such a token names a customer who is not
verified, in the tenant it was made for, and lives at most an hour.

The key lies in the data folder, readable by its owner alone. Without a folder (``journal =
"memory"``) it is made fresh at each start, and so are all visitors.
"""

import hashlib
import hmac
import os
import secrets
from collections import OrderedDict
from pathlib import Path

import msgspec
from msgspec import Struct

from router.server.auth import Authenticator, Identity, TokenRefused, mint
from router.server.settings import KeyEntry, Settings

__all__ = ["MintedVisitor", "TooMany", "Visitors", "visitor_key"]

KEY_FILE = "visitors.key"
KID = "fairline-visitors"
TOKEN_TTL_S = 3_600
SECRET_BYTES = 32
NONCE_BYTES = 24
SEAL_BYTES = 16
ADDRESSES_MAX = 100_000
LIMITS = ((5, 60.0), (50, 86_400.0))
"""New identities of one address, and in how many seconds."""


class TooMany(Exception):
    """One address had too many identities made; another is possible in ``retry_s``."""

    def __init__(self, retry_s: float) -> None:
        super().__init__(retry_s)
        self.retry_s = retry_s


class MintedVisitor(Struct, frozen=True):
    """What the browser gets: a token now, and the secret for the next one."""

    token: str
    id: str
    visitor: str
    expires_ms: int


def visitor_key(folder: Path | None) -> bytes:
    """The key in the data folder, made at the first start; a fresh one without a folder."""
    if folder is None:
        return secrets.token_bytes(SECRET_BYTES)
    file = folder / KEY_FILE
    folder.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        partial = folder / f"{KEY_FILE}.new"
        partial.unlink(missing_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(secrets.token_bytes(SECRET_BYTES))
            stream.flush()
            os.fsync(stream.fileno())
        partial.rename(file)
    return file.read_bytes()


class Visitors:
    """Makes and checks the tokens of anonymous customers."""

    def __init__(self, settings: Settings, key: bytes) -> None:
        self._entry = KeyEntry(kid=KID, alg="HS256", secret=_derive(key, "token").hex())
        self._id_key = _derive(key, "id")
        self._seal_key = _derive(key, "seal")
        tenants = {
            name: msgspec.structs.replace(tenant, keys=(self._entry,))
            for name, tenant in settings.tenants.items()
            if tenant.visitors
        }
        self._ttl_s = {
            name: min(TOKEN_TTL_S, tenant.token_ttl_max_s) for name, tenant in tenants.items()
        }
        self._authenticator = Authenticator(msgspec.structs.replace(settings, tenants=tenants))
        self._made: OrderedDict[str, list[float]] = OrderedDict()

    def has(self, tenant: str) -> bool:
        """Whether the tenant lets anonymous customers in."""
        return tenant in self._ttl_s

    def mint(
        self, tenant: str, secret: str | None, *, address: str, now_ms: int, now_s: float
    ) -> MintedVisitor:
        """A token for the secret's owner; without a secret, for somebody new.

        Raises:
            TooMany: for somebody new, where the address had too many made.
        """
        if secret is None or not self._is_ours(tenant, secret):
            self._charge(address, now_s)
            secret = self._new_secret(tenant)
        digest = hmac.digest(self._id_key, f"{tenant}\0{secret}".encode(), hashlib.sha256)
        subject = f"visitor-{digest[:16].hex()}"
        ttl_s = self._ttl_s[tenant]
        token = mint(
            self._entry,
            tenant=tenant,
            role="customer",
            subject=subject,
            now_ms=now_ms,
            ttl_s=ttl_s,
        )
        return MintedVisitor(token=token, id=subject, visitor=secret, expires_ms=ttl_s * 1_000)

    def verify(self, token: str, now_ms: int) -> Identity:
        """Says which visitor a token of ours names.

        Raises:
            TokenRefused: it is not one of ours, or not any more.
        """
        identity = self._authenticator.verify(token, now_ms)
        if identity.role != "customer" or not identity.subject.startswith("visitor-"):
            raise TokenRefused("visitors are customers")
        return identity

    def _new_secret(self, tenant: str) -> str:
        nonce = secrets.token_bytes(NONCE_BYTES).hex()
        return f"{nonce}{self._seal(tenant, nonce)}"

    def _is_ours(self, tenant: str, secret: str) -> bool:
        nonce, seal = secret[: 2 * NONCE_BYTES], secret[2 * NONCE_BYTES :]
        return hmac.compare_digest(seal.encode(), self._seal(tenant, nonce).encode())

    def _seal(self, tenant: str, nonce: str) -> str:
        digest = hmac.digest(self._seal_key, f"{tenant}\0{nonce}".encode(), hashlib.sha256)
        return digest[:SEAL_BYTES].hex()

    def _charge(self, address: str, now_s: float) -> None:
        made = self._made.pop(address, [])
        longest_s = max(span_s for _, span_s in LIMITS)
        made = [at for at in made if now_s - at < longest_s]
        self._made[address] = made
        if len(self._made) > ADDRESSES_MAX:
            self._made.popitem(last=False)
        for most, span_s in LIMITS:
            recent = [at for at in made if now_s - at < span_s]
            if len(recent) >= most:
                raise TooMany(recent[-most] + span_s - now_s)
        made.append(now_s)


def _derive(key: bytes, purpose: str) -> bytes:
    return hmac.digest(key, purpose.encode(), hashlib.sha256)
