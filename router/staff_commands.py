"""The commands by which supervisors and services steer the house, and the form of all people's.

Owns: what is given by hand. Does not know: what agents and customers ask for (``router.commands``),
or who may do what.

See ``commands`` for what an addition here asks of the journal.
"""

from typing import Literal

from router.actors import Actor
from router.ids import AgentId, ConversationId
from router.node_commands import CommandForm

__all__ = [
    "AssignConversation",
    "PersonalForm",
    "ScorePart",
    "SetAgentPresence",
    "SetAgentSkills",
    "SetPriority",
    "SetScore",
    "Show",
]

Show = Literal["available", "busy", "away", "dnd", "offline"]
ScorePart = Literal["language", "proficiency", "history", "relation", "topic"]


class PersonalForm(CommandForm, frozen=True, omit_defaults=True):
    """A command that a person gives."""

    by: Actor


class AssignConversation(PersonalForm, frozen=True):
    """A supervisor gives a conversation to an agent by hand."""

    conversation: ConversationId
    agent: AgentId


class SetPriority(PersonalForm, frozen=True, omit_defaults=True):
    """A supervisor gives a waiting conversation a class of the policy; audited."""

    conversation: ConversationId
    priority: str
    reason: str = ""


class SetScore(PersonalForm, frozen=True, omit_defaults=True):
    """A service puts its own value in the place of a part of the score; no agent: of everybody."""

    conversation: ConversationId
    part: ScorePart
    value: int
    ttl_ms: int
    agent: AgentId | None = None


class SetAgentPresence(PersonalForm, frozen=True, omit_defaults=True):
    """A supervisor sets an agent's show (``until_ms``: for so long), or a service tells of one."""

    agent: AgentId
    show: Show
    reason: str = ""
    source: Literal["system", "external"] = "system"
    until_ms: int | None = None


class SetAgentSkills(PersonalForm, frozen=True, omit_defaults=True):
    """A supervisor sets what an agent can do, part by part; ``clear``: as the token says again."""

    agent: AgentId
    skills: dict[str, int] | None = None
    languages: dict[str, int] | None = None
    clear: bool = False
    reason: str = ""
