"""What supervisors and services send to steer the house, as Structs of the wire.

Owns: the fields and limits of those messages. Does not know: what everybody sends
(``router.incoming``), who may send what, or what it does.
"""

from typing import Annotated, Literal

from msgspec import Meta

from router.commands import ScorePart, Show
from router.fields import Ident, IncomingForm, LastingMs, Reason, Word
from router.policy import Policy

__all__ = [
    "AgentPresence",
    "AgentSkills",
    "ConversationAssign",
    "ConversationPriority",
    "PolicyGet",
    "PolicySet",
    "Preview",
    "ScoreSet",
]


class ConversationAssign(IncomingForm, frozen=True, kw_only=True, tag="conversation.assign"):
    """A conversation is given to an agent by hand."""

    conversation: Ident
    agent: Ident


class ConversationPriority(IncomingForm, frozen=True, kw_only=True, tag="conversation.priority"):
    """A waiting conversation gets a class of the policy."""

    conversation: Ident
    priority: Ident
    reason: Reason = ""


class ScoreSet(IncomingForm, frozen=True, kw_only=True, tag="score.set"):
    """A prediction from outside replaces a part of the score."""

    conversation: Ident
    part: ScorePart
    value: Annotated[int, Meta(ge=0, le=1000)]
    ttl_ms: LastingMs
    agent: Ident | None = None


class AgentPresence(IncomingForm, frozen=True, kw_only=True, tag="agent.presence"):
    """A supervisor sets an agent's show, or a service tells of a calendar."""

    agent: Ident
    show: Show
    reason: Reason = ""
    source: Literal["system", "external"] = "system"
    until_ms: LastingMs | None = None


SkillTable = Annotated[dict[Ident, Annotated[int, Meta(ge=0, le=100)]], Meta(max_length=64)]


class AgentSkills(IncomingForm, frozen=True, kw_only=True, tag="agent.skills"):
    """Sets what an agent can do; a table replaces that part, ``clear`` is as the token says."""

    agent: Ident
    skills: SkillTable | None = None
    languages: SkillTable | None = None
    clear: bool = False
    reason: Reason = ""


class Preview(IncomingForm, frozen=True, kw_only=True, tag="preview"):
    """Asks what a change would do: of an agent's skills, or of a conversation's class."""

    agent: Word = ""
    skills: SkillTable | None = None
    languages: SkillTable | None = None
    conversation: Word = ""
    priority: Word = ""


class PolicyGet(IncomingForm, frozen=True, kw_only=True, tag="policy.get"):
    """Asks for the policy in force."""


class PolicySet(IncomingForm, frozen=True, kw_only=True, tag="policy.set"):
    """Puts a whole policy in force."""

    policy: Policy
