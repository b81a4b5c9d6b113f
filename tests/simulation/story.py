"""One simulation: the house, its people, its disasters, all drawn from a seed.

Owns: who there is, when which fault strikes, when it is over, what the run adds up to.
Does not know: how anything is checked.
"""

import logging
import random
from collections import Counter
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, NamedTuple, cast

import structlog
import trio
import trio.testing
from trio._core import _run as trio_run

from router.server.auth import Role
from tests.simulation import house
from tests.simulation.compare import Comparison
from tests.simulation.customers import customer, loud_customer
from tests.simulation.device import Acts, Device, Permit, Person, Surroundings
from tests.simulation.folder import rot_one
from tests.simulation.machine import END, TIDYING, Machine
from tests.simulation.network import Network
from tests.simulation.peer import Message
from tests.simulation.pests import pest
from tests.simulation.staff import agent, supervisor
from tests.simulation.trace import Trace
from tests.simulation.watch import Violation, Watch

__all__ = ["ALL_FAULTS", "Outcome", "simulate"]

ALL_FAULTS = ("power", "kill", "disk", "start", "clock", "drain", "snapshots", "tidying")
QUIET_S = 3.0
SETTLED_S = 1.0
"""What is coalesced has been sent by now."""
LIVES_S = (1.5, 3.0, 9.0)
"""The mean time between two faults of the machine: one of these for a seed."""
FULL_S = 60.0
"""A full disk is emptied long before."""
CHECK_S = 3.0
"""The mean time between two looks at everybody."""
LOOK_S = 0.5
"""Between two looks at who is connected, which need no quiet."""
LIMIT_S = 3_600.0
"""So much virtual time at most: a server that never comes up again is a violation too."""
_WRITES = ("create", "pwrite", "fdatasync", "rename.partial", "sync_folder")
_OF_A_START = ("names", "open", "pread", "pwrite", "fdatasync", "sync_folder", "create")
_COUNTED = {"snapshot.written": "snapshot written", "journal.trimmed": "segment trimmed"}
_WORD_OF_FAILURE = (
    *("broke", "not_published", "not_measured", "not_given", "failed", "a visit"),
    "diverged",
)


class Outcome(NamedTuple):
    """What a run came to."""

    seed: int
    violation: str
    """Empty where all is well."""
    step_count: int
    replayed_count: int
    compared_count: int
    faults: Counter[str]
    trace_hash: str
    story: tuple[str, ...]
    """The lines of the trace, or the last of them."""

    @property
    def crash_count(self) -> int:
        """How often the server ended without a word."""
        ends = {name: count for name, count in self.faults.items() if name.startswith(END)}
        return sum(count for name, count in ends.items() if name != f"{END}drained")


class _Story:
    """A run in progress."""

    def __init__(self, seed: int, faults: tuple[str, ...]) -> None:
        self.chance = random.Random(seed)
        self.faults: Counter[str] = Counter()
        self.trace = Trace()
        self.watch = Watch(random.Random(self.chance.random()), self.trace)
        self.network = Network(random.Random(self.chance.random()))
        self.machine = Machine(
            house.settings(self.chance),
            network=self.network,
            watch=self.watch,
            trace=self.trace,
            chance=random.Random(self.chance.random()),
            faults=self.faults,
        )
        self.comparison = Comparison()
        self._kinds = faults
        self.machine.has_snapshot_faults = "snapshots" in faults
        self._life_s = self.chance.choice(LIVES_S)
        self._may_act = Permit()
        self._around = Surroundings(
            self.network, self.watch, self.trace, self._token, self._may_act, self._count
        )
        self._persons: list[Person] = []

    def _token(self, tenant: str, role: str, name: str) -> str:
        return house.token(tenant, cast("Role", role), name, self.machine.wall_ms())

    def _count(self, kind: str) -> None:
        self.faults[kind] += 1

    # -- people

    def people(self) -> Iterator[Device]:
        """Everybody's devices."""
        for tenant in house.TENANTS:
            for name in house.AGENTS[tenant]:
                yield from self._person(tenant, "agent", name, agent)
            for name in house.CUSTOMERS[tenant]:
                acts = loud_customer if name == "l" else customer
                yield from self._person(tenant, "customer", name, acts)
            person = Person(tenant, "supervisor", "sue")
            chance = random.Random(self.chance.random())
            yield Device(
                person,
                self._around,
                supervisor,
                chance,
                on_message=self._check_offline,
                subs=("agents", "board"),
            )

    def _person(self, tenant: str, role: str, name: str, acts: Acts) -> Iterator[Device]:
        person = Person(tenant, role, name)
        self._persons.append(person)
        for _ in range(self.chance.choice((1, 1, 2))):
            yield Device(person, self._around, acts, random.Random(self.chance.random()))

    def _check_offline(self, device: Device, message: Message) -> None:
        """Nobody is shown offline before the grace is over, unless they said so."""
        if message["t"] != "presence":
            return
        grace_s = min(30.0, house.GRACE_MS / 1000)
        for gone in message["gone"]:
            for person in self._persons:
                same = (person.tenant, person.role, person.name)
                if same != (device.person.tenant, "agent", gone["id"]):
                    continue
                if not person.was_away_for(grace_s - 0.1, trio.current_time()):
                    raise Violation(f"{gone['id']} was shown offline within the grace")

    # -- disasters

    async def lives(self) -> None:
        """One life of the server after another."""
        while True:
            if self.chance.random() < 0.3 and "start" in self._kinds:
                self.machine.disk.crash_in = self.chance.randint(1, 120)
            if self.chance.random() < 0.2 and "start" in self._kinds:
                self.machine.disk.fail_next = self.chance.choice(_OF_A_START)
            await self.machine.live()
            if self.chance.random() < 0.3 and "clock" in self._kinds:
                self.machine.wall_ahead_s += self.chance.choice((-40.0, -1.0, 2.0, 15.0))
                self.faults["date jumped while down"] += 1
            await trio.sleep(self.chance.choice((0.05, 0.5, 4.0, 30.0)))

    async def disasters(self) -> None:
        """Strike again and again."""
        while True:
            await trio.sleep(self.chance.expovariate(1 / self._life_s))
            if self.machine.disk.is_full:
                self.machine.disk.is_full = False
                self.machine.be_troubled(0.0)
            kinds = [kind for kind in self._kinds if kind not in ("start", "clock")]
            if kinds:
                self._strike(self.chance.choice(kinds))

    def _strike(self, kind: str) -> None:
        machine = self.machine
        if machine.node is None:
            return
        self.trace.write(f"fault: {kind}")
        match kind:
            case "power":
                self._cut_power()
            case "kill":
                machine.switch_off("kill")
            case "drain":
                machine.drain()
            case "snapshots":
                self._spoil_snapshots()
            case "tidying":
                self._spoil_tidying()
            case _:
                self._spoil_disk()

    def _cut_power(self) -> None:
        machine, disk, chance = self.machine, self.machine.disk, self.chance
        match chance.choice(("now", "soon", "in an operation")):
            case "now":
                machine.switch_off("power")
            case "soon":
                disk.crash_in = chance.randint(1, 12)
            case _:
                disk.crash_at = chance.choice((*_WRITES, *TIDYING, *TIDYING))

    def _spoil_snapshots(self) -> None:
        machine, chance = self.machine, self.chance
        how = chance.choice(("kill", "fail", "rot"))
        operation = chance.choice((*_WRITES, *_WRITES, "names", "open", "pread"))
        if how == "rot":
            if rot_one(machine.disk, chance):
                self._count("snapshot damaged by the disk")
        elif machine.second is not None and how == "kill":
            machine.second.die_in = operation
        elif machine.second is not None:
            machine.second.fail_in = operation

    def _spoil_tidying(self) -> None:
        """In what is done seldom, and several files at a time."""
        disk, how = self.machine.disk, self.chance.choice(TIDYING)
        disk.let_through = self.chance.randint(0, 2)
        if self.chance.random() < 0.5:
            disk.crash_at = how
        else:
            disk.fail_next = how

    def _spoil_disk(self) -> None:
        disk, chance, writer = self.machine.disk, self.chance, self.machine.writer
        how = chance.choice(("full", "slow", "fdatasync", "pwrite", "sync_folder", *TIDYING))
        if how == "full":
            disk.is_full = True
            self.machine.be_troubled(FULL_S)
        elif how == "slow" and writer is not None:
            self.faults["disk slow"] += 1
            writer.busy_s = chance.choice((0.5, 3.0, 13.0))  # the next commit, whenever it comes
        else:
            disk.fail_next = how

    async def checks(self) -> None:
        """Now and then all fall quiet, and what they believe is held against the truth."""
        while True:
            await trio.sleep(self.chance.expovariate(1 / CHECK_S))
            self._may_act.withdraw()
            await trio.sleep(QUIET_S)
            self._may_act.give()
            if self.machine.node is not None:
                has_settled = trio.current_time() - self.watch.last_at > SETTLED_S
                devices = self._devices()
                self.comparison.run(self.machine.node, devices, has_settled=has_settled)

    async def connections(self) -> None:
        """Nobody stays half dead, however short the lives of the server."""
        while True:
            await trio.sleep(LOOK_S)
            if self.machine.node is not None:
                self.comparison.look_at_connections(self.machine.node)

    def _devices(self) -> list[Device]:
        return [device for person in self._persons for device in person.devices]

    async def pests(self) -> None:
        """Two of them."""
        async with trio.open_nursery() as nursery:
            for _ in range(2):
                nursery.start_soon(pest, self._around, random.Random(self.chance.random()))


async def _tell(seed: int, step_count: int, faults: tuple[str, ...]) -> Outcome:
    story = _Story(seed, faults)
    violation = ""
    try:
        with _listening_to_the_log(story.faults):
            await _play(story, step_count)
    except* Violation as group:
        violation = str(_first(group))
    return Outcome(
        seed,
        violation,
        story.watch.step_count,
        story.watch.replayed_count,
        story.comparison.count,
        story.faults,
        story.trace.hash,
        tuple(story.trace.last),
    )


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def _play(story: _Story, step_count: int) -> None:
    began = trio.current_time()
    async with trio.open_nursery() as nursery:
        for device in story.people():
            nursery.start_soon(device.live)
        nursery.start_soon(story.lives)
        nursery.start_soon(story.machine.outlive)
        nursery.start_soon(story.pests)
        nursery.start_soon(story.disasters)
        nursery.start_soon(story.checks)
        nursery.start_soon(story.connections)
        while story.watch.step_count < step_count:
            await trio.sleep(0.25)
            if trio.current_time() - began > LIMIT_S:
                raise Violation("nothing goes on any more")
        nursery.cancel_scope.cancel()


@contextmanager
def _listening_to_the_log(counts: Counter[str]) -> Iterator[None]:
    """Whatever the server calls a failure of its own is one."""

    def judge(_: object, name: str, event: MutableMapping[str, Any]) -> Any:  # noqa: ANN401
        if any(word in str(event["event"]) for word in _WORD_OF_FAILURE):
            raise Violation(f"the server logged {name}: {event}")
        if counted := _COUNTED.get(str(event["event"])):
            counts[counted] += 1
        raise structlog.DropEvent

    class Judge(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise Violation(f"the server logged: {record.getMessage()}")

    before, front, handler = structlog.get_config(), logging.getLogger("fairline.front"), Judge()
    structlog.configure(processors=[judge], cache_logger_on_first_use=False)
    front.addHandler(handler)
    try:
        yield
    finally:
        front.removeHandler(handler)
        structlog.configure(**before)


def simulate(seed: int, step_count: int, faults: tuple[str, ...] = ALL_FAULTS) -> Outcome:
    """Run one seed to so many applied commands, or to the first violation."""
    allowed = trio_run._ALLOW_DETERMINISTIC_SCHEDULING
    trio_run._ALLOW_DETERMINISTIC_SCHEDULING = True  # type: ignore[misc]
    trio_run._r.seed(seed)
    clock = trio.testing.MockClock(autojump_threshold=0)
    try:
        return trio.run(_tell, seed, step_count, faults, clock=clock)
    finally:
        trio_run._ALLOW_DETERMINISTIC_SCHEDULING = allowed  # type: ignore[misc]
