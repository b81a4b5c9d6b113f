"""What is said of a Redis that is not as a journal wants it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from router.journal.redis_address import RedisAddress
from router.journal.redis_health import Health, _failure, doubts, try_redis
from router.journal.redis_layout import STORE
from router.journal.redis_link import Link
from tests.helpers.redis_server import REDIS, VALKEY, RedisServer, redis_server, sentinel

WELL = Health(
    "Redis", "7.4.1", "standalone", "master", 0, True, "always", "noeviction", 1, 0, False
)
ADDRESS = RedisAddress((("cache.example", 6379),), password="hush")


def told(*, is_replicated: bool = False, **changed: object) -> list[str]:
    health = WELL._replace(**changed)  # type: ignore[arg-type]
    found = doubts(health, ADDRESS, is_replicated=is_replicated)
    return [f"{one.level}: {one.message}" for one in found]


def test_of_one_that_is_well_nothing_is_said() -> None:
    assert told() == []
    assert told(product="Valkey", version="7.2.0") == []
    assert told(is_replicated=True, replica_count=1) == []
    assert WELL.is_durable


@pytest.mark.parametrize(
    ("changed", "level", "said"),
    [
        ({"version": "6.2.14"}, "error", "is Redis 6.2.14; Redis 7.0 or Valkey 7.2 is the least"),
        ({"version": ""}, "error", "is the least"),
        ({"mode": "cluster"}, "error", "is a cluster; one Redis or Valkey is wanted"),
        ({"mode": "sentinel"}, "error", "is a Sentinel; write redis+sentinel://"),
        ({"role": "slave"}, "error", "is a replica and takes nothing"),
        ({"policy": "allkeys-lru"}, "error", "CONFIG SET maxmemory-policy noeviction"),
        ({"policy": ""}, "error", "throws away keys"),
        ({"aof": False}, "warning", "CONFIG SET appendonly yes"),
        ({"fsync": "everysec"}, "warning", "loses a second or two of what was answered"),
        ({"fsync": "no"}, "warning", "loses some half a minute of what was answered"),
        ({"fsync": ""}, "warning", "does not say when it writes down"),
        ({"is_failing": True}, "warning", "could not write its file"),
    ],
)
def test_each_fault_is_one_sentence_with_its_mend(
    changed: dict[str, object], level: str, said: str
) -> None:
    (found,) = told(**changed)  # type: ignore[arg-type]
    assert found.startswith(f"{level}: redis://cache.example:6379 ")
    assert said in found


def test_a_reply_that_waits_for_a_replica_needs_one() -> None:
    (found,) = told(is_replicated=True)
    assert found.startswith("error: redis://cache.example:6379 has no replica")


@pytest.mark.parametrize("changed", [{"aof": False}, {"fsync": "everysec"}, {"fsync": ""}])
def test_what_is_not_known_to_be_kept_is_not_shown_as_kept(changed: dict[str, object]) -> None:
    assert not WELL._replace(**changed).is_durable  # type: ignore[arg-type]


def test_whatever_goes_wrong_has_a_sentence() -> None:
    assert _failure(TimeoutError("Timeout reading from socket")).startswith("does not answer")
    assert _failure(RuntimeError("x" * 900)) == f"cannot be reached ({'x' * 200})"


# -- real servers ----------------------------------------------------------------------------------


def tried(address: RedisAddress, *, is_replicated: bool = False) -> list[str]:
    found = try_redis(address, partitions=32, is_replicated=is_replicated)
    return [f"{one.level}: {one.key}: {one.message}" for one in found]


@pytest.fixture(scope="module", params=[VALKEY, REDIS])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis"), request.param) as started:
        yield started


@pytest.mark.process
def test_a_real_one_is_well_until_something_is_changed(server: RedisServer) -> None:
    server.ask("FLUSHALL")
    assert tried(server.address) == []
    for setting, value, well, said in (
        ("maxmemory-policy", "allkeys-lru", "noeviction", "throws away keys"),
        ("appendfsync", "everysec", "always", "a second or two"),
        ("appendonly", "no", "yes", "writes nothing down"),
        ("requirepass", "hush", "", "asks for a password"),
    ):
        server.ask("CONFIG", "SET", setting, value)
        told = tried(server.address)
        rights = server.address._replace(password=value if setting == "requirepass" else "")
        with closing(Link(rights)) as link:
            link.call(("CONFIG", "SET", setting, well))
        assert len(told) == 1, told
        assert said in told[0]
    (told_of_none,) = tried(server.address, is_replicated=True)
    assert "has no replica" in told_of_none
    assert tried(server.address) == []
    assert server.ask("DBSIZE") == 0


@pytest.mark.process
def test_the_address_is_judged_by_what_the_server_says_to_it(server: RedisServer) -> None:
    address = server.address
    for wrong, said in (
        (address._replace(username="nobody", password="hush"), "no such user and password"),
        (address._replace(password="hush"), "wants no password"),
        (address._replace(db=99), "no database of that number"),
        (address._replace(hosts=(("127.0.0.1", 1),)), "cannot be reached (Connection refused)"),
        (address._replace(hosts=(("nowhere.invalid", 1),)), "its host has no address"),
        (address._replace(service="line"), "no Sentinel names a primary"),
        (address._replace(is_tls=True, ca="/nowhere.pem"), "?ca="),
    ):
        (told_of_it,) = tried(wrong)
        assert told_of_it.startswith(f"error: server.redis_url: {wrong.shown} ")
        assert said in told_of_it
        assert "hush" not in told_of_it


@pytest.mark.process
def test_a_store_of_other_terms_is_told_with_the_key(server: RedisServer) -> None:
    server.ask("HSET", STORE, "format", 1, "partitions", 8)
    (other,) = tried(server.address)
    assert other.startswith("error: server.partitions: ")
    assert other.endswith("write partitions = 8")
    server.ask("HSET", STORE, "format", 99, "partitions", 32)
    (later,) = tried(server.address)
    assert "is of a later Fairline" in later
    server.ask("DEL", STORE)


@pytest.mark.process
def test_what_is_no_redis_and_what_is_another_kind_of_one_are_told(tmp_path: Path) -> None:
    with redis_server(tmp_path / "one", options=["cluster-enabled", "yes"]) as cluster:
        (told_of_cluster,) = tried(cluster.address)
        assert "is a cluster" in told_of_cluster
    with redis_server(tmp_path / "two", options=["replicaof", "127.0.0.1 1"]) as replica:
        (told_of_replica,) = tried(replica.address)
        assert "is a replica and takes nothing" in told_of_replica
    with (
        redis_server(tmp_path / "three") as primary,
        sentinel(tmp_path / "sentinel", primary, "line") as watching,
    ):
        assert tried(watching.address) == []
        (unknown,) = tried(watching.address._replace(service="other"))
        assert "knows no 'other'" in unknown
        (itself,) = tried(watching.address._replace(service=""))
        assert "is a Sentinel; write redis+sentinel://" in itself
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer_as_a_web_server, args=(listener,))
        thread.start()
        (nothing,) = tried(RedisAddress((("127.0.0.1", listener.getsockname()[1]),)))
        thread.join()
    assert "answers, and is no Redis" in nothing


def answer_as_a_web_server(listener: socket.socket) -> None:
    peer, _ = listener.accept()
    with peer:
        peer.recv(1_000)
        peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
