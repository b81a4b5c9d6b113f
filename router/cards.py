"""The parts of which messages to clients are made: cards, figures, one message of a transcript.

Owns: what is shown of a person, a queue, a refusal, wherever it is shown. Does not know: the
messages that carry them (``router.outgoing``), or who may see what (``router.views``).
"""

from msgspec import Struct, field

__all__ = [
    "AgentCard",
    "AgentsByShow",
    "CustomerCard",
    "Error",
    "Limits",
    "Message",
    "Person",
    "PresenceEntry",
    "PresenceGone",
    "QueueFigures",
    "ServerInfo",
    "WaitBand",
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


class QueueFigures(Struct, frozen=True):
    """A queue on the wallboard; ``oldest_ms`` is how long its first has waited."""

    queue: str
    waiting: int
    oldest_ms: int
    offered: int
    active: int
    closed: bool = False


class AgentsByShow(Struct, frozen=True):
    """How many agents are shown so."""

    show: str
    count: int


class PresenceEntry(Struct, frozen=True, omit_defaults=True):
    """An agent in a presence topic."""

    id: str
    show: str
    since_at: int
    name: str = ""
    reason: str = ""
    load: int = 0


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
