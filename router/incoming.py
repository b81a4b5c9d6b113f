"""What clients send, as Structs of the wire.

Owns: the fields and limits of each message from client to server (protocol, sections 2, 3 and 6).
Does not know: how they are encoded (``router.wire``), who may send what (``router.rights``), or
what they do (``router.requests``).

Unknown fields are ignored, so that a newer client may talk to an older server. A limit that the
encoding cannot state (bytes, what belongs together) is checked by ``router.requests``.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from router.commands import ContactWish, JoinMode, Show
from router.fields import (
    ID_MAX,
    AttributeName,
    AttributeText,
    Body,
    DurationMs,
    Ident,
    IncomingForm,
    LastingMs,
    Note,
    Op,
    Reason,
    Seq,
    Tag,
    WantedLevel,
    Word,
)
from router.incoming_staff import (
    AgentPresence,
    AgentSkills,
    ConversationAssign,
    ConversationPriority,
    PolicyGet,
    PolicySet,
    Preview,
    ScoreSet,
)
from router.policy import LanguageWish, SkillNeed

__all__ = [
    "ID_MAX",
    "Activity",
    "AgentPresence",
    "AgentSkills",
    "Bye",
    "Client",
    "ConsentAccept",
    "ContactSet",
    "ConversationAssign",
    "ConversationCancel",
    "ConversationEnd",
    "ConversationInvite",
    "ConversationJoin",
    "ConversationLeave",
    "ConversationPriority",
    "ConversationRequest",
    "ConversationResume",
    "ConversationSnooze",
    "ConversationTransfer",
    "Explain",
    "Hello",
    "HelpAsk",
    "HelpEnd",
    "History",
    "Incoming",
    "MessageRead",
    "MessageSend",
    "OfferAccept",
    "OfferDecline",
    "OfferSeen",
    "PolicyGet",
    "PolicySet",
    "PresenceSet",
    "Preview",
    "Rate",
    "ScoreSet",
    "Sub",
    "TokenRefresh",
    "TransferTarget",
    "Typing",
    "Unsub",
    "WrapupComplete",
    "WrapupExtend",
]


class Client(Struct, frozen=True):
    """The program that connects; ``device`` names one page or app."""

    name: Word = ""
    version: Word = ""
    device: Word = ""


class Hello(IncomingForm, frozen=True, kw_only=True, tag="hello"):
    """The first message: who is there."""

    token: Annotated[str, Meta(min_length=1, max_length=4096)]
    role: Literal["agent", "customer", "supervisor", "service"]
    client: Client = Client()
    view: Literal["active", "background"] = "active"
    idle_ms: DurationMs = 0
    languages: Annotated[tuple[Tag, ...], Meta(max_length=16)] = ()
    seen: Annotated[dict[Ident, Seq], Meta(max_length=256)] = field(default_factory=dict)
    subs: Annotated[tuple[Ident, ...], Meta(max_length=512)] = ()
    traceparent: Word = ""


class TokenRefresh(IncomingForm, frozen=True, kw_only=True, tag="token.refresh"):
    """A newer token of the same person, on a live socket."""

    token: Annotated[str, Meta(min_length=1, max_length=4096)]


class Bye(IncomingForm, frozen=True, kw_only=True, tag="bye"):
    """This device goes; ``leave`` skips the grace."""

    leave: bool = False


class Activity(IncomingForm, frozen=True, kw_only=True, tag="activity"):
    """How long nobody touched the device; gets no reply, so its ``id`` may be left out."""

    id: Seq = 0
    idle_ms: DurationMs = 0
    view: Literal["active", "background"] = "active"


class PresenceSet(IncomingForm, frozen=True, kw_only=True, tag="presence.set"):
    """An agent declares a show."""

    show: Show
    reason: Reason = ""
    channels: Annotated[dict[Ident, bool], Meta(max_length=32)] | None = None
    until_ms: LastingMs | None = None
    next: Show | None = None


class OfferSeen(IncomingForm, frozen=True, kw_only=True, tag="offer.seen"):
    """The offer reached a screen."""

    offer: Ident


class OfferAccept(IncomingForm, frozen=True, kw_only=True, tag="offer.accept"):
    """The agent takes it."""

    offer: Ident


class OfferDecline(IncomingForm, frozen=True, kw_only=True, tag="offer.decline"):
    """The agent does not take it."""

    offer: Ident
    reason: Reason = ""


class MessageSend(IncomingForm, frozen=True, kw_only=True, tag="message.send"):
    """A message to a conversation, or a note that staff alone see."""

    conversation: Ident
    op: Op
    body: Body
    kind: Literal["text", "note"] = "text"


class MessageRead(IncomingForm, frozen=True, kw_only=True, tag="message.read"):
    """Everything up to ``seq`` was read."""

    conversation: Ident
    seq: Seq


class Typing(IncomingForm, frozen=True, kw_only=True, tag="typing"):
    """Somebody types, or stopped."""

    conversation: Ident
    on: bool


class ConversationRequest(IncomingForm, frozen=True, kw_only=True, tag="conversation.request"):
    """A customer, or a service for one, joins the line."""

    op: Op
    channel: Ident
    queue: Word = ""
    topic: Word = ""
    languages: Annotated[tuple[LanguageWish, ...], Meta(max_length=16)] | None = None
    needs: Annotated[tuple[SkillNeed, ...], Meta(max_length=16)] = ()
    agent: Ident | None = None
    avoid: Annotated[tuple[Ident, ...], Meta(max_length=32)] = ()
    brand: Word = ""
    reopens: Ident | None = None
    attributes: Annotated[
        dict[AttributeName, AttributeText | int | float | bool], Meta(max_length=32)
    ] = field(default_factory=dict)
    body: Note = ""
    customer: Ident | None = None
    priority: Word = ""
    deferrable: bool = False


class ConversationCancel(IncomingForm, frozen=True, kw_only=True, tag="conversation.cancel"):
    """The customer leaves the line."""

    conversation: Ident


class ConversationEnd(IncomingForm, frozen=True, kw_only=True, tag="conversation.end"):
    """Ends an active conversation; ``wrap_up`` asks for one where it is optional."""

    conversation: Ident
    reason: Reason = ""
    wrap_up: bool = False


class WrapupComplete(IncomingForm, frozen=True, kw_only=True, tag="wrapup.complete"):
    """The work after the conversation is done."""

    conversation: Ident
    code: Word = ""
    note: Note = ""


class WrapupExtend(IncomingForm, frozen=True, kw_only=True, tag="wrapup.extend"):
    """The work after the conversation takes longer."""

    conversation: Ident
    ms: Annotated[int, Meta(ge=1, le=86_400_000)]


class TransferTarget(Struct, frozen=True):
    """Where a transfer goes: to an agent, or to a queue, for a skill, or to a queue for a skill."""

    queue: Ident | None = None
    agent: Ident | None = None
    skill: Ident | None = None
    level: WantedLevel = 1


class ConversationTransfer(IncomingForm, frozen=True, kw_only=True, tag="conversation.transfer"):
    """Passes a conversation on."""

    conversation: Ident
    op: Op
    to: TransferTarget
    note: Note = ""


class ConversationSnooze(IncomingForm, frozen=True, kw_only=True, tag="conversation.snooze"):
    """Puts a conversation aside, for a time or until its customer writes."""

    conversation: Ident
    for_ms: LastingMs | None = None
    note: Note = ""


class ConversationResume(IncomingForm, frozen=True, kw_only=True, tag="conversation.resume"):
    """Takes back what was put aside."""

    conversation: Ident


class HelpAsk(IncomingForm, frozen=True, kw_only=True, tag="help.ask"):
    """The agent of a conversation calls for a supervisor."""

    conversation: Ident
    note: Reason = ""


class HelpEnd(IncomingForm, frozen=True, kw_only=True, tag="help.end"):
    """The call is over."""

    conversation: Ident


class ConversationInvite(IncomingForm, frozen=True, kw_only=True, tag="conversation.invite"):
    """A colleague is asked in."""

    conversation: Ident
    agent: Ident
    mode: Literal["consult", "barge"] = "consult"
    note: Note = ""
    op: Op | None = None


class ConversationJoin(IncomingForm, frozen=True, kw_only=True, tag="conversation.join"):
    """A supervisor or an invited colleague joins."""

    conversation: Ident
    mode: JoinMode
    purpose: Word = ""


class ConversationLeave(IncomingForm, frozen=True, kw_only=True, tag="conversation.leave"):
    """Who joined leaves again."""

    conversation: Ident


class History(IncomingForm, frozen=True, kw_only=True, tag="history"):
    """A page of a transcript, or of all of a customer's, ending before a text or a note."""

    conversation: Ident | None = None
    customer: Ident | None = None
    before_seq: Seq | None = None
    before_note: Seq | None = None
    limit: Annotated[int, Meta(ge=1, le=500)] = 100
    purpose: Word = ""


class Explain(IncomingForm, frozen=True, kw_only=True, tag="explain"):
    """Asks why: of a conversation (for one agent alone, if named), an agent, or an assignment."""

    conversation: Word = ""
    agent: Word = ""
    assignment: Word = ""


class ContactSet(IncomingForm, frozen=True, kw_only=True, tag="contact.set"):
    """How the customer wants to be reached."""

    prefs: Annotated[tuple[ContactWish, ...], Meta(max_length=16)]
    languages: Annotated[tuple[Tag, ...], Meta(max_length=16)] | None = None


class Rate(IncomingForm, frozen=True, kw_only=True, tag="rate"):
    """The customer's rating."""

    conversation: Ident
    score: Annotated[int, Meta(ge=1, le=5)]
    comment: Annotated[str, Meta(max_length=2000)] = ""


class ConsentAccept(IncomingForm, frozen=True, kw_only=True, tag="consent.accept"):
    """The person accepts a version of the terms."""

    terms: Ident
    version: Annotated[int, Meta(ge=0, le=ID_MAX)]


class Sub(IncomingForm, frozen=True, kw_only=True, tag="sub"):
    """Starts listening to a topic."""

    topic: Ident
    mode: Literal["full", "counts"] = "full"


class Unsub(IncomingForm, frozen=True, kw_only=True, tag="unsub"):
    """Stops listening to a topic."""

    topic: Ident


Incoming = (
    Hello
    | TokenRefresh
    | Bye
    | Activity
    | PresenceSet
    | OfferSeen
    | OfferAccept
    | OfferDecline
    | MessageSend
    | MessageRead
    | Typing
    | ConversationRequest
    | ConversationCancel
    | ConversationEnd
    | WrapupComplete
    | WrapupExtend
    | ConversationTransfer
    | ConversationSnooze
    | ConversationResume
    | HelpAsk
    | HelpEnd
    | ConversationInvite
    | ConversationJoin
    | ConversationLeave
    | ConversationAssign
    | ConversationPriority
    | ScoreSet
    | History
    | Explain
    | ContactSet
    | Rate
    | ConsentAccept
    | AgentPresence
    | AgentSkills
    | Preview
    | PolicyGet
    | PolicySet
    | Sub
    | Unsub
)
