"""The command ``fairline token``: makes a token, or says what one is worth.

Owns: its arguments, output and exit code. Does not know: how a token is signed or checked.
"""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from router.errors import SettingsError
from router.server.auth import Authenticator, Identity, Role, TokenRefused, mint
from router.server.claims import read_claims
from router.server.cli_lab import tenant_of
from router.server.cli_settings import HERE, Config
from router.server.clock import Clock
from router.server.settings import Settings, load

__all__ = ["token"]


def token(
    *claims: str,
    config: Config = HERE,
    tenant: str = "",
    role: Role | None = None,
    sub: str = "",
    ttl: int | None = None,
    verify: Annotated[str, Parameter(allow_leading_hyphen=True)] = "",
) -> None:
    """Prints a signed token; claims follow as NAME=VALUE. With --verify, says what one is worth.

    Args:
        config: Settings with the tenant's key.
        tenant: Whose key signs; not needed where there is one tenant.
        role: What the bearer is.
        sub: The bearer's id.
        claims: name=Ada skills.billing=80 languages.en=100 teams=emea class=gold verified=true
        ttl: Seconds until it ends; as long as the tenant allows if not given.
        verify: A file with a token that somebody made, or - for what is piped in: who its bearer
            is, by the keys of the settings, and until when; exit code 1 where it does not count.
    """
    settings = load(config, os.environ)
    if verify:
        import trio  # a key set may have to be fetched

        sys.stdout.write(_told(trio.run(_bearer, settings, verify)))
        return
    if role is None or not sub:
        raise SettingsError("say whom it is for: --role and --sub; or --verify FILE")
    sys.stdout.write(f"{_signed(settings, tenant_of(settings, tenant), role, sub, ttl, claims)}\n")


def _signed(
    settings: Settings, tenant: str, role: Role, sub: str, ttl: int | None, claims: tuple[str, ...]
) -> str:
    entry = settings.tenants[tenant].signing_key
    if entry is None:
        raise SettingsError(
            "no key here can sign; sign tokens where the private key is",
            key=f"tenants.{tenant}.keys",
        )
    now_ms = Clock().wall_ms()
    signed = mint(
        entry,
        tenant=tenant,
        role=role,
        subject=sub,
        now_ms=now_ms,
        ttl_s=settings.tenants[tenant].token_ttl_max_s if ttl is None else ttl,
        claims=read_claims(claims),
    )
    try:
        Authenticator(settings).verify(signed, now_ms)
    except TokenRefused as refused:
        raise SettingsError(f"such a token would be refused: {refused}") from None
    return signed


async def _bearer(settings: Settings, source: str) -> Identity:
    """Who the bearer of the token in a file is.

    Raises:
        SettingsError: the file cannot be read, or the token does not count.
    """
    text = _read(source)
    try:
        return await Authenticator(settings).authenticate(text.strip(), Clock().wall_ms())
    except TokenRefused as refused:
        raise SettingsError(f"this token does not count: {refused}") from None


def _read(source: str) -> str:
    try:
        return sys.stdin.read() if source == "-" else Path(source).read_text("utf-8")
    except OSError as error:
        raise SettingsError(f"cannot be read: {error.strerror}", file=source) from None
    except UnicodeDecodeError:
        raise SettingsError("is no token", file=source) from None


def _told(bearer: Identity) -> str:
    """One line for each fact; claims as the command takes them."""
    ends = datetime.fromtimestamp(bearer.expires_at_ms / 1000, UTC)
    left_s = (bearer.expires_at_ms - Clock().wall_ms()) // 1000
    lines = [
        f"tenant  {bearer.tenant}",
        f"role    {bearer.role}",
        f"sub     {bearer.subject}",
        f"until   {ends:%Y-%m-%d %H:%M:%S} UTC, {left_s} s from now",
    ]
    for name, value in msgspec.to_builtins(bearer.claims).items():
        if value not in (None, "", False, [], {}):
            lines.append(f"{name:<7} {msgspec.json.encode(value).decode()}")
    return "\n".join(lines) + "\n"
