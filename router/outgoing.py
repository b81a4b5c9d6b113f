"""What the server sends: replies, events and the state in ``welcome``, as Structs of the wire.

Owns: the fields of every message from server to client (protocol, sections 2, 3 and 6).
Does not know: how they are encoded (``router.wire``) or who gets them (``router.views``).

What is None, empty or false is left out; ``pos`` is the journal position that caused an event.
"""

from msgspec import Struct, field

from router.cards import (
    AgentCard,
    AgentsByShow,
    ConversationState,
    CustomerCard,
    Error,
    HouseFigures,
    Limits,
    Message,
    Person,
    PresenceEntry,
    PresenceGone,
    QueueFigures,
    ReplyRule,
    ServerInfo,
    SkillFigures,
    WaitBand,
    WrapUp,
    You,
)
from router.changes import Change
from router.explained import Explained
from router.outgoing_staff import (
    AgentFlapping,
    Board,
    HelpAsked,
    HelpEnded,
    OutgoingForm,
    Presence,
    SkillsSet,
    TopicStale,
)
from router.policy import Policy
from router.previewed import Preview

__all__ = [
    "AgentCard",
    "AgentFlapping",
    "AgentsByShow",
    "Beat",
    "Board",
    "ConversationAssigned",
    "ConversationEnded",
    "ConversationInvited",
    "ConversationRequested",
    "ConversationState",
    "ConversationUpdated",
    "CustomerCard",
    "Disconnect",
    "Error",
    "HelpAsked",
    "HelpEnded",
    "InvitationEnded",
    "Limits",
    "Message",
    "MessageRead",
    "MessageSent",
    "OfferEnded",
    "OfferNew",
    "Outgoing",
    "Person",
    "Presence",
    "PresenceEntry",
    "PresenceGone",
    "PresenceSelf",
    "QueueFigures",
    "QueuePosition",
    "Reply",
    "ReplyRule",
    "ServerInfo",
    "SkillFigures",
    "SkillsSet",
    "State",
    "TokenExpiring",
    "TopicStale",
    "Typing",
    "WaitBand",
    "Welcome",
    "WrapUp",
    "WrapUpStarted",
    "You",
]


class Reply(OutgoingForm, frozen=True, omit_defaults=True, tag="reply"):
    """The answer to one command."""

    id: int
    ok: bool
    err: Error | None = None
    conversation: str | None = None
    status: str | None = None
    position: int | None = None
    ahead: int | None = None
    wait_ms: WaitBand | None = None
    joined: bool = False
    seq: int | None = None
    messages: tuple[Message, ...] | None = None
    more: bool | None = None
    policy: Policy | None = None
    changes: tuple[Change, ...] | None = None
    topic: str | None = None
    mode: str | None = None
    set: tuple[PresenceEntry, ...] | None = None
    queues: tuple[QueueFigures, ...] | None = None
    agents: tuple[AgentsByShow, ...] | None = None
    house: HouseFigures | None = None
    expires_ms: int | None = None
    explain: Explained | None = None
    skills: tuple[SkillFigures, ...] | None = None
    preview: Preview | None = None


class PresenceSelf(OutgoingForm, frozen=True, omit_defaults=True, tag="presence.self"):
    """An agent's own presence; ``effective`` is what others see, ``why_not`` why no offers come."""

    show: str
    effective: str
    reason: str
    channels: dict[str, bool]
    capacity: dict[str, int]
    load: dict[str, int]
    since_at: int
    pos: int | None = None
    next: str | None = None
    until_at: int | None = None
    why_not: str | None = None
    source: str | None = None


class OfferNew(OutgoingForm, frozen=True, omit_defaults=True, tag="offer.new"):
    """A conversation is offered to this agent for ``expires_ms`` from now.

    ``begins`` is how the customer's first message begins, where the queue's ``offer_preview`` says.
    """

    offer: str
    conversation: str
    expires_ms: int
    attempt: int
    queue: str
    channel: str
    customer: CustomerCard
    why: tuple[str, ...]
    auto: bool
    topic: str = ""
    waited_ms: int = 0
    queue_name: str = ""
    begins: str = ""
    pos: int | None = None


class ConversationInvited(
    OutgoingForm, frozen=True, omit_defaults=True, tag="conversation.invited"
):
    """This agent is asked to join a conversation, for ``expires_ms`` from now."""

    conversation: str
    sender: Person = field(name="by")
    mode: str
    expires_ms: int
    queue: str
    channel: str
    customer: CustomerCard
    topic: str = ""
    note: str = ""
    queue_name: str = ""
    pos: int | None = None


class State(Struct, frozen=True, omit_defaults=True):
    """The whole truth for one person, as of the ``pos`` of its ``welcome``."""

    offers: tuple[OfferNew, ...]
    conversations: tuple[ConversationState, ...]
    presence: PresenceSelf | None = None
    capacity: dict[str, int] | None = None
    load: dict[str, int] | None = None
    queues: tuple[QueueFigures, ...] | None = None
    agents: tuple[AgentsByShow, ...] | None = None
    invitations: tuple[ConversationInvited, ...] | None = None
    help: tuple[HelpAsked, ...] | None = None
    """For supervisors: the calls that stand, the oldest first."""


class Welcome(OutgoingForm, frozen=True, omit_defaults=True, tag="welcome"):
    """The reply to ``hello``."""

    id: int
    ok: bool
    session: str
    pos: int
    you: You
    at: int
    beat_ms: int
    grace_ms: int
    limits: Limits
    server: ServerInfo
    state: State


class Beat(OutgoingForm, frozen=True, tag="beat"):
    """The server lives."""

    at: int


class Disconnect(OutgoingForm, frozen=True, tag="disconnect"):
    """The server is about to close the socket; ``action`` is resume, reconnect or stop."""

    code: int
    reason: str
    action: str
    delay_ms: int


class TokenExpiring(OutgoingForm, frozen=True, tag="token.expiring"):
    """The token ends in ``expires_ms``: send ``token.refresh``."""

    expires_ms: int


class QueuePosition(OutgoingForm, frozen=True, omit_defaults=True, tag="queue.position"):
    """A customer's place in line; ``why`` is there where it grew."""

    pos: int
    conversation: str
    position: int
    ahead: int
    wait_ms: WaitBand | None = None
    why: str | None = None


class OfferEnded(OutgoingForm, frozen=True, tag="offer.ended"):
    """An offer is over, for all of the agent's devices."""

    pos: int
    offer: str
    outcome: str


class ConversationRequested(OutgoingForm, frozen=True, tag="conversation.requested"):
    """Another device of this customer's, or a service for them, asked; its messages follow."""

    pos: int
    conversation: str
    state: ConversationState


class ConversationAssigned(
    OutgoingForm, frozen=True, omit_defaults=True, tag="conversation.assigned"
):
    """A conversation has its agent: each side gets the card of the other."""

    pos: int
    conversation: str
    assignment: str
    agent: AgentCard | None = None
    customer: CustomerCard | None = None
    state: ConversationState | None = None


class ConversationUpdated(
    OutgoingForm, frozen=True, omit_defaults=True, tag="conversation.updated"
):
    """What changed of a conversation."""

    pos: int
    conversation: str
    status: str | None = None
    queue: str | None = None
    queue_name: str | None = None
    topic: str | None = None
    agent: AgentCard | None = None
    here: bool | None = None
    quiet: bool | None = None
    priority: str | None = None
    unanswered: bool | None = None
    invited: Person | None = None
    joined: Person | None = None
    left: Person | None = None
    mode: str | None = None
    why: str | None = None
    snoozed_until_at: int | None = None


class InvitationEnded(OutgoingForm, frozen=True, tag="invitation.ended"):
    """An invitation is over: joined, declined, expired or withdrawn."""

    pos: int
    conversation: str
    agent: Person
    outcome: str


class WrapUpStarted(OutgoingForm, frozen=True, omit_defaults=True, tag="wrapup.started"):
    """The conversation is over for the customer; the agent has ``wrap_up_ms`` for the rest."""

    pos: int
    conversation: str
    wrap_up_ms: int
    wrap_up: WrapUp | None = None


class ConversationEnded(OutgoingForm, frozen=True, tag="conversation.ended"):
    """A conversation is over, with the reason in one word."""

    pos: int
    conversation: str
    reason: str


class MessageSent(OutgoingForm, frozen=True, tag="message"):
    """A new message, with its number in the conversation."""

    pos: int
    conversation: str
    seq: int
    sender: Person = field(name="from")
    body: str
    kind: str
    at: int


class MessageRead(OutgoingForm, frozen=True, tag="message.read"):
    """Somebody read everything up to ``seq``."""

    pos: int
    conversation: str
    by: Person
    seq: int


class Typing(OutgoingForm, frozen=True, tag="typing"):
    """Somebody is typing, or stopped; may be lost."""

    conversation: str
    by: Person
    on: bool


Outgoing = (
    Reply
    | Welcome
    | Beat
    | Disconnect
    | TokenExpiring
    | PresenceSelf
    | AgentFlapping
    | SkillsSet
    | Presence
    | Board
    | TopicStale
    | QueuePosition
    | OfferNew
    | OfferEnded
    | ConversationRequested
    | ConversationAssigned
    | ConversationUpdated
    | ConversationInvited
    | InvitationEnded
    | HelpAsked
    | HelpEnded
    | WrapUpStarted
    | ConversationEnded
    | MessageSent
    | MessageRead
    | Typing
)
