"""A conversation, and who takes part in it, as one reader may see them.

Owns: the fields of a conversation and of the cards of its people. Does not know: messages of the
wire but as parts, or who is connected.

Invariants (tests/test_conversation_views.py): a customer never sees notes or the wrap-up; what is
said of the agent's own duties is said to that agent alone.
"""

from collections.abc import Mapping

from router import outgoing
from router.conversations import Conversation
from router.ids import PersonKey
from router.paging import shown, shown_person
from router.presence import Customer
from router.states import ConversationState, Reachability
from router.world import World

__all__ = ["agent_card", "customer_card", "named", "queue_name", "state_of", "wrap_up_of"]

MESSAGES_MAX = 200
MESSAGES_BYTES_MAX = 64 * 1024
"""Of bodies in one answer: a frame of the server is at most 1 MiB, and JSON may double them."""


def state_of(
    world: World, conversation: Conversation, reader: PersonKey, seen: Mapping[str, int]
) -> outgoing.ConversationState:
    """A conversation as one reader may see it, with the messages after those seen."""
    is_customer = reader.startswith("customer:")
    newest, more = _newest(conversation, is_customer, seen.get(conversation.id, 0))
    is_snoozed = conversation.status is ConversationState.SNOOZED
    agent = conversation.last_agent if is_snoozed else conversation.agent
    ahead = world.ahead(conversation)
    status = _status_for(conversation, is_customer)
    return outgoing.ConversationState(
        conversation=conversation.id,
        status=status,
        queue=conversation.queue,
        channel=conversation.channel,
        seq=conversation.seq,
        messages=newest,
        more=more,
        reason=conversation.ended_reason if status == "ended" else None,
        topic=conversation.topic or None,
        position=None if ahead is None else ahead + 1,
        ahead=ahead,
        agent=agent_card(world, agent) if agent else None,
        customer=None if is_customer else customer_card(world, conversation),
        wrap_up_ms=_wrap_up_left(world, conversation),
        wrap_up=wrap_up_of(world, conversation) if status == "wrap_up" else None,
        since_at=conversation.assigned_at_ms or conversation.arrived_ms,
        read={str(key): seq for key, seq in conversation.read.items()} or None,
        unanswered=conversation.is_overdue and not is_customer,
        queue_name=queue_name(world, conversation.queue),
        reply=_reply_rule(world, conversation, reader),
        help_since_at=None if is_customer else conversation.help_since_ms,
        snoozed_until_at=(None if is_customer else world.timers.due_ms("snooze", conversation.id)),
        wrap_up_optional=(
            reader == f"agent:{conversation.agent}"
            and world.in_force.queue(conversation.queue).wrap_up == "optional"
        ),
    )


def _reply_rule(
    world: World, conversation: Conversation, reader: PersonKey
) -> outgoing.ReplyRule | None:
    queue = world.queues.get(conversation.queue)
    if queue is None or not queue.reply_within_ms or reader != f"agent:{conversation.agent}":
        return None
    return outgoing.ReplyRule(queue.reply_within_ms, queue.no_reply)


def _status_for(conversation: Conversation, is_customer: bool) -> str:
    """For a customer a conversation in wrap-up is over, and one put aside is with its agent."""
    if conversation.status is ConversationState.WRAP_UP and not is_customer:
        return "wrap_up"
    if is_customer and conversation.status is ConversationState.SNOOZED:
        return ConversationState.ACTIVE
    return "ended" if conversation.is_over else conversation.status


def _wrap_up_left(world: World, conversation: Conversation) -> int | None:
    due_ms = conversation.wrap_up_due_ms
    return None if due_ms is None else max(0, due_ms - world.now_ms)


def wrap_up_of(world: World, conversation: Conversation) -> outgoing.WrapUp:
    """What its agent may choose from while working a conversation up."""
    queue = world.queues.get(conversation.queue)
    due_ms, since_ms = conversation.wrap_up_due_ms, conversation.wrap_up_since_ms
    if queue is None or since_ms is None:
        return outgoing.WrapUp()
    more_ms = 0 if due_ms is None else max(0, since_ms + queue.wrap_up_max_ms - due_ms)
    mode = "free" if due_ms is None else queue.wrap_up if queue.wrap_up == "fixed" else ""
    code = conversation.wrap_up_code
    return outgoing.WrapUp(queue.wrap_up_codes, queue.wrap_up_default, more_ms, mode, code)


def _newest(
    conversation: Conversation, is_customer: bool, after: int
) -> tuple[tuple[outgoing.Message, ...], bool]:
    """The messages after ``after`` that fit; True where older ones were left out."""
    chosen: list[outgoing.Message] = []
    size = 0
    for message in reversed(conversation.messages):
        if message.kind == "note" and is_customer:
            continue
        if message.kind == "text" and message.seq <= after:
            break
        size += len(message.body) + 64
        if len(chosen) >= MESSAGES_MAX or size > MESSAGES_BYTES_MAX:
            chosen.reverse()
            return tuple(chosen), True
        chosen.append(shown(message))
    chosen.reverse()
    return tuple(chosen), False


def named(world: World, key: PersonKey) -> outgoing.Person:
    """A person by key, under the name that they are known by."""
    known = world.people.by_key(key)
    return shown_person(key, known.name if known is not None else "")


def queue_name(world: World, queue: str) -> str:
    """What people call a queue; nothing where the policy gives it no name."""
    known = world.queues.get(queue)
    return known.name if known is not None else ""


def agent_card(world: World, agent: str) -> outgoing.AgentCard:
    """An agent as others see them."""
    known = world.people.agents[agent]
    languages = tuple(tag for tag, _ in known.profile.languages)
    return outgoing.AgentCard(known.id, known.name, languages, known.license)


def _is_here(customer: Customer) -> bool:
    """Connected, or lost so lately that staff are not told yet; not who never was there."""
    known = customer.reach is not Reachability.UNREACHABLE
    return bool(customer.devices) or (known and not customer.gone_shown)


def customer_card(world: World, conversation: Conversation) -> outgoing.CustomerCard:
    """The customer of a conversation, as staff see them."""
    customer = world.customer_of(conversation)
    languages = customer.languages or tuple(tag for tag, _ in conversation.own_languages)
    return outgoing.CustomerCard(
        id=customer.id,
        name=customer.name,
        verified=customer.verified,
        klass=conversation.klass,
        languages=languages,
        attributes={**customer.attributes, **conversation.attributes},
        here=_is_here(customer),
        contact=tuple(
            {"channel": channel, "prio": prio, "hours": hours}
            for channel, prio, hours in customer.contact
        ),
        capped_class=conversation.capped_class,
    )
