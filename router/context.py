"""The rules of context at work: what they make of one request.

Owns: the facts that rules look at, and where their effects go. Does not know: the form of a rule,
or how a place is given.

Invariants (tests/test_context.py): rules are applied once, at the request; no rule takes anything
away or makes a key worse; a class that a rule gives is audited.
"""

from typing import Final

import msgspec

from router.asked import Asked
from router.classing import has_share
from router.conversations import Conversation
from router.events import AuditRecorded
from router.ids import PersonKey
from router.policy import Queue
from router.presence import Customer
from router.rules import DAY_MS, Effects, Facts, effects
from router.skills import merge_needs
from router.world import World

__all__ = ["Ruled", "apply_rules", "note_classes", "put_in_force"]

BY_RULES = PersonKey("policy:rules")
"""Who gave a class, in the audit trail."""


_NOTHING: Final = Effects()


class Ruled:
    """A request as the rules leave it."""

    __slots__ = ("asked", "effects", "queue")

    def __init__(self, asked: Asked, queue: Queue, effects: Effects) -> None:
        self.asked = asked
        self.queue = queue
        self.effects = effects


def apply_rules(world: World, customer: Customer | None, queue: Queue, asked: Asked) -> Ruled:
    """Finds what the rules add; nothing of the world changes yet."""
    if not world.in_force.has_rules:
        return Ruled(asked, queue, _NOTHING)
    found = effects(world.policy.rules, _facts(world, customer, queue, asked))
    if found.topic:
        asked.topic = found.topic
    return Ruled(asked, _other_queue(world, found.queue, queue, asked), found)


def _facts(world: World, customer: Customer | None, queue: Queue, asked: Asked) -> Facts:
    wished = tuple(wish.tag for wish in asked.languages or ())
    facts = Facts(
        channel=asked.channel,
        queue=queue.id,
        topic=asked.topic,
        brand=asked.brand,
        klass=asked.priority or world.default_class(),
        languages=wished,
        activity=asked.attributes,
    )
    if customer is None:
        return facts
    classes = world.policy.classes
    known_class = customer.klass if customer.klass in classes else world.default_class()
    met = ((m.agent, m.outcome, (world.now_ms - m.at_ms) // DAY_MS) for m in customer.met)
    return msgspec.structs.replace(
        facts,
        klass=asked.priority or known_class,
        languages=(*wished, *customer.languages, *(customer.language_levels or ())),
        verified=customer.verified,
        profile=customer.attributes,
        met=tuple(met),
    )


def _other_queue(world: World, name: str, queue: Queue, asked: Asked) -> Queue:
    """The queue that a rule names, if it takes the channel and is one of the brand's."""
    other = world.queues.get(name)
    if other is None or asked.channel not in other.channels:
        return queue
    brands = world.policy.brands
    allowed = next((brand.queues for brand in brands if brand.id == asked.brand), ())
    return queue if allowed and other.id not in allowed else other


def put_in_force(world: World, conversation: Conversation, found: Effects) -> list[str]:
    """Gives a new conversation what the rules add; it has no place yet.

    Returns:
        What ``note_classes`` writes down, once the conversation is one.
    """
    reasons: list[str] = []
    if found is _NOTHING or not found.fired:
        return reasons
    conversation.rules = found.fired
    conversation.weights = found.weights
    conversation.preferred_needs = found.preferred_needs
    conversation.preferred_languages = found.preferred_languages
    conversation.own_needs = merge_needs(conversation.own_needs, found.needs)
    wished = dict(conversation.own_languages)
    added = tuple(pair for pair in found.languages if pair[0] not in wished)
    conversation.own_languages = (*conversation.own_languages, *added)
    for rule, klass in found.classes:
        better = world.head_start_ms(klass) > world.head_start_ms(conversation.klass)
        if better and not has_share(world, world.queues.get(conversation.queue)):
            conversation.capped_class = klass
        elif better:
            conversation.klass = klass
            conversation.key_ms = conversation.start_ms - world.head_start_ms(klass)
            reasons.append(f"rule {rule}: {klass}")
    return reasons


def note_classes(world: World, conversation: Conversation, reasons: list[str]) -> None:
    """Writes down which rules gave a class."""
    for reason in reasons:
        subject = f"conversation:{conversation.id}"
        world.emit(AuditRecorded(BY_RULES, "priority", subject, reason))
