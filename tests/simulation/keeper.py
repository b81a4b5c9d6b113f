"""Snapshots of a simulated life: the real keeper with a second process that the simulation drives.

Owns: starting, driving and ending the second process, what its end may mean.
Does not know: when faults strike. Invariant: a second process ends for a reason, or it is a find.
"""

import errno
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import trio

from router.errors import StorageError
from router.journal.segments import Place
from router.journal.snapshot_files import FileSnapshots
from router.server.snapshotter import Problem, Said
from router.server.snapshotting import END_S, Snapshotting, Terms, Trimmed
from tests.helpers.faults import Crash
from tests.simulation.disk import FOLDER, FaultyDisk
from tests.simulation.second import Killed, SecondProcess
from tests.simulation.watch import Violation

__all__ = ["Host", "Keeper", "judge"]


class Host(msgspec.Struct):
    """The machine, as far as a keeper needs it."""

    disk: FaultyDisk
    start: Callable[[], SecondProcess]
    adopt: Callable[[SecondProcess], None]
    """Takes a process that outlives its server."""
    switch_off: Callable[[str], None]
    is_killed: Callable[[], bool]
    """Whether the server was ended by a kill just now."""
    before_tidying: Callable[[], None]
    """Called before old snapshots and segments are removed."""


class Keeper(Snapshotting[Place]):
    """The real one, but for the way in which a process is started and heard."""

    def __init__(self, journal: Trimmed[Place], terms: Terms, host: Host) -> None:
        super().__init__(
            str(FOLDER),
            FileSnapshots(FOLDER, host.disk),
            journal,
            terms,
            alarm=_alarm,
            count=_skip,
            aside=_aside,
        )
        self._host = host

    async def _live(self) -> int:
        process = self._host.start()
        send, receive = trio.open_memory_channel[Said](100)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._listen, receive)
            try:
                await self._drive(process, send)
            finally:
                await self._end(process)
            await send.aclose()
        return 1

    async def _drive(self, process: SecondProcess, send: trio.MemorySendChannel[Said]) -> None:
        pause_s = 0.0
        while not process.is_ended:
            await trio.sleep(pause_s)
            pause_s = process.turn() if not process.is_ended else 0.0
            for said in process.said:
                send.send_nowait(said)
            process.said.clear()
        await self._explain(process, send)

    async def _explain(self, process: SecondProcess, send: trio.MemorySendChannel[Said]) -> None:
        """An end that no fault explains is a find."""
        if isinstance(process.error, Crash) and not isinstance(process.error, Killed):
            self._host.switch_off("power in a snapshot")
            await trio.sleep_forever()
        judge(process, is_alone=False)
        self._note_cut(process)
        if isinstance(process.error, OSError):
            send.send_nowait(Problem(str(process.error)))

    async def _listen(self, receive: trio.MemoryReceiveChannel[Said]) -> None:
        async for said in receive:
            await self._hear(said)

    async def _tidy(self) -> None:
        self._host.before_tidying()
        try:
            await super()._tidy()
        except Crash:
            self._host.switch_off("power in tidying")
            await trio.sleep_forever()

    async def _end(self, process: SecondProcess) -> None:
        """As a server ends it that ends by itself; one that is killed leaves it behind."""
        process.end_stdin()
        if process.is_ended:
            return
        if self._host.is_killed():
            self._host.adopt(process)
            return
        with trio.CancelScope(shield=True), trio.move_on_after(END_S):
            pause_s = 0.0
            while not (process.is_ended or self._host.disk.is_off):
                await trio.sleep(pause_s)
                pause_s = process.turn() if not process.is_ended else 0.0
        process.kill()
        judge(process, is_alone=False)
        self._note_cut(process)
        if isinstance(process.error, Crash) and not isinstance(process.error, Killed):
            self._host.switch_off("power in a snapshot")

    def _note_cut(self, process: SecondProcess) -> None:
        if isinstance(process.error, Killed) and self._host.disk.has_partial():
            self._host.disk.count("snapshot cut off")


def judge(process: SecondProcess, *, is_alone: bool) -> None:
    """See whether a second process may end so; an old one may be overtaken by a newer server.

    Raises:
        Violation: it may not.
    """
    error = process.error
    is_fault = isinstance(error, Crash) or (
        isinstance(error, OSError) and error.errno in (errno.EIO, errno.ENOSPC)
    )
    is_overtaken = is_alone and isinstance(error, OSError | StorageError)
    if error is not None and not is_fault and not is_overtaken:
        raise Violation(f"the second process ended: {error!r}") from error


def _alarm() -> None:
    raise Violation("a replay went another way than the live cores")


def _skip(_: str) -> None:
    pass


async def _aside(work: Callable[..., Sequence[Place]], *arguments: Any) -> Sequence[Place]:  # noqa: ANN401
    await trio.lowlevel.checkpoint()
    return work(*arguments)
