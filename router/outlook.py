"""What a customer in line may know of why they wait, and of what would be faster.

Owns: the figures of the waiting card. Does not know: sessions, sentences.

Invariants (tests/test_outlook.py): a look changes nothing; no agent, other customer, skill or level
is named; an agent counts as here while they are available and reachable, busy or not.
"""

from router.conversations import Conversation
from router.explained import ExplainedPlace
from router.placing import requirement_of
from router.skills import Profile, Requirement, meets
from router.world import World

__all__ = ["outlook"]


def outlook(world: World, conversation: Conversation) -> ExplainedPlace:
    """Why this conversation waits, in figures that its customer may see."""
    asked = requirement_of(world, conversation)
    queue = world.queues.get(conversation.queue)
    whoever = Requirement(needs=asked.needs, brand=asked.brand, agent=asked.agent)
    able: dict[Profile, tuple[bool, bool]] = {}
    here = free = 0
    spoken: dict[str, int] = {}
    for agent in world.people.agents.values():
        if not agent.is_at_work or asked.agent not in ("", agent.id):
            continue
        profile = agent.profile
        if profile not in able:
            able[profile] = (meets(profile, whoever), meets(profile, asked))
        could, can = able[profile]
        here += can
        free += can and world.pool.is_free(agent.id)
        for tag, level in profile.languages if could else ():
            spoken[tag] = spoken.get(tag, 0) + (level > 0)
    return ExplainedPlace(
        conversation=conversation.id,
        status=conversation.status,
        subject=queue.name if queue is not None else "",
        languages=tuple(tag for tag, _ in asked.languages),
        here=here,
        free=free,
        spoken=spoken,
    )
