"""What ``explain`` answers, as Structs of the wire (protocol, section 8).

Owns: the fields of each explanation. Does not know: how they are found (``router.explain``).

Agents are counted by why they cannot take the conversation: ``skill:<id>``, ``language:<tag>`` and
``brand:<id>`` (they never could at this step), ``other_agent`` (it waits for another agent alone),
``avoided`` (the customer's wish), ``unreachable``, ``not_available``, ``channel_off``, ``full``,
``offer_pending``, ``soft_start``, ``declined``,
``keeps_room`` (for a bigger one before it); ``free`` is who could take it now.
"""

from msgspec import Struct

__all__ = [
    "Explained",
    "ExplainedAgent",
    "ExplainedAssignment",
    "ExplainedCandidate",
    "ExplainedConversation",
    "ExplainedPlace",
    "ExplainedWait",
]


class _Explained(Struct, frozen=True, omit_defaults=True, tag_field="about"):
    """The root of all explanations: ``about`` says what is explained."""


class ExplainedWait(_Explained, frozen=True, omit_defaults=True, tag="waiting"):
    """Why a conversation in line stands where it stands, and why nobody takes it.

    ``key_ms`` is ``start_at`` less ``head_start_ms``; ``start_at`` is ``arrived_at``, or later
    where it was promoted or may be deferred (``deferred_ms``). ``lent_ms`` is what of the head
    start is above that of its class: lent by a held conversation, or set by a supervisor before.
    ``capped_class`` is the class that it would have had, but for its queue's share of them.
    ``away``: the customer is not there, so nobody is asked. ``step`` counts from 0;
    ``next_step_at`` is when the next begins. ``preferred`` is what rules ask for first.
    """

    conversation: str
    status: str
    queue: str
    channel: str
    key_ms: int
    arrived_at: int
    waited_ms: int
    start_at: int
    head_start_ms: int
    klass: str
    step: int
    steps: int
    needs: dict[str, int]
    languages: dict[str, int]
    agents: dict[str, int]
    promoted: bool = False
    deferred_ms: int = 0
    lent_ms: int = 0
    capped_class: str = ""
    preferred: dict[str, int] = {}
    avoid: tuple[str, ...] = ()
    expires_at: int | None = None
    position: int | None = None
    ahead: int | None = None
    away: bool = False
    next_step_at: int | None = None
    only_agent: str | None = None
    only_agent_until: int | None = None
    offered_to: str | None = None
    held_behind: str | None = None
    agent: str | None = None
    rules: tuple[str, ...] = ()
    """The rules of context that fired at its request."""
    why_not: str | None = None
    """The reason of the one agent who was asked about."""


class ExplainedPlace(_Explained, frozen=True, omit_defaults=True, tag="place"):
    """Why one waits, for the customer: ``here`` counts who could help now, ``free`` who is idle.

    ``languages`` are those looked for, empty where any will do; ``spoken`` counts who could help in
    each language, were it asked for; ``subject`` is the queue's name.
    """

    conversation: str
    status: str
    languages: tuple[str, ...]
    here: int
    free: int
    spoken: dict[str, int]
    subject: str = ""


class ExplainedCandidate(Struct, frozen=True):
    """An agent who was considered; each part is 0 to 1000, more is better.

    ``load`` is the part of the capacity that is free; ``flexibility`` and ``idle_since_at`` break
    ties: the less flexible, then the longer idle.
    """

    agent: str
    score: int
    language: int
    proficiency: int
    history: int
    load: int
    flexibility: int
    idle_since_at: int
    relation: int = 0
    topic: int = 0


class ExplainedAssignment(_Explained, frozen=True, omit_defaults=True, tag="assignment"):
    """How the agent of an assignment was chosen; the first candidate is the chosen one.

    ``rule``: ``best_match`` (nobody else within ``score_band``), ``least_loaded``,
    ``least_flexible``, ``longest_idle``, or ``by_hand``. The journal replayed to ``position``
    gives the same choice.
    """

    assignment: str
    conversation: str
    agent: str
    position: int
    chosen_at: int
    rule: str
    candidates: tuple[ExplainedCandidate, ...]
    weights: dict[str, int] = {}
    """The share of each part in the score, as it was then."""
    band: int = 0


class ExplainedConversation(_Explained, frozen=True, omit_defaults=True, tag="conversation"):
    """A conversation that does not wait and has no decision on record."""

    conversation: str
    status: str
    reason: str | None = None


class ExplainedAgent(_Explained, frozen=True, omit_defaults=True, tag="agent"):
    """Why an agent gets no offers, and what comes next.

    ``channels`` says by channel what stands in the way, or ``free``. ``could_take`` counts the
    conversations in line that the agent could serve, ``next`` is the first of them, as far as the
    line goes now.
    """

    agent: str
    show: str
    effective: str
    reason: str
    channels: dict[str, str]
    load: dict[str, int]
    capacity: dict[str, int]
    could_take: int
    serving: tuple[str, ...]
    why_not: str | None = None
    offer: str | None = None
    next: str | None = None
    next_show: str | None = None
    idle_ms: int | None = None
    keeps_room_for: tuple[str, ...] = ()
    """Conversations that were passed over too often because they are big."""
    soft_offers: int = 0
    """So many offers after the sign-in still come at a bounded pace."""
    quiet_per_mille: dict[str, int] = {}
    """By channel and in all, what quiet conversations do not count of the load."""


Explained = (
    ExplainedWait | ExplainedPlace | ExplainedAssignment | ExplainedConversation | ExplainedAgent
)
