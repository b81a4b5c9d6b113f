import gc
import weakref
from collections.abc import Iterator

import pytest
import trio
import trio.testing

from router.server import collecting
from router.server.collecting import Collecting, short_collections
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


def test_everything_is_looked_at_once_it_has_doubled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "FROZEN_MIN", 10)
    looking = Collecting()
    assert not looking.look()
    assert looking.look()  # far more than twice ten
    assert not looking.look()
    size = gc.get_freeze_count()
    knots = [Knot() for _ in range(size // 2)]
    looking.look()
    first = weakref.ref(knots[0])
    knots.clear()
    looking.look()
    assert first() is not None  # lost among the frozen
    more = [Knot() for _ in range(size)]
    looking.look()
    assert looking.look()
    assert first() is None
    assert len(more) == size


@pytest.mark.parametrize("is_polite", [True, False])
async def test_a_connection_that_is_over_needs_no_collector(is_polite: bool) -> None:
    """Else ``Collecting`` would freeze it and keep it."""
    async with open_node() as node:
        before = _count()
        for number in range(4):
            client = await node.socket("msgpack")
            await client.hello("agent", f"agent{number}")
            assert _count() == before + len(OURS)
            await (client.close() if is_polite else client.drop())
            with trio.fail_after(5):
                await wait_until(lambda: _count() == before)


def _count() -> int:
    return sum(type(each) in OURS for each in gc.get_objects())
