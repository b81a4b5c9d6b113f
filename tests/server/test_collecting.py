import gc
import weakref
from collections.abc import Iterator

import pytest
import trio
import trio.testing

from router.server import collecting
from router.server.collecting import LOOK_AFTER, Collecting, looking_seldom, short_collections
from router.server.connection import Connection
from router.server.socket import Socket
from router.session import Session
from tests.helpers.nodes import open_node
from tests.helpers.raw import wait_until

OURS = (Connection, Socket, Session)


class Knot:
    """Refers to itself, so that only the collector can end it."""

    def __init__(self) -> None:
        self.self = self


@pytest.fixture(autouse=True)
def _calm() -> Iterator[None]:
    """No look of the collector's own meanwhile."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()
    gc.unfreeze()


async def test_young_garbage_goes_and_what_stays_is_looked_at_no_more(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with short_collections():
        await trio.sleep(collecting.EVERY_S / 2)
        knot, kept = weakref.ref(Knot()), Knot()
        assert knot() is not None
        await trio.sleep(collecting.EVERY_S)
        assert knot() is None
        assert gc.get_freeze_count() > 1_000
        assert len(gc.get_objects()) < 1_000  # of what is not frozen
        assert kept.self is kept


async def test_afterwards_the_collector_is_as_it_was() -> None:
    before = gc.get_threshold()
    async with short_collections():
        assert gc.get_threshold()[:2] == before[:2]
        assert gc.get_threshold()[2] > 1_000_000
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0


def test_everything_is_looked_at_once_the_process_has_doubled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    size_kib = 300_000
    monkeypatch.setattr(collecting, "_peak_kib", lambda: size_kib)
    looking = Collecting()
    knot = Knot()
    assert not looking.look()
    lost = weakref.ref(knot)
    del knot
    size_kib = 599_000
    assert not looking.look()
    assert lost() is not None  # among the frozen
    size_kib = 601_000
    assert looking.look()
    assert lost() is None
    assert not looking.look()  # not before it has doubled again
    size_kib = 1_203_000
    assert looking.look()


def test_everything_is_looked_at_once_there_is_half_as_much_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not at twice the most there ever was, which would rise with every look."""
    blocks = 4_000_000
    monkeypatch.setattr(collecting, "_blocks", lambda: blocks)
    looking = Collecting()
    knot = Knot()
    assert not looking.look()
    lost = weakref.ref(knot)
    del knot
    blocks = 6_000_001
    assert looking.look()
    assert lost() is None
    blocks = 4_100_000  # no look at everything meanwhile raises the bound
    assert not looking.look()
    blocks = 9_100_000
    assert looking.look()


def test_a_busy_node_looks_at_everything_only_when_it_must(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    blocks = 4_000_000
    monkeypatch.setattr(collecting, "_blocks", lambda: blocks)
    looking = Collecting()
    blocks = 11_000_000
    assert not looking.look(is_quiet=False)
    assert looking.look()
    blocks = 17_000_000  # half as much again, and a little
    assert not looking.look(is_quiet=False)
    blocks = 33_000_001
    assert looking.look(is_quiet=False)
    assert not looking.look()


async def test_it_is_quiet_where_the_process_took_little_of_the_last_second(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: trio.testing.MockClock
) -> None:
    took_s, told = iter([5.0, 5.0, 5.9, 6.0, 6.0]), []
    monkeypatch.setattr("time.process_time", lambda: next(took_s))
    monkeypatch.setattr(Collecting, "look", lambda _, *, is_quiet: told.append(is_quiet))
    async with short_collections():
        await trio.sleep(3.5 * collecting.EVERY_S)
    assert told == [True, False, True, True]


def test_blocks_are_counted_as_they_come_and_go() -> None:
    before = collecting._blocks()
    kept = [object() for _ in range(10_000)]
    assert collecting._blocks() >= before + 9_000
    del kept
    assert collecting._blocks() < before + 5_000


def test_the_peak_is_that_of_this_process() -> None:
    assert 10_000 < collecting._peak_kib() < 100_000_000


@pytest.mark.parametrize("is_polite", [True, False])
async def test_a_connection_that_is_over_needs_no_collector(is_polite: bool) -> None:
    """Else ``Collecting`` would freeze it and keep it."""
    async with open_node() as node:
        before = _ours()
        for number in range(4):
            client = await node.socket("msgpack")
            await client.hello("agent", f"agent{number}")
            assert len(_ours() - before) == len(OURS)
            await (client.close() if is_polite else client.drop())
            with trio.fail_after(5):
                await wait_until(lambda: not _ours() - before)


def _ours() -> set[int]:
    return {id(each) for each in gc.get_objects() if type(each) in OURS}


def test_what_was_before_is_in_force_again_however_the_block_ends() -> None:
    before = gc.get_threshold()
    with pytest.raises(KeyError):
        _fail()
    assert gc.get_threshold() == before != LOOK_AFTER


@looking_seldom()
def _fail() -> None:
    assert gc.get_threshold() == LOOK_AFTER
    raise KeyError
