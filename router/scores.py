"""What is known of particular agents for a conversation: history, relation, topic, predictions.

Owns: those parts of the score that follow from people and not from profiles, and the values from
outside that replace a part for a while. Does not know: who is free, weights, or how parts add up.

Invariants (tests/test_scores.py): every part is 0 to 1000; whoever has no entry has 0 of history,
relation and topic; a value from outside counts until its time is over, for its conversation alone.

    history    served this customer before: how lately, how it was rated, how many since
    relation   named as the customer's owner by their attribute ``relation_attribute``
    topic      served this customer on the same topic before, and did not pass it on
    outside    ``score.set``: replaces a part, for one agent or for everybody
"""

import msgspec

from router.commands import SetScore
from router.conversations import Conversation
from router.errors import Refusal, Refused
from router.groups import NOTHING_SPECIAL, Shares, Special, shares
from router.presence import Customer, Meeting
from router.relations import theirs
from router.world import World

__all__ = ["history_of", "set_score", "special_of", "weights_of"]

HISTORY_MS = 30 * 86_400_000
"""How long an agent's having served a customer counts."""

MEETING_WORTH = {1: 0, 2: 250, 3: 600, 4: 900, 5: 1000}
"""What a rating leaves of it, per mille."""

OUTSIDE_MAX = 200
"""Values from outside for one conversation; further ones are refused with 106."""


def history_of(customer: Customer, now_ms: int) -> dict[str, int]:
    """By agent whom the customer knows, that part of the score: 0 to 1000.

    Whoever served the customer last counts most, a good rating keeps it, a bad one ends it; it
    fades to nothing over 30 days.
    """
    parts: dict[str, int] = {}
    if not customer.met:
        return parts
    for rank, meeting in enumerate(reversed(customer.met)):
        worth = _worth(meeting, now_ms) // (rank + 1)
        if worth and meeting.agent not in parts:
            parts[meeting.agent] = worth
    return parts


def _worth(meeting: Meeting, now_ms: int) -> int:
    age = min(1000, 1000 * (now_ms - meeting.at_ms) // HISTORY_MS)
    liked = 1000 if meeting.rating is None else MEETING_WORTH[meeting.rating]
    return (1000 - age) * liked // 1000


def weights_of(world: World, conversation: Conversation) -> Shares:
    """The policy's weights, with what rules put over them for this conversation."""
    own = conversation.weights
    if not own:
        return world.in_force.shares
    return shares(msgspec.structs.replace(world.policy.weights, **own))


def special_of(world: World, conversation: Conversation) -> Special:
    """By agent, or ``""`` for everybody, the parts that are not those of the profile."""
    weights = weights_of(world, conversation)
    relation, topic = weights[4], weights[5]
    if not relation and not topic and not conversation.outside:
        return NOTHING_SPECIAL
    special: dict[str, dict[str, int]] = {}
    customer = world.customer_of(conversation)
    if relation:
        owner = customer.attributes.get(world.in_force.relation_attribute, "")
        if owner:
            special[owner] = {"relation": 1000}
    if topic and conversation.topic:
        for agent, worth in _topic_of(customer, conversation.topic, world.now_ms).items():
            special.setdefault(agent, {})["topic"] = worth
    if conversation.outside:
        _put_outside(special, conversation, world.now_ms)
    return special


def _topic_of(customer: Customer, topic: str, now_ms: int) -> dict[str, int]:
    """By agent, the best that is remembered on this topic."""
    parts: dict[str, int] = {}
    for meeting in customer.met:
        if meeting.topic == topic and meeting.outcome != "passed_on":
            worth = _worth(meeting, now_ms)
            if worth > parts.get(meeting.agent, 0):
                parts[meeting.agent] = worth
    return parts


def _put_outside(
    special: dict[str, dict[str, int]], conversation: Conversation, now_ms: int
) -> None:
    """Values for everybody replace what was found of anybody; those for one agent come last."""
    by_agent = conversation.outside
    for agent in sorted(by_agent):
        values = {part: value for part, (value, until) in by_agent[agent].items() if until > now_ms}
        if not agent:
            for found in special.values():
                found.update((part, value) for part, value in values.items() if part in found)
        if values:
            special.setdefault(agent, {}).update(values)


def set_score(world: World, command: SetScore) -> None:
    """A service says what a part is worth, for a while.

    Raises:
        Refused: NOT_FOUND (conversation, agent), FORBIDDEN, INVALID_TRANSITION where it is over,
            LIMIT_EXCEEDED where too many values are set.
    """
    conversation = theirs(world, command.by, "score.set", command.conversation)
    agent = command.agent or ""
    if agent and agent not in world.people.agents and agent not in world.directory:
        raise Refused(Refusal.NOT_FOUND, f"there is no agent {agent!r}")
    if conversation.is_over:
        raise Refused(Refusal.INVALID_TRANSITION, "the conversation is over")
    kept = _unexpired(conversation, world.now_ms)
    kept.setdefault(agent, {})[command.part] = (command.value, world.now_ms + command.ttl_ms)
    if sum(map(len, kept.values())) > OUTSIDE_MAX:
        raise Refused(Refusal.LIMIT_EXCEEDED, f"at most {OUTSIDE_MAX} values for a conversation")
    conversation.outside = kept


def _unexpired(conversation: Conversation, now_ms: int) -> dict[str, dict[str, tuple[int, int]]]:
    kept = {
        agent: {part: entry for part, entry in entries.items() if entry[1] > now_ms}
        for agent, entries in conversation.outside.items()
    }
    return {agent: entries for agent, entries in kept.items() if entries}
