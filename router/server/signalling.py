"""The running server of some settings, as a process: finding it, telling it, waiting for its end.

Owns: which process has the journal's folder, or of a journal in Redis the archive's lock.
Does not know: what a signal does there.

Invariant (tests/server/test_signalling.py): no process is ever signalled but one that has this very
lock and its file open, for the number of a process that ended may be somebody else's by now.

There is no pid file to go stale: the lock says who is there, as the system tells it. A node that
stands by has none: only the one that serves is found.
"""

import os
import signal
from contextlib import suppress
from pathlib import Path

from router.archive.reading import FOLDER_NAME
from router.archive.sqlite import LOCK_NAME
from router.errors import SettingsError
from router.journal.file_ops import DiskOps
from router.server.settings import Settings

__all__ = ["server_of", "tell"]

PROC = Path("/proc")


def server_of(settings: Settings) -> int | None:
    """The process that serves these settings on this machine; None where none does.

    Raises:
        SettingsError: it cannot be known here.
    """
    server = settings.server
    if server.journal == "memory":
        raise SettingsError(
            "without a folder nobody knows which process it is; send the signal yourself",
            key="server.journal",
        )
    if not PROC.joinpath("locks").exists():
        raise SettingsError("this system does not tell who has a folder; send the signal yourself")
    of_archive = Path(FOLDER_NAME) / LOCK_NAME
    locked = Path(server.data) / (of_archive if server.journal == "redis" else "journal")
    ops = DiskOps()
    try:
        descriptor = os.open(locked, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SettingsError(f"cannot be read: {error.strerror}", file=str(locked)) from None
    try:
        pid = ops.holder(descriptor)
        return pid if pid is not None and _has_open(pid, os.fstat(descriptor)) else None
    finally:
        ops.close(descriptor)


def _has_open(pid: int, locked: os.stat_result) -> bool:
    """Whether the process has this open: the lock is told by a number that is no disk's own.

    Raises:
        SettingsError: it is somebody else's process.
    """
    opened = PROC / str(pid) / "fd"
    try:
        names = list(opened.iterdir())
    except PermissionError:
        raise SettingsError(f"process {pid} is another user's; run this as that user") from None
    except OSError:
        return False
    for name in names:
        try:
            if os.path.samestat(name.stat(), locked):
                return True
        except OSError:
            continue
    return False


def tell(settings: Settings, number: signal.Signals) -> int:
    """Sends a signal to the server; its process.

    Raises:
        SettingsError: there is none, or it may not be told.
    """
    pid = server_of(settings)
    if pid is not None:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
            return pid
    raise SettingsError(f"no server runs in {settings.server.data}", key="server.data")
