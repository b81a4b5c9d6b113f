"""What must be true between the values of settings, each breach with its mend.

Owns: addresses, keys, origins, certificates, files that must be there. Does not know: where values
come from, or the relations inside a policy (``router.policy``, ``router.spelling``).

Invariants (tests/server/test_settings.py): settings without a breach here can be served, but for
what only a start finds out; no sentence holds a secret.
"""

import contextlib
import ipaddress
import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from router import policy as policies
from router import spelling
from router.hours import HoursError, read_hours
from router.journal.redis_address import address_of
from router.policy import Policy
from router.server.hook_signing import key_of
from router.server.proxies import network
from router.server.sections import (
    DEMO_SECRET,
    KeyEntry,
    ServerSettings,
    Settings,
    Tenant,
    Webhook,
)
from router.server.zones import has_zone

__all__ = ["address", "breaches", "is_loopback", "warnings"]

PLACEHOLDERS = ("CHANGE-ME", "CHANGE_ME", "CHANGEME")
"""How secrets of examples begin that are to be replaced, in whatever case."""
SECRET_BYTES_MIN = 32
HOOK_SECRET_BYTES_MIN = 24


def breaches(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yields the path of each key that does not go with another, and what to do."""
    yield from _listeners(settings.server)
    yield from _proxies(settings.server)
    yield from _store(settings.server)
    if not settings.tenants:
        yield "tenants", "add at least one [tenants.NAME] with keys and a policy"
    for name, tenant in settings.tenants.items():
        path = f"tenants.{name}"
        yield from _origins(tenant, path, insecure=settings.server.insecure)
        yield from _keys(tenant, path)
        yield from _identity(tenant, path)
        if not settings.server.insecure and not is_loopback(settings.server.bind):
            yield from _known_secrets(tenant, path)
        yield from _webhooks(tenant, path, insecure=settings.server.insecure)
        for key, sentence in policies.problems(tenant.policy):
            yield f"{path}.policy.{key}", sentence
        for key, sentence in spelling.misspelt(tenant.policy):
            yield f"{path}.policy.{key}", sentence
        yield from _zones(tenant.policy, f"{path}.policy")


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
    if not _is_host(host):
        raise ValueError("the host must be a name or an address, without spaces")
    if not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65_535:
        raise ValueError("the port must be a number from 0 to 65535")
    return host, int(port)


def _is_host(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return bool(re.fullmatch(r"(?!-)[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?", text))
    return True


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
    said += _folder_doubts(server)
    for name, tenant in settings.tenants.items():
        said += (
            f"tenants.{name}.{key}: this is an example's, which everybody knows; make one with"
            " 'fairline secret FILE'"
            for key, secret in _secrets(tenant)
            if _is_placeholder(secret)
        )
        for key, sentence in spelling.doubts(tenant.policy):
            said.append(f"tenants.{name}.policy.{key}: {sentence}")
    return said


def _secrets(tenant: Tenant) -> Iterator[tuple[str, str]]:
    for index, entry in enumerate(tenant.keys):
        yield f"keys[{index}].secret", entry.secret
    yield "identity_secret", tenant.identity_secret
    yield "identity_secret_before", tenant.identity_secret_before
    for index, hook in enumerate(tenant.webhooks):
        yield f"webhooks[{index}].secret", hook.secret
        yield f"webhooks[{index}].secret_before", hook.secret_before


def _is_placeholder(secret: str) -> bool:
    return secret.upper().startswith(PLACEHOLDERS)


def _folder_doubts(server: ServerSettings) -> Iterator[str]:
    """Whether whoever checks could write there; the server may be somebody else."""
    if server.journal == "memory":
        return
    folder = Path(server.data).absolute()
    there = next(one for one in (folder, *folder.parents) if _is_there(one))
    if not os.access(there, os.W_OK | os.X_OK):
        yield f"server.data: you may not write in {there}; the server must be allowed to"


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
    try:
        address_of(server.redis_url)
    except ValueError as error:
        yield "server.redis_url", str(error)
    data = Path(server.data)
    if server.journal != "memory" and _is_there(data) and not data.is_dir():
        yield "server.data", f"{server.data} is a file; name a folder"
    if server.journal_archive and server.journal_keep == "all":
        yield "server.journal_archive", 'nothing is moved there with journal_keep = "all"; drop one'
    elif server.journal_archive and server.journal == "redis":
        yield "server.journal_archive", "what leaves Redis is in no file to be moved; drop it"
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
        if file and (lack := _lack_of(file)):
            yield f"server.{key}", lack


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


def _keys(tenant: Tenant, path: str) -> Iterator[tuple[str, str]]:
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


def _identity(tenant: Tenant, path: str) -> Iterator[tuple[str, str]]:
    signing = {key.secret for key in tenant.keys if key.secret}
    for name in ("identity_secret", "identity_secret_before"):
        secret = getattr(tenant, name)
        size = len(secret.encode())
        if secret and size < SECRET_BYTES_MIN:
            yield f"{path}.{name}", f"{size} bytes are too few; use {SECRET_BYTES_MIN} or more"
        if secret in signing:
            yield (
                f"{path}.{name}",
                "this secret signs tokens as well: whoever may choose an id could have a token "
                "made; take another",
            )
    if tenant.identity_secret_before and not tenant.identity_secret:
        yield f"{path}.identity_secret", "set it, or empty identity_secret_before as well"


def _webhooks(tenant: Tenant, path: str, *, insecure: bool) -> Iterator[tuple[str, str]]:
    ids = [hook.id for hook in tenant.webhooks]
    for index, hook in enumerate(tenant.webhooks):
        where = f"{path}.webhooks[{index}]"
        if ids.count(hook.id) > 1:
            yield f"{where}.id", f"{hook.id!r} is there twice; give each its own"
        url = _url(hook.url)
        if url is None or not url.hostname or url.username is not None or url.fragment:
            yield f"{where}.url", "write https://host/path, without a name or password in it"
        elif url.scheme != "https" and not (
            url.scheme == "http" and (insecure or is_loopback(f"[{url.hostname}]:80"))
        ):
            yield (
                f"{where}.url",
                "the address must begin with https://; http:// is for this machine, or for "
                "server.insecure = true",
            )
        yield from _hook_secrets(hook, where)


def _hook_secrets(hook: Webhook, where: str) -> Iterator[tuple[str, str]]:
    for name, secret in (("secret", hook.secret), ("secret_before", hook.secret_before)):
        if not secret and name == "secret_before":
            continue
        try:
            size = len(key_of(secret))
        except ValueError as error:
            yield f"{where}.{name}", str(error)
            continue
        if size < HOOK_SECRET_BYTES_MIN:
            yield (
                f"{where}.{name}",
                f"{size} bytes are too few; use {HOOK_SECRET_BYTES_MIN} or more",
            )


def _known_secrets(tenant: Tenant, path: str) -> Iterator[tuple[str, str]]:
    """Secrets of ours where others than this machine reach the server: anybody could sign."""
    for index, key in enumerate(tenant.keys):
        if key.kid == "demo":
            yield (
                f"{path}.keys[{index}].kid",
                "a demo key is for this machine alone; make a key of your own and name it",
            )
    for name, secret in _secrets(tenant):
        if _is_placeholder(secret) or secret == DEMO_SECRET:
            yield (
                f"{path}.{name}",
                "this is an example's, which everybody knows; make a fresh one with 'fairline "
                f"secret FILE' and write {name.rpartition('.')[2]}_file, or bind to 127.0.0.1",
            )


def _key_set(key: KeyEntry, where: str) -> Iterator[tuple[str, str]]:
    url = _url(key.jwks_url)
    if url is None:
        yield f"{where}.jwks_url", "there is no such host or port; write https://host/path"
    elif url.scheme != "https" or not url.hostname:
        yield f"{where}.jwks_url", "the address must begin with https://"
    elif url.username is not None:
        yield f"{where}.jwks_url", "write https://host/path, without a name or password in it"
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
    elif lack := _lack_of(key.public_key_file):
        yield f"{where}.public_key_file", lack


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that is too long, or a folder that may not be looked into
        return False


def _lack_of(file: str) -> str:
    """What to say where there is no such file, or nobody may see it; empty where there is."""
    try:
        return "" if Path(file).is_file() else f"there is no file {file}"
    except OSError as error:
        return f"{file} cannot be looked at: {error.strerror}"


def _url(text: str) -> SplitResult | None:
    """The parts of an address; None where its host or its port is none."""
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        return None
    return None if port == 0 else url
