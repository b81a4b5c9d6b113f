"""Lines of people for the estimator: drawn from a law, or taken from a log of calls.

``Feed`` knows who stands where and tells the estimator what a core would tell it.
"""

import heapq
import random
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator
from itertools import groupby

from loadtest.log import Call
from router.estimate import Estimator, PoolFacts
from router.events import ConversationAssigned, ConversationEnded, ConversationQueued, LineMoved
from router.ids import AgentId, ConversationId, CustomerId

HEAD_START_MS = 90_000


class Feed:
    """One line before one crew."""

    def __init__(self, *, agents: int = 0, services_kept: int = 100) -> None:
        self.estimator = Estimator(self.facts, services_kept=services_kept)
        self.agents = agents
        self.busy = 0
        self.line: list[tuple[int, int, str]] = []
        self.places: dict[str, tuple[int, int, str]] = {}
        self.queues: dict[str, str] = {}
        self.count = 0

    def facts(self, name: str) -> PoolFacts | None:
        place = self.places.get(name)
        if place is None:
            return None
        return PoolFacts(bisect_left(self.line, place), self.agents or max(self.busy, 1))

    def join(self, name: str, key_ms: int, now_ms: int, queue: str = "q") -> None:
        self.count += 1
        place = self.places[name] = (key_ms, self.count, name)
        insort(self.line, place)
        self.queues[name] = queue
        told = ConversationQueued(
            ConversationId(name), CustomerId(name), queue, "waiting", key_ms, "requested"
        )
        self.estimator.take(told, now_ms)
        self.estimator.take(LineMoved(queue, ""), now_ms)

    def next(self) -> str:
        return self.line[0][2]

    def _leave(self, name: str) -> None:
        del self.line[bisect_left(self.line, self.places.pop(name))]

    def serve(self, name: str, now_ms: int, queue: str = "") -> None:
        if name in self.places:
            self._leave(name)
        else:
            self.queues[name] = queue
        self.busy += 1
        self.estimator.take(
            ConversationAssigned(
                ConversationId(name), "a", AgentId(name), CustomerId(name), self.queues[name], 0
            ),
            now_ms,
        )

    def hang_up(self, name: str, now_ms: int) -> None:
        self._leave(name)
        self._end(name, "abandoned", now_ms)

    def finish(self, name: str, now_ms: int) -> None:
        self.busy -= 1
        self._end(name, "agent", now_ms)

    def _end(self, name: str, reason: str, now_ms: int) -> None:
        queue = self.queues.pop(name)
        self.estimator.take(
            ConversationEnded(
                ConversationId(name), CustomerId(name), queue, reason, 0, 0, readers=()
            ),
            now_ms,
        )


class Simulation:
    """First come, first served by ``feed.agents``; services and patience are exponential."""

    def __init__(
        self,
        feed: Feed,
        *,
        arrivals: int,
        gap_ms: Callable[[random.Random], float],
        service_ms: float,
        patience_ms: float = 0.0,
        seed: int = 1,
    ) -> None:
        self.feed = feed
        self.left = arrivals
        self.gap_ms = gap_ms
        self.service_ms = service_ms
        self.patience_ms = patience_ms
        self.chance = random.Random(seed)
        self.due: list[tuple[float, int, str]] = []
        self.count = 0

    def run(self) -> None:
        self._plan(self.gap_ms(self.chance), "arrive")
        while self.due:
            now, number, what = heapq.heappop(self.due)
            if what == "arrive":
                self._arrive(f"c{number}", now)
            elif what.startswith("finish "):
                self.feed.finish(what.removeprefix("finish "), round(now))
                if self.feed.line:
                    self._begin(self.feed.next(), now)
            elif what in self.feed.places:
                self.feed.hang_up(what, round(now))

    def _plan(self, at: float, what: str) -> None:
        self.count += 1
        heapq.heappush(self.due, (at, self.count, what))

    def _begin(self, name: str, now: float) -> None:
        self.feed.serve(name, round(now), "q")
        self._plan(now + self.chance.expovariate(1 / self.service_ms), f"finish {name}")

    def _arrive(self, name: str, now: float) -> None:
        self.left -= 1
        if self.left:
            self._plan(now + self.gap_ms(self.chance), "arrive")
        if self.feed.busy < self.feed.agents:
            self._begin(name, now)
            return
        self.feed.join(name, round(now), round(now))
        if self.patience_ms:
            self._plan(now + self.chance.expovariate(1 / self.patience_ms), name)


def replay(feed: Feed, calls: list[Call]) -> None:
    """Tells the feed what happened in a log, type by type; an agent is whoever is in a service."""
    for day, (_, group) in enumerate(groupby(calls, key=lambda call: call.date)):
        for at_s, _, what, name, call in sorted(_happenings(day, list(group))):
            now_ms = (day * 2 * 86_400 + at_s) * 1000
            if what == "join":
                head_start_ms = HEAD_START_MS * call.has_priority
                feed.join(name, now_ms - head_start_ms, now_ms, call.type)
            elif what == "serve":
                feed.serve(name, now_ms, call.type)
            elif what == "hang_up":
                feed.hang_up(name, now_ms)
            else:
                feed.finish(name, now_ms)


def _happenings(day: int, calls: list[Call]) -> Iterator[tuple[int, int, str, str, Call]]:
    """Instants of one day; at equal ones services end before others begin, and joins come last."""
    for index, call in enumerate(calls):
        if not call.has_reached_agents or call.type == "IN":
            continue
        name = f"{day}.{index}"
        waits = call.has_queued and call.wait_s > 0
        if waits:
            yield call.joined_s, 3, "join", name, call
        answered_s = call.joined_s + (call.wait_s if waits else 0)
        if call.is_served:
            yield answered_s, 1, "serve", name, call
            service_s = call.service_s or 0
            yield answered_s + service_s, 0 if service_s else 2, "finish", name, call
        elif waits:
            yield answered_s, 1, "hang_up", name, call
