"""Checks everything of a journal, where a start checks what it needs.

Owns: the list of what is wrong.
Does not know: the core: whether a snapshot is what a replay leads to is for whoever has one.
Invariants: one damaged file does not hide another; nothing is changed.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from router.errors import JournalCorrupt, StorageError
from router.journal.file_ops import FileOps
from router.journal.segments import (
    Place,
    Recovered,
    Segment,
    corrupt,
    recover_segment,
    segment_names,
)
from router.journal.snapshot_files import read_snapshot, snapshot_names
from router.journal.snapshot_store import Snapshot

__all__ = ["Checked", "check_journal"]


class Checked(NamedTuple):
    """What a journal holds and what is wrong with it."""

    segments: list[Segment]
    sequence: int
    positions: Mapping[str, int]
    snapshots: list[Snapshot[Place]]
    """Those that are whole, the oldest first."""
    problems: list[Exception]


def check_journal(ops: FileOps, folder: Path, core_version: int) -> Checked:
    """Check all segments, how they follow each other, and all snapshots."""
    problems: list[Exception] = []
    names = segment_names(ops, folder)
    segments: list[Segment] = []
    before: Recovered | None = None
    for index, name in enumerate(names):
        path = folder / name
        is_last = index == len(names) - 1
        try:
            found = recover_segment(
                ops, path, core_version, before, None, is_last=is_last, is_counted=True
            )
            _check_positions(found.segments[-1], before)
        except (StorageError, OSError) as error:
            problems.append(_with_path(path, error))
            before = None
        else:
            segments.append(found.segments[-1])
            before = found
    snapshots, wrong = _check_snapshots(ops, folder, core_version, segments)
    sequence = 0 if before is None else before.sequence
    positions = {} if before is None else before.positions
    return Checked(segments, sequence, positions, snapshots, [*problems, *wrong])


def _with_path(path: Path, error: Exception) -> Exception:
    if isinstance(error, OSError):
        return StorageError(f"{path}: it cannot be read: {error.strerror}.")
    return error


def _check_positions(segment: Segment, before: Recovered | None) -> None:
    """Make sure that a segment begins to count where the one before it ended."""
    if before is not None and dict(segment.positions) != before.positions:
        raise corrupt(segment.path, 0, "The segment counts commands unlike the one before it.")


def _check_snapshots(
    ops: FileOps, folder: Path, core_version: int, segments: list[Segment]
) -> tuple[list[Snapshot[Place]], list[Exception]]:
    whole: list[Snapshot[Place]] = []
    problems: list[Exception] = []
    heads = {segment.header.first_sequence: segment.path for segment in segments}
    for name in reversed(snapshot_names(ops, folder)):
        try:
            snapshot = read_snapshot(ops, folder / name)
            path = heads.get(snapshot.place.segment_sequence)
            if path is not None:
                recover_segment(ops, path, core_version, None, snapshot.place, is_last=True)
        except (StorageError, OSError) as error:
            problems.append(_with_path(folder / name, error))
            continue
        if path is None:
            problems.append(_homeless(snapshot, segments))
        whole.append(snapshot)
    return whole, problems


def _homeless(snapshot: Snapshot[Place], segments: list[Segment]) -> JournalCorrupt:
    there = segments[0].path.name if segments else "no segment"
    return JournalCorrupt(
        segment=snapshot.name,
        offset=0,
        problem=f"The journal behind the snapshot is missing; what is whole begins with {there}.",
        mend="Restore the segments from a copy.",
    )
