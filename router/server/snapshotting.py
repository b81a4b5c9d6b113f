"""Starts the process that writes snapshots, watches it, and tidies up behind its snapshots.

Owns: the life of the second process, the comparison of running hashes, removing old snapshots,
trimming the journal.
Does not know: what a snapshot holds, how a core works.

Invariants (tests/server/test_snapshotting.py): whatever the second process does, the server goes
on; it ends with the server; after a divergence nothing is removed any more, for it is evidence.
"""

import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import msgspec
import structlog
import trio

from router.errors import StorageError
from router.journal.snapshot_store import KEPT, P, Placed, SnapshotStore
from router.journal.trimming import Holds
from router.server.comparing import Comparison, Side
from router.server.snapshotter import Diverged, Problem, Said, Shown, Written

__all__ = ["Snapshotting", "Terms"]

BACK_OFF_S = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0)
END_S = 0.2
"""Then it is killed, which harms nothing: a snapshot is whole or not there."""
LINE_BYTES_MAX = 4 * 1024 * 1024

Aside = Callable[..., Awaitable[Sequence[Any]]]
_LOG = structlog.get_logger("fairline.snapshots")


P_contra = TypeVar("P_contra", bound=Placed, contravariant=True)


class Trimmed(Protocol[P_contra]):
    """A journal that grows, as far as this needs it."""

    @property
    def holds(self) -> Holds:
        """Who else needs what of it."""

    async def trim(
        self,
        done: Mapping[str, int],
        archive: Path | None = None,
        *,
        place: P_contra | None = None,
    ) -> Sequence[object]:
        """Puts away what nothing needs; see ``FileJournal``."""


class Terms(msgspec.Struct, frozen=True):
    """What the operator wants."""

    commands: int = 20_000
    span_ms: int = 300_000
    is_trimming: bool = True
    archive: Path | None = None


class Snapshotting(Generic[P]):
    """One journal's snapshots.

    Args:
        source: What the second process is told to follow: the journal's folder, or its address
            without the password.
        snapshots: Where they are kept.
        journal: Is trimmed; a reader of it is never harmed.
        terms: What the operator wants.
        alarm: Told of each divergence.
        count: Counts by name what happened.
        secrets: What the second process is told by its environment.
        command: What to start; the real one but in tests.
        aside: Does work that waits for the disk while the loop goes on.
    """

    def __init__(
        self,
        source: str,
        snapshots: SnapshotStore[P],
        journal: Trimmed[P],
        terms: Terms,
        *,
        alarm: Callable[[], None],
        count: Callable[[str], None],
        secrets: Mapping[str, str] | None = None,
        command: Sequence[str] | None = None,
        aside: Aside = trio.to_thread.run_sync,
    ) -> None:
        self._snapshots = snapshots
        self._journal = journal
        self._terms = terms
        self._alarm = alarm
        self._count = count
        own = [sys.executable, "-m", "router.server.snapshotter"]
        rest = [source, str(terms.commands), str(terms.span_ms)]
        self._command = [*(own if command is None else command), *rest]
        self._environment = {**os.environ, **(secrets or {})}
        self._decoder: msgspec.json.Decoder[Said] = msgspec.json.Decoder(Said)
        self._aside = aside
        self._failures = 0
        self.comparison = Comparison()
        self.has_diverged = False
        self.process_id: int | None = None

    def show(self, tenant: str, position: int, crc: int) -> None:
        """Takes a running hash of the live core."""
        self._compare("live", tenant, position, crc)

    async def run(self) -> None:
        """Keeps the second process running until cancelled."""
        while True:
            try:
                code = await self._live()
            except OSError as error:
                _LOG.error("snapshotter.not_started", error=str(error))
            else:
                _LOG.error("snapshotter.ended", status=code)
            self._count("snapshotter_ends")
            wait_s = BACK_OFF_S[min(self._failures, len(BACK_OFF_S) - 1)]
            self._failures += 1
            await trio.sleep(wait_s)

    async def _live(self) -> int:
        """Starts the process and listens to it until it ends."""
        process = await trio.lowlevel.open_process(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=self._environment,
        )
        self.process_id = process.pid
        _LOG.info("snapshotter.started", pid=process.pid)
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            async with aclosing(_lines(process.stdout)) as lines:
                async for line in lines:
                    await self._hear(self._decoder.decode(line))
            return await process.wait()
        finally:
            self.process_id = None
            with trio.CancelScope(shield=True):
                await process.stdin.aclose()
                with trio.move_on_after(END_S) as patience:
                    await process.wait()
                if patience.cancelled_caught:
                    process.kill()
                    await process.wait()
                await process.stdout.aclose()

    async def _hear(self, said: Said) -> None:
        match said:
            case Written():
                self._failures = 0
                self._count("snapshots")
                _LOG.info("snapshot.written", file=said.file, took_ms=said.took_ms)
                await self._tidy()
            case Shown():
                self._compare("replica", said.tenant, said.position, said.crc)
            case Diverged():
                _LOG.error("snapshot.diverged", file=said.file, tenant=said.tenant)
                self._diverge()
            case Problem():
                _LOG.error("snapshotter.problem", error=said.text)

    def _compare(self, side: Side, tenant: str, position: int, crc: int) -> None:
        if not self.comparison.add(side, tenant, position, crc):
            _LOG.error("replay.diverged", tenant=tenant, position=position)
            self._diverge()

    def _diverge(self) -> None:
        self.has_diverged = True
        self._alarm()

    async def _tidy(self) -> None:
        """Removes older snapshots, and of the journal what lies behind the oldest that stays."""
        if self.has_diverged:
            return
        try:
            needed = self._journal.holds.done()  # which others have on the disk, too
            places = await self._aside(self._snapshots.prune, needed)
            if len(places) < KEPT or not self._terms.is_trimming:
                return
            oldest = places[-1]
            trimmed = await self._journal.trim(oldest.positions, self._terms.archive, place=oldest)
        except (OSError, StorageError) as error:
            _LOG.warning("journal.not_trimmed", error=str(error))
            return
        for path in trimmed:
            _LOG.info("journal.trimmed", segment=str(path))


async def _lines(stream: trio.abc.ReceiveStream) -> AsyncGenerator[bytes, None]:
    """The lines of a stream; one that does not end is a flaw of whoever speaks."""
    rest = b""
    async for piece in stream:
        *lines, rest = (rest + piece).split(b"\n")
        assert len(rest) < LINE_BYTES_MAX, "a line without an end"
        for line in lines:
            yield line
