"""An observer at the line's side: overtakes by cause, how busy agents were, how long the line is.

Owns: what is counted while a run goes on. Does not know: who decides, or why; it only looks.

Invariant: looking changes nothing; a run without a watch would decide the same.

Somebody is overtaken when a conversation that began to stand in line later is offered first. That
is right where the agent cannot take the earlier one then (``skill``), or where the later one has a
better class (``class``); anything else is a ``violation`` and must never happen.
"""

from bisect import bisect_left, insort

from router.core import Router
from router.lab.spans import Spans
from router.placing import refused_agents
from router.presence import Agent
from router.skills import Profile, Requirement, meets

__all__ = ["Watch"]

_Standing = tuple[int, int, str, str]
"""(start in ms, order of joining, conversation, channel)."""


class Watch:
    """What one run showed."""

    router: Router

    def __init__(self, begins_ms: int, ends_ms: int) -> None:
        self.begins_ms = begins_ms
        self.ends_ms = ends_ms
        self.overtakes = {"class": 0, "skill": 0, "violation": 0}
        self.busy = Spans(begins_ms, ends_ms)
        self.signed = Spans(begins_ms, ends_ms)
        self.line_length_max = 0
        self._joined_count = 0
        self._order: list[_Standing] = []
        self._standing: dict[str, _Standing] = {}
        self._meets: dict[tuple[Profile, Requirement], bool] = {}

    @property
    def line_length(self) -> int:
        """How many stand in line now, unoffered."""
        return len(self._order)

    def __contains__(self, conversation: str) -> bool:
        return conversation in self._standing

    def joined(self, conversation: str, start_ms: int, channel: str) -> None:
        """It stands in line; one that comes back stands where it stood."""
        self.gone(conversation)
        self._joined_count += 1
        standing = (start_ms, self._joined_count, conversation, channel)
        self._standing[conversation] = standing
        insort(self._order, standing)
        self.line_length_max = max(self.line_length_max, len(self._order))

    def offered(self, conversation: str, agent: str) -> None:
        """It is offered to an agent: whoever stood in line before it is overtaken."""
        taken = self._standing[conversation]
        self.gone(conversation)
        for other in self._order:
            if other[0] >= taken[0]:
                break
            cause = self._cause(taken, other, agent)
            if cause:
                self.overtakes[cause] += 1

    def _cause(self, taken: _Standing, other: _Standing, agent_id: str) -> str:
        world = self.router.world
        _, _, name, channel = other
        if name not in world.line:
            return ""  # it was offered at this same instant
        lane, place = world.line.where(name)
        later = world.conversations.by_id[taken[2]]
        if not self._may(world.people.agents[agent_id], lane.key[2]) or channel != taken[3]:
            return "skill"
        if agent_id in refused_agents(world, world.conversations.by_id[name]):
            return "skill"
        return "class" if (later.key_ms, later.place) < place[:2] else "violation"

    def _may(self, agent: Agent, requirement: Requirement) -> bool:
        if requirement.agent:
            return requirement.agent == agent.id
        key = (agent.profile, requirement)
        known = self._meets.get(key)
        if known is None:
            known = self._meets[key] = meets(*key)
        return known

    def gone(self, conversation: str) -> None:
        """It left the line, if it stood there."""
        standing = self._standing.pop(conversation, None)
        if standing is not None:
            del self._order[bisect_left(self._order, standing)]

    def assigned(self, conversation: str, agent: str, now_ms: int) -> None:
        """An agent has it."""
        self.gone(conversation)
        self.busy.open(agent, now_ms)

    def finished(self, agent: str, now_ms: int) -> None:
        """An agent is done with a conversation."""
        self.busy.close(agent, now_ms)

    def signed_in(self, agent: str, now_ms: int) -> None:
        """An agent is there."""
        self.signed.open(agent, now_ms)

    def signed_out(self, agent: str, now_ms: int) -> None:
        """An agent has gone, or goes once the load is nothing."""
        self.signed.close(agent, now_ms)
