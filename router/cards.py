"""The parts of which messages to clients are made: cards, figures, conversations, one message.

Owns: what is shown of a person, a queue, a refusal, wherever it is shown. Does not know: the
messages that carry them (``router.outgoing``), or who may see what (``router.views``).
"""

from msgspec import Struct, field

__all__ = [
    "AgentCard",
    "AgentsByShow",
    "ConversationState",
    "CustomerCard",
    "Error",
    "HouseFigures",
    "Limits",
    "Message",
    "Person",
    "PresenceEntry",
    "PresenceGone",
    "QueueFigures",
    "QueueService",
    "ReplyRule",
    "Served",
    "ServerInfo",
    "SkillFigures",
    "WaitBand",
    "WrapUp",
    "You",
]


class WaitBand(Struct, frozen=True, gc=False):
    """An estimated wait from now: its median and its ninth decile, in ms."""

    p50: int
    p90: int


class Person(Struct, frozen=True, gc=False, omit_defaults=True):
    """Who said or did something, as others may see it."""

    id: str
    role: str
    name: str = ""


class AgentCard(Struct, frozen=True, omit_defaults=True):
    """An agent as a customer or a colleague sees them."""

    id: str
    name: str = ""
    languages: tuple[str, ...] = ()
    license: str = ""


class CustomerCard(Struct, frozen=True, omit_defaults=True):
    """A customer as the agent who serves them sees them."""

    id: str
    name: str = ""
    verified: bool = False
    klass: str = field(default="", name="class")
    languages: tuple[str, ...] = ()
    attributes: dict[str, str] = field(default_factory=dict)
    here: bool = True
    contact: tuple[dict[str, str | int], ...] = ()
    capped_class: str = ""
    """The class that it would have had, but for its queue's share of them."""


class Error(Struct, frozen=True, omit_defaults=True):
    """Why a command did nothing; ``retry`` is ``no``, ``now`` or ``after``."""

    code: int
    name: str
    msg: str
    retry: str
    retry_ms: int | None = None
    outcome: str | None = None
    fallback: str | None = None
    terms: str | None = None
    version: int | None = None


class Message(Struct, frozen=True, omit_defaults=True):
    """One message in a transcript."""

    seq: int
    sender: Person = field(name="from")
    body: str
    at: int
    kind: str = field(default="text")
    conversation: str | None = None
    """Where all of a customer's are read."""


class WrapUp(Struct, frozen=True, omit_defaults=True):
    """How the work after a conversation may end: its codes, the one for none, what can be added.

    ``mode`` is ``fixed`` where it ends with its time alone (``code`` is what was said so far), and
    ``free`` where it has no time.
    """

    codes: tuple[str, ...] = ()
    default: str = ""
    more_ms: int = 0
    mode: str = ""
    code: str = ""


class ReplyRule(Struct, frozen=True, omit_defaults=True):
    """How soon the agent must answer the customer: ``then`` staff see it, or it goes back in line.

    It counts from the first message without an answer, or from the assignment where that is later.
    """

    within_ms: int
    then: str


class ConversationState(Struct, frozen=True, omit_defaults=True):
    """A conversation in ``welcome``: everything its reader may know of it."""

    conversation: str
    status: str
    queue: str
    channel: str
    seq: int
    messages: tuple[Message, ...]
    more: bool
    reason: str | None = None
    topic: str | None = None
    position: int | None = None
    ahead: int | None = None
    wait_ms: WaitBand | None = None
    agent: AgentCard | None = None
    customer: CustomerCard | None = None
    wrap_up_ms: int | None = None
    wrap_up: WrapUp | None = None
    since_at: int | None = None
    read: dict[str, int] | None = None
    unanswered: bool = False
    queue_name: str = ""
    reply: ReplyRule | None = None
    """For the agent who has it, where its queue has such a rule."""
    help_since_at: int | None = None
    """For staff: since when its agent calls for a supervisor."""
    snoozed_until_at: int | None = None
    """For staff: when it comes back at the latest."""
    wrap_up_optional: bool = False
    """For the agent who has it: their end has a wrap-up only where they ask for it."""


class Served(Struct, frozen=True, omit_defaults=True):
    """What became of first waits over some time; a ratio is 0 to 1, absent where it is of nothing.

    ``abandoned`` leaves out those who went before anybody could have answered.
    """

    accepted: int = 0
    abandoned: int = 0
    service_level: float | None = None
    abandonment: float | None = None
    speed_of_answer_ms: int | None = None


class QueueService(Struct, frozen=True, omit_defaults=True):
    """How well a queue is served: over the last 30 minutes, and since the site's midnight.

    ``target`` (0 to 1) is the part to be accepted within ``within_ms``. ``able`` counts agents at
    work who could serve it, busy or not; ``wait_ms`` is what who came now would be told.
    """

    within_ms: int
    target: float
    recent: Served
    today: Served
    able: int = 0
    wait_ms: WaitBand | None = None


class HouseFigures(Struct, frozen=True, omit_defaults=True):
    """All queues and agents together, as of ``at``.

    ``today_since_at`` is the site's midnight by the clocks of ``zone``, or when the journal began
    after it. ``agents`` counts by what they are doing (``PresenceEntry.state``); ``even_waits`` and
    ``even_load`` are Jain's indexes, 1 is even. ``estimate_error_ms`` is how far estimates of waits
    were off on average.
    """

    at: int
    formula: str
    target: float
    today_since_at: int
    zone: str
    recent: Served
    today: Served
    agents: dict[str, int]
    capacity_used: int
    capacity_free: int
    occupancy: float | None = None
    even_waits: float | None = None
    even_load: float | None = None
    estimate_error_ms: int | None = None


class QueueFigures(Struct, frozen=True):
    """A queue on the wallboard; ``oldest_ms`` is how long its first has waited.

    ``service`` is there for those who listen to the board.
    """

    queue: str
    waiting: int
    oldest_ms: int
    offered: int
    active: int
    closed: bool = False
    name: str = ""
    service: QueueService | None = None


class SkillFigures(Struct, frozen=True, omit_defaults=True):
    """A skill that somebody who is signed in has.

    Of those who have it ``here`` are signed in, ``available`` at work, with ``free`` places;
    ``waiting`` conversations ask for it, the first for ``oldest_ms``.
    """

    skill: str
    here: int
    available: int
    free: int
    waiting: int
    oldest_ms: int


class AgentsByShow(Struct, frozen=True):
    """How many agents are shown so."""

    show: str
    count: int


class PresenceEntry(Struct, frozen=True, omit_defaults=True):
    """An agent in a presence topic.

    ``state`` says what they are doing: ``lost`` (no device answers), ``offered``, ``serving``,
    ``wrap_up``, ``free``, or their show where it is another.
    """

    id: str
    show: str
    since_at: int
    name: str = ""
    reason: str = ""
    load: int = 0
    capacity: int = 0
    languages: tuple[str, ...] = ()
    state: str = ""


class PresenceGone(Struct, frozen=True):
    """An agent who left a presence topic, and why."""

    id: str
    reason: str


class You(Struct, frozen=True, omit_defaults=True):
    """Whom the server takes the client for."""

    id: str
    role: str
    tenant: str
    name: str = ""
    languages: tuple[str, ...] = ()
    skills: dict[str, int] = field(default_factory=dict)
    teams: tuple[str, ...] = ()


class Limits(Struct, frozen=True):
    """What a well-behaved client keeps to: commands per second and in a burst, subscriptions."""

    frame_bytes: int
    rate: int
    burst: int
    subs: int


class ServerInfo(Struct, frozen=True):
    """The node that answers, and its version."""

    node: str
    version: str
