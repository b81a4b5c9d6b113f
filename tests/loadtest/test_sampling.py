"""Whose share is whose, between two looks."""

import os

from loadtest.notes import now
from loadtest.readings import Reading
from loadtest.redis_watch import RedisReading
from loadtest.sampling import Sampler

INF = float("inf")


class Watched:
    """Two nodes and a Redis that say what they are told to; never of this machine."""

    is_here = False

    def __init__(self, *looks: tuple[list[Reading], RedisReading | None]) -> None:
        self._looks = list(looks)

    def readings(self) -> list[Reading]:
        return self._looks[0][0]

    def redis(self) -> RedisReading | None:
        return self._looks.pop(0)[1]


def _lag(*counts: float) -> dict[float, float]:
    return dict(zip((0.01, 0.1, INF), counts, strict=True))


def test_each_node_has_its_own_figures_and_all_together_theirs() -> None:
    before = [
        Reading("one", 10.0, 2**20, _lag(5, 5, 5), {}),
        Reading("two", 1.0, 2**21, _lag(9, 9, 9), _lag(0, 0, 0)),
    ]
    after = [
        Reading("one", 1010.0, 2**22, _lag(15, 15, 15), {}),
        Reading("two", 1.0, 0, _lag(9, 10, 10), _lag(0, 3, 3)),
    ]
    sampler = Sampler(
        Watched(
            (before, RedisReading(5.0, 2**20, 100, "Redis 7")),
            (after, RedisReading(505.0, 2**21, 400, "Redis 7")),
        ),
        [os.getpid()],
        now() - 7.0,
    )
    sampler.take()
    (sample,) = sampler.samples
    one, two = sample.nodes
    assert 7.0 <= sample.at < 60.0
    assert (one.node, one.resident_mib, one.lag_p99_ms, one.append_p99_ms) == ("one", 4.0, 10, -1)
    assert (two.node, two.resident_mib, two.lag_p99_ms, two.append_p99_ms) == ("two", 0.0, 100, 100)
    assert one.cpu > 0
    assert two.cpu == 0.0
    assert sample.cpu == one.cpu
    assert sample.resident_mib == 4.0
    assert sample.lag_p99_ms == 100  # one of eleven
    redis = sample.redis
    assert redis is not None
    assert redis.used_mib == 2.0
    assert abs(2 * redis.cpu / one.cpu - 1) < 0.01
    assert redis.commands_per_s > 0


def test_a_redis_that_never_spoke_has_no_figures() -> None:
    reading = Reading("one", 1.0, 0, {}, {})
    told = RedisReading(5.0, 2**20, 100, "Redis 7")
    sampler = Sampler(Watched(([reading], None), ([reading], told)), [], now())
    sampler.take()
    (sample,) = sampler.samples
    assert (sample.redis, sample.lag_p99_ms) == (None, -1.0)
