"""Writes down what people saw of their conversations, while it happens.

Owns: the record of every conversation and offer, who is idle, the live counts.
Does not know: the wire, or whether what it writes down is right: ``checks`` judges that.
Invariants: a conversation is in line, in service or over, one of them; an offer is recorded once.

Two sockets have no order between them: an agent may read an offer before the customer reads the
reply that names the conversation. So offers and assignments are filed under the conversation's
id, and the customer's record takes over the file when the id becomes known.
"""

from dataclasses import dataclass, field

import trio

from loadtest.day import CustomerPlan
from loadtest.faults import Faults

__all__ = ["Assignment", "Conversation", "File", "Ledger", "Offer"]


@dataclass(slots=True, eq=False)
class Offer:
    """One proposal as the agent saw it. ``outcome`` is empty while pending.

    Attributes:
        at_s: when it was read; it was made before that.
        not_before_s: when the agent sent the command that made it free; it was made after that.
    """

    id: str
    agent: str
    conversation: str
    pos: int
    at_s: float
    not_before_s: float
    outcome: str = ""
    ended_pos: int = 0
    is_agent_gone: bool = False


@dataclass(slots=True, eq=False)
class Assignment:
    """One ``conversation.assigned`` as the agent saw it."""

    agent: str
    pos: int
    at_s: float


@dataclass(slots=True, eq=False)
class File:
    """What agents saw of a conversation, under the id that the server gave it."""

    offers: list[Offer] = field(default_factory=list)
    assignments: list[Assignment] = field(default_factory=list)
    has_agent_seen_end: bool = False
    owner: "Conversation | None" = None
    is_claimed: trio.Event = field(default_factory=trio.Event)


@dataclass(slots=True, eq=False)
class Conversation:
    """One conversation as the customer saw it. Instants are seconds of the generator's clock."""

    plan: CustomerPlan
    asked_s: float
    has_found_free: bool
    id: str = ""
    acknowledged_s: float = 0.0
    file: File = field(default_factory=File)
    assigned_s: float = 0.0
    assigned_to: str = ""
    cancelled_s: float = 0.0
    is_crossed: bool = False
    ended_s: float = 0.0
    ended_pos: int = 0
    reason: str = ""
    is_stalled: bool = False

    @property
    def is_acknowledged(self) -> bool:
        """The server has answered for it."""
        return bool(self.id)

    @property
    def is_assigned(self) -> bool:
        """Somebody took it, by what the customer or an agent saw."""
        return bool(self.assigned_to or self.file.assignments)

    @property
    def is_over(self) -> bool:
        """It was acknowledged ended, with a reason."""
        return bool(self.reason)

    @property
    def is_served(self) -> bool:
        """Assigned and ended by the agent."""
        return self.is_assigned and self.reason == "agent"

    @property
    def is_abandoned(self) -> bool:
        """The customer left before anybody took it."""
        return not self.is_assigned and self.reason == "cancelled"


@dataclass
class Ledger:
    """Everything seen in one run."""

    skills: dict[str, frozenset[str]]
    faults: Faults = field(default_factory=Faults)
    conversations: list[Conversation] = field(default_factory=list)
    offers: dict[str, Offer] = field(default_factory=dict)
    idle_since: dict[str, float] = field(default_factory=dict)
    lateness_s: list[float] = field(default_factory=list)
    handshake_s: list[float] = field(default_factory=list)
    in_line: int = 0
    in_service: int = 0
    served: int = 0
    abandoned: int = 0
    _files: dict[str, File] = field(default_factory=dict)
    _unoffered: dict[str, dict[int, Conversation]] = field(default_factory=dict)

    def file(self, conversation_id: str) -> File:
        """The file of a conversation, opened if it is new."""
        return self._files.setdefault(conversation_id, File())

    # Customers

    def ask(self, plan: CustomerPlan, now_s: float) -> Conversation:
        """Opens the record of a request that is about to be sent."""
        conversation = Conversation(plan, now_s, self._finds_free(plan.type))
        self.conversations.append(conversation)
        self._unoffered.setdefault(plan.type, {})[plan.number] = conversation
        return conversation

    def acknowledge(self, conversation: Conversation, conversation_id: str, now_s: float) -> None:
        """The reply to the request came: the file under its id belongs to it."""
        conversation.id = conversation_id
        conversation.acknowledged_s = now_s
        conversation.file = self.file(conversation_id)
        conversation.file.owner = conversation
        conversation.file.is_claimed.set()
        self.in_line += 1
        if conversation.file.offers:
            self._leave_unoffered(conversation)

    def turn_comes(self, conversation: Conversation, agent: str, now_s: float) -> None:
        """The customer was told who serves them."""
        conversation.assigned_to = agent or "unnamed"
        conversation.assigned_s = now_s
        self.in_line -= 1
        self.in_service += 1

    def ends(self, conversation: Conversation, reason: str, pos: int, now_s: float) -> None:
        """The customer was told that it is over."""
        if conversation.assigned_s:
            self.in_service -= 1
        else:
            self.in_line -= 1
        conversation.reason, conversation.ended_pos = reason, pos
        conversation.ended_s = now_s
        self.served += conversation.is_served
        self.abandoned += conversation.is_abandoned
        self._leave_unoffered(conversation)

    def forget_request(self, conversation: Conversation) -> None:
        """The customer's part is over, however it went: nobody waits here for an offer."""
        self._leave_unoffered(conversation)

    # Agents

    def offered(self, offer: Offer) -> None:
        """An agent was asked."""
        self.offers[offer.id] = offer
        file = self.file(offer.conversation)
        file.offers.append(offer)
        self.idle_since.pop(offer.agent, None)
        if file.owner is not None:
            self._leave_unoffered(file.owner)

    def agent_free(self, agent: str, now_s: float) -> None:
        """The agent may be asked again, by all that the server has told."""
        self.idle_since[agent] = now_s

    def agent_gone(self, agent: str, pending: Offer | None) -> None:
        """The agent leaves: not idle, and what is pending may stay without an outcome."""
        self.idle_since.pop(agent, None)
        if pending is not None:
            pending.is_agent_gone = True

    # Who could have been served

    def _idle_for(self, skill: str) -> list[str]:
        return [agent for agent in self.idle_since if skill in self.skills[agent]]

    def _finds_free(self, skill: str) -> bool:
        """More agents are idle for this skill than there are requests that could get them."""
        idle = self._idle_for(skill)
        within_reach = {one for agent in idle for one in self.skills[agent]}
        rivals = sum(len(self._unoffered.get(one, ())) for one in within_reach)
        return len(idle) > rivals

    def note_stalls(self, now_s: float, after_s: float) -> None:
        """Marks who has waited ``after_s`` while an agent who may take it was idle as long."""
        for skill, waiting in self._unoffered.items():
            since_s = [self.idle_since[agent] for agent in self._idle_for(skill)]
            if waiting and since_s and min(since_s) < now_s - after_s:
                for conversation in waiting.values():
                    if 0 < conversation.acknowledged_s < now_s - after_s:
                        conversation.is_stalled = True

    def _leave_unoffered(self, conversation: Conversation) -> None:
        self._unoffered.get(conversation.plan.type, {}).pop(conversation.plan.number, None)
