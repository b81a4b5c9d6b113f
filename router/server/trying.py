"""Tries what settings only name: a certificate with its key, key sets, Redis, what traces need.

Owns: what is tried, and what each is found to be. Does not know: files and lines, how findings are
printed, the running server.

Invariants (tests/server/test_trying.py): nothing is changed, no address is asked but those of key
sets and of Redis, and those not where nobody is to be asked; one that hangs costs
``FETCH_TIMEOUT_S``, however many there are.
"""

import time
import urllib.error
from collections.abc import Iterator
from typing import Literal, NamedTuple

from router.errors import SettingsError
from router.server.auth import Authenticator
from router.server.keys import Fetch, read_set
from router.server.misspelt import misspelt
from router.server.settings import (
    KeyEntry,
    ServerSettings,
    Settings,
    SettingsErrors,
    warnings,
)
from router.server.showing import without_secrets

__all__ = ["CERTIFICATE_WARN_S", "Found", "key_sets", "try_all"]

CERTIFICATE_WARN_S = 14 * 86_400
DAY_S = 86_400
AT_ONCE = 16


class Found(NamedTuple):
    """One thing that is wrong, or that an operator should know."""

    level: Literal["error", "warning"]
    key: str
    message: str


def try_all(settings: Settings, fetch: Fetch | None) -> Iterator[Found]:
    """Everything that was found; ``fetch`` gets what is behind an address, None asks nobody."""
    yield from _of_keys(settings)
    yield from _of_certificate(settings)
    yield from _of_redis(settings.server, is_asked=fetch is not None)
    if fetch is not None:
        yield from _of_key_sets(settings, fetch)
    yield from _of_traces(settings)
    for name, tenant in settings.tenants.items():
        for path, message in misspelt(tenant.policy):
            yield Found("warning", f"tenants.{name}.policy.{path}", message)
    for sentence in warnings(settings):
        key, _, message = sentence.partition(": ")
        yield Found("warning", key, message)


def _of_keys(settings: Settings) -> Iterator[Found]:
    try:
        Authenticator(settings)
    except SettingsErrors as errors:
        for error in errors.errors:
            yield Found("error", error.key, str(error))


def _of_traces(settings: Settings) -> Iterator[Found]:
    if not settings.server.traces:
        return
    from router.server.trace_export import check_traces  # loads what metrics need

    try:
        check_traces(settings.server)
    except SettingsError as error:
        yield Found("error", error.key, str(error))


def _of_certificate(settings: Settings) -> Iterator[Found]:
    if not settings.server.tls_cert:
        return
    from router.server.certificates import certificate_of  # loads what serves

    try:
        certificate = certificate_of(settings.server)
    except SettingsError as error:
        yield Found("error", error.key, str(error))
        return
    if certificate is None:
        return
    left_s = certificate.expires_s - time.time()
    if left_s < 0:
        sentence = f"{certificate.path} has ended: no browser connects until it is renewed"
        yield Found("warning", "server.tls_cert", sentence)
    elif left_s < CERTIFICATE_WARN_S:
        sentence = f"{certificate.path} ends in {left_s / DAY_S:.0f} days; renew it"
        yield Found("warning", "server.tls_cert", sentence)


def _of_redis(server: ServerSettings, *, is_asked: bool) -> Iterator[Found]:
    if server.journal != "redis":
        return
    from router.journal.redis_address import address_of
    from router.journal.redis_connect import need_redis
    from router.journal.redis_health import try_redis

    try:
        need_redis()
    except SettingsError as error:
        yield Found("error", error.key, str(error))
        return
    if is_asked:
        is_replicated = server.durability == "replicated"
        for one in try_redis(
            address_of(server.redis_url), partitions=server.partitions, is_replicated=is_replicated
        ):
            yield Found(one.level, one.key, one.message)


def key_sets(settings: Settings) -> dict[str, KeyEntry]:
    """The entries whose keys are fetched, each by where it stands."""
    return {
        f"tenants.{name}.keys[{index}].jwks_url": entry
        for name, tenant in settings.tenants.items()
        for index, entry in enumerate(tenant.keys)
        if entry.jwks_url
    }


def _of_key_sets(settings: Settings, fetch: Fetch) -> Iterator[Found]:
    wanted = key_sets(settings)
    if not wanted:
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(AT_ONCE) as pool:
        tried = pool.map(lambda entry: _fault_of(entry, fetch), wanted.values())
        for key, sentence in zip(wanted, tried, strict=True):
            if sentence:
                yield Found("error", key, sentence)


def _fault_of(entry: KeyEntry, fetch: Fetch) -> str:
    """What is wrong with a key set; empty where its keys can be used."""
    url = without_secrets(entry.jwks_url)
    try:
        keys = read_set(fetch(entry.jwks_url), entry.alg)
    except urllib.error.HTTPError as error:
        return f"{url} answered {error.code}; is it the address of the key set?"
    except OSError as error:
        why = getattr(error, "reason", error)
        return f"{url} cannot be fetched ({why}); no token of these keys will count until it can"
    except (ValueError, RecursionError):
        return f'{url} is no key set: a JSON object with "keys" is expected'
    if not keys:
        kind = f" for {entry.alg}" if entry.alg else ""
        return f"{url} has no key{kind} that can be used: each needs kid, kty and use sig"
    return ""
