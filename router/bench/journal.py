"""How fast the file journal is, beside the bare disk in the same run.

Owns: the measuring. Absolute figures say little on a shared machine; the ratios are the result.
Does not know: who prints it, the core.
Invariants: the bare disk does the same writes at the same size, one after the other, so no journal
with one caller can be faster; everything happens in a folder of its own, which is removed.
"""

import json as json_codec
import math
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import trio

from router.journal.file import FileJournal

__all__ = ["bench_journal", "run"]

CALLERS = (1, 16, 128)
PAYLOAD_BYTES = 200
REPLAY_BATCH = 64
FILE_BYTES = 64 * 1024 * 1024

Figures = dict[str, Any]


def bench_journal(
    folder: Path,
    *,
    seconds: float = 2.0,
    callers: Sequence[int] = CALLERS,
    replay_commands: int = 200_000,
    segment_bytes: int = FILE_BYTES,
) -> Figures:
    """Measure on the disk of the folder; a run takes `seconds` for each row and some for replay.

    Returns:
        `disk`: bare `pwrite` + `fdatasync` of one frame into a preallocated file;
        `journal`: a row for each number of concurrent callers, with `ratio` to the bare disk's
        commits; `replay`: commands decoded per second from a cold start, opening included.
    """
    here = Path(tempfile.mkdtemp(prefix="bench-journal-", dir=folder))
    try:
        disk = _bench_disk(here, seconds, segment_bytes)
        rows = [
            trio.run(_bench_callers, here / f"callers-{count}", count, seconds, segment_bytes)
            for count in callers
        ]
        for row in rows:
            row["ratio"] = round(row["commands_per_second"] / disk["commits_per_second"], 2)
        replay = trio.run(_bench_replay, here / "replay", replay_commands, segment_bytes)
    finally:
        shutil.rmtree(here)
    return {"payload_bytes": PAYLOAD_BYTES, "disk": disk, "journal": rows, "replay": replay}


def _bench_disk(folder: Path, seconds: float, file_bytes: int) -> Figures:
    frame = os.urandom(PAYLOAD_BYTES + 48)
    descriptor = os.open(folder / "disk", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.pwrite(descriptor, bytes(file_bytes), 0)
        os.fsync(descriptor)
        taken: list[float] = []
        offset = 0
        end = time.perf_counter() + seconds
        while (start := time.perf_counter()) < end:
            os.pwrite(descriptor, frame, offset)
            os.fdatasync(descriptor)
            taken.append(time.perf_counter() - start)
            offset = (offset + len(frame)) % (file_bytes - len(frame))
    finally:
        os.close(descriptor)
    return {"commits_per_second": round(len(taken) / seconds), **_percentiles(taken)}


async def _bench_callers(folder: Path, count: int, seconds: float, segment_bytes: int) -> Figures:
    journal = await _open(folder, segment_bytes)
    taken: list[float] = []
    batch_count = 0
    command = [("acme", os.urandom(PAYLOAD_BYTES))]
    end = time.perf_counter() + seconds

    async def call() -> None:
        while (start := time.perf_counter()) < end:
            await journal.append(command, 0)
            taken.append(time.perf_counter() - start)

    async def follow() -> None:
        nonlocal batch_count
        async with aclosing(journal.read({})) as batches:
            async for _ in batches:
                batch_count += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(follow)
        async with trio.open_nursery() as calls:
            for _ in range(count):
                calls.start_soon(call)
        await journal.aclose()
    return {
        "callers": count,
        "commands_per_second": round(len(taken) / seconds),
        "commits_per_second": round(batch_count / seconds),
        **_percentiles(taken),
    }


async def _bench_replay(folder: Path, command_count: int, segment_bytes: int) -> Figures:
    journal = await _open(folder, segment_bytes)
    payload = os.urandom(PAYLOAD_BYTES)
    batch = [(f"tenant-{number % 8}", payload) for number in range(REPLAY_BATCH)]
    for _ in range(command_count // REPLAY_BATCH):
        await journal.append(batch, 0)
    await journal.aclose()
    start = time.perf_counter()
    journal = await _open(folder, segment_bytes)
    opened = time.perf_counter()
    left = expected = sum(journal.end.values())
    async with aclosing(journal.read({})) as batches:
        while left > 0:
            left -= len(await anext(batches))
    end = time.perf_counter()
    await journal.aclose()
    return {
        "commands": expected,
        "open_seconds": round(opened - start, 3),
        "read_commands_per_second": round(expected / (end - opened)),
        "commands_per_second": round(expected / (end - start)),
    }


async def _open(folder: Path, segment_bytes: int) -> FileJournal:
    return await FileJournal.open(
        folder,
        wall_ms=lambda: time.time_ns() // 1_000_000,
        core_version=1,
        segment_bytes=segment_bytes,
    )


def _percentiles(taken: list[float]) -> Figures:
    ordered = sorted(taken) or [math.nan]
    return {
        "p50_ms": round(ordered[len(ordered) // 2] * 1000, 3),
        "p99_ms": round(ordered[len(ordered) * 99 // 100] * 1000, 3),
    }


def run(folder: Path, *, json: bool = False) -> None:
    """Prints the figures, as a table or as JSON."""
    figures = bench_journal(folder)
    if json:
        print(json_codec.dumps(figures, indent=2))  # noqa: T201 - a command's output
        return
    disk = figures["disk"]
    print(f"bare write and sync   {disk['commits_per_second']:>9,.0f} commits/s")  # noqa: T201
    for row in figures["journal"]:
        print(  # noqa: T201
            f"{row['callers']:>4} callers         {row['commands_per_second']:>9,.0f} commands/s,"
            f" p50 {row['p50_ms']} ms, p99 {row['p99_ms']} ms, {row['ratio']} times the bare disk"
        )
    replay = figures["replay"]["commands_per_second"]
    print(f"replay                {replay:>9,.0f} commands/s")  # noqa: T201
