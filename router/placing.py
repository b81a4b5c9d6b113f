"""Who stands where: the line's side of every consequence.

Owns: joining, leaving and coming back to the line; requirement steps; who is not asked again.
Does not know: why a conversation came or went, who is held behind whom, offers, or how an agent is
chosen.

Invariants: a key never gets worse in line; whoever comes back stands where they stood; where a
place behind somebody grows, the line says why.
"""

from typing import Final

from router.conversations import Conversation
from router.events import ConversationQueued
from router.ids import ConversationId, CustomerId
from router.policy import Queue
from router.presence import Customer
from router.queue import Lane, LaneKey, Place
from router.room import forget_passes, keepers_against
from router.skills import Requirement, SkillLevels, meets, merge_needs, tags_match
from router.states import ConversationState, Reachability
from router.world import World

__all__ = [
    "come_back",
    "enqueue",
    "forget_refusal",
    "improve_key",
    "leave_line",
    "may_be_offered",
    "park",
    "preferred_lane",
    "refuse_agent",
    "refused_agents",
    "rejoin",
    "relocate",
    "replan",
    "requirement_at",
    "requirement_of",
    "shift",
    "stand_after_restore",
    "take_step",
    "transfer_waited",
    "unpark",
    "want_nobody",
]

_ConversationQueued: Final = ConversationQueued
_Requirement: Final = Requirement
"""What is final is not looked up by name where the core is compiled."""

LOOK_AGAIN_MS = 1_000
"""Whether anybody has the skill that one waits for is looked at no more often than this."""

DECLINE_MS = 60_000
"""A decliner is not asked again for this long, and then after all others."""


def requirement_of(world: World, conversation: Conversation) -> Requirement:
    """What a conversation asks for at its present step."""
    if conversation.wanted_agent:
        return Requirement(agent=conversation.wanted_agent)
    return requirement_at(world, conversation, conversation.step)


def requirement_at(world: World, conversation: Conversation, steps: int) -> Requirement:
    """What it asks for once so many steps were taken, by anybody."""
    laid_out = world.in_force.queue(conversation.queue)
    if not laid_out.has_steps and (conversation.own_alone or not laid_out.needs):
        return _Requirement(conversation.own_needs, conversation.own_languages, conversation.brand)
    queue = world.queues.get(conversation.queue)
    if queue is None:
        return Requirement(conversation.own_needs, conversation.own_languages, conversation.brand)
    needs: SkillLevels = () if conversation.own_alone else laid_out.needs
    languages = conversation.own_languages
    for step in queue.steps[:steps]:
        if step.needs is not None and not conversation.own_alone:
            needs = tuple((need.skill, need.level) for need in step.needs)
        if step.any_language:
            languages = ()
    return Requirement(
        needs=merge_needs(needs, conversation.own_needs) if needs else conversation.own_needs,
        languages=languages,
        brand=conversation.brand,
    )


def _lane_of(world: World, conversation: Conversation) -> Lane:
    """The lane that its requirement asks for; most ask for skills alone, in a queue of no needs."""
    laid_out = world.in_force.queue(conversation.queue)
    apart = conversation.wanted_agent or conversation.own_languages or conversation.brand
    if apart or laid_out.needs or laid_out.has_steps:
        return _lane(world, conversation, requirement_of(world, conversation))
    key = (conversation.queue, conversation.channel, conversation.own_needs)
    lane = world.line.plain.get(key)
    if lane is None:
        lane = _lane(world, conversation, requirement_of(world, conversation))
        world.line.plain[key] = lane
    return lane


def _lane(world: World, conversation: Conversation, asked: Requirement) -> Lane:
    key: LaneKey = (conversation.queue, conversation.channel, asked)
    lane, is_new = world.line.lane(key)
    if is_new:
        world.pool.add_lane(lane)
        for dropped in world.line.drop_empty_lanes(but=lane):
            world.pool.drop_lane(dropped)
    return lane


def preferred_lane(world: World, conversation: Conversation) -> Lane | None:
    """The lane of those who are preferred for it among those who could serve it, if any are.

    Nobody stands there: it only says who is asked first.
    """
    if not conversation.preferred_needs and not conversation.preferred_languages:
        return None
    asked = requirement_of(world, conversation)
    if asked.agent:
        return None
    wished = asked.languages
    if conversation.preferred_languages:
        wished = _preferred(wished, conversation.preferred_languages) or wished
    needs = merge_needs(asked.needs, conversation.preferred_needs)
    narrow = Requirement(needs=needs, languages=wished, brand=asked.brand)
    return None if narrow == asked else _lane(world, conversation, narrow)


def _preferred(wished: SkillLevels, preferred: SkillLevels) -> SkillLevels:
    """Of the wished languages those preferred, at the higher level; all where none is wished."""
    if not wished:
        return preferred
    found: dict[str, int] = {}
    for tag, level in wished:
        for other, least in preferred:
            if tags_match(other, tag):
                found.setdefault(tag, max(level, least))
    return tuple(found.items())


def _place(conversation: Conversation) -> Place:
    return (conversation.key_ms, conversation.place, conversation.id)


def enqueue(world: World, conversation: Conversation, cause: str) -> None:
    """Puts a WAITING conversation into this queue's line, at its first step."""
    conversation.step = 0
    conversation.joined_line_ms = world.now_ms
    _set_line_timers(world, conversation)
    _stand(world, conversation, cause)
    if cause == "transferred":
        world.narrowed[conversation.id] = None


def come_back(world: World, conversation: Conversation) -> None:
    """Puts back a WAITING conversation that lost its agent: its steps go on where they were.

    A step counts the time in this queue's line, and the time in service is none of that.
    """
    assert conversation.assigned_at_ms is not None, f"{conversation.id} never had an agent"
    conversation.joined_line_ms += world.now_ms - conversation.assigned_at_ms
    _set_line_timers(world, conversation)
    _stand(world, conversation, "returned")
    world.narrowed[conversation.id] = None


def _set_line_timers(world: World, conversation: Conversation) -> None:
    laid_out = world.in_force.queue(conversation.queue)
    if laid_out.has_steps:
        _set_step_timer(world, conversation, world.queues[conversation.queue])
    if laid_out.wait_max_ms and not conversation.is_message:
        world.timers.set("wait_max", conversation.id, world.now_ms + laid_out.wait_max_ms)
    if conversation.own_alone:
        _look_again(world, conversation)


def rejoin(world: World, conversation: Conversation, cause: str) -> None:
    """Puts a WAITING conversation back where it stood: same key, same step."""
    _stand(world, conversation, cause)


def _stand(world: World, conversation: Conversation, cause: str) -> None:
    world.conversations.wait(conversation)
    customer = world.customer_of(conversation)
    is_here = customer.reach is Reachability.REACHABLE
    conversation.parked = conversation.needs_presence and not is_here
    if not conversation.parked:
        lane, place = _lane_of(world, conversation), _place(conversation)
        if cause == "requested":
            world.line.expect(lane, place)  # a new one is mostly all that its command touches
        else:
            world.line.join(lane, place)
        world.unsettled[conversation.id] = None
    world.move(conversation.queue, _growth(world, conversation, cause))
    world.emit(
        _ConversationQueued(
            ConversationId(conversation.id),
            CustomerId(conversation.customer),
            conversation.queue,
            conversation.status,
            conversation.key_ms,
            cause,
        )
    )


def _growth(world: World, conversation: Conversation, cause: str) -> str:
    """Why places behind it grow, if there are any: who asks stands last, but for a head start."""
    if cause in ("returned", "transferred"):
        return "returned"
    line = world.line
    jumps = line.ranks.has_after(_place(conversation))
    return "priority" if jumps and conversation.id in line else ""


def leave_line(world: World, conversation: Conversation) -> None:
    """Takes a conversation out of the line for good: it was given away, ended or moved."""
    if conversation.id in world.line:
        world.line.leave(conversation.id)
    world.conversations.wait_no_longer(conversation)
    world.conversations.held.pop(conversation.id, None)
    for kind in ("step", "wait_max", "transfer_wait"):
        world.timers.cancel(kind, conversation.id)
    forget_passes(world, conversation)
    world.unsettled.pop(conversation.id, None)
    world.move(conversation.queue)


def park(world: World, conversation: Conversation) -> None:
    """Its customer is away: the place is kept, but nobody is asked."""
    if conversation.needs_presence and conversation.id in world.line:
        world.line.leave(conversation.id)
        conversation.parked = True
        world.unsettled.pop(conversation.id, None)
        world.move(conversation.queue)


def unpark(world: World, conversation: Conversation) -> None:
    """Its customer is back: it stands where it stood."""
    if conversation.parked and conversation.status is ConversationState.WAITING:
        conversation.parked = False
        world.line.join(_lane_of(world, conversation), _place(conversation))
        world.unsettled[conversation.id] = None
        world.move(conversation.queue, "returned")


def _set_step_timer(world: World, conversation: Conversation, queue: Queue) -> None:
    if conversation.step < len(queue.steps):
        due_ms = conversation.joined_line_ms + queue.steps[conversation.step].after_ms
        world.timers.set("step", conversation.id, max(due_ms, world.now_ms))


def take_step(world: World, conversation: Conversation) -> None:
    """Moves a conversation to the wider lane of its next step; the key stays.

    A step also forgets who declined: the question is another one now.
    """
    queue = world.queues.get(conversation.queue)
    if queue is None or conversation.step >= len(queue.steps):
        return
    conversation.step += 1
    conversation.declined.clear()
    _set_step_timer(world, conversation, queue)
    relocate(world, conversation, "step")


def relocate(world: World, conversation: Conversation, cause: str) -> None:
    """Moves a conversation in line to the lane that its requirement now asks for."""
    if conversation.id in world.line:
        world.line.leave(conversation.id)
        world.line.join(_lane_of(world, conversation), _place(conversation))
        world.unsettled[conversation.id] = None
    world.narrowed[conversation.id] = None
    world.move(conversation.queue, cause)


def stand_after_restore(world: World, conversation: Conversation) -> None:
    """Puts a conversation of a snapshot where it stood; nothing is reported."""
    world.conversations.wait(conversation)
    if conversation.status is ConversationState.WAITING and not conversation.parked:
        world.line.join(_lane_of(world, conversation), _place(conversation))


def replan(world: World) -> None:
    """After a change of policy: everybody in line stands where the new rules put them."""
    for conversation in world.conversations:
        if conversation.is_in_line:
            queue = world.queues.get(conversation.queue)
            steps = len(queue.steps) if queue is not None else 0
            conversation.step = min(conversation.step, steps)
            world.timers.cancel("step", conversation.id)
            if queue is not None:
                _set_step_timer(world, conversation, queue)
            relocate(world, conversation, "step")


def improve_key(world: World, conversation: Conversation, key_ms: int) -> None:
    """Gives a better key; a worse one is not taken."""
    if key_ms >= conversation.key_ms:
        return
    in_line = conversation.id in world.line
    if in_line:
        world.line.leave(conversation.id)
    conversation.key_ms = key_ms
    if in_line:
        world.line.join(_lane_of(world, conversation), _place(conversation))
    world.move(conversation.queue, "priority")


def want_nobody(world: World, conversation: Conversation) -> None:
    """Nobody waits for one agent alone any longer: the queue's requirement counts."""
    world.timers.cancel("transfer_wait", conversation.id)
    conversation.wanted_agent = ""
    conversation.waits_for_last = False
    relocate(world, conversation, "step")


def _look_again(world: World, conversation: Conversation) -> None:
    wait_ms = max(LOOK_AGAIN_MS, world.policy.transfer_wait_ms)
    world.timers.set("transfer_wait", conversation.id, world.now_ms + wait_ms)


def transfer_waited(world: World, conversation: Conversation) -> None:
    """It waited long enough for one agent alone, or for a skill that nobody here has by now."""
    if conversation.wanted_agent or not conversation.own_alone:
        want_nobody(world, conversation)  # what waits for a skill may have slept since
    if not conversation.own_alone:
        return
    if world.pool.can_meet(requirement_of(world, conversation)):
        _look_again(world, conversation)
    else:
        conversation.own_alone = False
        conversation.own_needs = ()
        relocate(world, conversation, "step")


def refuse_agent(world: World, conversation: Conversation, agent: str) -> None:
    """The agent is not asked for this conversation for a minute, and then after all others."""
    conversation.declined[agent] = world.now_ms + DECLINE_MS
    _set_refusal_timer(world, conversation)


def _set_refusal_timer(world: World, conversation: Conversation) -> None:
    """Past refusals stay known, for decliners are asked last; a timer in the past is never set."""
    later = [due_ms for due_ms in conversation.declined.values() if due_ms > world.now_ms]
    if later:
        world.timers.set("refusal", conversation.id, min(later))


def forget_refusal(world: World, conversation: Conversation) -> None:
    """A refusal is a minute old: the agent may be asked again."""
    _set_refusal_timer(world, conversation)
    if conversation.id in world.line:
        world.unsettled[conversation.id] = None


def shift(world: World, conversation: Conversation, by_ms: int) -> None:
    """After an outage: steps and refusals, like all deadlines, come later; the key stays."""
    if conversation.is_in_line:
        conversation.joined_line_ms += by_ms
    for invitation in conversation.invited.values():
        invitation.due_ms += by_ms
    if conversation.wrap_up_due_ms is not None:
        assert conversation.wrap_up_since_ms is not None, "a wrap-up that never began"
        conversation.wrap_up_due_ms += by_ms
        conversation.wrap_up_since_ms += by_ms
    for values in conversation.outside.values():
        values.update({part: (value, until + by_ms) for part, (value, until) in values.items()})
    if conversation.status is ConversationState.ACTIVE:
        conversation.heard_at_ms += by_ms
    for agent, due_ms in conversation.declined.items():
        if due_ms > world.now_ms:
            conversation.declined[agent] = due_ms + by_ms


_NOBODY: frozenset[str] = frozenset()


def refused_agents(world: World, conversation: Conversation) -> frozenset[str]:
    """Whom it is not offered to now: avoided, declined a moment ago, or with room kept."""
    kept = keepers_against(world, conversation) if world.keepers else ()
    if not conversation.declined and not conversation.avoid and not kept:
        return _NOBODY
    now_ms = world.now_ms
    declined = (agent for agent, due_ms in conversation.declined.items() if due_ms > now_ms)
    return frozenset((*conversation.avoid, *declined, *kept))


def may_be_offered(world: World, customer: Customer, draft: Conversation) -> bool:
    """Whether a conversation that is in no line yet would find a free agent in it."""
    is_here = customer.reach is Reachability.REACHABLE
    if draft.needs_presence and not is_here:
        return False
    asked, channel = requirement_of(world, draft), draft.channel
    refused = refused_agents(world, draft)
    if asked.agent:
        return asked.agent not in refused and channel in world.pool.channels_for(asked.agent)
    groups = world.pool.free_groups()
    return any(meets(one.profile, asked) and one.has(channel, refused) for one in groups)
