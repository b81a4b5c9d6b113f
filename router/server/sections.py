"""Everything that an operator may set, as Structs: the sections of ``fairline.toml``.

Owns: names, types, defaults and ranges. Does not know: relations between values
(``router.server.soundness``), where values come from, what the policy's values mean.

Invariant (tests/server/test_sections.py): no secret is in any ``repr``.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from router.policy import Policy

__all__ = [
    "DEMO_SECRET",
    "FilePath",
    "HookKind",
    "KeyEntry",
    "SecretText",
    "ServerSettings",
    "Settings",
    "Tenant",
    "TenantId",
    "Webhook",
]

DEMO_SECRET = "fairline-demo-secret-known-to-everybody"  # noqa: S105 - published on purpose
"""The secret of ``config/fairline.example.toml``: good for trying, refused beyond loopback."""

FilePath = Annotated[str, Meta(extra={"path": True})]
"""A path; in a file it is relative to that file's folder, in a variable to the working folder."""

SecretText = Annotated[str, Meta(extra={"secret": True})]
"""What is never shown."""

AddressText = Annotated[str, Meta(extra={"address": True})]
"""The address of somebody else's service: where it is may be seen, what is asked of it may not."""

TenantId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
DrainMs = Annotated[int, Meta(ge=0, le=600_000)]


class ServerSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The section ``[server]``: one node."""

    bind: str = "127.0.0.1:8080"
    ops_bind: str = ""
    journal: Literal["file", "redis", "memory"] = "file"
    data: FilePath = "data"
    redis_url: SecretText = "redis://127.0.0.1:6379/0"
    partitions: Annotated[int, Meta(ge=1, le=4096)] = 32
    durability: Literal["journal", "replicated"] = "journal"
    node: Annotated[str, Meta(max_length=64)] = ""
    insecure: bool = False
    tls_cert: FilePath = ""
    tls_key: FilePath = ""
    log: Literal["json", "console"] = "json"
    log_events: Literal["off", "offers", "all"] = "off"
    traces: bool = False
    proxies: tuple[str, ...] = ()
    connections_max: Annotated[int, Meta(ge=1, le=1_000_000)] = 15_000
    frame_bytes: Annotated[int, Meta(ge=1_024, le=1_048_576)] = 65_536
    drain_ms: DrainMs = 30_000
    snapshot_commands: Annotated[int, Meta(ge=1, le=10_000_000)] = 20_000
    snapshot_ms: Annotated[int, Meta(ge=1_000, le=86_400_000)] = 300_000
    journal_keep: Literal["needed", "all"] = "needed"
    journal_archive: FilePath = ""

    def __repr__(self) -> str:
        return f"ServerSettings(bind={self.bind!r}, journal={self.journal!r}, ...)"


class KeyEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """A key that signs tokens; the entry fixes the algorithm, a token never does.

    One of ``secret`` (HS256), ``public_key_file`` and ``jwks_url`` is set. The keys of a
    ``jwks_url`` bring their own ids; without ``alg`` each key's type fixes the algorithm.
    """

    kid: Annotated[str, Meta(max_length=64)] = ""
    alg: Literal["HS256", "EdDSA", "RS256", "ES256", ""] = ""
    secret: SecretText = ""
    public_key_file: FilePath = ""
    jwks_url: AddressText = ""

    @property
    def algorithm(self) -> str:
        """The one algorithm of this entry; empty where the keys of a set decide by their type."""
        return self.alg or ("HS256" if self.secret else "")

    def __repr__(self) -> str:
        return f"KeyEntry(kid={self.kid!r}, alg={self.algorithm!r})"


HookKind = Literal[
    "conversation.queued",
    "conversation.assigned",
    "conversation.wrap_up",
    "conversation.ended",
    "conversation.rated",
    "conversation.reply_missed",
    "offer.made",
    "offer.ended",
    "agent.presence",
    "customer.erased",
    "policy.changed",
]


class Webhook(Struct, frozen=True, forbid_unknown_fields=True):
    """Where another system is told what happened (``docs/webhooks.md``)."""

    id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    url: AddressText
    secret: SecretText
    secret_before: SecretText = ""
    events: tuple[HookKind, ...] = ()

    def __repr__(self) -> str:
        return f"Webhook(id={self.id!r})"


class Tenant(Struct, frozen=True, forbid_unknown_fields=True):
    """The section ``[tenants.NAME]``: one contact centre."""

    origins: tuple[str, ...] = ()
    keys: tuple[KeyEntry, ...] = ()
    visitors: bool = True
    identity_secret: SecretText = ""
    identity_secret_before: SecretText = ""
    native_apps: bool = False
    token_ttl_max_s: Annotated[int, Meta(ge=60, le=2_678_400)] = 3_600
    webhooks: tuple[Webhook, ...] = ()
    policy: Policy = field(default_factory=Policy)

    def __repr__(self) -> str:
        return f"Tenant(origins={self.origins!r}, keys={self.keys!r}, ...)"

    @property
    def signing_key(self) -> KeyEntry | None:
        """The first key with which this server can sign tokens itself, or None."""
        return next((key for key in self.keys if key.secret), None)


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """All of it: the node and its tenants."""

    server: ServerSettings = ServerSettings()
    tenants: dict[TenantId, Tenant] = field(default_factory=dict)
