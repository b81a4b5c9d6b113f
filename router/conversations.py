"""The life of each conversation, and what was said in it.

Owns: the record of a conversation, its messages with their numbers, who takes part, which agents
it is not offered to now. Does not know: people, the line, offers but by id, or policy.

Invariants: message numbers are 1, 2, 3 ... without a hole, notes count apart; a status changes
only by ``turn``; an ended conversation has a reason and never changes again but by its rating.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from router.errors import Refusal, Refused
from router.forms import IS_PLAIN
from router.ids import PersonKey
from router.marks import mypyc_attr
from router.records import Message
from router.skills import SkillLevels
from router.states import CONVERSATION, FINAL_CONVERSATION, ConversationState, advance

__all__ = ["UNSEEN", "Conversation", "Conversations", "Invitation", "Message"]

UNSEEN = "unseen"
"""The mode of who listens and is shown to nobody; they are told that they ``monitor``."""

MESSAGES_MAX = 20_000
"""Messages and notes in one conversation; further ones are refused with 106."""


@mypyc_attr(acyclic=True)
@dataclass(eq=False, slots=IS_PLAIN)  # type: ignore[literal-required]
class Invitation:
    """A colleague is asked to join, by whom, in which mode, until when, with which words."""

    by: PersonKey
    mode: str
    due_ms: int
    note: str = ""


@mypyc_attr(acyclic=True)
@dataclass(init=False, eq=False, slots=IS_PLAIN)  # type: ignore[literal-required]
class Conversation:
    """One piece of work from arrival to close.

    ``start_ms`` is what its place in line counts from; ``arrived_ms`` never changes; ``place``
    breaks ties and is the journal position of its request or promotion. ``joined_line_ms`` is when
    it joined this queue's line, and its steps count from there.
    """

    id: str
    customer: str
    queue: str
    channel: str
    arrived_ms: int
    start_ms: int
    key_ms: int
    place: int
    joined_line_ms: int
    status: ConversationState = ConversationState.WAITING
    topic: str = ""
    brand: str = ""
    klass: str = ""
    capped_class: str = ""
    """The class that it would have had, but for its queue's share of them."""
    own_needs: "SkillLevels" = ()
    own_alone: bool = False
    """Its own needs count and not its queue's: it was passed on for a skill."""
    own_languages: "SkillLevels" = ()
    attributes: "dict[str, str]" = field(default_factory=dict)
    avoid: "tuple[str, ...]" = ()
    wanted_agent: str = ""
    """Only this agent may take it now."""
    waits_for_last: bool = False
    """Nobody named that agent: the customer was served by them last."""
    preferred_needs: "SkillLevels" = ()
    preferred_languages: "SkillLevels" = ()
    """What rules prefer in an agent without requiring it."""
    preferred_agent: str = ""
    """Scored as one whom the customer knows well."""
    rules: "tuple[str, ...]" = ()
    """The rules of context that fired when it was asked for."""
    weights: "dict[str, int]" = field(default_factory=dict)
    """What goes over the policy's weights for it."""
    outside: "dict[str, dict[str, tuple[int, int]]]" = field(default_factory=dict)
    """By agent, or empty for everybody, and part of the score: (value, until)."""
    needs_presence: bool = True
    deferrable: bool = False
    is_message: bool = False
    """Its customer left it while nobody was to be had; it is answered later."""
    was_snoozed: bool = False
    """Its agent put it aside once; it is answered whether its customer is there or not."""
    step: int = 0
    parked: bool = False
    agent: str = ""
    last_agent: str = ""
    assignment: str = ""
    offer: str = ""
    attempt_count: int = 0
    declined: "dict[str, int]" = field(default_factory=dict)
    passed: "dict[str, int]" = field(default_factory=dict)
    """By agent, how often it was passed over because it was too big for the room left."""
    heard_at_ms: int = 0
    """When anything was said last, or its agent took it."""
    is_quiet: bool = False
    assigned_at_ms: "int | None" = None
    first_assigned_at_ms: "int | None" = None
    wrap_up_since_ms: "int | None" = None
    wrap_up_due_ms: "int | None" = None
    ended_at_ms: "int | None" = None
    wrap_up_code: str = ""
    ended_reason: str = ""
    rating: "int | None" = None
    unanswered_since_ms: "int | None" = None
    """Since when the customer's last text waits for one of staff."""
    is_overdue: bool = False
    """The answer is later than the queue allows, and staff were told."""
    seq: int = 0
    note_seq: int = 0
    messages: "list[Message]" = field(default_factory=list)
    read: "dict[PersonKey, int]" = field(default_factory=dict)
    joined: "dict[PersonKey, str]" = field(default_factory=dict)
    invited: "dict[PersonKey, Invitation]" = field(default_factory=dict)
    help_since_ms: "int | None" = None
    """Since when its agent calls for a supervisor."""
    help_note: str = ""
    took_part: "tuple[PersonKey, ...]" = ()
    """Who had joined when it ended."""
    message_ops: "dict[str, tuple[int, int]]" = field(default_factory=dict)
    """By person and op, the fingerprint of what was asked and the number it got."""

    def __init__(
        self,
        *,
        id: str,  # noqa: A002 - the field's name
        customer: str,
        queue: str,
        channel: str,
        arrived_ms: int,
        start_ms: int,
        key_ms: int,
        place: int,
        joined_line_ms: int,
    ) -> None:
        """Written out, for the one that a dataclass makes is never compiled."""
        self.id = id
        self.customer = customer
        self.queue = queue
        self.channel = channel
        self.arrived_ms = arrived_ms
        self.start_ms = start_ms
        self.key_ms = key_ms
        self.place = place
        self.joined_line_ms = joined_line_ms
        self.status = ConversationState.WAITING
        self.topic = self.brand = self.klass = self.capped_class = ""
        self.own_needs = self.own_languages = ()
        self.own_alone = False
        self.attributes = {}
        self.avoid = ()
        self.wanted_agent = ""
        self.waits_for_last = False
        self.preferred_needs = self.preferred_languages = ()
        self.preferred_agent = ""
        self.rules = ()
        self.weights = {}
        self.outside = {}
        self.needs_presence = True
        self.deferrable = self.is_message = self.was_snoozed = False
        self.step = 0
        self.parked = False
        self.agent = self.last_agent = self.assignment = self.offer = ""
        self.attempt_count = 0
        self.declined = {}
        self.passed = {}
        self.heard_at_ms = 0
        self.is_quiet = False
        self.assigned_at_ms = self.first_assigned_at_ms = None
        self.wrap_up_since_ms = self.wrap_up_due_ms = self.ended_at_ms = None
        self.wrap_up_code = self.ended_reason = ""
        self.rating = self.unanswered_since_ms = None
        self.is_overdue = False
        self.seq = self.note_seq = 0
        self.messages = []
        self.read = {}
        self.joined = {}
        self.invited = {}
        self.help_since_ms = None
        self.help_note = ""
        self.took_part = ()
        self.message_ops = {}

    @property
    def is_over(self) -> bool:
        """Whether it is over for its customer (its agent may still be in wrap-up)."""
        return bool(self.ended_reason)

    @property
    def is_in_line(self) -> bool:
        """Whether it has a place in line: waiting or offered."""
        return self.status in _IN_LINE

    @property
    def asks_around(self) -> bool:
        """Whether more than its lane says who is asked: some first, some last, some not at all."""
        apart = self.declined or self.avoid
        return bool(apart or self.preferred_needs or self.preferred_languages)

    def can(self, trigger: str) -> bool:
        """Whether ``turn(trigger)`` is possible now."""
        return trigger in CONVERSATION[self.status]

    def turn(self, trigger: str) -> None:
        """Passes to the next status.

        Raises:
            Refused: INVALID_TRANSITION, where the tables do not allow it.
        """
        self.status = advance(CONVERSATION, self.status, trigger)

    def add(self, author: PersonKey, name: str, body: str, kind: str, at_ms: int) -> Message:
        """Appends a message or a note under its next number."""
        if kind == "note":
            self.note_seq += 1
            seq = self.note_seq
        else:
            self.seq += 1
            seq = self.seq
        if kind == "text":
            self._note_text(author, at_ms)
        message = Message(seq, author, name, body, kind, at_ms)
        self.messages.append(message)
        return message

    def _note_text(self, author: PersonKey, at_ms: int) -> None:
        """Whether the customer waits for an answer now; what a service says is none."""
        role = author.partition(":")[0]
        if role == "customer" and self.unanswered_since_ms is None:
            self.unanswered_since_ms = at_ms
        elif role in _ANSWERING:
            self.unanswered_since_ms = None

    def beginning(self, most: int) -> str:
        """How the customer's first message begins, in at most so many characters."""
        if not most:
            return ""
        own = f"customer:{self.customer}"
        first = next((one.body for one in self.messages if one.author == own), "")
        return first if len(first) <= most else f"{first[: most - 1].rstrip()}…"

    def check_room(self) -> None:
        """Refuses where no further message fits.

        Raises:
            Refused: LIMIT_EXCEEDED.
        """
        if len(self.messages) >= MESSAGES_MAX:
            raise Refused(Refusal.LIMIT_EXCEEDED, f"a conversation has {MESSAGES_MAX} messages")

    def staff(self) -> Iterator[PersonKey]:
        """Everybody of the house who takes part, each once."""
        if self.agent:
            yield PersonKey(f"agent:{self.agent}")
        for key in self.joined:
            if key != f"agent:{self.agent}":
                yield key

    def is_unheard(self, person: PersonKey) -> bool:
        """Whether somebody takes part of whom the customer is to learn nothing."""
        return person != f"agent:{self.agent}" and self.joined.get(person, "barge") != "barge"

    def readers(self) -> tuple[PersonKey, ...]:
        """Everybody who takes part: the customer and the staff."""
        customer = PersonKey(f"customer:{self.customer}")
        if self.joined:
            return (customer, *self.staff())
        return (customer, PersonKey(f"agent:{self.agent}")) if self.agent else (customer,)


_ANSWERING = frozenset({"agent", "supervisor"})
_IN_LINE = frozenset({ConversationState.WAITING, ConversationState.OFFERED})


class Conversations:
    """The conversations that a tenant's core remembers."""

    def __init__(self) -> None:
        self.by_id: dict[str, Conversation] = {}
        self.held: dict[str, None] = {}
        """Those held behind their customer's first; derived."""
        self.waiting_by_queue: dict[str, dict[str, None]] = {}
        """By queue, what is in line or offered, for the figures; derived, not in snapshots."""
        self.by_customer: dict[str, dict[str, None]] = {}
        """By customer, what is remembered of theirs, in the order of arrival; derived."""
        self.op_home: dict[str, str] = {}
        """By person and op of a message, its conversation; derived."""
        self.active_by_queue: dict[str, int] = {}
        self._guests: dict[PersonKey, dict[str, None]] = {}
        self.calling: dict[str, None] = {}
        """Those whose agent calls for a supervisor; derived."""
        self._put_aside: dict[str, dict[str, None]] = {}
        self.messages_by_queue: dict[str, int] = {}
        """By queue, how many of those waiting are messages that customers left; derived."""

    def __iter__(self) -> Iterator[Conversation]:
        return iter(self.by_id.values())

    def find(self, conversation: str) -> Conversation:
        """The conversation of this id.

        Raises:
            Refused: NOT_FOUND.
        """
        found = self.by_id.get(conversation)
        if found is None:
            raise Refused(Refusal.NOT_FOUND, "there is no such conversation")
        return found

    def add(self, conversation: Conversation) -> None:
        """Remembers a new conversation."""
        assert conversation.id not in self.by_id, "a conversation's id came twice"
        self.by_id[conversation.id] = conversation
        theirs = self.by_customer.get(conversation.customer)
        if theirs is None:
            theirs = self.by_customer[conversation.customer] = {}
        theirs[conversation.id] = None

    def of_customer(self, customer: str) -> list[Conversation]:
        """What is remembered of a customer's conversations, the newest last."""
        return [self.by_id[name] for name in self.by_customer.get(customer, ())]

    def count_of(self, customer: str) -> int:
        """How many of a customer's conversations are remembered."""
        return len(self.by_customer.get(customer, ()))

    def note_guest(self, person: PersonKey, conversation: str) -> None:
        """Remembers that somebody joined a conversation, or is asked to; derived."""
        self._guests.setdefault(person, {})[conversation] = None

    def drop_guest(self, person: PersonKey, conversation: str) -> None:
        """Forgets it."""
        visits = self._guests[person]
        visits.pop(conversation, None)
        if not visits:
            del self._guests[person]

    def visited_by(self, person: PersonKey) -> list[str]:
        """What the person joined or is asked into, in an order that a restore does not change."""
        return sorted(self._guests.get(person, ()))

    def put_aside(self, conversation: Conversation) -> None:
        """Remembers what an agent snoozed; derived."""
        self._put_aside.setdefault(conversation.last_agent, {})[conversation.id] = None

    def take_up(self, conversation: Conversation) -> None:
        """Forgets it, if it is so."""
        theirs = self._put_aside.get(conversation.last_agent, {})
        if theirs.pop(conversation.id, "") is None and not theirs:
            del self._put_aside[conversation.last_agent]

    def put_aside_by(self, agent: str) -> list[str]:
        """What the agent snoozed, in an order that a restore does not change."""
        return sorted(self._put_aside.get(agent, ()))

    def wait(self, conversation: Conversation) -> None:
        """Counts a conversation among those waiting in its queue."""
        waiting = self.waiting_by_queue.get(conversation.queue)
        if waiting is None:
            waiting = self.waiting_by_queue[conversation.queue] = {}
        if conversation.is_message and conversation.id not in waiting:
            count = self.messages_by_queue.get(conversation.queue, 0)
            self.messages_by_queue[conversation.queue] = count + 1
        waiting[conversation.id] = None

    def wait_no_longer(self, conversation: Conversation) -> None:
        """Takes a conversation out of those waiting, if it is one."""
        waiting = self.waiting_by_queue.get(conversation.queue)
        if waiting is not None and conversation.id in waiting:
            del waiting[conversation.id]
            if conversation.is_message:
                self.messages_by_queue[conversation.queue] -= 1

    def forget(self, conversation: str) -> Conversation:
        """Drops an ended conversation."""
        gone = self.by_id.pop(conversation)
        for key in gone.message_ops:
            del self.op_home[key]
        assert gone.status in FINAL_CONVERSATION, f"{conversation} is not over"
        theirs = self.by_customer[gone.customer]
        del theirs[conversation]
        if not theirs:
            del self.by_customer[gone.customer]
        return gone
