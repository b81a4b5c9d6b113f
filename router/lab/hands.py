"""What agents have in hand at once, where having more makes each take longer.

Owns: how much of each conversation is left, and when it will be over at the present pace. Does not
know: who decides, or what else happens at that time.

Invariant: however often an agent's load changes, a conversation gets exactly its work: the time in
hand, each stretch divided by how much slower that stretch was, adds up to it.
"""

from collections.abc import Sequence

from msgspec import Struct

__all__ = ["Hands", "slowness"]


class _Work(Struct):
    slower: Sequence[float]
    left_ms: float
    """At the pace of one alone."""
    due_ms: int = -1


class _Agent(Struct):
    work: dict[str, _Work]
    since_ms: int


class Hands:
    """The conversations in hand, by agent."""

    def __init__(self) -> None:
        self._agents: dict[str, _Agent] = {}
        self._agent_of: dict[str, str] = {}

    def take(
        self, agent: str, name: str, work_ms: float, slower: Sequence[float], now_ms: int
    ) -> list[tuple[str, int]]:
        """The agent has one more; the conversations whose end moves, with the new time."""
        mine = self._agents.setdefault(agent, _Agent({}, now_ms))
        _advance(mine, now_ms)
        mine.work[name] = _Work(slower, work_ms)
        self._agent_of[name] = agent
        return _again(mine)

    def drop(self, name: str, now_ms: int) -> list[tuple[str, int]]:
        """It is over, or with nobody; the conversations whose end moves, with the new time."""
        agent = self._agent_of.pop(name, None)
        if agent is None:
            return []
        mine = self._agents[agent]
        _advance(mine, now_ms)
        del mine.work[name]
        return _again(mine)

    def is_due(self, name: str, now_ms: int) -> bool:
        """Whether it is over now; no, if its end has moved since that was planned."""
        agent = self._agent_of.get(name)
        return agent is not None and self._agents[agent].work[name].due_ms == now_ms


def slowness(slower: Sequence[float], count: int) -> float:
    """How many times as long each of ``count`` at once takes.

    Beyond what is listed an agent gets no more done in all, however many there are.
    """
    if not slower or count < 2:
        return 1.0
    listed = len(slower) + 1
    return slower[count - 2] if count <= listed else slower[-1] * count / listed


def _advance(mine: _Agent, now_ms: int) -> None:
    count = len(mine.work)
    for one in mine.work.values():
        one.left_ms -= (now_ms - mine.since_ms) / slowness(one.slower, count)
    mine.since_ms = now_ms


def _again(mine: _Agent) -> list[tuple[str, int]]:
    """When all would be over if nothing changed any more; those for which that is news."""
    count, moved = len(mine.work), []
    for name, one in mine.work.items():
        due_ms = mine.since_ms + max(0, round(one.left_ms * slowness(one.slower, count)))
        if due_ms != one.due_ms:
            one.due_ms = due_ms
            moved.append((name, due_ms))
    return moved
