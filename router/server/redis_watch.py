"""How the Redis of a node does, for Prometheus and the log: is it there, what would it lose.

Owns: a connection of its own, asked every ``LOOK_S``, and those series, with what everything took
that was said to Redis; the log's lines about a Redis that does not keep what it was told.
Does not know: the journal, who is to be told; the node takes no orders from this witness.

Invariants (tests/server/test_redis_watch.py): nobody waits for it; a Redis that hangs is one that
is away; what it may not ask (``CONFIG``) is never shown as well; each doubt is logged when it
arises, not again and again.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import structlog
import trio
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from router.journal.redis_address import RedisAddress
from router.journal.redis_connect import Wire, connect
from router.journal.redis_health import Health, doubts, health_of
from router.journal.redis_layout import SNAPSHOTS, EntryId
from router.journal.redis_link import KINDS
from router.server.buckets import Buckets, Labels, as_family

if TYPE_CHECKING:
    from router.server.sections import ServerSettings

__all__ = ["COUNTS", "LOOK_S", "RedisWatch"]

LOOK_S = 5.0
COUNTS = {
    "redis_reconnects": "Times that the journal's connection to Redis was made anew.",
    "redis_repairs": "Times that Redis had lost the end of the journal, and got it back.",
}
"""What the journal counts, by the name that it counts with."""
PROBE = "probe"
TIMES = (
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5
)  # fmt: skip
"""From a read on the same machine to a try that was given up: ``TIMEOUT_S`` for each step of it."""
_LOG = structlog.get_logger("fairline.redis")


class RedisWatch(Collector):
    """The witness of one Redis.

    Args:
        address: Where it is.
        server: How often a snapshot is due, and whether replies wait for a replica.
    """

    def __init__(self, address: RedisAddress, server: "ServerSettings") -> None:
        self._address = address
        self._server = server
        self._wire: Wire | None = None
        self._health: Health | None = None
        self._is_away: bool | None = None
        """None before the first look."""
        self._snapshot_ms = 0
        self._began_s = time.time()
        self._said: frozenset[str] = frozenset()
        self._counts: Counter[str] = Counter()
        self._times: dict[Labels, Buckets] = {(op,): Buckets(TIMES) for op in (*KINDS, PROBE)}
        self.owns: Callable[[], bool] = bool
        """Says whether this node writes the journal; until it is told, it does not."""

    def count(self, name: str) -> None:
        """Adds one to a counter; ``name`` is one of ``COUNTS``. May be called in a thread."""
        self._counts[name] += 1

    def took(self, op: str, seconds: float) -> None:
        """Something of this kind was said to Redis, and answered or given up after so long.

        May be called in any thread: what adds to one kind is one thread at a time, but for
        ``connect``, where a count may be lost.
        """
        self._times[op,].note(seconds)

    def ailment(self) -> str:
        """What is wrong just now, in words; empty where nothing is known to be."""
        return f"{self._address.shown} does not answer" if self._is_away else ""

    async def run(self) -> None:
        """Looks again and again, for ever."""
        try:
            while True:
                # A look that hangs ends by its own time-outs; whoever stops does not wait for it.
                await trio.to_thread.run_sync(self.look, abandon_on_cancel=True)
                await trio.sleep(LOOK_S)
        finally:
            self._let_go()

    def look(self) -> None:
        """Looks once; blocks, for some seconds at most."""
        began_s = time.perf_counter()
        try:
            self._look()
        finally:
            self.took(PROBE, time.perf_counter() - began_s)

    def _look(self) -> None:
        from redis.exceptions import RedisError, ResponseError

        try:
            if self._wire is None:
                self._wire = connect(self._address)
            health = health_of(self._wire)
            self._snapshot_ms = _newest_snapshot_ms(self._wire)
        except ResponseError:  # it is there, and does not tell how it is
            self._health, self._is_away = None, False
            return
        except (RedisError, OSError, ValueError):
            self._health, self._is_away = None, True
            self._let_go()
            return
        self._health = health
        self._is_away = False
        self._tell(health)

    def _let_go(self) -> None:
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.disconnect()

    def _tell(self, health: Health) -> None:
        is_replicated = self._server.durability == "replicated"
        found = doubts(health, self._address, is_replicated=is_replicated)
        said = frozenset(one.message for one in found)
        for sentence in sorted(said - self._said):
            _LOG.warning("redis.not_durable", error=sentence)
        self._said = said

    def collect(self) -> Iterable[Metric]:
        """See ``Collector``; may be called in a thread."""
        for name, text in COUNTS.items():
            yield CounterMetricFamily(f"fairline_{name}", text, value=self._counts[name])
        yield as_family(
            "fairline_redis_command_seconds",
            "From what was said to Redis to its answer, or until it was given up.",
            ["op"],
            self._times,
        )
        for name, text, value in self._gauges(self._health):
            yield GaugeMetricFamily(f"fairline_{name}", text, value=value)
        if self._health is not None:
            info = GaugeMetricFamily(
                "fairline_redis_info", "What keeps the journal.", labels=["product", "version"]
            )
            info.add_metric([self._health.product, self._health.version], 1)
            yield info

    def _gauges(self, health: Health | None) -> Iterable[tuple[str, str, float]]:
        text = "Whether Redis answered when it was asked last."
        yield "redis_up", text, int(self._is_away is False)
        yield "redis_owner", "Whether this node writes the journal.", int(self.owns())
        span_s = self._server.snapshot_ms / 1000
        yield "snapshot_interval_seconds", "How often a snapshot is due.", span_s
        newest_s = max(self._snapshot_ms / 1000, self._began_s)
        text = "When the newest snapshot was written, or this node began if that was later."
        yield "last_snapshot_timestamp_seconds", text, newest_s
        if health is not None:
            text = "Whether a restart of Redis loses nothing that it answered."
            yield "redis_durable", text, int(health.is_durable)
            yield "redis_used_bytes", "The memory that Redis uses.", health.used_bytes
            yield (
                "redis_max_bytes",
                "The memory that it may use; 0 without a limit.",
                (health.max_bytes),
            )
            yield "redis_replicas", "Replicas that follow it.", health.replica_count


def _newest_snapshot_ms(wire: Wire) -> int:
    """The stamp of the newest snapshot in Redis; 0 where there is none."""
    wire.send_command("ZRANGE", SNAPSHOTS, "-1", "-1")
    found = wire.read_response()
    return EntryId.parse(found[0]).now_ms if found else 0
