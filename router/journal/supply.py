"""Makes the next segment of a file journal ahead of its use.

Owns: the file that is being prepared, the thread that does so, what went wrong meanwhile.
Does not know: what a segment holds.
Invariants: what `take` returns is zeros to its end and durable; one segment at a time.

Preparing ahead keeps the slow part (claiming space, writing zeros, the sync of a new length) out of
commits, and a full disk shows a whole segment before it would stop anybody.
"""

import contextlib
import threading
from pathlib import Path
from typing import NamedTuple

from router.journal.file_ops import FileOps, is_full, write_all
from router.journal.segments import BLANK_NAME

__all__ = ["Blank", "Supply"]

_ZEROS = bytes(1024 * 1024)


class Blank(NamedTuple):
    """A prepared segment: zeros to its end, durable, without a name of its own."""

    path: Path
    descriptor: int


class Supply:
    """Prepares the next segment, one at a time; on a thread of its own where it may."""

    def __init__(
        self, ops: FileOps, folder: Path, segment_bytes: int, *, has_threads: bool
    ) -> None:
        self._ops = ops
        self._has_threads = has_threads
        self._path = folder / BLANK_NAME
        self.segment_bytes = segment_bytes
        self._thread: threading.Thread | None = None
        self._blank: Blank | None = None
        self._error: Exception | None = None

    def start(self) -> None:
        """Begin to prepare a segment, unless one is ready or being made."""
        if self._thread is not None and not self._thread.is_alive():
            self._thread = None
        if self._thread is not None or self._blank is not None:
            return
        if not self._has_threads:
            self._prepare()
        else:
            self._thread = threading.Thread(
                target=self._prepare, name="journal-prepare", daemon=True
            )
            self._thread.start()

    def take(self) -> Blank:
        """Return a prepared segment, making it now if there is none or the disk was full."""
        self._wait()
        if self._blank is None and (
            self._error is None or (isinstance(self._error, OSError) and is_full(self._error))
        ):
            self._prepare()
        blank, error = self._blank, self._error
        self._blank = self._error = None
        if blank is None:
            assert error is not None, "a preparation ends with a segment or an error"
            raise error
        return blank

    def discard(self, blank: Blank) -> None:
        """Throw a segment away; if its name stays, whoever makes the next one removes it."""
        self._ops.close(blank.descriptor)
        with contextlib.suppress(OSError):
            self._ops.unlink(blank.path)

    def close(self) -> None:
        """Wait for the thread and leave nothing behind."""
        self._wait()
        if self._blank is not None:
            self.discard(self._blank)
            self._blank = None

    def _wait(self) -> None:
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _prepare(self) -> None:
        """Make a segment; whatever goes wrong is kept for whoever takes it."""
        self._error = None
        try:
            self._blank = self._make()
        except Exception as error:
            self._error = error

    def _make(self) -> Blank:
        ops = self._ops
        ops.unlink(self._path)
        blank = Blank(self._path, ops.create(self._path))
        try:
            ops.reserve(blank.descriptor, self.segment_bytes)
            for offset in range(0, self.segment_bytes, len(_ZEROS)):
                zeros = _ZEROS[: self.segment_bytes - offset]
                write_all(ops, blank.descriptor, zeros, offset)
            ops.fdatasync(blank.descriptor)
        except OSError:
            self.discard(blank)
            raise
        return blank
