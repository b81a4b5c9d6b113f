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
from router.conversation_views import (
    agent_card,
    customer_card,
    named,
    queue_name,
    state_of,
    wrap_up_of,
)
from router.conversations import UNSEEN, Conversation
from router.core import Router
from router.errors import Refusal, Refused
from router.ids import ConnectionId, PersonKey
from router.offers import Offer
from router.paging import Before, newest, shown, shown_person, visible
from router.presence import Agent, Customer, Person
from router.relations import theirs, watches
from router.world import World

__all__ = [
    "agent_card",
    "agents_by_show",
    "customer_card",
    "help_asked",
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
        aside = world.conversations.put_aside_by(known.id)
        mine = [world.conversations.by_id[name] for name in (*known.serving, *aside)]
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
        help=_calls_for(world, known) or None,
    )


def _calls_for(world: World, staff: Person | None) -> tuple[outgoing.HelpAsked, ...]:
    """The calls that stand of agents whom a supervisor watches, the oldest first."""
    if staff is None or staff.role != "supervisor":
        return ()
    by = Actor("supervisor", staff.id, ConnectionId(""), staff.teams)
    standing = [world.conversations.by_id[name] for name in world.conversations.calling]
    standing.sort(key=lambda one: (one.help_since_ms or 0, one.id))
    return tuple(help_asked(world, one) for one in standing if watches(world, by, one.agent))


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


def help_asked(world: World, conversation: Conversation) -> outgoing.HelpAsked:
    """A call for a supervisor, as all who may answer it see it."""
    return outgoing.HelpAsked(
        conversation=conversation.id,
        agent=named(world, PersonKey(f"agent:{conversation.agent}")),
        at=conversation.help_since_ms or 0,
        queue=conversation.queue,
        channel=conversation.channel,
        customer=customer_card(world, conversation),
        arrived_at=conversation.arrived_ms,
        note=conversation.help_note,
        topic=conversation.topic,
        queue_name=queue_name(world, conversation.queue),
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
    if conversation.joined.get(actor.key) == UNSEEN:
        return ()
    if conversation.is_unheard(actor.key):
        return tuple(key for key in conversation.staff() if key != actor.key)
    return tuple(key for key in conversation.readers() if key != actor.key)
