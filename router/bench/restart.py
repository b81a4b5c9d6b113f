"""How long a start takes that has a snapshot, and what of it.

Owns: the tenant whose journal is started from, the parts that are timed. Does not know: who prints
the figures.

The journal is written as a live server writes it, with customers who come, are served and go; the
snapshot is of the core that decided it, in the second process' bytes; the archive has everything.
What counts is the time from the start of a ``fairline serve`` until it listens, the median of
``STARTS``, each on a copy. The parts of a start are those of that command, one after the other, in
a process of the benchmark's:

    imports   a Python process with the server's modules
    restore   snapshot read, checked and unpacked into cores
    check     the journal behind the snapshot: order, checksums, the end
    read      frames to records
    decode    records to commands
    apply     commands through the cores
"""

import gc
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import aclosing
from functools import partial
from itertools import count, islice
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
import trio

from router.archive.reading import FOLDER_NAME
from router.archive.sqlite import SqliteArchive
from router.bench.processes import child
from router.bench.servers import READY, TENANT, settings_text
from router.commands import (
    AcceptOffer,
    Actor,
    Claims,
    Command,
    Connect,
    Disconnect,
    EndConversation,
    RequestConversation,
    SeeOffer,
    SendMessage,
    SetPolicy,
    SetPresence,
    Underway,
)
from router.core import CORE_VERSION, Router
from router.events import OfferMade
from router.ids import ConversationId
from router.journal.base import Record
from router.journal.file import FileJournal
from router.journal.file_ops import DiskOps
from router.journal.following import Following
from router.journal.log import SegmentLog
from router.journal.snapshot_files import FileSnapshots
from router.journal.snapshot_store import Part
from router.policy import Policy, Queue
from router.server.restoring import Snapshots
from router.server.tenants import Tenants

__all__ = ["Day", "bench_restart"]

BEFORE = 1_000_000
AFTER = 20_000
BATCH = 64
AGENTS = 200
TALKING = 400
"""Conversations under way at a time."""
STARTS = 3
OTHERS = 1
"""Records behind the snapshot that are another tenant's."""
STEP_MS = 40
"""Between two commands on average; a batch has one stamp."""

Figures = dict[str, Any]


class Day:
    """A tenant at work: commands as they come, each applied so that the next one fits."""

    def __init__(self, begins_ms: int = 1_000_000) -> None:
        self.router = Router(TENANT)
        self.now_ms = begins_ms
        self._count = 0
        self._open: list[Iterator[Command]] = []
        self._offers: dict[str, OfferMade] = {}

    def commands(self) -> Iterator[tuple[Command, int]]:
        """Commands and their stamps, without an end."""
        for command in self._begin():
            yield self._apply(command), self.now_ms
        numbers = count(1)
        while True:
            while len(self._open) < TALKING:
                self._open.append(self._talk(next(numbers)))
            for talk in list(self._open):
                following = next(talk, None)
                if following is None:
                    self._open.remove(talk)
                else:
                    yield self._apply(following), self.now_ms

    def _apply(self, command: Command) -> Command:
        self._count += 1
        if self._count % BATCH == 1:
            self.now_ms += BATCH * STEP_MS
        for event in self.router.apply(command, self.now_ms):
            if isinstance(event, OfferMade):
                self._offers[event.conversation] = event
        return command

    def _begin(self) -> Iterator[Command]:
        queue = Queue(id="support", waiting_max=1_000_000)
        yield SetPolicy(
            policy=Policy(
                queues=(queue,),
                capacity={"chat": 3, "total": 3},
                offer_timeout_ms=3_600_000,
                offer_seen_ms=600_000,
            )
        )
        for number in range(AGENTS):
            by = Actor("agent", f"agent-{number}")
            yield Connect(by=by, life="bench", claims=Claims())
            yield SetPresence(by=by, show="available")

    def _talk(self, number: int) -> Iterator[Command]:
        by = Actor("customer", f"customer-{number}")
        name = ConversationId(f"conversation-{number}")
        yield Connect(by=by, life="bench", claims=Claims())
        yield RequestConversation(
            by=by, conversation=name, op="ask", channel="chat", queue="support", body="x" * 60
        )
        while name not in self._offers:
            yield SendMessage(by=by, conversation=name, op=f"wait-{self.now_ms}", body="y" * 40)
        made = self._offers.pop(name)
        agent = Actor("agent", made.agent)
        yield SeeOffer(by=agent, offer=made.offer)
        yield AcceptOffer(by=agent, offer=made.offer)
        for turn in range(3):
            speaker = by if turn % 2 else agent
            yield SendMessage(by=speaker, conversation=name, op=f"say-{turn}-{name}", body="z" * 80)
        yield EndConversation(by=agent, conversation=name)
        yield Disconnect(by=by, leave=True)


def bench_restart(folder: Path, *, before: int = BEFORE, after: int = AFTER) -> Figures:
    """Seconds of each part of a start, in all, and what that is in commands a second."""
    written = folder / "written"
    here = written / "data" / "journal"
    before, positions = _write(here, before, after)
    _archive_all(written / "data", positions)
    replayed = positions - before
    served = [_serve(written, folder / f"start-{number}", replayed) for number in range(STARTS)]
    snapshot_bytes = sum(path.stat().st_size for path in here.glob("*.snapshot"))
    stopwatch = _Stopwatch()
    subprocess.run([sys.executable, "-c", "import router.server.running"], check=True)
    stopwatch.part("imports")
    gc.collect()
    stopwatch.part("")
    trio.run(_start, here, stopwatch)
    parts, busy = stopwatch.parts, stopwatch.busy
    reading = parts["read"]
    return {
        "before": before,
        "after": replayed,
        "snapshot_bytes": snapshot_bytes,
        "parts_seconds": parts,
        "parts_processor_seconds": busy,
        "seconds": round(median(seconds for seconds, _ in served), 3),
        "processor_seconds": round(median(busy_s for _, busy_s in served), 3),
        "read_and_decoded_per_second": round(replayed / (reading + parts["decode"])),
        "read_and_decoded_per_processor_second": round(
            replayed / max(busy["read"] + busy["decode"], 0.001)
        ),
        "applied_per_second": round(replayed / parts["apply"]),
    }


def _archive_all(data: Path, position: int) -> None:
    """Says that the archive beside the journal has everything, as that of a live server has."""
    archive = SqliteArchive(data / FOLDER_NAME, [TENANT])
    archive.write(TENANT, [], position)
    archive.close()


def _serve(written: Path, folder: Path, replayed: int) -> tuple[float, float]:
    """Seconds and processor seconds until a server that is started on a copy listens.

    Raises:
        RuntimeError: It did not begin at the snapshot, or not with what is behind it.
    """
    shutil.copytree(written, folder)
    config = folder / "fairline.toml"
    config.write_text(settings_text(folder, "file"), encoding="utf-8")
    began = time.perf_counter()
    with child(["router", "serve", "--config", str(config)], READY) as server:
        took = time.perf_counter() - began
        busy = server.cpu_s()
        if not any(f"replay_count={replayed + OTHERS}" in line for line in server.began):
            raise RuntimeError(f"not the start that is to be timed:\n{''.join(server.began)}")
        server.stop()
    shutil.rmtree(folder)
    return took, busy


class _Stopwatch:
    """Seconds by part: those on the wall, and those that a processor worked for it.

    On a shared machine only the second ones say much.
    """

    def __init__(self) -> None:
        self.parts: dict[str, float] = {}
        self.busy: dict[str, float] = {}
        self._wall = time.perf_counter()
        self._times = os.times()

    def part(self, name: str) -> None:
        """Counts what has passed since the part before; nothing for one without a name."""
        wall, times = time.perf_counter(), os.times()
        if name:
            self.parts[name] = round(wall - self._wall, 3)
            worked = zip(times[:4], self._times[:4], strict=True)
            self.busy[name] = round(sum(now - before for now, before in worked), 3)
        self._wall, self._times = wall, times


def _write(folder: Path, before: int, after: int) -> tuple[int, int]:
    """Writes the journal, and the snapshot behind the first part of it.

    Returns:
        How many commands the snapshot has, and how many there are: whole batches.
    """
    encode = msgspec.msgpack.Encoder().encode
    log = SegmentLog.open(folder, core_version=CORE_VERSION, ops=DiskOps())
    day = Day(time.time_ns() // 1_000_000 - (before + after) * STEP_MS)
    commands = day.commands()
    position = taken = 0
    while position < before + after:
        batch = list(islice(commands, BATCH))
        payloads = [encode(Underway("bench", 0, command)) for command, _ in batch]
        log.append([(TENANT, payload) for payload in payloads], batch[-1][1])
        position += len(batch)
        if position >= before and not taken:
            taken = position
            log.append([("other", payloads[-1])], batch[-1][1])  # a follower is one batch behind
            _snapshot(folder, day.router)
    log.close()
    return taken, position


def _snapshot(folder: Path, router: Router) -> None:
    """Finds the place of the last batch as the second process does, and writes the snapshot."""
    following = Following(DiskOps(), folder, core_version=CORE_VERSION)
    while following.read():
        pass
    place = following.place
    assert place is not None
    assert place.positions == {TENANT: router.position}
    part = Part(TENANT, router.position, 0, (), router.snapshot())
    FileSnapshots(folder).write(place, CORE_VERSION, [part])
    following.close()


async def _start(folder: Path, stopwatch: _Stopwatch) -> None:
    part = stopwatch.part
    start = Snapshots(FileSnapshots(folder)).start([TENANT])
    tenants = Tenants([TENANT], start=start)
    part("restore")
    open_journal = partial(FileJournal.open, wall_ms=lambda: 0, core_version=CORE_VERSION)
    journal = await open_journal(folder, place=start.place)
    part("check")
    left = journal.end[TENANT] - start.positions[TENANT]
    records: list[Record] = []
    async with aclosing(journal.read(start.positions)) as batches:
        while len(records) < left:
            records += [each for each in await anext(batches) if each.tenant == TENANT]
    part("read")
    decode = msgspec.msgpack.Decoder(Underway).decode
    commands = [decode(record.payload).command for record in records]
    part("decode")
    for record, command in zip(records, commands, strict=True):
        assert tenants.apply(record, command) is not None
    part("apply")
    await journal.aclose()
