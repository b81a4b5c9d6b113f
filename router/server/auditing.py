"""Looks over the cores' state for what must never be, while the node runs.

Owns: what is looked at, a few at a time. Does not know: who is told, or why it is broken.

Invariants (tests/server/test_auditing.py): a sound core is found sound at every command; a look
changes nothing and holds up the loop for ``AT_ONCE`` at most.

A core asserts what it can at each command. What it cannot see at one command, such as a
conversation that two agents think is theirs, is looked for here.
"""

import trio

from router.conversations import Conversation
from router.world import World

__all__ = ["AT_ONCE", "audit"]

AT_ONCE = 1_000


async def audit(world: World) -> dict[str, int]:
    """How often each kind of ``happened.VIOLATIONS`` was found: ``lost``, ``double_assign``."""
    found = {"lost": 0, "double_assign": 0}
    for count, one in enumerate(list(world.conversations), start=1):
        found["lost"] += _is_lost(world, one)
        if count % AT_ONCE == 0:
            await trio.lowlevel.checkpoint()
    for count, agent in enumerate(list(world.people.agents.values()), start=1):
        for name in agent.serving:
            known = world.conversations.by_id.get(name)
            found["double_assign"] += known is None or known.agent != agent.id
        if count % AT_ONCE == 0:
            await trio.lowlevel.checkpoint()
    await trio.lowlevel.checkpoint()
    return found


def _is_lost(world: World, conversation: Conversation) -> bool:
    """Whether it has an agent who does not know of it."""
    if not conversation.agent or conversation.id not in world.conversations.by_id:
        return False
    agent = world.people.agents.get(conversation.agent)
    return agent is None or conversation.id not in agent.serving
