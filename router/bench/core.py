"""How many routing decisions a second the core makes, beside a naive scan in the same run.

Owns: the worlds that are measured and the reference. Does not know: journals, sockets.

A routing decision is one conversation given to one agent: the choice and everything the core does
at that moment (line, capacity, offer, timers, events). Two figures are told, from the same run:

    decisions/s       the time of the whole ``apply`` in which decisions fall: in overload each
                      agent who becomes free by ``EndConversation`` brings one, in underload each
                      ``RequestConversation`` finds its agent among thousands of free ones
    conversations/s   the time of all commands of a conversation's life: ``RequestConversation``,
                      ``SeeOffer`` (which accepts at once here), ``EndConversation``

Time is CPU time of this process, for other processes of the machine are none of the core's doing.
Commands are made before the clock starts: in a server they come out of the journal.

The naive scan looks for the same answer as a plain program would: a freed agent tries everybody
in line in the order of keys, an arrival tries every free agent.
"""

import gc
import json as json_codec
import random
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from router import core
from router.commands import (
    Actor,
    Claims,
    Command,
    Connect,
    EndConversation,
    RequestConversation,
    SeeOffer,
    SetPolicy,
    SetPresence,
)
from router.core import Router
from router.ids import ConversationId, CustomerId, OfferId
from router.policy import Policy, Queue, SkillNeed
from router.presence import Agent
from router.server.collecting import looking_seldom
from router.skills import Requirement, levels, meets

__all__ = ["Hall", "bench_core", "run"]

AGENTS = 10_000
LANES = 1_000
WAITING = (1_000, 10_000, 100_000)
SKILLS_OF_AN_AGENT = 37
"""The mean of a world with 1,000 lanes in the literature's measurements."""
DECISIONS = 2_000
ROUNDS = 6
CREW = 100
"""Agents who are at work in the overload rows: few, so that the line stays as long as it is."""
NAIVE_DECISIONS = 20
_SERVICE = Actor("service", "bench")

Figures = dict[str, Any]


def _clock_s() -> float:
    """What lies between two looks at the clock when nothing is done: it asks the system."""
    gaps = []
    for _ in range(2_000):
        start = time.process_time()
        gaps.append(time.process_time() - start)
    return statistics.median(gaps)


_CLOCK_S = _clock_s()


class Hall:
    """A tenant with agents who each have a few of many skills, and a line of service requests."""

    def __init__(self, agents: int, lanes: int, seed: int) -> None:
        self.router = Router("bench")
        self.now_ms = 1
        self.asked = 0
        self.spent_s = 0.0
        """The CPU time of all commands so far."""
        self.last_s = 0.0
        """That of the last one alone."""
        self._draw = random.Random(seed)  # noqa: S311 - a seeded world, no secret
        self._skills = [f"skill-{number}" for number in range(lanes)]
        queue = Queue(id="q", waiting_max=10_000_000, assign="direct")
        policy = Policy(
            queues=(queue,),
            capacity={"chat": 1, "total": 1},
            offer_timeout_ms=3_600_000,
            offer_seen_ms=600_000,
        )
        self.apply(SetPolicy(policy=policy))
        self.apply(Connect(by=_SERVICE, life="bench"))
        self.agents = [self._join(number) for number in range(agents)]

    def apply(self, command: Command) -> None:
        """Applies a command now, and notes how long that took, less what asking the clock takes."""
        start = time.process_time()
        self.router.apply(command, self.now_ms)
        self.last_s = time.process_time() - start - _CLOCK_S
        self.spent_s += self.last_s

    def _join(self, number: int) -> Agent:
        count = min(len(self._skills), SKILLS_OF_AN_AGENT)
        skills = dict.fromkeys(self._draw.sample(self._skills, count), 50)
        by = Actor("agent", f"agent-{number}")
        self.apply(Connect(by=by, life="bench", claims=Claims(skills=skills)))
        return self.router.world.people.agents[by.id]

    def ask(self) -> str:
        """One more request, of a customer of its own, with a skill drawn at random."""
        self.asked += 1
        self.now_ms += 1
        name = f"conversation-{self.asked}"
        self.apply(
            RequestConversation(
                by=_SERVICE,
                conversation=ConversationId(name),
                op=name,
                channel="chat",
                needs=(SkillNeed(self._draw.choice(self._skills)),),
                customer=CustomerId(f"customer-{self.asked}"),
            )
        )
        return name

    def let_work(self, agent: Agent) -> None:
        """The agent becomes available; where something waits for them, they have it now."""
        self.apply(SetPresence(by=Actor("agent", agent.id), show="available"))
        self.take(agent)

    def take(self, agent: Agent) -> bool:
        """The agent's pending offer is accepted, if there is one."""
        if not agent.offer:
            return False
        self.apply(SeeOffer(by=Actor("agent", agent.id), offer=OfferId(agent.offer)))
        return True

    def finish(self, agent: Agent) -> None:
        """The agent ends what they have."""
        name = ConversationId(agent.serving[0])
        self.apply(EndConversation(by=Actor("agent", agent.id), conversation=name))


def run(folder: Path, *, json: bool = False) -> None:
    """Prints the figures, as a table or as JSON; the folder is for benchmarks of the disk."""
    figures = bench_core()
    if json:
        print(json_codec.dumps(figures, indent=2))  # noqa: T201 - a command's output
        return
    for row in figures["rows"]:
        print(  # noqa: T201
            f"{row['load']:<10} {row['waiting']:>7} waiting"
            f" {row['decisions_per_s']:>7.0f} decisions/s ({row['us_per_decision']:.1f} µs)"
            f" {row['conversations_per_s']:>7.0f} conversations/s"
            f" ({row['us_per_conversation']:.1f} µs),"
            f" naive scan {row['naive_per_s']:.0f}/s: {row['times_naive']:.1f} times"
        )
    form = "compiled" if figures["is_compiled"] else "plain Python"
    print(  # noqa: T201
        f"the core is {form}; memory: {figures['bytes_per_waiting']} bytes a waiting conversation,"
        f" {figures['bytes_per_agent']} an agent; the slowest of the overload rows takes"
        f" {figures['spread']} times the quickest"
    )


def bench_core(
    *,
    agents: int = AGENTS,
    lanes: int = LANES,
    waiting: tuple[int, ...] = WAITING,
    decisions: int = DECISIONS,
) -> Figures:
    """Measures overload at each length of the line, then underload; the best of several rounds."""
    with looking_seldom():
        return _bench_core(agents, lanes, waiting, decisions)


def _bench_core(agents: int, lanes: int, waiting: tuple[int, ...], decisions: int) -> Figures:
    per_waiting = _bytes_per_waiting(lanes)
    tracemalloc.start()
    hall = Hall(agents, lanes, seed=1)
    per_agent = tracemalloc.get_traced_memory()[0] // agents
    tracemalloc.stop()
    rows = []
    for count in waiting:
        _fill(hall, count)
        rows.append(_measure(hall, "overload", decisions, _overload, _naive_overload))
    fresh = Hall(agents, lanes, seed=2)
    for agent in fresh.agents[: agents // 2]:
        fresh.let_work(agent)
    _underload(fresh, 5 * lanes)  # until every lane is known, as it is in a centre that runs
    rows.append(_measure(fresh, "underload", decisions, _underload, _naive_underload))
    paces = [row["us_per_decision"] for row in rows if row["load"] == "overload"]
    return {
        "agents": agents,
        "lanes": lanes,
        "is_compiled": not core.__file__.endswith(".py"),
        "rows": rows,
        "spread": round(max(paces) / min(paces), 2),
        "bytes_per_agent": per_agent,
        "bytes_per_waiting": per_waiting,
    }


def _bytes_per_waiting(lanes: int) -> int:
    """What one more conversation in line takes, its customer included, once lanes are known."""
    hall = Hall(lanes, lanes, seed=3)
    _fill(hall, 5 * lanes)
    tracemalloc.start()
    _fill(hall, 6 * lanes)
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return taken // lanes


def _fill(hall: Hall, count: int) -> None:
    while len(hall.router.world.line) < count:
        hall.ask()


def _measure(
    hall: Hall,
    load: str,
    decisions: int,
    fast: Callable[[Hall, int], tuple[float, float]],
    naive: Callable[[Hall], Iterator[object]],
) -> Figures:
    waiting = len(hall.router.world.line)
    gc.collect()
    gc.freeze()
    taken = [fast(hall, decisions) for _ in range(ROUNDS)]
    gc.unfreeze()
    naive_us = statistics.mean([_pace(naive(hall)) for _ in range(NAIVE_DECISIONS)])
    us = min(decision for decision, _ in taken)
    life_us = min(life for _, life in taken)
    return {
        "load": load,
        "waiting": waiting,
        "us_per_decision": round(us, 1),
        "decisions_per_s": round(1e6 / us),
        "us_per_conversation": round(life_us, 1),
        "conversations_per_s": round(1e6 / life_us),
        "naive_per_s": round(1e6 / naive_us),
        "times_naive": round(naive_us / us, 2),
    }


def _pace(search: Iterator[object]) -> float:
    start = time.process_time()
    next(search, None)
    return 1e6 * (time.process_time() - start)


def _overload(hall: Hall, decisions: int) -> tuple[float, float]:
    """Agents free themselves one after the other and each gets the next of the line.

    Another customer asks for each who is served, so that the line stays as long as it is.

    Returns:
        The mean time of a decision and that of a whole conversation, in microseconds.
    """
    busy = _busy(hall)
    made, deciding_s, life_s = 0, 0.0, 0.0
    for number in range(decisions):
        agent = busy[number % len(busy)]
        start_s = hall.spent_s
        hall.finish(agent)
        deciding_s += hall.last_s
        made += hall.take(agent)
        hall.ask()
        life_s += hall.spent_s - start_s
        if not agent.serving:
            busy = _busy(hall)
    count = max(made, 1)
    return 1e6 * deciding_s / count, 1e6 * life_s / count


def _busy(hall: Hall) -> list[Agent]:
    """Those of the crew who have work; the rest of the agents stay away."""
    for agent in hall.agents[:CREW]:
        if not agent.serving:
            hall.let_work(agent)
    return [agent for agent in hall.agents[:CREW] if agent.serving]


def _underload(hall: Hall, decisions: int) -> tuple[float, float]:
    """Each arrival finds an agent at once, who ends it before the next one comes."""
    world = hall.router.world
    made, deciding_s, life_s = 0, 0.0, 0.0
    for _ in range(decisions):
        start_s = hall.spent_s
        asked = hall.ask()
        decided_s = hall.last_s
        conversation = world.conversations.by_id[asked]
        if conversation.offer:
            agent = world.people.agents[world.offers.pending[conversation.offer].agent]
            hall.take(agent)
            hall.finish(agent)
            made += 1
            deciding_s += decided_s
            life_s += hall.spent_s - start_s
    count = max(made, 1)
    return 1e6 * deciding_s / count, 1e6 * life_s / count


def _naive_overload(hall: Hall) -> Iterator[object]:
    """The smallest key that one agent may take, by trying everybody in line."""
    line = hall.router.world.line
    agent = hall.agents[len(hall.agents) // 2]
    everybody = [(place, lane.key[2]) for lane in line.lanes.values() for place in lane]
    yield min(
        (place for place, requirement in everybody if meets(agent.profile, requirement)),
        default=None,
    )


def _naive_underload(hall: Hall) -> Iterator[object]:
    """The longest idle agent who may take a request, by trying everybody who is free."""
    pool = hall.router.world.pool
    wanted = Requirement(needs=levels({"skill-1": 1}))
    yield min(
        (
            (agent.idle_since_ms, agent.idle_order)
            for agent in hall.agents
            if pool.is_free(agent.id) and meets(agent.profile, wanted)
        ),
        default=None,
    )
