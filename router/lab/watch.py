"""An observer at the line's side: overtakes by cause, how busy agents were, how long the line is.

Owns: what is counted while a run goes on. Does not know: who decides, or why; it only looks.

Invariant: looking changes nothing; a run without a watch would decide the same.

Somebody is overtaken when a conversation that began to stand in line later is offered first. That
is right where the agent cannot take the earlier one then (``skill``), or where the later one has a
better class (``class``); anything else is a ``violation`` and must never happen.
"""

from msgspec import Struct

from router.core import Router
from router.lab.spans import Spans
from router.placing import refused_agents
from router.presence import Agent
from router.skills import Profile, Requirement, meets

__all__ = ["Watch"]


class _Waiting(Struct, gc=False):
    start_ms: int
    channel: str


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
        self._waiting: dict[str, _Waiting] = {}
        self._meets: dict[tuple[Profile, Requirement], bool] = {}

    @property
    def line_length(self) -> int:
        """How many stand in line now, unoffered."""
        return len(self._waiting)

    def joined(self, conversation: str, start_ms: int, channel: str) -> None:
        """It stands in line; one that comes back stands where it stood."""
        waiting = self._waiting
        comes_back = bool(waiting) and next(reversed(waiting.values())).start_ms > start_ms
        waiting[conversation] = _Waiting(start_ms, channel)
        if comes_back:
            ordered = sorted(waiting.items(), key=lambda item: item[1].start_ms)
            self._waiting = dict(ordered)
        self.line_length_max = max(self.line_length_max, len(waiting))

    def offered(self, conversation: str, agent: str) -> None:
        """It is offered to an agent: whoever stood in line before it is overtaken."""
        taken = self._waiting.pop(conversation)
        for other, waiting in self._waiting.items():
            if waiting.start_ms >= taken.start_ms:
                break
            cause = self._cause(conversation, taken, other, waiting, agent)
            if cause:
                self.overtakes[cause] += 1

    def _cause(
        self, taken_id: str, taken: _Waiting, other_id: str, other: _Waiting, agent_id: str
    ) -> str:
        world = self.router.world
        if other_id not in world.line:
            return ""  # it was offered at this same instant
        agent = world.people.agents[agent_id]
        lane, place = world.line.where(other_id)
        later = world.conversations.by_id[taken_id]
        if not self._may(agent, lane.key[2]) or other.channel != taken.channel:
            return "skill"
        if agent_id in refused_agents(world, world.conversations.by_id[other_id]):
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
        """It left the line unserved."""
        self._waiting.pop(conversation, None)

    def assigned(self, conversation: str, agent: str, now_ms: int) -> None:
        """An agent has it."""
        self._waiting.pop(conversation, None)
        self.busy.open(agent, now_ms)

    def finished(self, conversation: str, agent: str, now_ms: int) -> None:
        """An agent is done with it."""
        self.busy.close(agent, now_ms)

    def signed_in(self, agent: str, now_ms: int) -> None:
        """An agent is there."""
        self.signed.open(agent, now_ms)

    def signed_out(self, agent: str, now_ms: int) -> None:
        """An agent has gone, or goes once the load is nothing."""
        self.signed.close(agent, now_ms)
