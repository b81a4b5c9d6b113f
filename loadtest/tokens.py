"""Mints the tokens that people show in ``hello``: HS256, signed with the tenant's key.

Owns: the claims of protocol section 10, and where a key is read from.
Does not know: sockets, or how a server checks a token.
Invariants: a token lives no longer than ``TTL_S`` from its ``iat``.
"""

import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

from joserfc import jwt
from joserfc.jwk import OctKey

__all__ = ["SECRET_BYTES_MIN", "Key", "KeyUnusableError", "mint", "read_key"]

TTL_S = 3600
"""The default of ``token_ttl_max_s``: the longest life that a server accepts."""

SECRET_BYTES_MIN = 32
"""The protocol wants at least this much for HS256."""


class KeyUnusableError(Exception):
    """Raised for a key that is too short, absent, or not of the kind that can be used here."""


@dataclass(frozen=True)
class Key:
    """A tenant's signing key. Its text never reaches a report."""

    kid: str
    secret: str

    def __post_init__(self) -> None:
        """Refuses what a server would refuse, before a thousand people are turned away."""
        if len(self.secret.encode()) < SECRET_BYTES_MIN:
            raise KeyUnusableError(f"the secret has fewer than {SECRET_BYTES_MIN} bytes")

    def __repr__(self) -> str:
        """Names the key without showing it."""
        return f"Key(kid={self.kid!r})"


def read_key(path: Path, *, tenant: str, kid: str) -> Key:
    """Reads the key from a server's configuration (``.toml``), or from a file that is the secret.

    Raises:
        KeyUnusableError: the file names no HS256 key of this tenant, or the key is too short.
        OSError: the file cannot be read.
    """
    text = path.read_text("utf-8")
    if path.suffix != ".toml":
        return Key(kid=kid, secret=text.strip())
    try:
        keys = tomllib.loads(text)["tenants"][tenant]["keys"]
        found = next(key for key in keys if key["alg"] == "HS256" and "secret" in key)
        return Key(kid=found["kid"], secret=found["secret"])
    except (KeyError, TypeError, StopIteration, tomllib.TOMLDecodeError) as error:
        raise KeyUnusableError(f"{path} has no HS256 secret for the tenant {tenant}") from error


def mint(key: Key, *, tenant: str, role: str, subject: str, **claims: object) -> str:
    """Signs a token for one person, valid from now; ``claims`` are those of the role."""
    now_s = int(time.time())
    body = {
        "iss": "loadtest",
        "aud": "fairline",
        "iat": now_s,
        "exp": now_s + TTL_S,
        "sub": subject,
        "tenant": tenant,
        "role": role,
        **claims,
    }
    header = {"alg": "HS256", "kid": key.kid}
    return jwt.encode(header, body, OctKey.import_key(key.secret), algorithms=["HS256"])
