"""One connection: what became of what was said, whatever happens to the other side."""

from collections.abc import Iterator
from typing import cast

import pytest
from redis.exceptions import ConnectionError as NoConnection
from redis.exceptions import TimeoutError as TooLate

from router.journal.redis_address import RedisAddress, address_of
from router.journal.redis_connect import TIMEOUT_S, Wire, connect
from router.journal.redis_link import KINDS, Link, RedisAway, RedisRefused, Refusal
from tests.helpers.redis_server import RedisServer

pytestmark = pytest.mark.process

NOBODY = address_of("redis://fair:secret@127.0.0.1:1/0")


@pytest.fixture
def link(redis: RedisServer) -> Iterator[Link]:
    made = Link(redis.address)
    made.call(("FLUSHALL",))
    yield made
    made.close()


class Failing:
    """A connection that fails once at the planned call, as redis-py tells of it."""

    def __init__(self, wire: Wire, at: str, error: BaseException, after: int = 0) -> None:
        self._wire = wire
        self._at = at
        self._error = error
        self._left = after + 1

    def __getattr__(self, name: str) -> object:
        if name == self._at:
            self._left -= 1
            if self._left == 0:
                self._wire.disconnect()
                raise self._error
        return getattr(self._wire, name)


def failing_link(redis: RedisServer, at: str, error: BaseException, after: int = 0) -> Link:
    """A link whose first connection fails, and no other."""
    plans = [lambda wire: cast("Wire", Failing(wire, at, error, after))]

    def connected(address: RedisAddress) -> Wire:
        wire = connect(address)
        return plans.pop()(wire) if plans else wire

    return Link(redis.address, connected)


def test_answers_come_in_turn_errors_among_them(link: Link) -> None:
    answers = link.exchange(
        [("SET", "key", b"\xff"), ("LPUSH", "key", 1), ("GET", "key"), ("NO", "SUCH")]
    )
    assert answers[::2] == [b"OK", b"\xff"]
    assert answers[1] == Refusal(
        "WRONGTYPE", "WRONGTYPE Operation against a key holding the wrong kind of value"
    )
    assert isinstance(answers[3], Refusal)
    assert (answers[3].code, "unknown command" in answers[3].said) == ("ERR", True)
    with pytest.raises(RedisRefused, match="Redis refuses: WRONGTYPE") as raised:
        link.call(("LPUSH", "key", 1), ("SET", "key", "2"))
    assert raised.value.code == "WRONGTYPE"
    assert link.call(("GET", "key")) == [b"2"], "the answers of one call never go to the next"


def test_nobody_there_has_heard_nothing_and_the_error_holds_no_password() -> None:
    link = Link(NOBODY)
    with pytest.raises(RedisAway, match=r"redis://127\.0\.0\.1:1") as raised:
        link.call(("PING",))
    assert not raised.value.is_heard
    assert not link.is_open
    assert "secret" not in f"{raised.value!r} {raised.value.__cause__!r} {raised.value.__cause__}"


@pytest.mark.parametrize("error", [NoConnection("gone"), TooLate("late"), OSError(104, "reset")])
@pytest.mark.parametrize("at", ["send_packed_command", "read_response"])
def test_once_something_was_sent_it_may_have_been_heard(
    redis: RedisServer, at: str, error: Exception
) -> None:
    link = failing_link(redis, at, error)
    with pytest.raises(RedisAway) as raised:
        link.call(("INCR", "count"))
    assert raised.value.is_heard
    assert not link.is_open
    assert link.call(("PING",)) == [b"PONG"], "the next words connect again"
    link.close()


@pytest.mark.parametrize("after", [0, 1])
def test_a_server_that_loads_has_heard_nothing_unless_it_answered_before(
    redis: RedisServer, after: int
) -> None:
    loading = NoConnection("Redis is loading the dataset in memory", status_code="LOADING")
    link = failing_link(redis, "read_response", loading, after)
    with pytest.raises(RedisAway, match="is loading") as raised:
        link.call(("PING",), ("PING",))
    assert raised.value.is_heard == bool(after)


def test_an_interrupted_exchange_leaves_no_answers_behind(redis: RedisServer) -> None:
    link = failing_link(redis, "read_response", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        link.call(("ECHO", "first"))
    assert link.call(("ECHO", "second")) == [b"second"]
    link.close()


def test_a_connection_that_is_over_is_seen_before_anything_is_said(
    redis: RedisServer, link: Link
) -> None:
    link.call(("PING",))
    link.check()
    assert link.is_open
    redis.ask("CLIENT", "KILL", "TYPE", "normal")
    link.check()
    assert not link.is_open


def test_a_connection_with_an_answer_that_nobody_waits_for_is_left(redis: RedisServer) -> None:
    """Else it would be taken for the answer to what is said next."""

    def talking(address: RedisAddress) -> Wire:
        wire = connect(address)
        wire.send_command("PING")
        return wire

    link = Link(redis.address, talking)
    link.open()
    redis.ask("PING")  # by now the other answer has come, too
    link.check()
    assert not link.is_open


def test_a_server_that_sleeps_is_given_up_within_two_seconds(
    redis: RedisServer, link: Link
) -> None:
    redis.pause()
    try:
        with pytest.raises(RedisAway) as raised:
            link.call(("INCR", "count"))
    finally:
        redis.resume()
    assert raised.value.is_heard


def test_functions_are_loaded_again_and_again(link: Link) -> None:
    link.load_functions()
    link.load_functions()
    names = str(link.call(("FUNCTION", "LIST", "LIBRARYNAME", "fairline"))[0])
    for name in ("claim", "beat", "release", "append", "trim"):
        assert f"fairline_{name}" in names


def test_each_exchange_is_timed_by_its_kind_and_so_is_one_that_fails(redis: RedisServer) -> None:
    took: list[tuple[str, float]] = []

    def hear(kind: str, seconds: float) -> None:
        took.append((kind, seconds))

    link = Link(redis.address, kind="snapshot", took=hear)
    link.exchange([("PING",), ("PING",)])
    for name in ("append", "beat", "trim", "release"):
        link.exchange([("FCALL", f"fairline_{name}", 1, "key")])
    kinds = [kind for kind, _ in took]
    assert kinds == ["connect", "snapshot", "append", "beat", "trim", "snapshot"]
    assert set(kinds) <= set(KINDS)
    took.clear()
    link.exchange([("BLPOP", "nothing", "0.2")])
    ((kind, seconds),) = took
    assert (kind, 0.2 <= seconds < 1) == ("snapshot", True)
    took.clear()
    with pytest.raises(RedisAway):
        link.exchange([("BLPOP", "nothing", "0")])
    ((_, seconds),) = took
    assert seconds >= TIMEOUT_S
    took.clear()
    with pytest.raises(RedisAway):
        Link(NOBODY, took=hear).exchange([("PING",)])
    assert [kind for kind, _ in took] == ["connect"]
