"""Every request that the core accepts, in imperative names.

Owns: the commands of people as they stand in the journal, and the sum of all commands.
Does not know: the wire, or who may do what.

A command is tagged by its class name, so that a journal can be read without this code's help.
A new type of command, or an optional field, with optional state behind it leaves old journals as
they are: they replay to the same decisions. Any other change raises ``CORE_VERSION``; the words of
a refusal are one, for they are an event (tests/journal/test_kept.py). That holds forwards alone. An
older server that meets a type which it does not know ends with an error that names it; what it does
not know within a command or a snapshot it leaves out, and says nothing.
Durations end in ``_ms``; instants do not occur, for the journal stamps each command.
"""

from typing import Literal

from msgspec import Struct, field

from router.actors import Actor, Claims, ContactWish
from router.ids import AgentId, ConversationId, CustomerId, OfferId
from router.node_commands import (
    CloseBrand,
    CloseQueue,
    EndOutage,
    LoseNode,
    NodeCommand,
    OpenBrand,
    OpenQueue,
    SetPolicy,
    SkipCommand,
    Tick,
)
from router.policy import LanguageWish, SkillNeed
from router.staff_commands import (
    AssignConversation,
    PersonalForm,
    ScorePart,
    SetAgentPresence,
    SetAgentSkills,
    SetPriority,
    SetScore,
    Show,
)

__all__ = [
    "AcceptOffer",
    "AcceptTerms",
    "Actor",
    "AskForHelp",
    "AssignConversation",
    "CancelConversation",
    "Claims",
    "CloseBrand",
    "CloseQueue",
    "Command",
    "CompleteWrapUp",
    "Connect",
    "ContactWish",
    "DeclineOffer",
    "Disconnect",
    "EndConversation",
    "EndHelp",
    "EndOutage",
    "EraseCustomer",
    "ExtendWrapUp",
    "InviteColleague",
    "JoinConversation",
    "LeaveConversation",
    "LoseNode",
    "OpenBrand",
    "OpenQueue",
    "RateConversation",
    "ReadHistory",
    "ReadMessages",
    "ReportActivity",
    "RequestConversation",
    "ResumeConversation",
    "ScorePart",
    "SeeOffer",
    "SendMessage",
    "SetAgentPresence",
    "SetAgentSkills",
    "SetContact",
    "SetPolicy",
    "SetPresence",
    "SetPriority",
    "SetScore",
    "Show",
    "SkipCommand",
    "SnoozeConversation",
    "Tick",
    "TransferConversation",
    "Underway",
]

JoinMode = Literal["monitor", "whisper", "barge", "consult"]


class Connect(PersonalForm, frozen=True, omit_defaults=True):
    """A person's device is there (``hello``); repeated when a token is refreshed.

    ``languages`` are in order of wish; ``idle_ms``: since the person last touched the device.
    """

    life: str = ""
    device: str = ""
    claims: Claims = Claims()
    languages: tuple[str, ...] = ()
    view: Literal["active", "background"] = "active"
    idle_ms: int = 0


class Disconnect(PersonalForm, frozen=True, omit_defaults=True):
    """A device is gone; ``leave`` says goodbye, which skips the grace."""

    leave: bool = False


class ReportActivity(PersonalForm, frozen=True, omit_defaults=True):
    """The person became idle or came back; sent on change alone."""

    idle_ms: int = 0
    view: Literal["active", "background"] = "active"


class SetPresence(PersonalForm, frozen=True, omit_defaults=True):
    """An agent declares a show, for ``until_ms`` if given; ``next`` follows once the load is 0."""

    show: Show = "available"
    reason: str = ""
    channels: dict[str, bool] | None = None
    until_ms: int | None = None
    next: Show | None = None


class SeeOffer(PersonalForm, frozen=True):
    """The offer reached the agent's screen."""

    offer: OfferId


class AcceptOffer(PersonalForm, frozen=True):
    """The agent takes the offered conversation."""

    offer: OfferId


class DeclineOffer(PersonalForm, frozen=True, omit_defaults=True):
    """The agent does not take the offered conversation."""

    offer: OfferId
    reason: str = ""


class RequestConversation(PersonalForm, frozen=True, omit_defaults=True):
    """A customer, or a service for one, asks for a conversation.

    ``conversation`` is the id it will have, made at the edge. ``reopens`` is an ended one of the
    same customer, whose agent is preferred as long as that is remembered; one that is unknown by
    now prefers nobody, one that is not over is refused. ``languages`` is None where nothing
    was asked for, and then those known of the customer count. ``customer``, ``priority`` and
    ``deferrable`` are a service's.
    """

    conversation: ConversationId
    op: str
    channel: str
    queue: str = ""
    topic: str = ""
    languages: tuple[LanguageWish, ...] | None = None
    needs: tuple[SkillNeed, ...] = ()
    agent: AgentId | None = None
    avoid: tuple[AgentId, ...] = ()
    brand: str = ""
    reopens: ConversationId | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    body: str = ""
    customer: CustomerId | None = None
    priority: str = ""
    deferrable: bool = False


class CancelConversation(PersonalForm, frozen=True):
    """The customer leaves the line."""

    conversation: ConversationId


class SendMessage(PersonalForm, frozen=True, omit_defaults=True):
    """Adds a message, or a note that only staff see, to a conversation."""

    conversation: ConversationId
    op: str
    body: str
    kind: Literal["text", "note"] = "text"


class ReadMessages(PersonalForm, frozen=True):
    """Everything up to ``seq`` was read."""

    conversation: ConversationId
    seq: int


class EndConversation(PersonalForm, frozen=True, omit_defaults=True):
    """Ends an active conversation; its queue may have a wrap-up after it.

    Where that is optional, the agent's own end has one only with ``wrap_up``.
    """

    conversation: ConversationId
    reason: str = ""
    wrap_up: bool = False


class CompleteWrapUp(PersonalForm, frozen=True, omit_defaults=True):
    """The agent is done with the work after the conversation."""

    conversation: ConversationId
    code: str = ""
    note: str = ""


class ExtendWrapUp(PersonalForm, frozen=True):
    """The agent needs ``by_ms`` more for the work after the conversation."""

    conversation: ConversationId
    by_ms: int


class TransferConversation(PersonalForm, frozen=True, omit_defaults=True):
    """Passes a conversation on, to a queue, for a skill (in that queue, or its own) or to an agent.

    Who takes it has the skill at ``level`` at least, whatever the queue asks for.
    """

    conversation: ConversationId
    op: str
    queue: str = ""
    agent: AgentId | None = None
    note: str = ""
    skill: str = ""
    level: int = 1


class SnoozeConversation(PersonalForm, frozen=True, omit_defaults=True):
    """The agent puts a conversation aside, for ``for_ms`` or until the customer writes."""

    conversation: ConversationId
    for_ms: int | None = None
    note: str = ""


class ResumeConversation(PersonalForm, frozen=True):
    """The agent takes back what was put aside."""

    conversation: ConversationId


class InviteColleague(PersonalForm, frozen=True, omit_defaults=True):
    """A colleague is asked into a conversation: to consult unheard, or to speak (barge)."""

    conversation: ConversationId
    agent: AgentId
    mode: Literal["consult", "barge"] = "consult"
    note: str = ""
    op: str = ""


class AskForHelp(PersonalForm, frozen=True, omit_defaults=True):
    """The agent calls for a supervisor."""

    conversation: ConversationId
    note: str = ""


class EndHelp(PersonalForm, frozen=True):
    """The call is over: the agent needs nobody any more, or a supervisor has seen to it."""

    conversation: ConversationId


class JoinConversation(PersonalForm, frozen=True):
    """A supervisor, who names a purpose where policy demands one, or an invited colleague joins."""

    conversation: ConversationId
    mode: JoinMode
    purpose: str = ""


class LeaveConversation(PersonalForm, frozen=True):
    """Somebody who joined leaves again."""

    conversation: ConversationId


class SetContact(PersonalForm, frozen=True, omit_defaults=True):
    """How the customer wants to be reached, and in which languages."""

    prefs: tuple[ContactWish, ...] = ()
    languages: tuple[str, ...] | None = None


class RateConversation(PersonalForm, frozen=True, omit_defaults=True):
    """The customer's rating, 1 to 5."""

    conversation: ConversationId
    score: int
    comment: str = ""


class AcceptTerms(PersonalForm, frozen=True):
    """Records that the person accepted a version of the terms."""

    terms: str
    version: int


class ReadHistory(PersonalForm, frozen=True, omit_defaults=True):
    """Staff look into a transcript; the archive knows whose it is where the core forgot it.

    ``export``: a service takes along what is kept of a ``customer``, or a page of a kind.
    ``confidential``: its queue keeps agents out who did not serve in it; journals of before have
    it not.
    """

    conversation: ConversationId | None = None
    customer: CustomerId | None = None
    agent: AgentId | None = None
    purpose: str = ""
    export: str = ""
    confidential: bool = False


class EraseCustomer(PersonalForm, frozen=True):
    """What is kept of a customer's past is to be erased; audited.

    ``whole``: with all that is known of who they are; journals of before have it not.
    """

    customer: CustomerId
    whole: bool = False


PersonCommand = (
    Connect
    | Disconnect
    | ReportActivity
    | SetPresence
    | SeeOffer
    | AcceptOffer
    | DeclineOffer
    | RequestConversation
    | CancelConversation
    | SendMessage
    | ReadMessages
    | EndConversation
    | CompleteWrapUp
    | ExtendWrapUp
    | TransferConversation
    | SnoozeConversation
    | ResumeConversation
    | InviteColleague
    | AskForHelp
    | EndHelp
    | JoinConversation
    | LeaveConversation
    | SetContact
    | RateConversation
    | AcceptTerms
    | AssignConversation
    | SetPriority
    | SetScore
    | SetAgentPresence
    | SetAgentSkills
    | ReadHistory
    | EraseCustomer
)
Command = NodeCommand | PersonCommand


class Underway(Struct, frozen=True, array_like=True):
    """A command on its way through the journal: which node life sent it, as its how-manieth.

    A journal refuses a pair that it already has, so a lost answer may be retried; the node finds
    by ``number`` whom to answer.
    """

    life: str
    number: int
    command: Command
