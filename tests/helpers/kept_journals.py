"""A journal as this release writes it, in one small file, for those that come after it.

Owns: making one, unpacking one. Does not know: what a later release does with it.

    python -m tests.helpers.kept_journals [NAME]      tests/journal/kept/NAME.tar.xz, or VERSION's

Six hundred commands of a seeded crowd, in segments that are small, with one snapshot in the middle.
A release makes its own (docs/how-to/release.md), and no file that is there is ever made again: it
would no longer be what an older release wrote.
"""

import io
import sys
import tarfile
import tempfile
from pathlib import Path

import msgspec

from router import __version__
from router.commands import Underway
from router.core import CORE_VERSION
from router.journal.file_ops import DiskOps
from router.journal.log import SegmentLog
from router.server.snapshotter import Pace, Snapshotter, followed_folder
from tests.helpers.replayed import recorded

__all__ = ["COMMANDS", "KEPT", "TENANT", "unpack", "write_kept"]

KEPT = Path(__file__).parents[1] / "journal" / "kept"
TENANT = "main"
COMMANDS = 600
SEED = 20
SEGMENT_BYTES = 65_536


def write_kept(file: Path, count: int = COMMANDS) -> None:
    """Writes a journal of this release, packed; never over one that is there."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "journal"
        folder.mkdir()
        _write_journal(folder, count)
        with tarfile.open(file, "x:xz", preset=9) as archive:
            for path in sorted(folder.iterdir()):
                entry = tarfile.TarInfo(f"journal/{path.name}")
                content = path.read_bytes()
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))


def _write_journal(folder: Path, count: int) -> None:
    """In two lives of the journal, with a snapshot in between."""
    commands = list(enumerate(recorded(SEED, count), start=1))
    half = len(commands) // 2
    for part in (commands[:half], commands[half:]):
        log = SegmentLog.open(
            folder, core_version=CORE_VERSION, ops=DiskOps(), segment_bytes=SEGMENT_BYTES
        )
        for number, (_, command, now_ms, _) in part:
            payload = msgspec.msgpack.encode(Underway("a-life", number, command))
            log.append([(TENANT, payload)], now_ms)
        log.close()
        if part[0][0] == 1:
            _snapshot(folder)


def _snapshot(folder: Path) -> None:
    ends = iter([*[False] * 80, True])
    say = lambda _: None  # noqa: E731 - nobody listens
    Snapshotter(
        followed_folder(folder),
        Pace(1, 1_000),
        say=say,
        is_over=lambda _: next(ends),
        steady_ms=lambda: 0,
    ).run()


def unpack(file: Path, folder: Path) -> Path:
    """Unpacks a kept journal into a data folder and returns the folder of its files."""
    with tarfile.open(file) as archive:
        archive.extractall(folder, filter="data")
    return folder / "journal"


if __name__ == "__main__":
    KEPT.mkdir(exist_ok=True)
    target = KEPT / f"{sys.argv[1] if len(sys.argv) > 1 else __version__}.tar.xz"
    write_kept(target)
    sys.stdout.write(f"{target}: {target.stat().st_size} bytes\n")
