"""One suite that every journal passes: the promises of `router/journal/base.py`.

Owns: the cases. A journal's test module inherits `JournalContract` and says how to open one.
Does not know: which journal it tests.
"""

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from pathlib import Path

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from router.errors import JournalUnavailable, StorageError
from router.journal.base import Journal, Record

__all__ = ["JournalContract", "Wall", "take"]

FAR = 30
"""Seconds after which a test is stuck; none of them needs a second."""


class Wall:
    """A wall clock that stands where a test puts it, backwards too."""

    def __init__(self, now_ms: int = 1_000_000) -> None:
        self.now_ms = now_ms

    def __call__(self) -> int:
        return self.now_ms


async def take(
    journal: Journal, count: int, after: Mapping[str, int] | None = None
) -> list[Record]:
    """Read until there are so many records."""
    records: list[Record] = []
    with trio.fail_after(FAR):
        async with aclosing(journal.read(after or {})) as batches:
            async for batch in batches:
                records.extend(batch)
                if len(records) >= count:
                    break
    return records


async def batches_until_closed(journal: Journal, found: list[list[Record]]) -> None:
    async with aclosing(journal.read({})) as batches:
        async for batch in batches:
            found.append(list(batch))  # noqa: PERF401 - others look on while it grows


class JournalContract:
    """Each case runs on a fresh journal; opening again in one case goes on with the same one."""

    has_one_order = True
    """Whether the commands of several tenants in one batch keep their order, too."""

    def ordered(self, records: Sequence[Record]) -> list[Record]:
        """The records in the order that was promised, to be compared."""
        if self.has_one_order:
            return list(records)
        return sorted(records, key=lambda record: record.tenant)

    async def open(self, folder: Path, wall: Wall) -> Journal:
        """Open the journal of this test; closed again before it is opened a second time."""
        raise NotImplementedError

    async def test_commands_come_back_in_order_with_positions_per_tenant(
        self, tmp_path: Path
    ) -> None:
        journal = await self.open(tmp_path, Wall(5_000))
        await journal.append([("acme", b"a1"), ("globex", b"g1"), ("acme", b"a2")], 0)
        await journal.append([("globex", b"g2")], 0)
        assert self.ordered(await take(journal, 4)) == self.ordered(
            [
                Record("acme", 1, 5_000, b"a1"),
                Record("globex", 1, 5_000, b"g1"),
                Record("acme", 2, 5_000, b"a2"),
                Record("globex", 2, 5_000, b"g2"),
            ]
        )
        await journal.aclose()

    async def test_one_append_is_never_spread_over_two_batches(self, tmp_path: Path) -> None:
        journal = await self.open(tmp_path, Wall())
        found: list[list[Record]] = []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(batches_until_closed, journal, found)
            for size in (1, 3, 2000, 2):
                await journal.append([("acme", b"c%d" % n) for n in range(size)], 0)
                await wait_all_tasks_blocked()
            await journal.aclose()
        assert [len(batch) for batch in found] == [1, 3, 2000, 2]
        assert all(len({record.now_ms for record in batch}) == 1 for batch in found)

    async def test_stamps_never_decrease_and_respect_the_floor(self, tmp_path: Path) -> None:
        wall = Wall(1_000)
        journal = await self.open(tmp_path, wall)
        for now_ms, floor_ms in ((1_000, 0), (900, 0), (1_500, 2_000), (1_600, 0), (2_500, 7)):
            wall.now_ms = now_ms
            await journal.append([("acme", b"c")], floor_ms)
        stamps = [record.now_ms for record in await take(journal, 5)]
        assert stamps == [1_000, 1_000, 2_000, 2_000, 2_500]
        await journal.aclose()

    async def test_order_positions_and_stamps_go_on_after_a_restart(self, tmp_path: Path) -> None:
        wall = Wall(9_000)
        journal = await self.open(tmp_path, wall)
        await journal.append([("acme", b"1"), ("globex", b"1")], 0)
        await journal.aclose()
        wall.now_ms = 10
        journal = await self.open(tmp_path, wall)
        await journal.append([("acme", b"2")], 0)
        assert self.ordered(await take(journal, 3)) == self.ordered(
            [
                Record("acme", 1, 9_000, b"1"),
                Record("globex", 1, 9_000, b"1"),
                Record("acme", 2, 9_000, b"2"),
            ]
        )
        await journal.aclose()

    async def test_end_tells_where_replay_is_over(self, tmp_path: Path) -> None:
        journal = await self.open(tmp_path, Wall())
        assert dict(journal.end) == {}
        await journal.append([("acme", b"1"), ("acme", b"2"), ("globex", b"1")], 0)
        assert dict(journal.end) == {}
        await journal.aclose()
        journal = await self.open(tmp_path, Wall())
        assert dict(journal.end) == {"acme": 2, "globex": 1}
        await journal.aclose()

    @pytest.mark.parametrize("is_reopened", [False, True])
    async def test_reading_resumes_exactly_behind_any_positions(
        self, tmp_path: Path, is_reopened: bool
    ) -> None:
        journal = await self.open(tmp_path, Wall())
        for number in range(6):
            await journal.append([("acme", b"a%d" % number), ("globex", b"g%d" % number)], 0)
        if is_reopened:
            await journal.aclose()
            journal = await self.open(tmp_path, Wall())
        everything = await take(journal, 12)
        for acme in range(7):
            for globex in range(7):
                after = {"acme": acme, "globex": globex}
                expected = [r for r in everything if r.position > after[r.tenant]]
                if expected:
                    assert await take(journal, len(expected), after) == expected
        await journal.aclose()

    async def test_concurrent_appends_are_all_in_once_each_in_its_own_order(
        self, tmp_path: Path
    ) -> None:
        journal = await self.open(tmp_path, Wall())

        async def call(caller: int) -> None:
            for turn in range(20):
                pair = [("acme", b"%d.%d.%d" % (caller, turn, half)) for half in (0, 1)]
                await journal.append(pair, 0)

        async with trio.open_nursery() as nursery:
            for caller in range(16):
                nursery.start_soon(call, caller)
        records = await take(journal, 640)
        assert [record.position for record in records] == list(range(1, 641))
        payloads = [record.payload for record in records]
        assert all(
            first.removesuffix(b".0") == second.removesuffix(b".1")
            for first, second in zip(payloads[::2], payloads[1::2], strict=True)
        )
        for caller in range(16):
            own = [p for p in payloads if p.startswith(b"%d." % caller)]
            assert own == [b"%d.%d.%d" % (caller, turn, h) for turn in range(20) for h in (0, 1)]
        await journal.aclose()

    async def test_every_reader_gets_every_batch_however_slow(self, tmp_path: Path) -> None:
        journal = await self.open(tmp_path, Wall())
        async with aclosing(journal.read({})) as slow:
            await journal.append([("acme", b"first")], 0)
            with trio.fail_after(FAR):
                records = list(await anext(slow))
                for number in range(40):
                    batch = [("acme", b"%d" % number), ("globex", b"%d" % number)] * 500
                    await journal.append(batch, 0)
                while len(records) < 40_001:
                    records.extend(await anext(slow))
        assert records == await take(journal, 40_001)
        assert {r.tenant: r.position for r in records} == {"acme": 20_001, "globex": 20_000}
        await journal.aclose()

    async def test_a_waiting_reader_gets_what_is_appended(self, tmp_path: Path) -> None:
        journal = await self.open(tmp_path, Wall(7))
        found: list[list[Record]] = []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(batches_until_closed, journal, found)
            await wait_all_tasks_blocked()
            assert found == []
            await journal.append([("acme", b"c")], 0)
            await wait_all_tasks_blocked()
            assert found == [[Record("acme", 1, 7, b"c")]]
            await journal.aclose()

    async def test_a_waiting_reader_may_take_a_batch_in_the_moment_it_is_there(
        self, tmp_path: Path
    ) -> None:
        journal = await self.open(tmp_path, Wall(7))
        await journal.append([("acme", b"before")], 0)
        happened: list[str] = []

        def take(batch: Sequence[Record]) -> bool:
            happened.append(f"asked {batch[0].payload.decode()}")
            return batch[0].payload != b"3"

        async def read() -> None:
            async with aclosing(journal.read({"acme": 2}, take)) as batches:
                async for (record,) in batches:
                    happened.append(f"yielded {record.payload.decode()}")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(read)
            await wait_all_tasks_blocked()
            for number in range(1, 6):
                done = trio.Event()

                def told(error: StorageError | None, done: trio.Event = done) -> None:
                    assert error is None
                    happened.append("told")
                    done.set()

                journal.begin([("acme", b"%d" % number)], 0, told)
                with trio.fail_after(FAR):
                    await done.wait()
                await wait_all_tasks_blocked()
            await journal.aclose()
        assert happened == [
            "told",  # the reader has that one already
            *("told", "asked 2", "told", "asked 3", "yielded 3"),
            *("told", "asked 4", "told", "asked 5"),
        ]

    async def test_a_cancelled_append_is_in_whole_or_not_at_all(self, tmp_path: Path) -> None:
        journal = await self.open(tmp_path, Wall())

        async def give_up(number: int) -> None:
            with trio.CancelScope() as scope:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(journal.append, [("acme", b"%d" % number)] * 3, 0)
                    await trio.lowlevel.checkpoint()
                    scope.cancel()

        for number in range(30):
            await give_up(number)
            await journal.append([("globex", b"%d" % number)], 0)
        records = await self._all(journal, 30)
        kept = [record.payload for record in records if record.tenant == "acme"]
        assert kept == [payload for payload in dict.fromkeys(kept) for _ in range(3)]
        assert [r.position for r in records if r.tenant == "acme"] == list(range(1, len(kept) + 1))
        assert [r.payload for r in records if r.tenant == "globex"] == [
            b"%d" % number for number in range(30)
        ]
        await journal.aclose()

    async def test_an_append_cancelled_before_it_began_is_not_in(self, tmp_path: Path) -> None:
        journal = await self.open(tmp_path, Wall())
        with trio.CancelScope() as scope:
            scope.cancel()
            await journal.append([("acme", b"never")], 0)
        assert scope.cancelled_caught
        await journal.append([("acme", b"first")], 0)
        assert [record.payload for record in await take(journal, 1)] == [b"first"]
        await journal.aclose()

    async def test_closing_ends_readers_and_refuses_appends(self, tmp_path: Path) -> None:
        journal = await self.open(tmp_path, Wall())
        found: list[list[Record]] = []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(batches_until_closed, journal, found)
            await journal.append([("acme", b"c")], 0)
            await wait_all_tasks_blocked()
            await journal.aclose()
        await journal.aclose()
        assert [record.payload for batch in found for record in batch] == [b"c"]
        with pytest.raises(JournalUnavailable):
            await journal.append([("acme", b"late")], 0)

    async def test_an_empty_batch_is_the_callers_mistake(self, tmp_path: Path) -> None:
        journal = await self.open(tmp_path, Wall())
        with pytest.raises(ValueError, match="batch"):
            await journal.append([], 0)
        await journal.aclose()

    async def _all(self, journal: Journal, globex: int) -> list[Record]:
        """Read until the last of the commands that certainly went in."""
        records: list[Record] = []
        with trio.fail_after(FAR):
            async with aclosing(journal.read({})) as batches:
                async for batch in batches:
                    records.extend(batch)
                    if any(r.tenant == "globex" and r.position == globex for r in batch):
                        break
        return records
