"""Small journals on a disk in memory, and what a start makes of them."""

from collections.abc import Sequence
from pathlib import Path

from router.journal.log import SegmentLog
from router.journal.segments import Entry
from tests.helpers.faults import MemoryDisk

__all__ = ["FOLDER", "batch", "fill", "open_log", "payloads", "read_log", "reopened", "segments"]

FOLDER = Path("/journal")


def batch(number: int, padding: int = 20) -> list[tuple[str, bytes]]:
    """Return the commands of a batch that knows its number."""
    return [("acme", b"%d" % number), (f"tenant-{number % 3}", b"%d " % number + b"x" * padding)]


def open_log(disk: MemoryDisk, *, segment_bytes: int = 512, core_version: int = 1) -> SegmentLog:
    """Open the journal of the disk."""
    return SegmentLog.open(FOLDER, core_version=core_version, ops=disk, segment_bytes=segment_bytes)


def fill(disk: MemoryDisk, count: int, *, segment_bytes: int = 512) -> list[Entry]:
    """Write a journal of so many batches and close it."""
    log = open_log(disk, segment_bytes=segment_bytes)
    entries = [log.append(batch(number), number) for number in range(1, count + 1)]
    log.close()
    return entries


def read_log(log: SegmentLog) -> list[Entry]:
    """Read all that is in the files."""
    cursor = log.cursor({})
    entries: list[Entry] = []
    while cursor.sequence <= log.sequence:
        entries += cursor.read(log.sequence)
    return entries


def reopened(disk: MemoryDisk) -> list[Entry]:
    """Start on what the disk holds and return it."""
    log = open_log(disk)
    try:
        return read_log(log)
    finally:
        log.close()


def payloads(entries: Sequence[Entry]) -> list[list[tuple[str, bytes]]]:
    """Return the commands of each batch."""
    return [[(r.tenant, r.payload) for r in entry.records] for entry in entries]


def segments(disk: MemoryDisk) -> list[Path]:
    """Return the journal's segments in order."""
    return sorted(path for path in disk.files if path.suffix == ".segment")
