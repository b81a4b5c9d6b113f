"""Every fact that the core reports, in past-tense names.

Owns: the events of ``Router.apply``. Does not know: the wire (``router.views`` turns an event into
messages) nor the journal (events are not journaled: the same commands give them again).

``readers`` are the persons who may learn of the fact, computed where the command has its place in
the order; ``not_to`` is the connection that caused it and has its reply instead. Instants end in
``_at_ms`` or are called ``key_ms``; durations end in ``_ms``.
"""

from msgspec import Struct

from router.errors import Refusal
from router.ids import AgentId, ConnectionId, ConversationId, CustomerId, OfferId, PersonKey
from router.policy import Policy
from router.staff_events import (
    AgentFlapped,
    AgentSkillsSet,
    AuditRecorded,
    EventForm,
    HelpChanged,
)

__all__ = [
    "AgentChanged",
    "AgentFlapped",
    "AgentSkillsSet",
    "Answer",
    "AuditRecorded",
    "ColleagueInvited",
    "CommandAnswered",
    "CommandRefused",
    "ConnectionReplaced",
    "ConversationAssigned",
    "ConversationEnded",
    "ConversationForgotten",
    "ConversationQueued",
    "ConversationRated",
    "ConversationRequested",
    "ConversationSnoozed",
    "ConversationUpdated",
    "CustomerChanged",
    "CustomerErased",
    "Event",
    "HelpChanged",
    "InvitationEnded",
    "LineMoved",
    "MessageAdded",
    "MessagesRead",
    "NodeLost",
    "OfferEnded",
    "OfferMade",
    "OfferSeen",
    "OpeningChanged",
    "Overtaken",
    "PolicyChanged",
    "ReplyMissed",
    "WrapUpStarted",
]


class Answer(Struct, frozen=True, omit_defaults=True, gc=False):
    """The fields of a reply beside ``ok``; kept under the command's ``op`` and given again."""

    conversation: ConversationId | None = None
    status: str | None = None
    position: int | None = None
    ahead: int | None = None
    joined: bool = False
    seq: int | None = None


class CommandAnswered(EventForm, frozen=True):
    """The command took effect; comes before the events that it caused."""

    answer: Answer


class CommandRefused(EventForm, frozen=True, omit_defaults=True):
    """The command changed nothing."""

    code: Refusal
    message: str
    retry_ms: int | None = None
    outcome: str | None = None
    fallback: str | None = None
    terms: tuple[str, int] | None = None


class OpeningChanged(EventForm, frozen=True):
    """A queue, or else a brand, opened or closed."""

    queue: str
    brand: str
    is_open: bool


class ConnectionReplaced(EventForm, frozen=True):
    """A newer socket of the same device took this one's place: close it with 4504."""

    person: PersonKey
    connection: ConnectionId


class NodeLost(EventForm, frozen=True):
    """A node life is over; a node that reads this of its own life starts anew."""

    life: str


class PolicyChanged(EventForm, frozen=True):
    """Another policy is in force."""

    policy: Policy = Policy()


class AgentChanged(EventForm, frozen=True):
    """Something of an agent's presence, capacity or load changed.

    ``before`` and ``show`` are what others saw and see; ``reason`` says why it changed.
    """

    agent: AgentId
    before: str
    show: str
    reason: str


class CustomerChanged(EventForm, frozen=True):
    """A customer came back, or is shown as gone, to the readers of a conversation."""

    customer: CustomerId
    conversation: ConversationId
    here: bool
    readers: tuple[PersonKey, ...]


class CustomerErased(EventForm, frozen=True):
    """Everything that was kept of a customer's past up to now is erased."""

    customer: CustomerId


class ConversationQueued(EventForm, frozen=True):
    """A conversation is in line, or held behind its customer's first.

    ``cause``: ``requested``, ``promoted``, ``returned``, ``transferred`` or ``step``.
    """

    conversation: ConversationId
    customer: CustomerId
    queue: str
    status: str
    key_ms: int
    cause: str


class ConversationRequested(EventForm, frozen=True):
    """A customer, or a service for one, asked for a new conversation; others of theirs hear it."""

    conversation: ConversationId
    customer: CustomerId
    not_to: ConnectionId


class LineMoved(EventForm, frozen=True):
    """Places in a queue's line may have changed; ``cause`` is what may make them grow, or empty."""

    queue: str
    cause: str


class Overtaken(Struct, frozen=True, gc=False):
    """Who was passed over by an offer, by cause, counted for a sample of the offers.

    ``by_class``: came earlier, but with less head start. ``not_taken``: have a smaller key, but
    this agent could not take them then (skill, language, brand, channel, declined, avoided).
    ``violations``: have a smaller key and could have been taken; there must be none.
    """

    by_class: int
    not_taken: int
    violations: int


class OfferMade(EventForm, frozen=True):
    """A conversation is proposed to one agent, until the deadline.

    ``attempt`` counts the conversation's offers from 1; ``auto`` means that seeing it accepts it.
    """

    offer: OfferId
    conversation: ConversationId
    agent: AgentId
    expires_ms: int
    attempt: int
    why: tuple[str, ...]
    auto: bool
    overtaken: Overtaken | None = None


class OfferSeen(EventForm, frozen=True):
    """The offer reached a screen of the agent's."""

    offer: OfferId
    agent: AgentId


class OfferEnded(EventForm, frozen=True):
    """An offer is over: accepted, declined, expired, undelivered, revoked, taken or withdrawn."""

    offer: OfferId
    conversation: ConversationId
    agent: AgentId
    outcome: str


class ConversationAssigned(EventForm, frozen=True):
    """A conversation has an agent; ``waited_ms`` counts from its start in this line, if past."""

    conversation: ConversationId
    assignment: str
    agent: AgentId
    customer: CustomerId
    queue: str
    waited_ms: int


class ConversationUpdated(EventForm, frozen=True):
    """Something of a conversation changed; ``changes`` are the wire's fields and values."""

    conversation: ConversationId
    changes: tuple[tuple[str, str | int | bool | None], ...]
    readers: tuple[PersonKey, ...]


class ConversationSnoozed(EventForm, frozen=True):
    """An agent put a conversation aside, until ``until_at_ms`` or a word of the customer's."""

    conversation: ConversationId
    agent: AgentId
    until_at_ms: int
    readers: tuple[PersonKey, ...]


class ColleagueInvited(EventForm, frozen=True):
    """An agent is asked to join a conversation, unheard (consult) or heard (barge)."""

    conversation: ConversationId
    agent: AgentId
    by: PersonKey
    mode: str
    readers: tuple[PersonKey, ...]


class InvitationEnded(EventForm, frozen=True):
    """An invitation is over: joined, declined, expired or withdrawn."""

    conversation: ConversationId
    person: PersonKey
    outcome: str
    readers: tuple[PersonKey, ...]


class MessageAdded(EventForm, frozen=True):
    """A message, or a note, has its number in the conversation."""

    conversation: ConversationId
    seq: int
    author: PersonKey
    author_name: str
    body: str
    kind: str
    at_ms: int
    readers: tuple[PersonKey, ...]
    not_to: ConnectionId


class MessagesRead(EventForm, frozen=True):
    """Somebody read everything up to ``seq``."""

    conversation: ConversationId
    by: PersonKey
    seq: int
    readers: tuple[PersonKey, ...]
    not_to: ConnectionId


class ReplyMissed(EventForm, frozen=True):
    """A customer waits for an answer for longer than the queue allows; staff were told."""

    conversation: ConversationId
    agent: AgentId
    waited_ms: int
    requeued: bool


class WrapUpStarted(EventForm, frozen=True):
    """The conversation is over for the customer; its agent has work left for ``wrap_up_ms``.

    Said again, with what is left now, where the agent extended it.
    """

    conversation: ConversationId
    agent: AgentId
    wrap_up_ms: int


class ConversationEnded(EventForm, frozen=True):
    """A conversation is over for the readers, with the protocol's word for why.

    ``waited_ms`` counts from the arrival to the first acceptance, or to the end where none came;
    ``code`` is what the agent's wrap-up ended with.
    """

    conversation: ConversationId
    customer: CustomerId
    queue: str
    reason: str
    waited_ms: int
    handled_ms: int
    readers: tuple[PersonKey, ...]
    wrap_up: bool = False
    code: str = ""


class ConversationForgotten(EventForm, frozen=True):
    """An ended conversation left the core's memory; only the archive has it now."""

    conversation: ConversationId


class ConversationRated(EventForm, frozen=True):
    """The customer rated a conversation, 1 to 5."""

    conversation: ConversationId
    score: int
    comment: str


Event = (
    CommandAnswered
    | CommandRefused
    | ConnectionReplaced
    | NodeLost
    | PolicyChanged
    | AgentChanged
    | AgentFlapped
    | AgentSkillsSet
    | CustomerChanged
    | CustomerErased
    | ConversationRequested
    | ConversationQueued
    | LineMoved
    | OpeningChanged
    | OfferMade
    | OfferSeen
    | OfferEnded
    | ConversationAssigned
    | ConversationUpdated
    | ConversationSnoozed
    | ColleagueInvited
    | HelpChanged
    | InvitationEnded
    | MessageAdded
    | MessagesRead
    | ReplyMissed
    | WrapUpStarted
    | ConversationEnded
    | ConversationForgotten
    | ConversationRated
    | AuditRecorded
)
