"""What people may see: the core's state and events, as messages of the wire.

Owns: which fields whom are shown; every read that the gateway answers. Does not know: sockets,
encodings, or who is connected to this node.

Invariants: a read changes nothing; a customer never sees notes, agents' shows or other customers;
an agent sees an offered conversation's card and nothing of its messages.
"""

from collections.abc import Iterator, Mapping

from router import outgoing
from router.boards import (
    agents_by_show,
    presence_entries,
    presence_entry,
    presence_entry_in,
    queue_figures,
    queues_beside,
)
from router.commands import Actor
from router.conversations import Conversation
from router.core import Router
from router.errors import Refusal, Refused
from router.ids import PersonKey
from router.offers import Offer
from router.paging import Before, newest, shown, shown_person, visible
from router.presence import Agent, Customer
from router.relations import theirs
from router.states import ConversationState, Reachability
from router.world import World

__all__ = [
    "agent_card",
    "agents_by_show",
    "customer_card",
    "history",
    "invitation",
    "named",
    "offer_new",
    "place",
    "presence_entries",
    "presence_entry",
    "presence_entry_in",
    "presence_self",
    "queue_figures",
    "queue_name",
    "queues_beside",
    "shown_person",
    "state_of",
    "typing_readers",
    "waiting_of",
    "welcome_state",
    "wrap_up_of",
    "you",
]

MESSAGES_MAX = 200
MESSAGES_BYTES_MAX = 64 * 1024
"""Of bodies in one answer: a frame of the server is at most 1 MiB, and JSON may double them."""


def you(router: Router, person: PersonKey) -> outgoing.You:
    """Whom the server takes the person for."""
    known = router.world.people.by_key(person)
    assert known is not None, "nobody is welcomed before being connected"
    languages: tuple[str, ...] = ()
    skills: dict[str, int] = {}
    if isinstance(known, Agent):
        languages = tuple(tag for tag, _ in known.profile.languages)
        skills = dict(known.profile.skills)
    elif isinstance(known, Customer):
        languages = known.languages
    return outgoing.You(
        id=known.id,
        role=known.role,
        tenant=router.world.tenant,
        name=known.name,
        languages=languages,
        skills=skills,
        teams=known.teams,
    )


def welcome_state(
    router: Router, person: PersonKey, seen: Mapping[str, int], now_ms: int
) -> outgoing.State:
    """The whole truth for one person."""
    world = router.world
    known = world.people.by_key(person)
    ended = _ended_in(world, person, seen)
    if isinstance(known, Agent):
        mine = [world.conversations.by_id[name] for name in known.serving]
        offers = [world.offers.pending[known.offer]] if known.offer else []
        own = presence_self(router, known.id)
        visits = _visits(world, person)
        return outgoing.State(
            offers=tuple(offer_new(world, offer, now_ms) for offer in offers),
            conversations=tuple(
                state_of(world, c, person, seen) for c in (*mine, *_joined(visits, person), *ended)
            ),
            presence=own,
            capacity=own.capacity,
            load=own.load,
            invitations=tuple(
                invitation(world, c, person, now_ms) for c in visits if person in c.invited
            )
            or None,
        )
    if isinstance(known, Customer):
        mine = [world.conversations.by_id[name] for name in known.open]
        answered = [name for name in known.answered if name not in seen]
        ended += _ended_in(world, person, dict.fromkeys(answered, 0))
        return outgoing.State(
            offers=(),
            conversations=tuple(state_of(world, c, person, seen) for c in (*mine, *ended)),
        )
    joined = _joined(_visits(world, person), person)
    return outgoing.State(
        offers=(),
        conversations=tuple(state_of(world, c, person, seen) for c in (*joined, *ended)),
        queues=queue_figures(router, now_ms),
        agents=agents_by_show(router),
    )


def _visits(world: World, person: PersonKey) -> list[Conversation]:
    """What the person joined, or is asked into, the oldest first."""
    visits = [world.conversations.by_id[name] for name in world.conversations.visited_by(person)]
    visits.sort(key=lambda one: (one.arrived_ms, one.id))
    return visits


def _joined(visits: list[Conversation], person: PersonKey) -> list[Conversation]:
    return [one for one in visits if person in one.joined]


def _ended_in(world: World, person: PersonKey, seen: Mapping[str, int]) -> list[Conversation]:
    """Conversations named in ``seen`` that are over; those that are gone cannot be told."""
    found = []
    for name in seen:
        conversation = world.conversations.by_id.get(name)
        if conversation is None or not conversation.is_over:
            continue
        if person == f"agent:{conversation.agent}":
            continue  # in wrap-up, and so among the agent's own
        took_part = (
            f"customer:{conversation.customer}",
            f"agent:{conversation.last_agent}",
            *conversation.took_part,
        )
        if person in took_part:
            found.append(conversation)
    return found


def state_of(
    world: World, conversation: Conversation, reader: PersonKey, seen: Mapping[str, int]
) -> outgoing.ConversationState:
    """A conversation as one reader may see it, with the messages after those seen."""
    is_customer = reader.startswith("customer:")
    newest, more = _newest(conversation, is_customer, seen.get(conversation.id, 0))
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
        agent=agent_card(world, conversation.agent) if conversation.agent else None,
        customer=None if is_customer else customer_card(world, conversation),
        wrap_up_ms=_wrap_up_left(world, conversation),
        wrap_up=wrap_up_of(world, conversation) if status == "wrap_up" else None,
        since_at=conversation.assigned_at_ms or conversation.arrived_ms,
        read={str(key): seq for key, seq in conversation.read.items()} or None,
        unanswered=conversation.is_overdue and not is_customer,
        queue_name=queue_name(world, conversation.queue),
        reply=_reply_rule(world, conversation, reader),
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
    """For a customer a conversation in wrap-up is over."""
    if conversation.status is ConversationState.WRAP_UP and not is_customer:
        return "wrap_up"
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
    return world.queues[queue].name if queue in world.queues else ""


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


def presence_self(router: Router, agent_id: str) -> outgoing.PresenceSelf:
    """An agent's own presence, capacity and load."""
    world = router.world
    agent = world.people.agents[agent_id]
    defaults = world.policy.capacity
    channels = (*world.channels, "total")
    return outgoing.PresenceSelf(
        show=agent.show,
        effective=agent.seen_show(),
        reason=agent.seen_reason(),
        channels={channel: agent.channels.get(channel, True) for channel in world.channels},
        capacity={channel: agent.capacity_of(channel, defaults) for channel in channels},
        load={**agent.load, "total": agent.load_cost},
        since_at=agent.since_ms,
        pos=world.position,
        next=agent.next_show,
        until_at=agent.until_ms,
        why_not=agent.why_not(),
        source=agent.source or None,
    )


def offer_new(world: World, offer: Offer, now_ms: int) -> outgoing.OfferNew:
    """An offer as its agent sees it."""
    conversation = world.conversations.by_id[offer.conversation]
    return outgoing.OfferNew(
        offer=offer.id,
        conversation=conversation.id,
        expires_ms=max(0, offer.due_ms - now_ms),
        attempt=offer.attempt,
        queue=conversation.queue,
        channel=conversation.channel,
        customer=customer_card(world, conversation),
        why=offer.why,
        auto=offer.auto,
        topic=conversation.topic,
        waited_ms=max(0, now_ms - conversation.arrived_ms),
        queue_name=queue_name(world, conversation.queue),
        begins=conversation.beginning(world.preview_max(conversation.queue)),
        pos=world.position,
    )


def invitation(
    world: World, conversation: Conversation, person: PersonKey, now_ms: int
) -> outgoing.ConversationInvited:
    """An invitation as the colleague sees it who is asked in."""
    asked = conversation.invited[person]
    return outgoing.ConversationInvited(
        conversation=conversation.id,
        sender=named(world, asked.by),
        mode=asked.mode,
        expires_ms=max(0, asked.due_ms - now_ms),
        queue=conversation.queue,
        channel=conversation.channel,
        customer=customer_card(world, conversation),
        topic=conversation.topic,
        note=asked.note,
        queue_name=queue_name(world, conversation.queue),
        pos=world.position,
    )


def place(router: Router, conversation_id: str) -> outgoing.QueuePosition | None:
    """Where a conversation stands in line, or None where it has no place."""
    world = router.world
    conversation = world.conversations.by_id.get(conversation_id)
    if conversation is None:
        return None
    ahead = world.ahead(conversation)
    if ahead is None:
        return None
    return outgoing.QueuePosition(world.position, conversation.id, ahead + 1, ahead)


def waiting_of(router: Router, customer: PersonKey) -> Iterator[str]:
    """The customer's conversations that have a place in line."""
    known = router.world.people.by_key(customer)
    if isinstance(known, Customer):
        for name in known.open:
            if router.world.conversations.by_id[name].is_in_line:
                yield name


def history(
    router: Router, actor: Actor, conversation_id: str, before: Before, limit: int
) -> tuple[tuple[outgoing.Message, ...], bool]:
    """The newest ``limit`` messages before the bound, and whether there are more.

    Raises:
        Refused: NOT_FOUND or FORBIDDEN.
    """
    conversation = theirs(router.world, actor, "history", conversation_id)
    found = visible(conversation.messages, before, notes=actor.role != "customer")
    chosen, more = newest(found, limit)
    return tuple(shown(message) for message in chosen), more


def typing_readers(router: Router, actor: Actor, conversation_id: str) -> tuple[PersonKey, ...]:
    """Who may learn that this person is typing.

    Raises:
        Refused: NOT_FOUND, FORBIDDEN, or INVALID_TRANSITION where the conversation is over.
    """
    conversation = theirs(router.world, actor, "typing", conversation_id)
    if conversation.is_over:
        raise Refused(Refusal.INVALID_TRANSITION, "the conversation is over")
    if conversation.is_unheard(actor.key):
        return tuple(key for key in conversation.staff() if key != actor.key)
    return tuple(key for key in conversation.readers() if key != actor.key)
