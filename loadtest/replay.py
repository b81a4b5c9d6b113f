"""Runs a planned day against a running server and returns what everybody saw.

Owns: the nursery, the moments at which people start, the end of the run.
Does not know: what people do, or what the result is worth.
Invariants: open loop: an arrival never waits for the server or for another customer; the run
ends, at the latest ``DRAIN_S`` after the last planned moment, with everybody who is still there
left in the ledger as they are.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

import trio

from loadtest.day import DayPlan
from loadtest.ledger import Ledger
from loadtest.people import Agent, Clock, Customer, World
from loadtest.tokens import Key

__all__ = ["Outcome", "Progress", "Settings", "replay"]

LEAD_S = 1.0
DRAIN_S = 30.0
WATCH_EVERY_S = 0.5
STALL_AFTER_S = 2.0
"""An idle agent and a waiting customer may look past each other this long: load, not a fault."""


@dataclass(frozen=True)
class Settings:
    """What is not in the plan: where the server is, as whom, how fast.

    Attributes:
        reaction_s: how long an agent looks at an offer, in seconds of the recorded day.
        drain_s: real seconds beyond the plan until the run is cut off.
        lead_s: real seconds before the plan, so that the first agents are signed in.
    """

    url: str
    tenant: str
    key: Key
    speed: float
    queue: str = "bank"
    reaction_s: float = 1.0
    drain_s: float = DRAIN_S
    lead_s: float = LEAD_S


@dataclass(frozen=True)
class Progress:
    """One look at a running replay."""

    day_s: float
    arrived: int
    of: int
    in_line: int
    in_service: int
    served: int
    abandoned: int
    errors: int


@dataclass(frozen=True)
class Outcome:
    """A finished run: the ledger, and what the generator itself took."""

    ledger: Ledger
    elapsed_s: float
    cpu_s: float
    is_cut_off: bool


async def replay(
    plan: DayPlan, settings: Settings, show: Callable[[Progress], None] = lambda _: None
) -> Outcome:
    """Lives the day; ``show`` is called now and then with the state of things."""
    ledger = Ledger({agent.id: frozenset(agent.skills) for agent in plan.agents})
    begun_s, begun_cpu_s = trio.current_time(), time.process_time()
    world = World(
        url=settings.url,
        tenant=settings.tenant,
        key=settings.key,
        queue=settings.queue,
        clock=Clock(plan.begins_s, begun_s + settings.lead_s, settings.speed),
        ledger=ledger,
        run=secrets.token_hex(3),
        reaction_s=settings.reaction_s,
    )
    with trio.move_on_at(world.clock.at(plan.over_s) + settings.drain_s) as bound:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_watch, world, len(plan.customers), show)
            await _live(plan, world)
            nursery.cancel_scope.cancel()
    show(_look(world, len(plan.customers)))
    return Outcome(
        ledger=ledger,
        elapsed_s=trio.current_time() - begun_s,
        cpu_s=time.process_time() - begun_cpu_s,
        is_cut_off=bound.cancelled_caught,
    )


async def _live(plan: DayPlan, world: World) -> None:
    """Starts everybody in their time; agents go home when the last customer has left."""
    async with trio.open_nursery() as agent_nursery:
        agents = [Agent(agent, world) for agent in plan.agents]
        for agent in agents:
            agent_nursery.start_soon(agent.run)
        async with trio.open_nursery() as customer_nursery:
            for customer in plan.customers:
                due_s = world.clock.at(customer.joins_s)
                await trio.sleep_until(due_s)
                world.ledger.lateness_s.append(trio.current_time() - due_s)
                customer_nursery.start_soon(Customer(customer, world).run)
        for agent in agents:
            agent.dismiss()


async def _watch(world: World, of: int, show: Callable[[Progress], None]) -> None:
    """Looks for stalls, and shows how far the run is."""
    while True:
        await trio.sleep(WATCH_EVERY_S)
        world.ledger.note_stalls(trio.current_time(), STALL_AFTER_S)
        show(_look(world, of))


def _look(world: World, of: int) -> Progress:
    ledger = world.ledger
    return Progress(
        day_s=world.clock.day_s(trio.current_time()),
        arrived=len(ledger.lateness_s),
        of=of,
        in_line=ledger.in_line,
        in_service=ledger.in_service,
        served=ledger.served,
        abandoned=ledger.abandoned,
        errors=ledger.faults.total,
    )
