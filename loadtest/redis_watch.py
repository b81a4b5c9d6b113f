"""What the Redis under the journal takes, as it says itself.

Owns: one connection that asks ``INFO``. Does not know: the journal, who started that Redis.

Invariants (tests/loadtest/test_redis_watch.py): a Redis that does not answer ends no run: the last
that it said stands; no word of its address, which may hold a password, is ever shown.
"""

from typing import NamedTuple

import redis

from loadtest.scenario import ScenarioError

__all__ = ["RedisReading", "RedisWatch"]

WITHIN_S = 2.0
CPU = ("used_cpu_sys", "used_cpu_user", "used_cpu_sys_children", "used_cpu_user_children")


class RedisReading(NamedTuple):
    """A Redis at one moment; processor time and commands are counted from its start on."""

    cpu_s: float
    used_bytes: int
    commands: int
    product: str
    """Its name and version."""


class RedisWatch:
    """Looks at one.

    Args:
        url: ``redis://...`` or ``rediss://...``, as redis-py takes it.

    Raises:
        ScenarioError: that is no address.
    """

    def __init__(self, url: str) -> None:
        try:
            self._redis = redis.Redis.from_url(
                url, socket_timeout=WITHIN_S, socket_connect_timeout=WITHIN_S
            )
            self._redis.connection_pool.make_connection()  # looks at the words after a "?"
        except (ValueError, TypeError):
            raise ScenarioError(
                "--redis-url: is no address of a Redis; write redis://HOST:6379/0 or "
                "rediss://:PASSWORD@HOST:6379/0, with %2F for a / in the password"
            ) from None
        self._last: RedisReading | None = None

    def look(self) -> RedisReading | None:
        """What it says now; what it said last where it is silent; None before it ever spoke."""
        try:
            told = self._redis.info()
        except redis.RedisError:
            return self._last
        name, version = "Redis", told.get("redis_version", "")
        if told.get("server_name") == "valkey":
            name, version = "Valkey", told.get("valkey_version", "")
        self._last = RedisReading(
            cpu_s=sum(float(told.get(part, 0.0)) for part in CPU),
            used_bytes=int(told.get("used_memory", 0)),
            commands=int(told.get("total_commands_processed", 0)),
            product=f"{name} {version}".strip(),
        )
        return self._last

    def close(self) -> None:
        """Ends the connection."""
        self._redis.close()
