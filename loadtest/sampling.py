"""What the server, its Redis, the generator and all else on the machine take, second by second.

Owns: the samples of a run, and whose share is whose. Does not know: the load, who started what.

Invariants (tests/loadtest/test_sampling.py): a sample tells the server's share apart from that of
everybody else on the machine, and each node's from the others'; a node that is gone takes nothing.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from loadtest.node import TICKS_A_SECOND, cpu_of
from loadtest.notes import now
from loadtest.readings import Reading, grown, quantile_ms, summed
from loadtest.redis_watch import RedisReading

__all__ = ["NodeSample", "RedisSample", "Sample", "Sampler", "Watched"]


class Watched(Protocol):
    """Whatever is sampled."""

    @property
    def is_here(self) -> bool:
        """Whether its processor time is that of this machine."""

    def readings(self) -> Sequence[Reading]:
        """Each node now, always in the same order."""

    def redis(self) -> RedisReading | None:
        """The Redis of its journal, if it has one that can be asked."""


class NodeSample(Struct):
    """A second of one node; CPU in cores, quantiles are bounds of its buckets and -1 of nothing."""

    node: str
    cpu: float
    resident_mib: float
    lag_p99_ms: float
    append_p99_ms: float


class RedisSample(Struct):
    """A second of the journal's Redis."""

    cpu: float
    used_mib: float
    commands_per_s: float


class Sample(Struct):
    """A second of the server, all nodes together, and of the machine; CPU in cores."""

    at: float
    cpu: float
    resident_mib: float
    lag_p99_ms: float
    generators_cpu: float
    others_cpu: float
    """Taken by what does not belong to the run."""
    nodes: list[NodeSample] = []
    redis: RedisSample | None = None


class _Look(Struct):
    at: float
    nodes: list[Reading]
    redis: RedisReading | None
    generators_s: float
    machine_s: float


class Sampler:
    """Takes samples; ``pids`` are those of the generator."""

    def __init__(self, server: Watched, pids: Sequence[int], begins: float) -> None:
        self.samples: list[Sample] = []
        self._server = server
        self._pids = pids
        self._begins = begins
        self._last = self._look()

    def _look(self) -> _Look:
        nodes, redis = list(self._server.readings()), self._server.redis()
        return _Look(now(), nodes, redis, sum(map(cpu_of, self._pids)), _machine_busy_s())

    def take(self) -> None:
        """Adds the time since the last one."""
        before, after = self._last, self._look()
        span = max(after.at - before.at, 1e-6)
        nodes = [_node(*each, span) for each in zip(before.nodes, after.nodes, strict=True)]
        redis = _redis(before.redis, after.redis, span)
        generators = max(0.0, after.generators_s - before.generators_s) / span
        machine = max(0.0, after.machine_s - before.machine_s) / span
        ours = sum(each.cpu for each in nodes) + (redis.cpu if redis is not None else 0.0)
        pairs = zip(before.nodes, after.nodes, strict=True)
        lag = summed([grown(old.lag, new.lag) for old, new in pairs])
        self.samples.append(
            Sample(
                at=round(after.at - self._begins, 3),
                cpu=round(sum(each.cpu for each in nodes), 3),
                resident_mib=round(sum(each.resident_mib for each in nodes), 1),
                lag_p99_ms=quantile_ms(lag),
                generators_cpu=round(generators, 3),
                others_cpu=round(max(0.0, machine - ours * self._server.is_here - generators), 3),
                nodes=nodes,
                redis=redis,
            )
        )
        self._last = after


def _node(before: Reading, after: Reading, span: float) -> NodeSample:
    return NodeSample(
        node=after.node,
        cpu=round(max(0.0, after.cpu_s - before.cpu_s) / span, 3),
        resident_mib=round(after.resident_bytes / 2**20, 1),
        lag_p99_ms=quantile_ms(grown(before.lag, after.lag)),
        append_p99_ms=quantile_ms(grown(before.appends, after.appends)),
    )


def _redis(
    before: RedisReading | None, after: RedisReading | None, span: float
) -> RedisSample | None:
    if before is None or after is None:
        return None
    return RedisSample(
        cpu=round(max(0.0, after.cpu_s - before.cpu_s) / span, 3),
        used_mib=round(after.used_bytes / 2**20, 2),
        commands_per_s=round(max(0, after.commands - before.commands) / span, 1),
    )


def _machine_busy_s() -> float:
    """The processor time that the whole machine has spent on anything."""
    fields = Path("/proc/stat").read_text("ascii").split("\n", 1)[0].split()[1:]
    times = [int(each) for each in fields]
    idle = times[3] + times[4]
    return (sum(times[:8]) - idle) / TICKS_A_SECOND
