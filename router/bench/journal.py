"""How fast the file journal is, beside the bare disk in the same run; and the one in Redis.

Owns: the measuring. Absolute figures say little on a shared machine; the ratios are the result.
Does not know: who prints it, the core.
Invariants: the bare disk does the same writes at the same size, one after the other, so no journal
with one caller can be faster; everything happens in a folder of its own, which is removed.
"""

import json as json_codec
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import trio

from router.bench.commits import bench_commits, called, percentiles
from router.bench.redis import bench_redis, redis_lines, redis_program
from router.bench.restart import bench_restart
from router.journal.file import FileJournal

__all__ = ["bench_journal", "run"]

CALLERS = (1, 16, 128)
PAYLOAD_BYTES = 200
REPLAY_BATCH = 64
REPLAY_GOAL = 200_000
RESTART_GOAL_S = 2.0
FILE_BYTES = 64 * 1024 * 1024

Figures = dict[str, Any]


def bench_journal(
    folder: Path,
    *,
    seconds: float = 2.0,
    callers: Sequence[int] = CALLERS,
    replay_commands: int = 200_000,
    segment_bytes: int = FILE_BYTES,
    has_redis: bool = True,
) -> Figures:
    """Measure on the disk of the folder; a run takes `seconds` for each row and some for replay.

    Returns:
        `commits`: batches of several sizes, beside the bare disk and SQLite (see `commits`);
        `disk`: bare `pwrite` + `fdatasync` of one frame into a preallocated file;
        `journal`: a row for each number of concurrent callers, with `ratio` to the bare disk's
        commits; `replay`: commands decoded per second from a cold start, opening included;
        `redis`: the journal in Redis (see `redis`), empty where there is no server to start.
    """
    here = Path(tempfile.mkdtemp(prefix="bench-journal-", dir=folder))
    try:
        commits = bench_commits(here, seconds=seconds, file_bytes=segment_bytes)
        disk = _bench_disk(here, seconds, segment_bytes)
        rows = [
            trio.run(_bench_callers, here / f"callers-{count}", count, seconds, segment_bytes)
            for count in callers
        ]
        for row in rows:
            row["ratio"] = round(row["commands_per_second"] / disk["commits_per_second"], 2)
        replay = trio.run(_bench_replay, here / "replay", replay_commands, segment_bytes)
        program = redis_program() if has_redis else ""
        redis: Figures = {}
        if program:
            redis = bench_redis(
                here / "redis", program, seconds=seconds, replay_commands=replay_commands
            )
    finally:
        shutil.rmtree(here)
    return {
        "payload_bytes": PAYLOAD_BYTES,
        "commits": commits,
        "disk": disk,
        "journal": rows,
        "replay": replay,
        "redis": redis,
    }


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
    return {"commits_per_second": round(len(taken) / seconds), **percentiles(taken)}


async def _bench_callers(folder: Path, count: int, seconds: float, segment_bytes: int) -> Figures:
    journal = await _open(folder, segment_bytes)
    batch_count = 0

    async def follow() -> None:
        nonlocal batch_count
        async with aclosing(journal.read({})) as batches:
            async for _ in batches:
                batch_count += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(follow)
        taken = await called(journal, count, seconds, os.urandom(PAYLOAD_BYTES))
        await journal.aclose()
    return {
        "callers": count,
        "commands_per_second": round(len(taken) / seconds),
        "commits_per_second": round(batch_count / seconds),
        **percentiles(taken),
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


def run(folder: Path, *, json: bool = False, restart: bool = False) -> None:
    """Prints the figures, as tables or as JSON; with `restart` those of a start, slowly."""
    if restart:
        here = Path(tempfile.mkdtemp(prefix="bench-restart-", dir=folder))
        try:
            figures = bench_restart(here)
        finally:
            shutil.rmtree(here)
    else:
        figures = bench_journal(folder)
    lines = [json_codec.dumps(figures, indent=2)] if json else _lines(figures, restart=restart)
    for line in lines:
        print(line)  # noqa: T201 - a command's output


def _lines(figures: Figures, *, restart: bool) -> Iterator[str]:
    return _restart_lines(figures) if restart else _journal_lines(figures)


def _journal_lines(figures: Figures) -> Iterator[str]:
    yield "commits/s (p50/p99 ms)        journal              bare disk              SQLite"
    for row in figures["commits"]:
        cells = "".join(_cell(row[name]) for name in ("journal", "disk", "sqlite"))
        yield (
            f"{row['batch']:>4} a batch   {cells}   {row['to_disk']} times the disk,"
            f" {row['to_sqlite']} times SQLite, p99 {row['p99_to_sqlite']} of SQLite's"
        )
    disk = figures["disk"]
    yield f"one write and sync after the other {disk['commits_per_second']:>9,.0f} commits/s"
    for row in figures["journal"]:
        yield (
            f"{row['callers']:>4} callers         {row['commands_per_second']:>9,.0f} commands/s,"
            f" p50 {row['p50_ms']} ms, p99 {row['p99_ms']} ms, {row['ratio']} times that"
        )
    replay = figures["replay"]
    yield (
        f"replay {replay['commands_per_second']:>9,.0f} commands/s, opening included"
        f" ({replay['commands_per_second'] / REPLAY_GOAL:.2f} times the {REPLAY_GOAL:,} aimed at)"
    )
    yield from redis_lines(figures["redis"])


def _cell(figures: Figures) -> str:
    times = f"{figures['p50_ms']}/{figures['p99_ms']}"
    return f"{figures['commits_per_second']:>9,.0f} {times:<13}"


def _restart_lines(figures: Figures) -> Iterator[str]:
    yield (
        f"start with {figures['before']:,} commands before a snapshot of"
        f" {figures['snapshot_bytes']:,} bytes and {figures['after']:,} behind it:"
    )
    for name, seconds in figures["parts_seconds"].items():
        yield f"  {name:<8} {seconds:>7.3f} s {figures['parts_processor_seconds'][name]:>7.3f} s"
    goal = figures["seconds"] / RESTART_GOAL_S
    total = figures["seconds"]
    busy = figures["processor_seconds"]
    yield (
        f"fairline serve listens after {total:.3f} s, {busy:.3f} s of a processor:"
        f" {goal:.2f} and {busy / RESTART_GOAL_S:.2f} times the {RESTART_GOAL_S} s aimed at"
    )
    decoded = figures["read_and_decoded_per_second"]
    yield (
        f"read and decoded {decoded:,} commands/s, {decoded / REPLAY_GOAL:.2f} times the"
        f" {REPLAY_GOAL:,} aimed at ({figures['read_and_decoded_per_processor_second']:,} in a"
        f" second of a processor); applied {figures['applied_per_second']:,} commands/s"
    )
