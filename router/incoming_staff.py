"""What supervisors and services send to steer the house, as Structs of the wire.

Owns: the fields and limits of those messages. Does not know: what everybody sends
(``router.incoming``), who may send what, or what it does.
"""

from typing import Annotated, Literal

from msgspec import Meta

from router.commands import ScorePart, Show
from router.fields import Ident, IncomingForm, LastingMs, Reason
from router.policy import Policy

__all__ = [
    "AgentPresence",
    "ConversationAssign",
    "ConversationPriority",
    "PolicyGet",
    "PolicySet",
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


class PolicyGet(IncomingForm, frozen=True, kw_only=True, tag="policy.get"):
    """Asks for the policy in force."""


class PolicySet(IncomingForm, frozen=True, kw_only=True, tag="policy.set"):
    """Puts a whole policy in force."""

    policy: Policy
