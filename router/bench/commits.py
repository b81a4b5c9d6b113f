"""Durable commits of batches: the file journal, the bare disk, and SQLite in its place.

Owns: the three writers and their turns. Does not know: who prints the figures, trio, the core.

All three write the same commands on the same disk, in turns so short that a noisy machine is noisy
for all of them; medians of the turns are compared. The bare disk writes the frame's bytes into a
prepared file: no journal can be faster. SQLite is the candidate that needs no code of ours: WAL,
``synchronous=FULL`` (as durable as a sync each), one transaction for each batch.
"""

import os
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import trio

from router.journal.base import Journal
from router.journal.file_ops import DiskOps
from router.journal.log import SegmentLog

__all__ = ["Commit", "Figures", "bench_commits", "called", "in_turns", "percentiles"]

SIZES = (1, 16, 128)
PAYLOAD_BYTES = 200
FRAME_BYTES = 36
ROUNDS = 5

Figures = dict[str, Any]
Commit = Callable[[], None]


def bench_commits(
    folder: Path, *, seconds: float, file_bytes: int, sizes: Sequence[int] = SIZES
) -> list[Figures]:
    """A row for each batch size, with commits a second, p50, p99 and ratios; see the module."""
    return [_row(folder, size, seconds, file_bytes) for size in sizes]


def _row(folder: Path, size: int, seconds: float, file_bytes: int) -> Figures:
    batch = [("acme", os.urandom(PAYLOAD_BYTES)) for _ in range(size)]
    with ExitStack() as opened:
        commits: dict[str, Commit] = {
            "disk": opened.enter_context(_disk(folder / f"disk-{size}", batch, file_bytes)),
            "journal": opened.enter_context(_journal(folder / f"log-{size}", batch, file_bytes)),
            "sqlite": opened.enter_context(_sqlite(folder / f"{size}.sqlite", batch)),
        }
        row: Figures = {"batch": size, **in_turns(commits, seconds)}
    journal = row["journal"]["commits_per_second"]
    row["to_disk"] = round(journal / row["disk"]["commits_per_second"], 2)
    row["to_sqlite"] = round(journal / row["sqlite"]["commits_per_second"], 2)
    row["p99_to_sqlite"] = round(row["journal"]["p99_ms"] / row["sqlite"]["p99_ms"], 2)
    return row


def in_turns(commits: Mapping[str, Commit], seconds: float) -> dict[str, Figures]:
    """Commits a second, p50 and p99 of each writer; they take turns within the seconds."""
    taken: dict[str, list[list[float]]] = {name: [] for name in commits}
    for _ in range(ROUNDS):
        for name, commit in commits.items():
            taken[name].append(_turn(commit, seconds / ROUNDS))
    figures: dict[str, Figures] = {}
    for name, turns in taken.items():
        rate = statistics.median(len(turn) / sum(turn) for turn in turns)
        whole = [each for turn in turns for each in turn]
        figures[name] = {"commits_per_second": round(rate), **percentiles(whole)}
    return figures


def _turn(commit: Commit, seconds: float) -> list[float]:
    taken: list[float] = []
    end = time.perf_counter() + seconds
    while (start := time.perf_counter()) < end:
        commit()
        taken.append(time.perf_counter() - start)
    return taken


@contextmanager
def _disk(path: Path, batch: Sequence[tuple[str, bytes]], file_bytes: int) -> Iterator[Commit]:
    length = FRAME_BYTES + sum(len(payload) + 8 for _, payload in batch)
    frame = os.urandom(length)
    offset = 0
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

    def commit() -> None:
        nonlocal offset
        os.pwrite(descriptor, frame, offset)
        os.fdatasync(descriptor)
        offset = (offset + length) % (file_bytes - length)

    try:
        os.pwrite(descriptor, bytes(file_bytes), 0)
        os.fsync(descriptor)
        yield commit
    finally:
        os.close(descriptor)


@contextmanager
def _journal(path: Path, batch: Sequence[tuple[str, bytes]], file_bytes: int) -> Iterator[Commit]:
    log = SegmentLog.open(path, core_version=1, ops=DiskOps(), segment_bytes=file_bytes)
    try:
        yield lambda: _append(log, batch)
    finally:
        log.close()


def _append(log: SegmentLog, batch: Sequence[tuple[str, bytes]]) -> None:
    log.append(batch, 0)


@contextmanager
def _sqlite(path: Path, batch: Sequence[tuple[str, bytes]]) -> Iterator[Commit]:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("pragma journal_mode = wal")
        database.execute("pragma synchronous = full")
        database.execute(
            "create table journal (number integer primary key, tenant text, payload blob)"
        )

        def commit() -> None:
            database.execute("begin")
            database.executemany("insert into journal (tenant, payload) values (?, ?)", batch)
            database.execute("commit")

        yield commit


async def called(journal: Journal, count: int, seconds: float, payload: bytes) -> list[float]:
    """How long each append took of so many callers, each with one command at a time."""
    taken: list[float] = []
    end = time.perf_counter() + seconds

    async def call() -> None:
        while (start := time.perf_counter()) < end:
            await journal.append([("acme", payload)], 0)
            taken.append(time.perf_counter() - start)

    async with trio.open_nursery() as calls:
        for _ in range(count):
            calls.start_soon(call)
    return taken


def percentiles(taken: Sequence[float]) -> Figures:
    """The median and the 99th of 100, in ms."""
    ordered = sorted(taken) or [float("nan")]
    return {
        "p50_ms": round(ordered[len(ordered) // 2] * 1000, 3),
        "p99_ms": round(ordered[len(ordered) * 99 // 100] * 1000, 3),
    }
