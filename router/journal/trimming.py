"""What of a file journal nothing needs any more, and how it is put away.

Owns: the holds, the arithmetic of what is needed, deleting and moving segments.
Does not know: what a snapshot is, who registers a hold, threads.
Invariants: the last segment always stays; segments go oldest first, so what stays has no hole
whenever this is interrupted; a segment is in the folder or in the archive, never in neither.

A hold says up to which position of each tenant its owner is done. A tenant that it does not name is
held from the beginning: forgetting to name one keeps too much, never too little.
"""

import errno
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from router.journal.file_ops import FileOps, read_all, write_all
from router.journal.segments import Segment

__all__ = ["Holds", "copy_file", "first_needed", "put_away"]

Done = Callable[[], Mapping[str, int]]
"""Returns up to which position of each tenant somebody is done."""

_PIECE_BYTES = 1024 * 1024


class Holds:
    """Who still needs what of a journal."""

    def __init__(self) -> None:
        self._done_by_name: dict[str, Done] = {}

    def add(self, name: str, done: Done) -> None:
        """Keep whatever lies behind what `done` returns, until the name is released."""
        assert name not in self._done_by_name, f"{name} holds already"
        self._done_by_name[name] = done

    def release(self, name: str) -> None:
        """Need nothing any more."""
        del self._done_by_name[name]

    def done(self) -> list[Mapping[str, int]]:
        """Return what each holder is done with at this moment."""
        return [done() for done in self._done_by_name.values()]


def first_needed(segments: Sequence[Segment], done: Sequence[Mapping[str, int]]) -> int:
    """Return the sequence number of the first segment in which somebody needs anything."""
    needed = segments[0]
    for segment in segments[1:]:
        if not all(
            each.get(tenant, 0) >= last
            for each in done
            for tenant, last in segment.positions.items()
        ):
            break
        needed = segment
    return needed.header.first_sequence


def put_away(ops: FileOps, paths: Sequence[Path], archive: Path | None) -> Iterator[Path]:
    """Move files into the archive folder, or delete them where there is none; yield each then.

    Raises:
        OSError: the next one could not be put away.
    """
    if archive is not None and paths:
        ops.make_folder(archive)
    for path in paths:
        if archive is not None:
            _move(ops, path, archive / path.name)
        else:
            ops.unlink(path)
        yield path


def _move(ops: FileOps, source: Path, target: Path) -> None:
    try:
        ops.rename(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy_file(ops, source, target)
        ops.unlink(source)


def copy_file(
    ops: FileOps,
    source: Path,
    target: Path,
    length: int | None = None,
    *,
    reading_ops: FileOps | None = None,
) -> None:
    """Copy a file, or its beginning, so that the target is whole and durable or not there.

    The source may be read through other operations than the target is written through.

    Raises:
        OSError: it was not copied.
    """
    partial = target.with_name(f"{target.name}.partial")
    ops.unlink(partial)
    source_ops = ops if reading_ops is None else reading_ops
    reading = source_ops.open(source, to_write=False)
    try:
        writing = ops.create(partial)
        try:
            end = source_ops.size(reading) if length is None else length
            for offset in range(0, end, _PIECE_BYTES):
                piece = read_all(source_ops, reading, min(_PIECE_BYTES, end - offset), offset)
                write_all(ops, writing, piece, offset)
            ops.fdatasync(writing)
        finally:
            ops.close(writing)
    finally:
        source_ops.close(reading)
    ops.rename(partial, target)
    folder = ops.open_folder(target.parent)
    try:
        ops.sync_folder(folder)
    finally:
        ops.close(folder)
