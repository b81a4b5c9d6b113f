"""The simulated machine: one life of the server after another on the same disk.

Owns: starting the server as `router.server.app` does, and every way in which a life ends.
Does not know: who connects, when a life should end.
Invariants: a life that was switched off does nothing more to the disk and says nothing more to
anybody; whatever ended it, the next one starts from what the disk kept.
"""

import itertools
import random
from collections import Counter
from functools import partial

import trio

from router.core import CORE_VERSION
from router.errors import JournalCorrupt, JournalVersion, StorageError
from router.journal.file import FileJournal
from router.journal.segments import Place
from router.journal.snapshot_files import FileSnapshots
from router.journal.writers import Writer
from router.server.admission import Admission
from router.server.app import Node
from router.server.clock import Clock
from router.server.front import FrontLimits, serve_front
from router.server.restoring import Snapshots, Start
from router.server.settings import Settings
from router.server.snapshotter import Pace, Written
from router.server.snapshotting import Terms
from tests.helpers.faults import Crash
from tests.simulation.disk import ARCHIVE, FOLDER, FaultyDisk
from tests.simulation.folder import check_folder
from tests.simulation.house import START_MS, TENANTS
from tests.simulation.keeper import Host, Keeper, judge
from tests.simulation.network import Network
from tests.simulation.second import Killed, SecondProcess
from tests.simulation.trace import Trace
from tests.simulation.watch import Violation, Watch, WatchedTenants
from tests.simulation.writer import SlowWriter

__all__ = ["END", "TIDYING", "Machine"]

END = "end of a life: "
TIDYING = ("unlink.segment", "rename.segment", "unlink.snapshot")
"""What the server does to the folder behind a snapshot."""
RECOVERY_S = 2.0
SEGMENT_BYTES = (2 * 1024, 6 * 1024, 24 * 1024)
PACES = (Pace(10, 60_000), Pace(30, 5_000), Pace(50, 20_000))


class Machine:
    """Disk, clock and server."""

    def __init__(
        self,
        settings: Settings,
        *,
        network: Network,
        watch: Watch,
        trace: Trace,
        chance: random.Random,
        faults: Counter[str],
    ) -> None:
        self.settings = settings
        self.network = network
        self.disk = FaultyDisk(chance, faults)
        self.node: Node | None = None
        """The node of the present life, once it lets people in."""
        self.writer: SlowWriter | None = None
        self.wall_ahead_s = 0.0
        """How far the machine's date is ahead of the truth."""
        self._watch = watch
        self._trace = trace
        self._chance = chance
        self._faults = faults
        self._began = trio.current_time()
        self.disk.let_others_go_on = self._let_others_go_on
        self._ids = itertools.count(1)
        self._life = 0
        self._tenants: WatchedTenants | None = None
        self._end = ""
        self._power = trio.CancelScope()
        self._drain = trio.Event()
        self.second: SecondProcess | None = None
        """The second process of the present life, once there was one."""
        self.has_snapshot_faults = False
        """Whether disk and power may fail where it is worst for snapshots."""
        self._orphans: list[SecondProcess] = []
        self._adopted = trio.lowlevel.ParkingLot()
        self._segment_bytes = chance.choice(SEGMENT_BYTES)
        self._pace = chance.choice(PACES)
        self._terms = Terms(archive=chance.choice((None, None, ARCHIVE)))
        self._host = Host(
            self.disk,
            self._start_second,
            self._adopt,
            self.switch_off,
            lambda: self._end == "kill",
            self._spoil_tidying,
        )

    def wall_ms(self) -> int:
        """The machine's date."""
        return self._wall_ns() // 1_000_000

    def be_troubled(self, seconds: float) -> None:
        """For so long, and a moment more, nothing needs to be in time."""
        calm_from = trio.current_time() + seconds + RECOVERY_S
        self._watch.calm_from = max(self._watch.calm_from, calm_from)

    def switch_off(self, how: str) -> None:
        """End the life at once: `power` takes what was not synced, `kill` takes the process."""
        if not self._end:
            self._end = how
            self.disk.is_off = True
            self.network.power_off()
            self._power.cancel()

    def drain(self) -> None:
        """End the life as SIGTERM does."""
        self._drain.set()

    async def live(self) -> None:
        """Run one life to its end, whatever ends it.

        Raises:
            Violation: it ended in a way that no fault explains.
        """
        self._life += 1
        self.be_troubled(float("inf"))
        self._end, self._power, self._drain = "", trio.CancelScope(), trio.Event()
        self._trace.write(f"life {self._life} begins")
        end = await self._run_life()
        if self._tenants is not None:
            self._watch.life_ended(self._tenants.routers)
        self.node = self.writer = self.second = self._tenants = None
        self.network.power_off()
        self._faults[f"{END}{end}"] += 1
        self._trace.write(f"life {self._life} ended: {end}")
        if end.startswith("power"):
            self._lose_power()
        else:
            self.disk.lose_process(self._orphans)
        check_folder(self.disk, self._watch)

    def _lose_power(self) -> None:
        """Nothing runs on any more, and what it did not sync is gone."""
        if self.disk.has_partial():
            self._faults["snapshot cut off"] += 1
        for process in self._orphans:
            process.kill()
        self._orphans.clear()
        self.disk.lose_power()

    def _let_others_go_on(self) -> None:
        """In the middle of what the server does with its disk; power may fail right behind it."""
        second = self.second
        if second is None:
            return
        count = len(second.said)
        for _ in range(self._chance.choice((1, 3, 30))):
            if not second.is_ended and not self.disk.is_off:
                second.turn()
        has_written = any(isinstance(said, Written) for said in second.said[count:])
        if has_written and self.has_snapshot_faults and self._chance.random() < 0.3:
            self.disk.crash_in = 1

    def _spoil_tidying(self) -> None:
        of_segments = "unlink.segment" if self._terms.archive is None else "rename.segment"
        operation = self._chance.choice((of_segments, of_segments, "unlink.snapshot"))
        match self._chance.choice(("power", "power", "disk", "", "", "")):
            case "power" if self.has_snapshot_faults:
                self.disk.crash_at = operation
            case "disk" if self.has_snapshot_faults:
                self.disk.fail_next = operation
            case _:
                pass

    async def outlive(self) -> None:
        """Second processes that lost their server go on until they notice."""
        try:
            while True:
                if not self._orphans:
                    await self._adopted.park()
                await trio.sleep(self._chance.choice((0.001, 0.01, 0.1)))
                for process in list(self._orphans):
                    if self.disk.is_off:
                        break
                    self._go_on(process)
        finally:
            for process in self._orphans:
                process.kill()

    def _adopt(self, process: SecondProcess) -> None:
        self._orphans.append(process)
        self._adopted.unpark_all()

    def _go_on(self, process: SecondProcess) -> None:
        process.turn()
        self._faults["second process outlived the server for a moment"] += 1
        if process.is_ended:
            self._orphans.remove(process)
            judge(process, is_alone=True)
            if isinstance(process.error, Crash) and not isinstance(process.error, Killed):
                self.switch_off("power in a snapshot")

    def _start_second(self) -> SecondProcess:
        chance = random.Random(self._chance.random())
        clock = Clock(self._wall_ns, self._steady_ns)
        self.second = SecondProcess(self.disk, FOLDER, self._pace, chance, clock.steady_ms)
        return self.second

    async def _run_life(self) -> str:
        ends: list[str] = []
        try:
            with self._power:
                await self._serve()
                ends.append("drained")
        except* Crash:
            ends.append("power in a start")
        except* (JournalCorrupt, JournalVersion) as group:
            # One snapshot is damaged and the other could not be read: that is too much.
            if not (self.disk.has_failed and self.disk.has_rotten()):
                raise Violation(f"a start found damage: {group.exceptions[0]}") from group
            ends.append("disk error")
        except* StorageError as group:
            if not self.disk.has_failed:
                raise Violation(f"a life ended for no reason: {group.exceptions[0]}") from group
            ends.append("disk error")
        return self._end or ends[0]

    def _begin(self, snapshots: Snapshots[Place]) -> Start[Place]:
        """The newest whole snapshot, as `router.server.storing` takes it."""
        try:
            start = snapshots.start(TENANTS)
        except OSError as error:
            raise StorageError(f"the snapshots cannot be read: {error}") from error
        if start.place is not None:
            self._faults["life started from a snapshot"] += 1
            self._trace.write(f"from the snapshot behind entry {start.place.sequence}")
        self._watch.restored(start)
        return start

    async def _serve(self) -> None:
        clock = Clock(self._wall_ns, self._steady_ns)
        async with trio.open_nursery() as machine:
            snapshots = Snapshots(FileSnapshots(FOLDER, self.disk))
            start = self._begin(snapshots)
            journal = await FileJournal.open(
                FOLDER,
                wall_ms=clock.wall_ms,
                core_version=CORE_VERSION,
                segment_bytes=self._segment_bytes,
                ops=self.disk,
                place=start.place,
                make_writer=partial(self._make_writer, machine),
            )
            self._watch.opened(dict(journal.end))
            tenants = WatchedTenants(TENANTS, self._watch, start=start, base=snapshots.core)
            self._tenants = tenants
            node = Node(self.settings, journal, clock, life=f"life{self._life}", tenants=tenants)
            node.gateway.random = self._chance.random
            node.gateway.new_id = self._make_id
            await machine.start(node.engine.run)
            node.starting.end()
            machine.start_soon(node.openings.run)
            machine.start_soon(Keeper(journal, self._terms, self._host).run)
            machine.start_soon(node.hub.run)
            async with trio.open_nursery() as doors:
                doors.start_soon(node.gateway.run)
                await doors.start(
                    partial(
                        serve_front,
                        [self.network.open_door()],
                        FrontLimits(connections_max=100),
                        Admission(),
                        node.gateway.handle,
                        node.metrics.count,
                    )
                )
                self.node = node
                self._watch.calm_from = trio.current_time() + RECOVERY_S
                self._trace.write(f"life {self._life} lets people in")
                await self._drain.wait()
                await node.gateway.drain()
                doors.cancel_scope.cancel()
            await node.engine.end()
            await journal.aclose()
            machine.cancel_scope.cancel()

    def _make_writer(self, nursery: trio.Nursery) -> Writer:
        died = partial(self.switch_off, "power in a write")
        self.writer = SlowWriter(nursery, self.disk, self._chance, died, self.be_troubled)
        return self.writer

    def _make_id(self) -> str:
        return f"i{next(self._ids)}"

    def _steady_ns(self) -> int:
        return int((trio.current_time() - self._began) * 1e9)

    def _wall_ns(self) -> int:
        return START_MS * 1_000_000 + self._steady_ns() + int(self.wall_ahead_s * 1e9)
