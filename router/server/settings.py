"""Everything an operator may set, validated before anything listens.

Owns: the Structs of ``fairline.toml``, their defaults and ranges, the relations between them, and
``load``, which reports every mistake at once. Does not know: where values come from
(``router.server.sources``), what the policy's values mean (``router.policy``), or sockets.

Invariants: a ``Settings`` that exists is right in itself; no secret is in any ``repr``, error or
warning.
"""

import contextlib
import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct, field

from router import policy as policies
from router.errors import SettingsError
from router.hours import HoursError, read_hours
from router.policy import Policy
from router.server.proxies import network
from router.server.sources import Sources
from router.server.suggestions import mistakes, sound
from router.server.zones import has_zone

__all__ = [
    "DEMO_SECRET",
    "KeyEntry",
    "ServerSettings",
    "Settings",
    "SettingsErrors",
    "Tenant",
    "address",
    "is_loopback",
    "load",
    "warnings",
]

DEMO_SECRET = "fairline-demo-secret-known-to-everybody"  # noqa: S105 - published on purpose
"""The secret of ``config/fairline.example.toml``: good for trying, refused beyond loopback."""

SECRET_BYTES_MIN = 32

FilePath = Annotated[str, Meta(extra={"path": True})]
"""A path; in a file it is relative to that file's folder, in a variable to the working folder."""

TenantId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
DrainMs = Annotated[int, Meta(ge=0, le=600_000)]


class ServerSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The section ``[server]``: one node."""

    bind: str = "127.0.0.1:8080"
    ops_bind: str = ""
    journal: Literal["file", "redis", "memory"] = "file"
    data: FilePath = "data"
    redis_url: str = "redis://127.0.0.1:6379/0"
    partitions: Annotated[int, Meta(ge=1, le=4096)] = 32
    durability: Literal["journal", "replicated"] = "journal"
    node: Annotated[str, Meta(max_length=64)] = ""
    insecure: bool = False
    tls_cert: FilePath = ""
    tls_key: FilePath = ""
    log: Literal["json", "console"] = "json"
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
    secret: str = ""
    public_key_file: FilePath = ""
    jwks_url: str = ""

    @property
    def algorithm(self) -> str:
        """The one algorithm of this entry; empty where the keys of a set decide by their type."""
        return self.alg or ("HS256" if self.secret else "")

    def __repr__(self) -> str:
        return f"KeyEntry(kid={self.kid!r}, alg={self.algorithm!r})"


class Tenant(Struct, frozen=True, forbid_unknown_fields=True):
    """The section ``[tenants.NAME]``: one contact centre."""

    origins: tuple[str, ...] = ()
    keys: tuple[KeyEntry, ...] = ()
    visitors: bool = True
    native_apps: bool = False
    token_ttl_max_s: Annotated[int, Meta(ge=60, le=2_678_400)] = 3_600
    policy: Policy = field(default_factory=Policy)

    @property
    def signing_key(self) -> KeyEntry | None:
        """The first key with which this server can sign tokens itself, or None."""
        return next((key for key in self.keys if key.secret), None)


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """All of it: the node and its tenants."""

    server: ServerSettings = ServerSettings()
    tenants: dict[TenantId, Tenant] = field(default_factory=dict)


class SettingsErrors(SettingsError):
    """Every mistake of a load, each with its file, key and mend; the text has one a line."""

    def __init__(self, errors: Sequence[SettingsError]) -> None:
        super().__init__(
            "\n".join(_line(error) for error in errors), file=errors[0].file, key=errors[0].key
        )
        self.errors = tuple(errors)


def load(files: Sequence[Path], environment: Mapping[str, str]) -> Settings:
    """Reads files in order, lays the environment over them, and checks everything.

    Raises:
        SettingsErrors: with all mistakes, never only the first.
    """
    sources = Sources(Settings)
    sources.add_files(files)
    sources.add_environment(environment)
    errors = list(sources.faults)
    shape = list(mistakes(sources.tree, Settings, ""))
    errors += [sources.fault(path, sentence) for path, sentence in shape]
    if all(error.key for error in errors):  # else a whole file is missing: the rest is noise
        wrong = [error.key for error in errors]
        for path, sentence in _relations(_convert(sound(sources.tree, Settings))):
            # What is said of a key that was left out for its own mistake would be noise.
            if not any(_within(path, key) or _within(key, path) for key in wrong):
                errors.append(sources.fault(path, sentence))
    if errors:
        raise SettingsErrors(_without_repeats(errors))
    return _convert(sources.tree)


def _convert(tree: object) -> Settings:
    return msgspec.convert(tree, Settings)


def address(bind: str) -> tuple[str, int]:
    """Splits ``127.0.0.1:8080`` or ``[::1]:8080`` into host and port.

    Raises:
        ValueError: where it is neither; the text says what is missing.
    """
    host, colon, port = bind.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError("put an IPv6 address in brackets, for example [::1]:8080")
    if not colon or not host:
        raise ValueError("write host:port, for example 127.0.0.1:8080")
    if not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65_535:
        raise ValueError("the port must be a number from 0 to 65535")
    return host, int(port)


def is_loopback(bind: str) -> bool:
    """Whether nobody beyond this machine can reach the address."""
    try:
        host, _ = address(bind)
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def warnings(settings: Settings) -> list[str]:
    """What an operator should know although it is allowed; shown by ``check`` and ``serve``."""
    server = settings.server
    said = []
    if not is_loopback(server.bind) and not server.tls_cert:
        said.append(
            f"server.bind: {server.bind} is reachable without TLS; put a TLS proxy in front of it "
            "or set tls_cert and tls_key"
        )
    if server.insecure:
        said.append("server.insecure: true is for development; leave it out in production")
    if server.journal == "memory":
        said.append('server.journal: "memory" keeps nothing over a restart')
    return said


def _line(error: SettingsError) -> str:
    return ": ".join(part for part in (error.file, error.key, str(error)) if part)


def _without_repeats(errors: Sequence[SettingsError]) -> list[SettingsError]:
    return list({_line(error): error for error in errors}.values())


def _within(path: str, outer: str) -> bool:
    return path == outer or path.startswith((f"{outer}.", f"{outer}["))


def _relations(settings: Settings) -> Iterator[tuple[str, str]]:
    yield from _listeners(settings.server)
    yield from _proxies(settings.server)
    yield from _store(settings.server)
    if not settings.tenants:
        yield "tenants", "add at least one [tenants.NAME] with keys and a policy"
    for name, tenant in settings.tenants.items():
        path = f"tenants.{name}"
        yield from _origins(tenant, path, insecure=settings.server.insecure)
        yield from _keys(tenant, path, settings.server)
        for key, sentence in policies.problems(tenant.policy):
            yield f"{path}.policy.{key}", sentence
        yield from _zones(tenant.policy, f"{path}.policy")


def _zones(policy: Policy, path: str) -> Iterator[tuple[str, str]]:
    named = [
        *((f"queues[{index}]", queue.hours) for index, queue in enumerate(policy.queues)),
        *((f"brands[{index}]", brand.hours) for index, brand in enumerate(policy.brands)),
    ]
    for key, text in named:
        with contextlib.suppress(HoursError):
            zone = read_hours(text).zone
            if not has_zone(zone):
                yield f"{path}.{key}.hours", f"there is no time zone {zone!r}"


def _store(server: ServerSettings) -> Iterator[tuple[str, str]]:
    schemes = ("redis", "rediss", "redis+sentinel", "redis+cluster")
    if urlsplit(server.redis_url).scheme not in schemes:
        yield "server.redis_url", f"begin the address with one of {', '.join(schemes)} and ://"
    if server.journal == "redis":
        yield "server.journal", 'this version keeps its journal in a folder; write "file"'
    if server.journal_archive and server.journal_keep == "all":
        yield "server.journal_archive", 'nothing is moved there with journal_keep = "all"; drop one'
    if server.durability == "replicated" and server.journal != "redis":
        yield "server.durability", '"replicated" needs journal = "redis"; write "journal"'


def _listeners(server: ServerSettings) -> Iterator[tuple[str, str]]:
    for key, bind in (("bind", server.bind), ("ops_bind", server.ops_bind)):
        if bind or key == "bind":
            try:
                address(bind)
            except ValueError as error:
                yield f"server.{key}", str(error)
    if server.ops_bind and server.ops_bind == server.bind and not server.bind.endswith(":0"):
        yield "server.ops_bind", "this is the public address; name another, or leave it empty"
    if bool(server.tls_cert) != bool(server.tls_key):
        missing = "tls_key" if server.tls_cert else "tls_cert"
        yield f"server.{missing}", "set tls_cert and tls_key both, or neither"
    for key, file in (("tls_cert", server.tls_cert), ("tls_key", server.tls_key)):
        if file and not Path(file).is_file():
            yield f"server.{key}", f"there is no file {file}"


def _proxies(server: ServerSettings) -> Iterator[tuple[str, str]]:
    for index, text in enumerate(server.proxies):
        try:
            network(text)
        except ValueError:
            yield f"server.proxies[{index}]", f"{text!r} is no address or network (10.0.0.0/8)"


def _origins(tenant: Tenant, path: str, *, insecure: bool) -> Iterator[tuple[str, str]]:
    named = [(f"{path}.origins", tenant.origins)]
    for index, brand in enumerate(tenant.policy.brands):
        named.append((f"{path}.policy.brands[{index}].origins", brand.origins))
    for key, origins in named:
        for index, origin in enumerate(origins):
            if origin == "*" and not insecure:
                yield (
                    f"{key}[{index}]",
                    'any site may embed the widget with "*"; name the sites, or set '
                    "server.insecure = true for development",
                )
            elif origin != "*" and not _is_origin(origin):
                yield (
                    f"{key}[{index}]",
                    f"{origin!r} is not an origin; write scheme://host or scheme://host:port in "
                    "lower case, without a path",
                )


def _is_origin(text: str) -> bool:
    return bool(re.fullmatch(r"https?://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?", text))


def _keys(tenant: Tenant, path: str, server: ServerSettings) -> Iterator[tuple[str, str]]:
    if not tenant.keys:
        yield f"{path}.keys", "nobody could sign in; add a key ('fairline init' makes a fresh one)"
    kids = [key.kid for key in tenant.keys if not key.jwks_url]
    for index, key in enumerate(tenant.keys):
        where = f"{path}.keys[{index}]"
        sources = [name for name in ("secret", "public_key_file", "jwks_url") if getattr(key, name)]
        if len(sources) != 1:
            yield where, "set one of secret, public_key_file and jwks_url"
        elif key.jwks_url:
            yield from _key_set(key, where)
        else:
            yield from _single_key(key, where)
            if not key.kid:
                yield f"{where}.kid", 'name the key, for example kid = "main"'
            elif kids.count(key.kid) > 1:
                yield f"{where}.kid", f"{key.kid!r} is there twice; give each key its own"
        if _is_demo(key) and not server.insecure and not is_loopback(server.bind):
            yield (
                where,
                "this demo key is known to everybody; make a fresh one with 'fairline init', or "
                "bind to 127.0.0.1",
            )


def _is_demo(key: KeyEntry) -> bool:
    return key.kid == "demo" or key.secret == DEMO_SECRET


def _key_set(key: KeyEntry, where: str) -> Iterator[tuple[str, str]]:
    url = urlsplit(key.jwks_url)
    if url.scheme != "https" or not url.hostname:
        yield f"{where}.jwks_url", "the address must begin with https://"
    if key.alg == "HS256":
        yield f"{where}.alg", 'a published key cannot be secret; use "EdDSA", "RS256" or "ES256"'


def _single_key(key: KeyEntry, where: str) -> Iterator[tuple[str, str]]:
    if key.secret:
        size = len(key.secret.encode())
        if size < SECRET_BYTES_MIN:
            yield f"{where}.secret", f"{size} bytes are too few; use {SECRET_BYTES_MIN} or more"
        if key.algorithm != "HS256":
            yield f"{where}.alg", 'a secret goes with "HS256"; for others name a public_key_file'
    elif key.alg in ("", "HS256"):
        yield f"{where}.alg", 'a public key needs alg = "EdDSA", "RS256" or "ES256"'
    elif not Path(key.public_key_file).is_file():
        yield f"{where}.public_key_file", f"there is no file {key.public_key_file}"
