"""One tenant's whole state, and what a command in hand has touched of it.

Owns: the parts side by side, the present time and position, the events so far, and the marks of
what must be looked at again before the command is done. Does not know: any command.

Invariant: the marks (``touched``, ``unsettled``, ``moved``) are empty between commands, so they
are no part of a snapshot.
"""

from typing import Final

from router.assignments import Assignments
from router.conversations import Conversation, Conversations
from router.errors import Refusal, Refused
from router.events import AgentChanged, Event, LineMoved
from router.ids import AgentId
from router.in_force import InForce
from router.matching import Pool
from router.offers import Offers
from router.ops import OpMemory
from router.people import People
from router.policy import AgentEntry, Policy, Queue
from router.presence import Agent, Customer
from router.queue import Line
from router.skills import Profile, Requirement, levels, meets, merge_needs
from router.states import Reachability, Show
from router.timers import Timers

__all__ = ["World"]

_AgentChanged: Final = AgentChanged
_LineMoved: Final = LineMoved
"""What is final is not looked up by name where the core is compiled."""


class World:
    """Everything that a tenant's core knows."""

    def __init__(self, tenant: str) -> None:
        self.tenant = tenant
        self.now_ms = 0
        self.position = 0
        self.timers = Timers()
        self.people = People()
        self.line = Line()
        self.pool = Pool(self.line)
        self.conversations = Conversations()
        self.offers = Offers()
        self.assignments = Assignments()
        self.ops = OpMemory()
        self.assignment_count = 0
        self.looks_at_each = False
        """Whether every offer is looked at for overtaking, not a sample: for tests."""
        self.events: list[Event] = []
        self.touched: dict[str, None] = {}
        """Agents whose presence, load or capacity may have changed."""
        self.unsettled: dict[str, None] = {}
        """Conversations that may find an agent now."""
        self.narrowed: dict[str, None] = {}
        """Conversations that came back or ask for something else: perhaps nobody can serve them."""
        self.reviewed_generation = 0
        """The profiles among the signed in for which those held were looked at; derived."""
        self.moved: dict[str, str] = {}
        """Queues whose places may have changed, and what may have made them grow."""
        self.keepers: dict[str, dict[str, None]] = {}
        """By agent, the conversations for which room is kept; follows from their counts."""
        self.policy = Policy()
        self.in_force = InForce(self.policy)
        """The same policy, as each decision asks for it."""
        self.filed_policy: Policy | None = None
        """What the settings said when they were last put in force; None before any node told."""
        self.policy_at = 0
        """The position at which the policy was put in force; 0 as long as ``filed_policy`` is None,
        for a state that older journals lead to must stay what it was."""
        self.queues: dict[str, Queue] = {}
        self.directory: dict[str, AgentEntry] = {}
        self.channels: tuple[str, ...] = ()
        self.rooms: tuple[tuple[str, int, bool], ...] = ()
        """By channel, its cost in thousandths, and whether it interrupts a full total."""
        self.big: tuple[str, ...] = ()
        """The channels that may be too big for the room an agent has left."""
        self.arrivals: dict[str, list[int]] = {}
        """By queue, of the newest arrivals which carried a head start (1) and which did not (0)."""
        self.looks: dict[str, list[int]] = {}
        """By person and purpose, when transcripts were looked into in the last hour."""
        self.closed_queues: dict[str, None] = {}
        self.closed_brands: dict[str, None] = {}

    def put_policy(self, policy: Policy) -> None:
        """Puts a policy in force and derives from it what is looked up often."""
        self.policy = policy
        self.in_force = InForce(policy)
        self.queues = {queue.id: queue for queue in policy.queues}
        self.directory = {entry.id: entry for entry in policy.agents}
        self.channels = tuple(
            sorted({channel for queue in policy.queues for channel in queue.channels})
        )
        self.rooms = tuple(
            (channel, 1000 * self.cost(channel), channel in policy.interrupts)
            for channel in self.channels
        )
        self.big = tuple(
            channel
            for channel in self.channels
            if policy.passed_over_max
            and self.cost(channel) > 1
            and channel not in policy.interrupts
        )

    def note_policy(self, policy: Policy, *, from_file: bool) -> None:
        """Remembers where a policy comes from that the command in hand puts in force."""
        if from_file:
            self.filed_policy = policy
        if self.filed_policy is not None:
            self.policy_at = self.position

    def emit(self, event: Event) -> None:
        """Reports a fact."""
        self.events.append(event)

    def queue(self, name: str) -> Queue:
        """The queue of this id.

        Raises:
            Refused: NOT_FOUND.
        """
        queue = self.queues.get(name)
        if queue is None:
            raise Refused(Refusal.NOT_FOUND, f"there is no queue {name!r}")
        return queue

    def preview_max(self, name: str) -> int:
        """So many characters of a first message are in this queue's offers."""
        queue = self.queues.get(name)
        return 0 if queue is None else queue.offer_preview

    def agent(self, name: str) -> Agent:
        """The agent of this id.

        Raises:
            Refused: NOT_FOUND.
        """
        agent = self.people.agents.get(name)
        if agent is None:
            raise Refused(Refusal.NOT_FOUND, f"there is no agent {name!r}")
        return agent

    def customer_of(self, conversation: Conversation) -> Customer:
        """The customer whose conversation it is."""
        return self.people.customers[conversation.customer]

    def cost(self, channel: str) -> int:
        """What one conversation of a channel takes of an agent's total."""
        return self.in_force.cost.get(channel, 1)

    def default_class(self) -> str:
        """The class of whoever has none."""
        return self.in_force.default_class

    def head_start_ms(self, klass: str) -> int:
        """The head start of a class; nothing for a class that the policy does not know."""
        return self.in_force.head_starts.get(klass, 0)

    def touch(self, agent: Agent) -> None:
        """Marks an agent as changed."""
        self.touched[agent.id] = None

    def move(self, queue: str, cause: str = "") -> None:
        """Marks a queue's places as changed; the first cause of growth is the one told."""
        self.moved[queue] = self.moved.get(queue) or cause

    def flexibility(self, profile: Profile) -> int:
        """Queues whose needs the profile meets, times languages it speaks."""
        served = sum(
            meets(profile, Requirement(needs=merge_needs((n.skill, n.level) for n in queue.needs)))
            for queue in self.policy.queues
        )
        return served * max(1, len(profile.languages))

    def directory_profile(
        self,
        agent: str,
        skills: dict[str, int] | None,
        languages: dict[str, int] | None,
        brands: tuple[str, ...] | None,
    ) -> Profile:
        """What the agent can do: the token's word where it has one, else the directory's."""
        entry = self.directory.get(agent)
        if entry is not None:
            skills = dict(entry.skills) if skills is None else skills
            languages = dict(entry.languages) if languages is None else languages
            brands = entry.brands if brands is None else brands
        return Profile(
            skills=levels(skills or {}),
            languages=levels(languages or {}),
            brands=tuple(sorted(brands or ())),
        )

    def refresh(self, agent: Agent) -> bool:
        """Brings the pool up to date with an agent; True where the agent can take work."""
        room = self.room_of(agent)
        if room is None:
            self.pool.occupy(agent.id)
            return False
        self.pool.free(agent.id, *room, (agent.idle_since_ms, agent.idle_order))
        return True

    def room_of(self, agent: Agent) -> tuple[tuple[str, ...], int] | None:
        """The channels on which the agent can take work, and the load; None where there are none.

        The pool learns whether the agent is at work, but not yet whether they are free.
        """
        pool, name = self.pool, agent.id
        if not pool.knows(name):
            return None
        here = agent.reach is Reachability.REACHABLE
        pool.work(name, is_working=here and agent.show is Show.AVAILABLE)
        if not agent.takes_offers():
            return None
        defaults = self.in_force.capacity
        total, held = agent.capacity_of("total", defaults), agent.held_total()
        left = 1000 * total - held
        channels = tuple(
            [
                channel
                for channel, cost, interrupts in self.rooms
                if (interrupts or cost <= left)
                and (not agent.channels or agent.channels.get(channel, True))
                and agent.has_place(channel, defaults)
            ]
        )
        if not channels:
            return None
        return channels, min(1000, held // total) if total else 1000

    def ahead(self, conversation: Conversation) -> int | None:
        """How many stand before a conversation; None where it has no place in line.

        Counted are the smaller keys that a signed-in agent could take instead.
        """
        if not conversation.is_in_line or conversation.parked:
            return None
        if conversation.id not in self.line:
            return 0
        lane, place = self.line.where(conversation.id)
        return self.pool.ahead(lane, place)

    def flush_marks(self) -> None:
        """Turns the marks of agents and queues into events."""
        events = self.events
        for name in self.touched:
            agent = self.people.agents[name]
            show = agent.seen_show()
            events.append(_AgentChanged(AgentId(name), agent.shown, show, agent.seen_reason()))
            agent.shown = show
        self.touched.clear()
        for queue, cause in self.moved.items():
            events.append(_LineMoved(queue, cause))
        self.moved.clear()
