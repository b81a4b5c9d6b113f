"""One process of the generator: its share of the people, the arrivals and the faults.

``python -m loadtest.generator`` reads its job as a line of JSON, connects everybody, says
``ready N``, reads ``go INSTANT``, lives the scenario, says ``drained``, reads ``end`` and ends.

Owns: the order of a run inside one process, and what it notes about its own health.
Does not know: the server's process, the other processes, the verdict.

Invariants (tests/loadtest/test_generator.py): open loop: an arrival starts at its instant,
whatever became of those before it; the process ends at the latest ``drain`` after the last one.
"""

import gc
import random
import sys
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import msgspec
import trio
from msgspec import Struct

from loadtest.arrivals import Arrival, arrivals_of
from loadtest.desks import Agent
from loadtest.notes import Health, Notes, now
from loadtest.scenario import KILL_TAKES_S, Fault, Scenario
from loadtest.staying import Crew, Person
from loadtest.tokens import Key
from loadtest.visitors import Customer, Shouter

__all__ = ["Generator", "Job", "main"]

LOOK_EVERY_S = 0.05
CONNECT_WITHIN_S = 600.0
LOOK_WITHIN_S = 20.0
LOUD_FROM = 10_000_000
"""The numbers of loud visits, beyond those of all arrivals."""


class Job(Struct, frozen=True):
    """What a process is told."""

    scenario: Scenario
    process: int
    urls: tuple[str, ...]
    """Where it may be; who is refused tries the next."""
    run: str
    secrets: tuple[tuple[str, str], ...]
    """The id and the secret of each tenant's key."""
    sheet: str
    """The file to write to."""
    tenants: tuple[str, ...] = ("load0",)
    """Their names, in the order of the keys."""
    guests: str = ""
    """Before each customer's id: on a server that was there before nobody is somebody of old."""


class Generator:
    """The people of one process.

    Args:
        job: What it is told.
        nursery: Where they live.
        look_within_s: How long the server may take at the end to name who is left.
    """

    def __init__(
        self, job: Job, nursery: trio.Nursery, *, look_within_s: float = LOOK_WITHIN_S
    ) -> None:
        scenario = job.scenario
        self.notes = Notes(job.process)
        self._job = job
        self._look_within_s = look_within_s
        self._scenario = scenario
        self._crew = Crew(
            scenario=scenario,
            urls=job.urls,
            keys=[Key(kid, secret) for kid, secret in job.secrets],
            notes=self.notes,
            chance=random.Random(f"people {scenario.load.seed} {job.process}"),
            run=job.run,
            nursery=nursery,
            tenants=job.tenants,
            guests=job.guests,
        )
        self._arrivals = arrivals_of(scenario, job.process)
        self._agents = list(self._staff())
        self._pools: dict[tuple[int, bool], deque[Customer]] = defaultdict(deque)
        self._loud = list(self._shouters())
        self._customers: list[Customer] = []
        self._open_count = 0
        self._finished = trio.Event()

    def _mine(self, count: int) -> Iterator[int]:
        """Of so many people the numbers that belong to this process."""
        return iter(range(self._job.process, count, self._scenario.load.processes))

    def _tenant(self, number: int) -> int:
        load = self._scenario.load
        return number // load.processes % load.tenants

    def _staff(self) -> Iterator[Agent]:
        for group in self._scenario.desks:
            for number in self._mine(group.count):
                name = f"{group.id}-{number}"
                yield Agent(self._crew, name, self._tenant(number), group)

    def _shouters(self) -> Iterator[Shouter]:
        loud = self._scenario.customers.loud
        for number in self._mine(loud.count):
            yield Shouter(self._crew, f"loud-{number}", self._tenant(number), loud.tabs)

    def _regulars(self) -> Iterator[Customer]:
        share = self._scenario.customers.priority_share
        for number in self._mine(self._scenario.customers.connected):
            has_priority = int(number * share) != int((number + 1) * share)
            name = f"{'first' if has_priority else 'guest'}-{number}"
            yield Customer(self._crew, name, self._tenant(number), has_priority=has_priority)

    def _everybody(self) -> list[Person]:
        tabs = [tab for shouter in self._loud for tab in (shouter, *shouter.tabs)]
        return [*self._agents, *tabs, *self._customers]

    async def connect(self) -> int:
        """Brings everybody in; agents first.

        Raises:
            trio.TooSlowError: somebody did not get in.
        """
        with trio.fail_after(CONNECT_WITHIN_S):
            await self._bring_in(self._agents)
            regulars = self._customers = list(self._regulars())
            for one in regulars:
                self._pools[one.tenant, one.has_priority].append(one)
            tabs = [tab for shouter in self._loud for tab in (shouter, *shouter.tabs)]
            await self._bring_in([*regulars, *tabs])
        gc.collect()
        gc.freeze()  # the crowd lives as long as we do
        gc.set_threshold(50_000, 50, 50)
        return self.notes.sheet.connections

    async def _bring_in(self, people: list[Agent] | list[Customer] | list[Person]) -> None:
        for person in people:
            self._crew.nursery.start_soon(person.stay)
        for person in people:
            await person.up.wait()

    async def live(self, begins: float, wait_over: Callable[[], Awaitable[None]]) -> None:
        """Lives the scenario, which begins at an instant of ``now``; agents stay to its end."""
        load = self._scenario.load
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._watch_health, begins)
            for index, fault in enumerate(self._scenario.faults):
                nursery.start_soon(self._break, fault, begins, index)
            for index, shouter in enumerate(self._loud):
                line = self._scenario.customers.loud.line or self._scenario.lines[0].id
                number = LOUD_FROM + 1_000 * (index * load.processes + self._job.process)
                self._crew.nursery.start_soon(
                    shouter.shout, line, number, begins + self._scenario.ends
                )
            await self._crew.until(begins)
            await self._let_in(begins)
            with trio.move_on_after(load.drain) as drain:
                while self._open_count:
                    self._finished = trio.Event()
                    await self._finished.wait()
            self.notes.sheet.is_cut_off = drain.cancelled_caught
            if drain.cancelled_caught:
                await self._look_for_those_left()
            await wait_over()
            nursery.cancel_scope.cancel()
        for person in self._everybody():
            person.leave()

    async def _let_in(self, begins: float) -> None:
        for arrival in self._arrivals:
            due = begins + arrival.at
            await self._crew.until(due)
            self.notes.sheet.lateness_ms.append(round(1e3 * (now() - due), 3))
            self._open_count += 1
            self._crew.nursery.start_soon(self._visit, arrival, due)
        await self._crew.until(begins + self._scenario.ends)

    async def _visit(self, arrival: Arrival, due: float) -> None:
        """One arrival: somebody who is connected already, or comes for it."""
        pool = self._pools[arrival.tenant, arrival.has_priority]
        is_new = not pool
        customer = self._newcomer(arrival) if is_new else pool.popleft()
        await customer.visit(arrival, due)
        if is_new:
            await customer.dismiss()
            self._customers.remove(customer)
        else:
            pool.append(customer)
        self._open_count -= 1
        if not self._open_count:
            self._finished.set()

    def _newcomer(self, arrival: Arrival) -> Customer:
        self.notes.sheet.newcomers += 1
        name = f"new-{arrival.number}"
        customer = Customer(self._crew, name, arrival.tenant, has_priority=arrival.has_priority)
        self._customers.append(customer)
        self._crew.nursery.start_soon(customer.stay)
        return customer

    async def _look_for_those_left(self) -> None:
        """Who still waits must still be known to the server: each asks for the whole truth."""
        left = [one for one in self._customers if one.is_waiting]
        for customer in left:
            customer.cut()
        with trio.move_on_after(self._look_within_s):
            for customer in left:
                while customer.is_waiting and not customer.is_found:  # noqa: ASYNC110 - bounded
                    await trio.sleep(LOOK_EVERY_S)

    # Faults, and the generator's own health

    async def _break(self, fault: Fault, begins: float, index: int) -> None:
        await self._crew.until(begins + fault.at)
        self._crew.fault_at = now()
        if fault.kind == "kill":
            self.notes.faults.is_excused = True
            await trio.sleep(KILL_TAKES_S + fault.lasts)
            for person in self._everybody():
                await person.up.wait()
            self.notes.faults.is_excused = False
            return
        chance = random.Random(f"fault {self._scenario.load.seed} {index} {self._job.process}")
        people = self._agents if fault.kind == "outage" else self._everybody()
        for person in people:
            if chance.random() < fault.share and person.up.is_set():
                person.cut(lasts=fault.lasts if fault.kind == "outage" else 0.0)

    async def _watch_health(self, begins: float) -> None:
        """How late our own loop is, and what we take, by the second."""
        cpu, since, worst = time.process_time(), now(), 0.0
        while True:
            due = now() + LOOK_EVERY_S
            await self._crew.until(due)
            late = now()
            worst = max(worst, late - due)
            if late - since >= 1.0:
                took, cpu = time.process_time() - cpu, time.process_time()
                self.notes.sheet.health.append(
                    Health(late - begins, round(took / (late - since), 3), round(1e3 * worst, 2))
                )
                since, worst = late, 0.0


async def _run(job: Job) -> None:
    async with trio.open_nursery() as nursery:
        generator = Generator(job, nursery)
        count = await generator.connect()
        print(f"ready {count}", flush=True)
        words = (await trio.to_thread.run_sync(sys.stdin.readline)).split()
        if words[:1] == ["go"]:
            await generator.live(float(words[1]), _wait_for_the_others)
            generator.notes.write(Path(job.sheet))
        nursery.cancel_scope.cancel()


async def _wait_for_the_others() -> None:
    """Our agents may still serve customers of another process."""
    print("drained", flush=True)
    await trio.to_thread.run_sync(sys.stdin.readline)


def main() -> None:
    """Does one job."""
    trio.run(_run, msgspec.json.decode(sys.stdin.readline(), type=Job))


if __name__ == "__main__":
    main()
