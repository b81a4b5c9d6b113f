"""The facts that concern agents and those who watch over them, and the form of all facts.

Owns: what supervisors did and are called for. Does not know: the line and conversations
(``router.events``).
"""

from msgspec import Struct

from router.ids import AgentId, ConversationId, PersonKey

__all__ = ["AgentFlapped", "AgentSkillsSet", "AuditRecorded", "EventForm", "HelpChanged"]


class EventForm(Struct, frozen=True, tag=True, tag_field="e", gc=False):
    """The root of all events."""


class AgentSkillsSet(EventForm, frozen=True):
    """What an agent can do was set by hand, or as it was before."""

    agent: AgentId
    by: PersonKey
    reason: str


class AgentFlapped(EventForm, frozen=True):
    """An agent's connection was lost again and again: ``losses`` times in five minutes."""

    agent: AgentId
    losses: int
    grace_ms: int


class HelpChanged(EventForm, frozen=True):
    """An agent calls for a supervisor, or, with an ``outcome``, does no longer (by whom)."""

    conversation: ConversationId
    agent: AgentId
    outcome: str = ""
    by: PersonKey | None = None


class AuditRecorded(EventForm, frozen=True):
    """Somebody did what is written down: who, what, to whom, and the reason given."""

    by: PersonKey
    action: str
    subject: str
    reason: str
