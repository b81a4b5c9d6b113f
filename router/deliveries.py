"""Events of the core as messages of the wire, each with the person whom it is for.

Owns: which event becomes which message. Does not know: who is connected, or how often a coalesced
message may be sent. Called right after the command was applied, so that reads fit the event.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from router import events, outgoing
from router.core import Router
from router.ids import ConnectionId, PersonKey
from router.views import (
    agent_card,
    customer_card,
    help_asked,
    invitation,
    named,
    offer_new,
    presence_self,
    queue_name,
    shown_person,
    state_of,
    wrap_up_of,
)
from router.world import World

__all__ = ["Delivery", "deliveries"]


class Delivery(NamedTuple):
    """A message for all devices of one person but one."""

    to: PersonKey
    message: outgoing.Outgoing
    not_to: ConnectionId = ConnectionId("")


def deliveries(router: Router, event: events.Event, now_ms: int) -> Iterable[Delivery]:
    """The messages that an event causes, each with the person whom it is for."""
    build = _DELIVER.get(type(event))
    return () if build is None else build(router.world, event, router, now_ms)


def _offer_made(
    world: World, event: events.OfferMade, _: Router, now_ms: int
) -> Iterator[Delivery]:
    offer = world.offers.pending.get(event.offer)
    if offer is not None:
        yield Delivery(PersonKey(f"agent:{event.agent}"), offer_new(world, offer, now_ms))


def _offer_ended(world: World, event: events.OfferEnded, *_: object) -> Iterator[Delivery]:
    message = outgoing.OfferEnded(world.position, event.offer, event.outcome)
    yield Delivery(PersonKey(f"agent:{event.agent}"), message)


def _requested(world: World, event: events.ConversationRequested, *_: object) -> Iterator[Delivery]:
    """To the customer's other devices; what was said comes as messages, and not twice."""
    if world.people.customers[event.customer].devices.keys() <= {event.not_to}:
        return
    conversation = world.conversations.by_id[event.conversation]
    reader = PersonKey(f"customer:{event.customer}")
    state = state_of(world, conversation, reader, {conversation.id: conversation.seq})
    message = outgoing.ConversationRequested(world.position, conversation.id, state)
    yield Delivery(reader, message, event.not_to)


def _assigned(world: World, event: events.ConversationAssigned, *_: object) -> Iterator[Delivery]:
    conversation = world.conversations.by_id[event.conversation]
    for reader in conversation.readers():
        is_customer = reader == f"customer:{event.customer}"
        is_new = reader == f"agent:{event.agent}"
        yield Delivery(
            reader,
            outgoing.ConversationAssigned(
                pos=world.position,
                conversation=event.conversation,
                assignment=event.assignment,
                agent=None if is_new else agent_card(world, event.agent),
                customer=None if is_customer else customer_card(world, conversation),
                state=state_of(world, conversation, reader, {}) if is_new else None,
            ),
        )


def _updated(world: World, event: events.ConversationUpdated, *_: object) -> Iterator[Delivery]:
    fields: dict[str, Any] = dict(event.changes)
    for name in ("invited", "joined", "left"):
        if name in fields:
            fields[name] = named(world, PersonKey(fields[name]))
    if "agent" in fields:
        fields["agent"] = agent_card(world, fields["agent"])
    if "queue" in fields:
        fields["queue_name"] = queue_name(world, fields["queue"]) or None
    message = outgoing.ConversationUpdated(
        pos=world.position, conversation=event.conversation, **fields
    )
    for reader in event.readers:
        yield Delivery(reader, message)


def _snoozed(world: World, event: events.ConversationSnoozed, *_: object) -> Iterator[Delivery]:
    """To staff: for the customer nothing changes before it comes back."""
    message = outgoing.ConversationUpdated(
        pos=world.position,
        conversation=event.conversation,
        status="snoozed",
        why="snoozed",
        snoozed_until_at=event.until_at_ms,
    )
    for reader in event.readers:
        yield Delivery(reader, message)


def _invited(
    world: World, event: events.ColleagueInvited, _: Router, now_ms: int
) -> Iterator[Delivery]:
    conversation = world.conversations.by_id[event.conversation]
    key, *staff = event.readers
    if key in conversation.invited:
        yield Delivery(key, invitation(world, conversation, key, now_ms))
    message = outgoing.ConversationUpdated(
        pos=world.position,
        conversation=event.conversation,
        invited=named(world, key),
        mode=event.mode,
    )
    for reader in staff:
        yield Delivery(reader, message)


def _invitation_ended(
    world: World, event: events.InvitationEnded, *_: object
) -> Iterator[Delivery]:
    message = outgoing.InvitationEnded(
        world.position, event.conversation, named(world, event.person), event.outcome
    )
    for reader in event.readers:
        yield Delivery(reader, message)


def _customer_changed(
    world: World, event: events.CustomerChanged, *_: object
) -> Iterator[Delivery]:
    message = outgoing.ConversationUpdated(
        pos=world.position, conversation=event.conversation, here=event.here
    )
    for reader in event.readers:
        yield Delivery(reader, message)


def _wrap_up(world: World, event: events.WrapUpStarted, *_: object) -> Iterator[Delivery]:
    conversation = world.conversations.by_id[event.conversation]
    message = outgoing.WrapUpStarted(
        world.position, event.conversation, event.wrap_up_ms, wrap_up_of(world, conversation)
    )
    yield Delivery(PersonKey(f"agent:{event.agent}"), message)


def _ended(world: World, event: events.ConversationEnded, *_: object) -> Iterator[Delivery]:
    message = outgoing.ConversationEnded(world.position, event.conversation, event.reason)
    for reader in event.readers:
        yield Delivery(reader, message)


def _message_added(world: World, event: events.MessageAdded, *_: object) -> Iterator[Delivery]:
    message = outgoing.MessageSent(
        pos=world.position,
        conversation=event.conversation,
        seq=event.seq,
        sender=shown_person(event.author, event.author_name),
        body=event.body,
        kind=event.kind,
        at=event.at_ms,
    )
    for reader in event.readers:
        yield Delivery(reader, message, event.not_to)


def _messages_read(world: World, event: events.MessagesRead, *_: object) -> Iterator[Delivery]:
    message = outgoing.MessageRead(
        world.position, event.conversation, named(world, event.by), event.seq
    )
    for reader in event.readers:
        yield Delivery(reader, message, event.not_to)


def _agent_changed(
    world: World, event: events.AgentChanged, router: Router, _: int
) -> Iterator[Delivery]:
    yield Delivery(PersonKey(f"agent:{event.agent}"), presence_self(router, event.agent))


def _flapped(world: World, event: events.AgentFlapped, *_: object) -> Iterator[Delivery]:
    """To the supervisors who are there and whose teams the agent is of."""
    message = outgoing.AgentFlapping(world.position, event.agent, event.losses, event.grace_ms)
    for key in _supervisors(world, event.agent):
        yield Delivery(key, message)


def _supervisors(world: World, agent: str) -> Iterator[PersonKey]:
    """Who is there of the supervisors whose teams the agent is of."""
    teams = world.people.agents[agent].teams
    for staff in world.people.staff.values():
        theirs = not staff.teams or any(team in teams for team in staff.teams)
        if staff.role == "supervisor" and staff.devices and theirs:
            yield staff.key


def _help(world: World, event: events.HelpChanged, *_: object) -> Iterator[Delivery]:
    """To the supervisors who may answer, and to the agent who called."""
    by = None if event.by is None else named(world, event.by)
    message: outgoing.Outgoing = outgoing.HelpEnded(
        world.position, event.conversation, event.outcome, by
    )
    if not event.outcome:
        message = help_asked(world, world.conversations.by_id[event.conversation])
    for key in (*_supervisors(world, event.agent), PersonKey(f"agent:{event.agent}")):
        yield Delivery(key, message)


def _skills_set(world: World, event: events.AgentSkillsSet, *_: object) -> Iterator[Delivery]:
    profile = world.people.agents[event.agent].profile
    by = named(world, event.by)
    skills, languages = dict(profile.skills), dict(profile.languages)
    message = outgoing.SkillsSet(world.position, skills, languages, by, event.reason)
    yield Delivery(PersonKey(f"agent:{event.agent}"), message)


def _queued(world: World, event: events.ConversationQueued, *_: object) -> Iterator[Delivery]:
    """A held conversation that was promoted: its customer learns that it has a place now."""
    if event.cause == "promoted":
        message = outgoing.ConversationUpdated(
            pos=world.position, conversation=event.conversation, status=event.status, why="promoted"
        )
        yield Delivery(PersonKey(f"customer:{event.customer}"), message)


_DELIVER: Mapping[type, Callable[[World, Any, Router, int], Iterator[Delivery]]] = {
    events.ConversationRequested: _requested,
    events.OfferMade: _offer_made,
    events.OfferEnded: _offer_ended,
    events.ConversationAssigned: _assigned,
    events.ConversationUpdated: _updated,
    events.ConversationSnoozed: _snoozed,
    events.ColleagueInvited: _invited,
    events.InvitationEnded: _invitation_ended,
    events.CustomerChanged: _customer_changed,
    events.ConversationQueued: _queued,
    events.WrapUpStarted: _wrap_up,
    events.ConversationEnded: _ended,
    events.MessageAdded: _message_added,
    events.MessagesRead: _messages_read,
    events.AgentChanged: _agent_changed,
    events.AgentFlapped: _flapped,
    events.HelpChanged: _help,
    events.AgentSkillsSet: _skills_set,
}
