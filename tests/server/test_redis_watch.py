"""What is seen of the Redis of a node, while it runs, while it hangs, and when it is gone."""

import io
from collections.abc import Iterator

import pytest
import trio
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from router.journal.redis_link import KINDS
from router.server import logs
from router.server.clock import Clock
from router.server.redis_watch import PROBE, RedisWatch
from router.server.sections import ServerSettings
from tests.helpers.redis_server import RedisServer, redis_server

pytestmark = pytest.mark.process


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as started:
        yield started


def watching(server: RedisServer, **settings: object) -> RedisWatch:
    return RedisWatch(server.address, ServerSettings(journal="redis", **settings))  # type: ignore[arg-type]


def figures(watch: RedisWatch) -> dict[str, float]:
    """As Prometheus reads them."""
    registry = CollectorRegistry()
    registry.register(watch)
    page = generate_latest(registry).decode()
    return {
        sample.name.removeprefix("fairline_"): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def test_a_redis_that_is_well_is_shown_as_it_is(server: RedisServer) -> None:
    watch = watching(server, snapshot_ms=60_000)
    assert figures(watch)["redis_up"] == 0, "nobody has looked yet"
    assert watch.ailment() == "", "so nothing is known to be wrong"
    watch.look()
    shown = figures(watch)
    assert shown["redis_up"] == shown["redis_durable"] == shown["redis_info"] == 1
    assert (shown["redis_owner"], shown["redis_replicas"], shown["redis_max_bytes"]) == (0, 0, 0)
    assert shown["redis_used_bytes"] > 100_000
    assert shown["snapshot_interval_seconds"] == 60
    watch.owns = lambda: True
    watch.count("redis_repairs")
    assert figures(watch)["redis_owner"] == figures(watch)["redis_repairs_total"] == 1
    assert figures(watch)["redis_reconnects_total"] == 0


def timed(watch: RedisWatch) -> dict[tuple[str, str], float]:
    """How often each kind took no longer than each bound."""
    registry = CollectorRegistry()
    registry.register(watch)
    return {
        (sample.labels["op"], sample.labels["le"]): sample.value
        for family in text_string_to_metric_families(generate_latest(registry).decode())
        for sample in family.samples
        if sample.name == "fairline_redis_command_seconds_bucket"
    }


def test_what_is_said_to_redis_is_counted_by_kind_and_time_each_kind_from_the_start(
    server: RedisServer,
) -> None:
    watch = watching(server)
    assert {op for op, _ in timed(watch)} == {*KINDS, PROBE}
    assert set(timed(watch).values()) == {0}
    watch.took("append", 0.003)
    watch.took("append", 7.0)
    watch.look()
    found = timed(watch)
    in_order = [found["append", le] for le in ("0.0025", "0.005", "2.5", "+Inf")]
    assert in_order == [0, 1, 1, 2]
    assert found[PROBE, "+Inf"] == 1
    server.kill()
    watch.look()
    assert timed(watch)[PROBE, "+Inf"] == 2, "one that fails takes time, too"


def test_the_newest_snapshot_is_known_by_its_stamp(server: RedisServer) -> None:
    watch = watching(server)
    began_s = figures(watch)["last_snapshot_timestamp_seconds"]
    at_ms = int(began_s * 1000) + 5_000
    server.ask("ZADD", "fairline:snapshots", 7, f"{at_ms}-7", 3, f"{at_ms - 1_000}-3")
    watch.look()
    assert figures(watch)["last_snapshot_timestamp_seconds"] == at_ms / 1000


def test_one_that_ends_or_hangs_is_away_and_is_seen_again(server: RedisServer) -> None:
    watch = watching(server)
    watch.look()
    server.pause()
    watch.look()
    shown = figures(watch)
    assert shown["redis_up"] == 0
    assert watch.ailment() == f"{server.address.shown} does not answer"
    assert not {"redis_durable", "redis_used_bytes", "redis_info"} & shown.keys()
    server.resume()
    watch.look()
    assert figures(watch)["redis_up"] == 1
    assert watch.ailment() == ""
    server.kill()
    watch.look()
    assert figures(watch)["redis_up"] == 0
    server.start()
    watch.look()
    assert figures(watch)["redis_up"] == 1


def test_what_it_would_lose_is_logged_once_each_time_that_it_begins(server: RedisServer) -> None:
    stream = io.StringIO()
    logs.configure("json", Clock(), stream)
    watch = watching(server)
    for fsync in ("always", "everysec", "everysec", "always", "everysec"):
        server.ask("CONFIG", "SET", "appendfsync", fsync)
        watch.look()
        assert figures(watch)["redis_durable"] == (fsync == "always")
    told = [line for line in stream.getvalue().splitlines() if '"redis.not_durable"' in line]
    assert len(told) == 2
    assert "loses a second or two of what was answered" in told[0]


def test_who_may_not_ask_for_the_configuration_takes_nothing_for_well(server: RedisServer) -> None:
    server.ask("ACL", "SETUSER", "fairline", "on", ">pw", "~fairline:*", "+info", "+zrange")
    address = server.address._replace(username="fairline", password="pw")
    watch = RedisWatch(address, ServerSettings(journal="redis"))
    watch.look()
    shown = figures(watch)
    assert (shown["redis_up"], shown["redis_durable"]) == (1, 0)


def test_one_that_may_not_be_asked_is_there_all_the_same(server: RedisServer) -> None:
    server.ask("ACL", "SETUSER", "fairline", "on", ">pw", "~fairline:*", "+ping")
    address = server.address._replace(username="fairline", password="pw")
    watch = RedisWatch(address, ServerSettings(journal="redis"))
    watch.look()
    assert watch.ailment() == ""
    assert figures(watch)["redis_up"] == 1
    assert "redis_durable" not in figures(watch)


async def test_it_looks_again_and_again_until_it_is_stopped(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("router.server.redis_watch.LOOK_S", 0.01)
    watch = watching(server)
    looks: list[float] = []
    look = watch.look

    def noted() -> None:
        look()
        looks.append(trio.from_thread.run_sync(trio.current_time))

    monkeypatch.setattr(watch, "look", noted)
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(watch.run)
            while len(looks) < 3:
                await trio.lowlevel.checkpoint()
            nursery.cancel_scope.cancel()
    assert figures(watch)["redis_up"] == 1
