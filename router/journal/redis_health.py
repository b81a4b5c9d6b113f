"""What a Redis is like: its version and role, what it keeps of what it was told, how full it is.

Owns: reading that out of a server, and what each fault of it is in a sentence with its mend.
Does not know: when anybody looks, who hears of it; nothing is written into the server.

Invariants (tests/journal/test_redis_health.py): whatever a server answers, a sentence comes of it
and no traceback; no sentence has a password; what may not be asked (``CONFIG`` of a Redis that
others run) is not known, and is never taken for well.
"""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from router.journal.redis_address import RedisAddress
from router.journal.redis_connect import Wire, connect
from router.journal.redis_layout import FORMAT_VERSION, STORE
from router.journal.redis_rights import missing

__all__ = ["Doubt", "Health", "doubts", "health_of", "try_redis"]

_ACL_PAGE = "docs/how-to/redis.md"
LEAST = {"redis": (7, 0), "valkey": (7, 2)}
"""The versions from which on there are functions."""
_FAILURES: tuple[tuple[str, str], ...] = (
    ("WRONGPASS|invalid username-password", "takes no such user and password; mend redis_url"),
    (
        "NOAUTH|Authentication required",
        "asks for a password; write redis://USER:PASSWORD@HOST, best from a file: redis_url_file",
    ),
    ("without any password", "wants no password; leave it out of redis_url"),
    ("LOADING|BusyLoading", "still loads its data; try again in a while"),
    ("NOPERM|NoPermission", f"does not let this user look at it; {_ACL_PAGE} has its rights"),
    ("DB index", "has no database of that number; write another one, or none"),
    ("max number of clients", "takes no more clients; raise its maxclients"),
    ("DENIED", "is in protected mode; give it a password, or bind it to this machine"),
    ("InvalidResponse|ValueError|Protocol", "answers, and is no Redis; mend host and port"),
    (
        "No such file|Is a directory|Permission denied",
        "needs the file of ?ca=, and that cannot be read",
    ),
    (
        "CERTIFICATE_VERIFY_FAILED",
        "shows a certificate that does not count here; name who signed it: rediss://HOST/?ca=FILE",
    ),
    ("SSL|WRONG_VERSION", "does not speak TLS there; write redis://, or the port of its TLS"),
    ("[Tt]imeout|timed out", "does not answer within a second; is it that host and port?"),
    ("closed|reset|Broken", "ends the connection; if it speaks TLS there, write rediss://"),
    ("refused", "cannot be reached (Connection refused); start it, or mend redis_url"),
    (
        "not known|name resolution|nodename|No address",
        "cannot be reached: its host has no address; mend redis_url",
    ),
)
"""What the server, redis-py or the system says, its type before it, and what that means."""


class Doubt(NamedTuple):
    """One thing that is wrong, or that an operator should know."""

    level: Literal["error", "warning"]
    message: str
    key: str = "server.redis_url"
    """Of the settings."""


class Health(NamedTuple):
    """How a server is."""

    product: str
    """As people call it: ``Redis`` or ``Valkey``."""
    version: str
    mode: str
    """``standalone``, ``sentinel`` or ``cluster``."""
    role: str
    """``master`` or ``slave``, in the server's own words."""
    replica_count: int
    aof: bool
    """Whether it writes down what it is told."""
    fsync: str
    """When it does: ``always``, ``everysec``, ``no``; empty where that may not be asked."""
    policy: str
    """What goes when its memory is full."""
    used_bytes: int
    max_bytes: int
    """What it may use; 0 without a limit."""
    is_failing: bool
    """Whether it could not write its file the last time."""

    @property
    def is_durable(self) -> bool:
        """Whether a restart of the server loses nothing that it answered."""
        return self.aof and self.fsync == "always" and not self.is_failing


def health_of(wire: Wire) -> Health:
    """Asks a server; two commands.

    Raises:
        redis.exceptions.RedisError: It does not answer, or may not be asked.
    """
    from redis.exceptions import ResponseError

    wire.send_command("INFO")
    told = _told(wire.read_response())
    try:
        wire.send_command("CONFIG", "GET", "appendfsync")
        answer = wire.read_response()
        fsync = answer[1].decode() if answer else ""
    except ResponseError:
        fsync = ""
    is_valkey = told.get("server_name") == "valkey" or "valkey_version" in told
    return Health(
        "Valkey" if is_valkey else "Redis",
        told.get("valkey_version" if is_valkey else "redis_version", ""),
        told.get("server_mode", told.get("redis_mode", "standalone")),
        told.get("role", ""),
        _number(told.get("connected_slaves", "")),
        told.get("aof_enabled") == "1",
        fsync,
        told.get("maxmemory_policy", ""),
        _number(told.get("used_memory", "")),
        _number(told.get("maxmemory", "")),
        told.get("aof_last_write_status", "ok") != "ok",
    )


def _told(answer: bytes) -> dict[str, str]:
    lines = (line.partition(":") for line in answer.decode("utf-8", "replace").splitlines())
    return {name: value for name, colon, value in lines if colon}


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def try_redis(
    address: RedisAddress, *, partitions: int, is_replicated: bool = False
) -> list[Doubt]:
    """Connects and looks; whatever is wrong, one sentence for each fault.

    Args:
        address: Where it is.
        partitions: Over how many streams commands are to be spread.
        is_replicated: Whether replies are to wait for a replica.

    Raises:
        SettingsError: redis-py is missing.
    """
    from redis.exceptions import RedisError

    try:
        wire = connect(address)
    except (RedisError, OSError, ValueError) as error:
        return [Doubt("error", f"{address.shown} {_failure(error)}")]
    try:
        health = health_of(wire)
        found = list(doubts(health, address, is_replicated=is_replicated))
        if not any(one.level == "error" for one in found):
            found += _of_rights(wire, address)
        if not any(one.level == "error" for one in found):
            found += _of_store(wire, address, partitions)
    except (RedisError, OSError, ValueError) as error:
        return [Doubt("error", f"{address.shown} {_failure(error)}")]
    finally:
        wire.disconnect()
    return found


def _of_rights(wire: Wire, address: RedisAddress) -> Iterator[Doubt]:
    lacking = missing(wire)
    if lacking:
        who = f"the user {address.username!r}" if address.username else "the default user"
        yield Doubt(
            "error",
            f"{address.shown} does not let {who} do {', '.join(lacking)} with keys of fairline:*;"
            f" {_ACL_PAGE} has the line for its ACL",
        )


def _of_store(wire: Wire, address: RedisAddress, partitions: int) -> Iterator[Doubt]:
    """What a journal that is there already was begun with."""
    wire.send_command("HMGET", STORE, "format", "partitions")
    layout, kept = (
        _number((one or b"").decode("ascii", "replace")) for one in wire.read_response()
    )
    if layout > FORMAT_VERSION:
        yield Doubt(
            "error", f"the journal in {address.shown} is of a later Fairline; install that one"
        )
    elif layout and kept != partitions:
        yield Doubt(
            "error",
            f"the journal in {address.shown} was begun with {kept} partitions; write"
            f" partitions = {kept}",
            "server.partitions",
        )


def _failure(error: Exception) -> str:
    """What it means that nobody could connect or ask."""
    said = f"{type(error).__name__}: {error}"
    told = (sentence for pattern, sentence in _FAILURES if re.search(pattern, said))
    return next(told, f"cannot be reached ({str(error)[:200]})")


def doubts(
    health: Health, address: RedisAddress, *, is_replicated: bool = False
) -> Iterator[Doubt]:
    """What of a server is wrong for a journal; errors first."""
    where, name = address.shown, f"{health.product} {health.version}"
    if health.mode in ("cluster", "sentinel"):
        kind = "a cluster" if health.mode == "cluster" else "a Sentinel"
        mend = (
            "one Redis or Valkey is wanted, or Sentinels in front of it (redis+sentinel://)"
            if health.mode == "cluster"
            else "write redis+sentinel://HOST:26379/NAME"
        )
        yield Doubt("error", f"{where} is {kind}; {mend}")
        return
    if _version(health.version) < LEAST[health.product.lower()]:
        yield Doubt(
            "error", f"{where} is {name}; Redis 7.0 or Valkey 7.2 is the least: it needs functions"
        )
    if health.role == "slave":
        yield Doubt(
            "error",
            f"{where} is a replica and takes nothing; name its primary, or the Sentinels that know"
            " which it is (redis+sentinel://)",
        )
    if health.policy != "noeviction":
        yield Doubt(
            "error",
            f"{where} throws away keys when its memory is full (maxmemory-policy {health.policy})"
            ", and with them what was answered: CONFIG SET maxmemory-policy noeviction",
        )
    if is_replicated and health.role == "master" and not health.replica_count:
        yield Doubt(
            "error",
            f'{where} has no replica, and durability = "replicated" answers nobody without one',
        )
    yield from _losses(health, where)


def _losses(health: Health, where: str) -> Iterator[Doubt]:
    if not health.aof:
        yield Doubt(
            "warning",
            f"{where} writes nothing down (appendonly no): when it ends, all is lost since its last"
            " dump, or all there is: CONFIG SET appendonly yes",
        )
    elif health.fsync == "":
        yield Doubt(
            "warning",
            f"{where} does not say when it writes down what it is told (CONFIG GET appendfsync);"
            " unless that is always, a crash of its machine loses what was answered",
        )
    elif health.fsync != "always":
        lost = "a second or two" if health.fsync == "everysec" else "some half a minute"
        yield Doubt(
            "warning",
            f"{where} writes to its disk later (appendfsync {health.fsync}): a crash of its machine"
            f" loses {lost} of what was answered: CONFIG SET appendfsync always",
        )
    if health.is_failing:
        yield Doubt("warning", f"{where} could not write its file (aof_last_write_status)")


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:2])
