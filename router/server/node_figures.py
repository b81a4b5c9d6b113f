"""How the process itself is, for Prometheus: version, loop, files, disk, certificate, journal.

Owns: those series. Does not know: what a node does with them.

Invariants (tests/server/test_node_figures.py): nothing here is read on the loop but plain numbers;
what cannot be read (a folder that is gone) has no series, and never spoils the page.
"""

import os
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import trio
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from router import __version__
from router.core import Router
from router.server.buckets import Buckets, as_family
from router.server.sections import ServerSettings

__all__ = ["LAG_EVERY_S", "LATELY_S", "NodeFigures", "Strains", "overdue_ms"]

LAG_EVERY_S = 0.25
LATELY_S = 5.0
LAGS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)


class Strains(NamedTuple):
    """What only the loop may look at."""

    is_ready: bool
    """Whether the node takes new connections."""
    is_draining: bool
    """Whether the node is about to stop."""
    oldest_s: float
    """How long the oldest command has waited for its outcome."""
    overdue_s: float
    """How late the earliest deadline of any core is."""
    replay: tuple[int, int]
    """Commands that the start replayed, of those that it has to."""
    is_standby: bool = False
    """Whether the node waits for another one, which serves, to end."""


class NodeFigures(Collector):
    """The series of one process.

    Args:
        server: Where its files are, and how many connections it takes.
        strains: Says how the node is; called on the loop.
        expires_s: Says when the certificate that is served ends; None without one.
    """

    def __init__(
        self,
        server: ServerSettings,
        strains: Callable[[], Strains],
        expires_s: Callable[[], float | None] = lambda: None,
    ) -> None:
        self._server = server
        self._strains = strains
        self._expires_s = expires_s
        self._began_s = time.time()
        self._lag = Buckets(LAGS)
        self._worst: deque[tuple[float, float]] = deque()
        self._seen: list[tuple[str, str, float]] = []

    async def measure_lag(self) -> None:
        """Measures how late the loop wakes a sleeper, for ever."""
        while True:
            due = trio.current_time() + LAG_EVERY_S
            await trio.sleep_until(due)
            now = trio.current_time()
            late_s = max(now - due, 0.0)
            self._lag.note(late_s)
            while self._worst and self._worst[-1][1] <= late_s:
                self._worst.pop()
            self._worst.append((now, late_s))

    def late_s(self) -> float:
        """How late the loop was at worst in the last ``LATELY_S``."""
        while self._worst and self._worst[0][0] < trio.current_time() - LATELY_S:
            self._worst.popleft()
        return self._worst[0][1] if self._worst else 0.0

    def look(self) -> None:
        """Reads on the loop what only the loop may read."""
        told = self._strains()
        tasks = trio.lowlevel.current_statistics().tasks_living
        self._seen = [
            ("tasks", "Tasks of the event loop.", tasks),
            (
                "ready",
                "Whether the node takes new connections, as /readyz says.",
                int(told.is_ready),
            ),
            ("replayed_commands", "Commands that the start has replayed.", told.replay[0]),
            ("replay_commands", "Commands that the start has to replay.", told.replay[1]),
            ("draining", "Whether the node is about to stop.", int(told.is_draining)),
            ("standby", "Whether the node waits while another one serves.", int(told.is_standby)),
            (
                "command_oldest_seconds",
                "How long the oldest command has waited for its outcome.",
                told.oldest_s,
            ),
            (
                "sweep_lag_seconds",
                "How late the earliest deadline is that nobody has attended to.",
                told.overdue_s,
            ),
        ]

    def collect(self) -> Iterable[Metric]:
        """See ``Collector``; may be called in a thread."""
        info = GaugeMetricFamily("fairline_build_info", "What runs here.", labels=["version"])
        info.add_metric([__version__], 1)
        yield info
        yield as_family("fairline_loop_lag_seconds", "How late the loop was.", [], {(): self._lag})
        for name, text, value in [*self._seen, *self._of_files()]:
            yield GaugeMetricFamily(f"fairline_{name}", text, value=value)

    def _of_files(self) -> Iterable[tuple[str, str, float]]:
        server = self._server
        yield "connections_max", "So many connections are let in.", server.connections_max
        if server.journal != "memory":
            yield from self._of_disk()
        expires_s = self._expires_s()
        if expires_s is not None:
            yield (
                "certificate_expiry_timestamp_seconds",
                "When the certificate that is served ends.",
                expires_s,
            )

    def _of_disk(self) -> Iterable[tuple[str, str, float]]:
        server = self._server
        try:
            disk = os.statvfs(server.data)
        except OSError:
            return
        free, size = disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize
        yield "disk_free_bytes", "Room on the disk of the data folder.", free
        yield "disk_size_bytes", "The size of the disk of the data folder.", size
        if server.journal == "file":
            size, newest_s = _of_journal(server)
            yield "journal_bytes", "What the journal takes on it.", size
            span_s = server.snapshot_ms / 1000
            yield "snapshot_interval_seconds", "How often a snapshot is due.", span_s
            text = "When the newest snapshot was written, or this node began if that was later."
            yield "last_snapshot_timestamp_seconds", text, max(newest_s, self._began_s)


def overdue_ms(routers: Iterable[Router], now_ms: int) -> int:
    """How late the earliest deadline of these cores is; 0 where none is."""
    due = (router.next_deadline_ms() for router in routers)
    return max(
        (now_ms - due_ms for due_ms in due if due_ms is not None and due_ms < now_ms), default=0
    )


def _of_journal(server: ServerSettings) -> tuple[int, float]:
    """The size of its files, and when the newest snapshot was written; 0 without any."""
    size, newest_s = 0, 0.0
    try:
        with os.scandir(Path(server.data) / "journal") as entries:
            for entry in entries:
                if entry.is_file():
                    told = entry.stat()
                    size += told.st_size
                    if entry.name.endswith(".snapshot"):
                        newest_s = max(newest_s, told.st_mtime)
    except OSError:
        return size, newest_s
    return size, newest_s
