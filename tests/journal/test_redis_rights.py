"""The rights of Fairline's user in Redis, asked of a server that has such users."""

from collections.abc import Iterator

import pytest

from router.journal.redis_address import RedisAddress
from router.journal.redis_connect import Wire, connect
from router.journal.redis_rights import ACL, COMMANDS, missing
from tests.helpers.redis_server import REDIS, VALKEY, RedisServer, redis_server

pytestmark = pytest.mark.process


@pytest.fixture(scope="module", params=[VALKEY, REDIS])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis"), request.param) as started:
        yield started


def user(server: RedisServer, *rules: str) -> RedisAddress:
    server.ask("ACL", "SETUSER", "fairline", "reset", "on", ">pw", *rules)
    return server.address._replace(username="fairline", password="pw")


def asked(address: RedisAddress) -> list[str]:
    wire: Wire = connect(address)
    try:
        return missing(wire)
    finally:
        wire.disconnect()


def test_the_line_for_an_acl_is_enough_and_asking_changes_nothing(server: RedisServer) -> None:
    assert asked(user(server, *ACL.split())) == []
    assert asked(server.address) == []
    assert server.ask("DBSIZE") == 0
    assert server.ask("FUNCTION", "LIST") == []


@pytest.mark.parametrize("name", ["fcall", "xadd", "function|load", "exec", "wait"])
def test_each_command_that_is_missing_is_named(server: RedisServer, name: str) -> None:
    assert asked(user(server, *ACL.split(), f"-{name}")) == [name]


def test_other_keys_are_not_enough(server: RedisServer) -> None:
    lacking = asked(user(server, *ACL.split(), "resetkeys", "~other:*"))
    assert {"fcall", "xadd", "hset"} <= set(lacking)
    assert "ping" not in lacking


def test_where_nothing_can_be_put_in_line_nothing_is_asked(server: RedisServer) -> None:
    assert asked(user(server, *ACL.split(), "-multi")) == ["multi"]
    assert server.ask("DBSIZE") == 0


def test_a_user_with_these_rights_can_do_no_harm_elsewhere(server: RedisServer) -> None:
    words = set(ACL.split())
    assert not words & {"+@all", "allcommands", "~*", "allkeys"}
    assert not words & {"+flushall", "+flushdb", "+keys", "+eval", "+config|set", "+debug"}
    assert len(COMMANDS) > 20
