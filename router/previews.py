"""What a change would do, before anybody makes it: an agent's skills, a conversation's class.

Owns: the figures that a supervisor sees beside the change. Does not know: how a change is made
(``router.skilling``, ``router.handling``), or who may make it but for teams.

Invariants (tests/test_previews.py): a read changes nothing; what is foretold of a place is the
place after the change, and who could be served by the changed agent are those whom they could
take then, as long as nothing else happens in between.
"""

from router.commands import Actor
from router.conversations import Conversation
from router.core import Router
from router.errors import Refusal, Refused
from router.presence import Agent
from router.previewed import PlacePreview, SkillsPreview
from router.queue import Lane
from router.relations import theirs, watches
from router.skilling import as_listed, kept, profile_with
from router.skills import Profile, meets
from router.world import World

__all__ = ["preview_class", "preview_skills"]


def preview_skills(
    router: Router,
    actor: Actor,
    name: str,
    skills: dict[str, int] | None,
    languages: dict[str, int] | None,
) -> SkillsPreview:
    """What the agent could serve with these skills and languages in the place of their own.

    Raises:
        Refused: NOT_FOUND, or FORBIDDEN for an agent of other teams.
    """
    world = router.world
    agent = world.people.agents.get(name) or as_listed(world, name)
    if actor.role == "supervisor" and not watches(world, actor, name):
        raise Refused(Refusal.FORBIDDEN, "this agent is not of your teams")
    then = profile_with(
        agent.profile,
        None if skills is None else kept(skills),
        None if languages is None else kept(languages),
    )
    could = would = stranded = 0
    queues: dict[str, tuple[int, int]] = {}
    others = _others(world, agent)
    for lane in world.line.lanes.values():
        if not len(lane) or lane.key[2].agent:
            continue
        now_fits, then_fits = _fits(lane, agent, agent.profile), _fits(lane, agent, then)
        could += len(lane) * now_fits
        would += len(lane) * then_fits
        if now_fits is not then_fits:
            before, after = queues.get(lane.key[0], (0, 0))
            queues[lane.key[0]] = (before + len(lane) * now_fits, after + len(lane) * then_fits)
        if now_fits and not then_fits and not any(meets(one, lane.key[2]) for one in others):
            stranded += len(lane)
    by_hand = agent.claimed is not None
    found = dict(then.skills), dict(then.languages)
    return SkillsPreview(name, *found, by_hand, could, would, stranded, queues)


def _others(world: World, agent: Agent) -> tuple[Profile, ...]:
    """What those can do who are signed in beside the agent, each kind once."""
    found: dict[Profile, None] = {}
    for other in world.people.agents.values():
        if other is not agent and other.is_signed_in:
            found[other.profile] = None
    return tuple(found)


def _fits(lane: Lane, agent: Agent, profile: Profile) -> bool:
    _, channel, asked = lane.key
    return agent.channels.get(channel, True) and meets(profile, asked)


def preview_class(router: Router, actor: Actor, name: str, priority: str) -> PlacePreview:
    """Where a conversation in line would stand with a class.

    Raises:
        Refused: NOT_FOUND, FORBIDDEN, or BAD_REQUEST for an unknown class.
    """
    world = router.world
    conversation = theirs(world, actor, "conversation.priority", name)
    if priority not in world.policy.classes:
        raise Refused(Refusal.BAD_REQUEST, f"priority: no class {priority!r}")
    ahead = world.ahead(conversation)
    return PlacePreview(name, priority, ahead, _then_ahead(world, conversation, priority, ahead))


def _then_ahead(
    world: World, conversation: Conversation, priority: str, ahead: int | None
) -> int | None:
    key_ms = conversation.start_ms - world.head_start_ms(priority)
    if ahead is None or key_ms >= conversation.key_ms or conversation.id not in world.line:
        return ahead
    lane, (_, place, _) = world.line.where(conversation.id)
    return world.pool.ahead(lane, (key_ms, place, conversation.id))
