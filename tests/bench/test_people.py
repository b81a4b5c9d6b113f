import math
from pathlib import Path

import trio

from router.bench.crowd import held
from router.bench.people import Notes, customer, enter, percentile, work
from router.bench.servers import settings_text
from router.journal.memory import MemoryJournal
from router.server.app import Node
from router.server.clock import Clock
from router.server.running import new_life, run
from router.server.settings import load


async def test_a_visit_is_served_and_noted(tmp_path: Path) -> None:
    config = tmp_path / "fairline.toml"
    config.write_text(settings_text(tmp_path), encoding="utf-8")
    clock = Clock()
    node = Node(load([config], {}), MemoryJournal(clock.wall_ms), clock, life=new_life())
    notes = Notes()
    async with held(), trio.open_nursery() as nursery:
        port = (await nursery.start(run, node)).public[1]
        nursery.start_soon(work, await enter(port, "agent", "a"), notes)
        with trio.fail_after(10):
            await customer(port, "c", "v", notes, messages=2)
        nursery.cancel_scope.cancel()
    assert notes.conversations == 1
    assert len(notes.message_s) == 2
    assert len(notes.offer_s) == 1


def test_a_percentile_is_one_of_the_values() -> None:
    assert percentile([0.003, 0.001, 0.002], 0.5) == 2.0
    assert percentile([0.001] * 98 + [1.0, 1.0], 0.99) == 1000.0
    assert math.isnan(percentile([], 0.5))
