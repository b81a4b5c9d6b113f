"""What supervisors, services and colleagues are told of the house, and the form of all messages.

Owns: presence, boards, calls and warnings, as Structs of the wire. Does not know: what is said to
the people of a conversation (``router.outgoing``), or who may listen.
"""

from msgspec import Struct

from router.cards import (
    AgentsByShow,
    CustomerCard,
    HouseFigures,
    Person,
    PresenceEntry,
    PresenceGone,
    QueueFigures,
    SkillFigures,
)

__all__ = [
    "AgentFlapping",
    "Board",
    "HelpAsked",
    "HelpEnded",
    "OutgoingForm",
    "Presence",
    "SkillsSet",
    "TopicStale",
]


class OutgoingForm(Struct, frozen=True, omit_defaults=True, tag_field="t"):
    """The root of all messages to clients: tagged by the protocol's type under ``t``."""


class AgentFlapping(OutgoingForm, frozen=True, tag="agent.flapping"):
    """For supervisors: an agent's connection is lost again and again."""

    pos: int
    agent: str
    losses: int
    grace_ms: int


class HelpAsked(OutgoingForm, frozen=True, omit_defaults=True, tag="help.asked"):
    """An agent calls for a supervisor, since ``at``; to supervisors and the agent."""

    conversation: str
    agent: Person
    at: int
    queue: str
    channel: str
    customer: CustomerCard
    arrived_at: int
    note: str = ""
    topic: str = ""
    queue_name: str = ""
    pos: int | None = None


class HelpEnded(OutgoingForm, frozen=True, omit_defaults=True, tag="help.ended"):
    """A call is over: joined or dismissed, by whom; withdrawn; or over with the conversation."""

    pos: int
    conversation: str
    outcome: str
    by: Person | None = None


class SkillsSet(OutgoingForm, frozen=True, omit_defaults=True, tag="skills.set"):
    """To an agent: what they can do was set by hand, or is as the token says again."""

    pos: int
    skills: dict[str, int]
    languages: dict[str, int]
    by: Person
    reason: str = ""


class Presence(OutgoingForm, frozen=True, omit_defaults=True, tag="presence"):
    """Changes in a presence topic, or the ``whole`` of it; the last value of an agent wins."""

    pos: int
    topic: str
    set: tuple[PresenceEntry, ...]
    gone: tuple[PresenceGone, ...]
    whole: bool = False


class Board(OutgoingForm, frozen=True, omit_defaults=True, tag="board"):
    """The wallboard's figures, or in ``mode`` counts how many are what in a presence topic."""

    pos: int
    topic: str
    queues: tuple[QueueFigures, ...]
    agents: tuple[AgentsByShow, ...]
    mode: str = ""
    house: HouseFigures | None = None
    skills: tuple[SkillFigures, ...] | None = None


class TopicStale(OutgoingForm, frozen=True, tag="topic.stale"):
    """From ``at`` on a topic is not kept up, as the node is behind; or it is again."""

    pos: int
    topic: str
    stale: bool
    at: int
