"""Virtual customers and agents: one task and one socket each, living their part of the plan.

Owns: what a person does next, and what a person may expect of the server at that point.
Does not know: frames and ids, how the day was planned, or the judgement at the end.
Invariants: a customer asks once and leaves when patience ends; an agent holds at most one
conversation, finishes it before leaving, and ends what it took.

Two things may cross on the way and are nobody's fault: a customer cancels while an agent
accepts. Then either the cancel is refused (115) because the conversation is assigned, or the
accept is refused (113, outcome ``withdrawn``) because it is gone. Both are counted as crossed.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import trio

from loadtest.day import AgentPlan, CustomerPlan
from loadtest.ledger import Assignment, Conversation, Ledger, Offer
from loadtest.tokens import Key, mint
from loadtest.wire import Connection, Message, PartOverError, converse, refusal

__all__ = ["Agent", "Clock", "Customer", "World"]

EVENT_WITHIN_S = 10.0
"""How long after a reply the event that it announces may take."""
SEEN_FROM_S = 0.5
"""A slower answer is announced by ``offer.seen``; below it the answer itself is soon enough."""


@dataclass(frozen=True)
class Clock:
    """Maps seconds of the recorded day to the generator's clock and back."""

    begins_s: float
    started_s: float
    speed: float

    def at(self, day_s: float) -> float:
        """The instant of the generator's clock at which the day's clock shows ``day_s``."""
        return self.started_s + (day_s - self.begins_s) / self.speed

    def day_s(self, now_s: float) -> float:
        """What the day's clock shows now."""
        return self.begins_s + (now_s - self.started_s) * self.speed


@dataclass(frozen=True)
class World:
    """What everybody shares: where the server is, the clock, the names, the ledger."""

    url: str
    tenant: str
    key: Key
    queue: str
    clock: Clock
    ledger: Ledger
    run: str
    reaction_s: float = 1.0
    classes: tuple[str, str] = ("regular", "priority")

    def connection(self, who: str, on_event: Callable[[Message], None]) -> Connection:
        """Prepares a connection of one person."""
        return Connection(who=who, faults=self.ledger.faults, on_event=on_event, op_prefix=self.run)

    def token(self, role: str, subject: str, **claims: object) -> str:
        """Mints a token of this tenant."""
        return mint(self.key, tenant=self.tenant, role=role, subject=subject, **claims)


class Customer:
    """One caller of the recorded day: connects, asks, waits, is served or gives up, leaves."""

    def __init__(self, plan: CustomerPlan, world: World) -> None:
        self.plan = plan
        self._world = world
        self._ledger = world.ledger
        # A person of its own per call: the recorded line had no rule of one place per customer.
        self.id = f"{plan.call.customer or 'anonymous'}-{plan.number}-{world.run}"
        self._connection = world.connection(self.id, self._on_event)
        self._conversation: Conversation | None = None
        self._turn = trio.Event()
        self._over = trio.Event()

    async def run(self) -> None:
        """Lives the whole part; returns when the customer is gone."""
        await converse(self._world.url, self._connection, self._ledger.faults, self._call)
        if self._conversation is not None:
            self._ledger.forget_request(self._conversation)

    async def _call(self) -> None:
        begun_s = trio.current_time()
        name = self._world.classes[self.plan.has_priority]
        claims = {"class": name, "verified": True}
        await self._connection.hello(
            "customer", lambda: self._world.token("customer", self.id, **claims)
        )
        asked_s = trio.current_time()
        self._ledger.handshake_s.append(asked_s - begun_s)
        self._conversation = self._ledger.ask(self.plan, asked_s)
        await self._connection.demand(
            "conversation.request",
            then=self._acknowledged,
            op=self._connection.op(),
            queue=self._world.queue,
            channel="chat",
            needs=[{"skill": self.plan.type, "level": 1}],
        )
        if not self._conversation.is_acknowledged:
            return
        with trio.move_on_at(asked_s + self.plan.patience_s / self._world.clock.speed):
            await self._turn.wait()
        if not self._turn.is_set():
            await self._hang_up(self._conversation)
        await self._over.wait()
        await self._connection.bye()

    async def _hang_up(self, conversation: Conversation) -> None:
        """Leaves the line, unless an agent was a moment earlier."""
        conversation.cancelled_s = trio.current_time()
        reply = await self._connection.ask("conversation.cancel", conversation=conversation.id)
        if not reply["ok"] and refusal(reply) != "invalid_transition":
            self._connection.refused("conversation.cancel", reply)
            raise PartOverError
        with trio.move_on_after(EVENT_WITHIN_S):
            await (self._over if reply["ok"] else self._turn).wait()
            conversation.is_crossed = not reply["ok"]
            return
        if reply["ok"]:
            self._fault("ended.missing", "cancelled, and no conversation.ended came")
        else:
            self._connection.refused("conversation.cancel", reply)
        raise PartOverError

    def _acknowledged(self, reply: Message) -> None:
        assert self._conversation is not None
        conversation_id = reply.get("conversation")
        if not isinstance(conversation_id, str) or not conversation_id:
            self._fault("reply.malformed", f"conversation.request: {reply}")
            return
        if reply.get("joined"):
            self._fault("request.joined", "a first conversation went into another one")
        self._ledger.acknowledge(self._conversation, conversation_id, trio.current_time())

    def _on_event(self, event: Message) -> None:
        kind = event["t"]
        if kind not in ("conversation.assigned", "conversation.ended"):
            return
        conversation = self._conversation
        if conversation is None or event.get("conversation") != conversation.id:
            self._fault("event.foreign", f"{kind} of {event.get('conversation')!r}")
        elif conversation.is_over:
            self._fault("event.after_end", f"{kind} after conversation.ended")
        elif kind == "conversation.assigned":
            self._assigned(conversation, event)
        else:
            reason = str(event.get("reason") or "none")
            self._ledger.ends(conversation, reason, event["pos"], trio.current_time())
            self._turn.set()
            self._over.set()

    def _assigned(self, conversation: Conversation, event: Message) -> None:
        agent = event.get("agent")
        name = str(agent.get("id", "")) if isinstance(agent, dict) else ""
        if conversation.assigned_s:
            self._fault("assigned.twice", f"to {conversation.assigned_to}, then to {name}")
            return
        self._ledger.turn_comes(conversation, name, trio.current_time())
        self._turn.set()

    def _fault(self, kind: str, example: str) -> None:
        self._ledger.faults.count(kind, f"{self.id}: {example}")


class Agent:
    """One agent of the recorded day: signs in, takes what is offered, leaves at the shift's end."""

    def __init__(self, plan: AgentPlan, world: World) -> None:
        self.plan = plan
        self._world = world
        self._ledger = world.ledger
        self._connection = world.connection(plan.id, self._on_event)
        self._pending: Offer | None = None
        self._serving = ""
        self._freed_s = 0.0
        self._is_assigned = trio.Event()
        self._send_inbox, self._inbox = trio.open_memory_channel[Offer | None](math.inf)

    def dismiss(self) -> None:
        """Sends the agent home early: nobody is left to serve."""
        self._send_inbox.send_nowait(None)

    async def run(self) -> None:
        """Waits for the shift, lives it, returns when signed out."""
        clock = self._world.clock
        with trio.move_on_at(clock.at(self.plan.signs_in_s)):
            await self._inbox.receive()
            return
        await converse(self._world.url, self._connection, self._ledger.faults, self._work)
        self._ledger.agent_gone(self.plan.id, self._pending)

    async def _work(self) -> None:
        skills = dict.fromkeys(self.plan.skills, 100)
        welcome = await self._connection.hello(
            "agent",
            lambda: self._world.token("agent", self.plan.id, name=self.plan.id, skills=skills),
        )
        self._check_state(welcome)
        self._freed_s = trio.current_time()
        await self._connection.demand(
            "presence.set", then=self._free, show="available", channels={"chat": True}
        )
        while (offer := await self._next_offer()) is not None:
            await self._take(offer)
        self._ledger.agent_gone(self.plan.id, self._pending)
        await self._connection.bye()

    def _check_state(self, welcome: Message) -> None:
        """Nothing may be left of an earlier life: the replay begins with an empty server."""
        state = welcome.get("state")
        left = [state.get(part) for part in ("offers", "conversations")] if state else []
        if any(left):
            self._fault("state.leftover", f"signed in and found {left}")

    async def _next_offer(self) -> Offer | None:
        """Waits for an offer; none comes any more once the shift is over."""
        with trio.move_on_at(self._world.clock.at(self.plan.leaves_s)):
            return await self._inbox.receive()
        return None

    async def _take(self, offer: Offer) -> None:
        """Accepts, serves for the planned time, ends."""
        reaction_s = self._world.reaction_s / self._world.clock.speed
        if reaction_s >= SEEN_FROM_S:
            await self._connection.ask("offer.seen", offer=offer.id)
        await trio.sleep(reaction_s)
        if offer.outcome:
            return
        self._is_assigned = trio.Event()
        reply = await self._connection.ask("offer.accept", offer=offer.id)
        if not reply["ok"]:
            self._refused_offer(offer, reply)
            return
        with trio.move_on_after(EVENT_WITHIN_S) as waiting:
            await self._is_assigned.wait()
        if waiting.cancelled_caught:
            self._fault("assigned.missing", f"accepted {offer.id}, no conversation.assigned came")
            return
        await self._serve(offer.conversation)

    async def _serve(self, conversation_id: str) -> None:
        begun_s = trio.current_time()
        length_s = await self._length_s(conversation_id)
        await trio.sleep_until(begun_s + length_s / self._world.clock.speed)
        self._freed_s = trio.current_time()
        await self._connection.demand(
            "conversation.end", then=self._free, conversation=conversation_id
        )

    async def _length_s(self, conversation_id: str) -> float:
        """The planned service of this conversation; the customer may still be reading its id."""
        file = self._ledger.file(conversation_id)
        with trio.move_on_after(EVENT_WITHIN_S):
            await file.is_claimed.wait()
        if file.owner is None:
            self._fault("offer.foreign", f"{conversation_id} was asked for by nobody here")
            return 0.0
        return file.owner.plan.service_s

    def _refused_offer(self, offer: Offer, reply: Message) -> None:
        """Tells a crossing from a fault: the customer must have cancelled."""
        owner = self._ledger.file(offer.conversation).owner
        is_gone = refusal(reply) == "offer_gone"
        if is_gone and owner is not None and owner.cancelled_s:
            owner.is_crossed = True
        else:
            self._connection.refused("offer.accept", reply)

    # Inside the reader

    def _on_event(self, event: Message) -> None:
        handlers: dict[str, Callable[[Message], None]] = {
            "offer.new": self._offered,
            "offer.ended": self._offer_ended,
            "conversation.assigned": self._assigned,
            "conversation.ended": self._ended,
            "presence.self": self._shown,
        }
        handler = handlers.get(event["t"])
        if handler is not None:
            handler(event)

    def _offered(self, event: Message) -> None:
        offer = Offer(
            id=str(event.get("offer")),
            agent=self.plan.id,
            conversation=str(event.get("conversation")),
            pos=event["pos"],
            at_s=trio.current_time(),
            not_before_s=self._freed_s,
        )
        if offer.id in self._ledger.offers:
            self._fault("offer.twice", f"{offer.id} came again")
            return
        if self._pending is not None:
            self._fault("offer.second", f"{offer.id} while {self._pending.id} is pending")
        if self._serving:
            self._fault("offer.over_capacity", f"{offer.id} while serving {self._serving}")
        self._ledger.offered(offer)
        self._pending = offer
        self._send_inbox.send_nowait(offer)

    def _offer_ended(self, event: Message) -> None:
        offer = self._ledger.offers.get(str(event.get("offer")))
        if offer is None or offer.agent != self.plan.id:
            self._fault("offer.ended.foreign", f"{event.get('offer')!r} was never offered here")
            return
        if offer.outcome:
            self._fault("offer.ended.twice", f"{offer.id}: {offer.outcome}, then {event}")
            return
        offer.outcome, offer.ended_pos = str(event.get("outcome")), event["pos"]
        if self._pending is offer:
            self._pending = None
        if offer.outcome == "accepted":
            return
        self._ledger.agent_free(self.plan.id, trio.current_time())
        if not self._is_excused(offer):
            self._fault(f"offer.{offer.outcome}", f"{offer.id} of {offer.conversation}")

    def _is_excused(self, offer: Offer) -> bool:
        """An offer may end without an acceptance if the customer left or this agent does."""
        return offer.outcome == "withdrawn" or self._connection.leaving

    def _assigned(self, event: Message) -> None:
        conversation_id = str(event.get("conversation"))
        if self._serving:
            self._fault("assigned.over_capacity", f"{conversation_id} beside {self._serving}")
        self._serving = conversation_id
        assignment = Assignment(self.plan.id, event["pos"], trio.current_time())
        self._ledger.file(conversation_id).assignments.append(assignment)
        self._is_assigned.set()

    def _ended(self, event: Message) -> None:
        conversation_id = str(event.get("conversation"))
        self._ledger.file(conversation_id).has_agent_seen_end = True
        if self._serving == conversation_id:
            self._serving = ""

    def _shown(self, event: Message) -> None:
        if event.get("reason") == "missed":
            self._fault("presence.missed", f"set {event.get('show')!r} after missed offers")

    def _free(self, _reply: Message) -> None:
        self._serving = ""
        self._ledger.agent_free(self.plan.id, trio.current_time())

    def _fault(self, kind: str, example: str) -> None:
        self._ledger.faults.count(kind, f"{self.plan.id}: {example}")
