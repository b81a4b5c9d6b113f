"""What each field on the wire means, in a sentence: for the protocol's page and both documents.

Owns: the sentences of what clients send, and of fields that mean the same everywhere.
Does not know: names, types, defaults or ranges, which are the Structs'; the rest of the sentences
(``wire_words_out``, and ``settings_words`` for a policy).

Invariant (tests/documents/test_wire_words.py): every field of every message and of its parts has
one, and no sentence is left over from a field that is gone.
"""

from collections.abc import Mapping

from msgspec import Struct

from router import commands, incoming, incoming_staff
from router.documents.settings_words import WORDS
from router.documents.wire_words_out import FROM_SERVER
from router.fields import IncomingForm

__all__ = ["OWN", "SHARED", "words_of"]

SHARED: Mapping[str, str] = {
    "agent": "The agent's id.",
    "ahead": "How many are before it in line.",
    "arrived_at": "When it was first asked for.",
    "assignment": "The assignment's id, as `explain` takes it.",
    "at": "When, by the server's clock.",
    "attempt": "The how-manieth offer of this conversation it is.",
    "body": "The text.",
    "by": "Who.",
    "capacity": "What the agent may hold, by channel and in `total`.",
    "capped_class": "The class it would have, but for its queue's share of them.",
    "channel": "`chat`, `voice`, `email` or what else the queue takes.",
    "channels": "Whether each channel is on.",
    "class": "The customer's class.",
    "conversation": "The conversation's id.",
    "customer": "The customer, as staff may see them.",
    "grace_ms": "How long a lost person keeps everything.",
    "id": "The number of the command that this answers.",
    "kind": "`text`, or `note` for what staff alone see.",
    "languages": "Languages, the first wanted most.",
    "load": "What the agent holds, by channel and in `total`.",
    "name": "The name for people.",
    "note": "A word to whom it concerns.",
    "offer": "The offer's id.",
    "oldest_ms": "How long the first in line has waited.",
    "pos": "The position in the journal of what caused it.",
    "position": "The place in line, from 1.",
    "queue": "The queue's id.",
    "queue_name": "The queue's name for people.",
    "reason": "Why, in a word or a sentence.",
    "seq": "The number of a message in its conversation, from 1.",
    "show": "`available`, `busy`, `away`, `dnd` or `offline`.",
    "since_at": "Since when.",
    "skills": "Skill = proficiency.",
    "status": "`held`, `waiting`, `offered`, `active`, `wrap_up`, `snoozed` or `ended`.",
    "topic": "What it is about.",
    "version": "Which version.",
    "wait_ms": "The estimated wait from now on.",
    "waited_ms": "How long it has waited since it was first asked for.",
    "wrap_up": "How the work after it may end.",
    "wrap_up_ms": "The time that is left for the work after it.",
}
"""Of fields that mean the same wherever they are."""

_NUMBER = "The command's number: greater than the one before on this connection."

_TO_SERVER: Mapping[type[Struct], Mapping[str, str]] = {
    incoming.Client: {
        "name": "The program.",
        "version": "Its version.",
        "device": "One page or app: a second socket of the person with it replaces the first.",
    },
    incoming.Hello: {
        "token": "Who is there; see the tokens below.",
        "role": "The role; it must be the token's.",
        "client": "The program that connects.",
        "view": "Whether somebody looks at the page.",
        "idle_ms": "For how long nobody has touched the device.",
        "languages": "What the customer speaks, where a request names none.",
        "seen": "By conversation the newest `seq` that is known here: older messages are left out.",
        "subs": "Topics to listen to from the start; those one may not have are left out.",
        "traceparent": "The trace to which what follows belongs (W3C).",
    },
    incoming.TokenRefresh: {"token": "A newer one of the same person."},
    incoming.Bye: {"leave": "No grace: this device is gone for good."},
    incoming.Activity: {
        "id": "May be left out: there is no reply.",
        "idle_ms": "For how long nobody has touched the device.",
        "view": "Whether somebody looks at the page.",
    },
    incoming.PresenceSet: {
        "channels": "Switches channels on and off; left out: as they were.",
        "until_ms": "For so long, then as before.",
        "next": "No new offers, and this once everything held is done.",
    },
    incoming.MessageSend: {"op": "Made by the client: once is once."},
    incoming.MessageRead: {"seq": "Up to this message."},
    incoming.Typing: {"on": "False: stopped."},
    incoming.ConversationRequest: {
        "op": "Made by the client: once is once.",
        "queue": "Where to; empty: the first queue that takes the channel.",
        "languages": "Left out: those of `hello`, else of the token, else any.",
        "needs": "Skills besides those of the queue.",
        "agent": "Whom the customer would like.",
        "avoid": "Whom the customer would rather not have again.",
        "brand": "Of which brand's page.",
        "reopens": "An ended one of their own that this goes on.",
        "attributes": "What rules and agents may read: page, cart, order.",
        "body": "The first message.",
        "customer": "In whose name; services alone.",
        "priority": "A class of the policy; services alone.",
        "deferrable": "It waits without its customer, and behind those who are there.",
    },
    incoming.ConversationEnd: {"wrap_up": "Ask for a wrap-up where the queue has it optional."},
    incoming.WrapupComplete: {
        "code": "One of the queue's codes, where it has some.",
        "note": "For whoever serves this customer next.",
    },
    incoming.WrapupExtend: {"ms": "So much longer."},
    incoming.TransferTarget: {
        "queue": "Into this queue.",
        "agent": "To this agent.",
        "skill": "To somebody with this skill.",
        "level": "Who has it at least so well.",
    },
    incoming.ConversationTransfer: {
        "op": "Made by the client: once is once.",
        "to": "An agent; or a queue, a skill, or both.",
    },
    incoming.ConversationSnooze: {"for_ms": "Left out: until the customer writes."},
    incoming.ConversationInvite: {
        "mode": "`consult`: with the agent alone; `barge`: with the customer, too.",
        "op": "Made by the client: once is once.",
    },
    incoming.ConversationJoin: {
        "mode": "`monitor` reads, `whisper` writes to the agent, `barge` to both, `consult`: asked",
        "purpose": "One of the tenant's, where it has some.",
    },
    incoming.History: {
        "conversation": "This conversation's; or",
        "customer": "all of this customer's.",
        "before_seq": "Messages before this one.",
        "before_note": "Notes before this one.",
        "limit": "So many at most.",
        "purpose": "One of the tenant's, where it has some.",
    },
    incoming.Explain: {
        "conversation": "This conversation; or",
        "agent": "this agent; with `conversation`: this agent alone; or",
        "assignment": "this decision.",
    },
    incoming.ContactSet: {"prefs": "The ways, the wanted most first."},
    commands.ContactWish: {
        "channel": "The way.",
        "prio": "Smaller is wanted more.",
        "hours": "When: `Mon-Fri 09:00-17:00 Europe/Berlin`.",
    },
    incoming.Rate: {"score": "5 is best.", "comment": "In the customer's words."},
    incoming.ConsentAccept: {"terms": "The terms' id.", "version": "The version that was shown."},
    incoming.Sub: {"topic": "One of the topics there are.", "mode": "`counts`: how many, not who."},
    incoming.Unsub: {"topic": "The topic."},
    incoming_staff.ConversationPriority: {"priority": "A class of the policy."},
    incoming_staff.ScoreSet: {
        "part": "Which part of the score.",
        "value": "More is better.",
        "ttl_ms": "For so long.",
        "agent": "For this agent alone.",
    },
    incoming_staff.AgentPresence: {
        "source": "`external`: a calendar or the like, which gives way to the agent's own word.",
        "until_ms": "For so long, then as before.",
    },
    incoming_staff.AgentSkills: {
        "skills": "In place of all skills; left out: as they are.",
        "languages": "In place of all languages; left out: as they are.",
        "clear": "As the token or the directory says again.",
    },
    incoming_staff.Preview: {
        "agent": "What this agent could take",
        "skills": "with these skills",
        "languages": "and these languages; or",
        "conversation": "where this conversation would stand",
        "priority": "with this class.",
    },
    incoming_staff.PolicySet: {"policy": "The whole policy."},
}
OWN: Mapping[type[Struct], Mapping[str, str]] = {**_TO_SERVER, **FROM_SERVER}
"""Of fields that mean something of their own, by the Struct they are in."""


def words_of(kind: type[Struct]) -> Mapping[str, str]:
    """The sentence of each field of a Struct; a field that has none is left out."""
    own = {**WORDS.get(kind, {}), **OWN.get(kind, {})}
    names = kind.__struct_encode_fields__
    shared = {**SHARED, "id": _NUMBER} if issubclass(kind, IncomingForm) else SHARED
    return {name: own.get(name) or shared[name] for name in names if name in own or name in shared}
