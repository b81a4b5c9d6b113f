"""Customers: those who ask once in a while and leave when their patience ends, and loud ones.

Owns: one customer's conversations, one after the other, and what they may expect.
Does not know: how agents work, how anything is judged.

Invariant (tests/loadtest/test_visitors.py): an arrival never waits for another one's answer; a
customer gives up ``patience`` after the moment at which they meant to ask.
"""

import contextlib

import trio

from loadtest.arrivals import Arrival
from loadtest.notes import Visit, now
from loadtest.staying import Crew, Person
from loadtest.wire import Message, PartOverError, refusal

__all__ = ["Customer", "Shouter"]

EVENT_WITHIN_S = 10.0
TOLD_WITHIN_S = 2.0
CLASSES = ("regular", "priority")


class Customer(Person):
    """One customer with one connection."""

    role = "customer"

    def __init__(self, crew: Crew, name: str, tenant: int, *, has_priority: bool = False) -> None:
        super().__init__(crew, name, tenant)
        self.has_priority = has_priority
        self._claims = {"class": CLASSES[has_priority], "verified": True}
        self._visit: Visit | None = None
        self._turn = trio.Event()
        self._over = trio.Event()

    @property
    def is_waiting(self) -> bool:
        """Whether a conversation of this customer is not over."""
        return self._visit is not None and bool(self._visit.id) and not self._visit.ended

    @property
    def is_found(self) -> bool:
        """Whether the server knew it when last asked for everything."""
        return self._visit is not None and self._visit.is_there

    def open_visit(self, arrival: Arrival, due: float, *, is_loud: bool = False) -> Visit:
        """Begins the record of an arrival."""
        visit = Visit(
            number=arrival.number,
            type=arrival.type,
            line=arrival.line,
            due=due,
            sent=now(),
            patience=arrival.patience,
            has_priority=self.has_priority,
            is_loud=is_loud,
        )
        self._crew.notes.sheet.visits.append(visit)
        self._visit, self._turn, self._over = visit, trio.Event(), trio.Event()
        return visit

    async def visit(self, arrival: Arrival, due: float) -> None:
        """Asks, waits, talks; returns when it is over, however it ends."""
        visit = self.open_visit(arrival, due)
        with contextlib.suppress(PartOverError):
            await self._ask(visit)
        self._visit = None

    async def _ask(self, visit: Visit) -> None:
        await self.up.wait()
        visit.sent = now()
        reply = await self.do(
            "conversation.request",
            due=visit.due,
            then=self._acknowledged,
            op=self.op(),
            queue=visit.line,
            channel="chat",
        )
        if not reply["ok"]:
            visit.refused = refusal(reply)
            self.faults(f"refused.conversation.request.{visit.refused}", str(reply.get("err")))
            return
        with trio.move_on_at(self._crew.deadline(visit.due + visit.patience)):
            await self._turn.wait()
        if not self._turn.is_set():
            await self._hang_up(visit)
        await self._over.wait()

    async def _hang_up(self, visit: Visit) -> None:
        """Leaves the line, unless an agent was a moment earlier."""
        visit.cancelled = now()
        reply = await self.do("conversation.cancel", conversation=visit.id)
        visit.is_crossed = not reply["ok"]
        if not reply["ok"] and refusal(reply) != "invalid_transition":
            self.faults(f"refused.conversation.cancel.{refusal(reply)}", str(reply.get("err")))
            raise PartOverError
        with trio.move_on_after(EVENT_WITHIN_S):
            await (self._over if reply["ok"] else self._turn).wait()

    # Inside the reader

    def _acknowledged(self, reply: Message) -> None:
        visit = self._visit
        if visit is None or visit.id:
            return  # the same operation, answered again
        conversation = reply.get("conversation")
        if not isinstance(conversation, str) or not conversation:
            self.faults("reply.malformed", f"conversation.request: {reply}")
            return
        visit.has_joined = bool(reply.get("joined"))
        if visit.has_joined and not visit.is_loud:
            self.faults("request.joined", "a first conversation went into another one")
        visit.id, visit.acknowledged = conversation, now()
        wait = reply.get("wait_ms")
        if isinstance(wait, dict):
            visit.estimate_p50_ms = int(wait.get("p50", -1))
            visit.estimate_p90_ms = int(wait.get("p90", -1))
        if reply.get("status") == "active":
            self._assigned(visit, reply)

    def hello_fields(self) -> dict[str, object]:
        """What is over meanwhile is told once more if it is named."""
        visit = self._visit
        return {"seen": {visit.id: 0}} if visit is not None and self.is_waiting else {}

    def on_welcome(self, welcome: Message) -> None:
        """Learns what happened to the conversation meanwhile."""
        visit = self._visit
        if visit is None or not visit.id:
            return
        for known in welcome.get("state", {}).get("conversations", ()):
            if known.get("conversation") != visit.id:
                continue
            visit.is_there = True
            if known.get("status") == "ended":
                self._ended(visit, {**known, "pos": welcome["pos"]})
            elif known.get("status") in ("active", "wrap_up") and not visit.assigned:
                self._assigned(visit, known)

    def on_lost(self) -> None:
        """Who waits while away is passed over, and keeps the place."""
        if self._visit is not None and not self._visit.assigned:
            self._visit.was_away = True

    def on_event(self, event: Message) -> None:
        """Takes an event about the conversation; an agent's message is answered."""
        kind, visit = event["t"], self._visit
        if visit is None or event.get("conversation") != visit.id:
            return
        if kind == "conversation.assigned":
            self._assigned(visit, event)
        elif kind == "conversation.ended":
            self._ended(visit, event)
        elif kind == "message" and event.get("from", {}).get("role") == "agent":
            self.hear_body(event.get("body"))
            self._crew.nursery.start_soon(self._answer, visit)

    def _assigned(self, visit: Visit, event: Message) -> None:
        if visit.ended:
            self.faults("event.after_end", "conversation.assigned after conversation.ended")
            return
        agent = event.get("agent")
        visit.agent = str(agent.get("id", "")) if isinstance(agent, dict) else visit.agent
        visit.assignments += 1
        visit.assigned = visit.assigned or now()
        self._turn.set()

    def _ended(self, visit: Visit, event: Message) -> None:
        if visit.ended:
            self.faults("event.after_end", "conversation.ended twice")
            return
        visit.ended, visit.ended_pos = now(), int(event.get("pos", 0))
        visit.reason = str(event.get("reason") or "none")
        self._turn.set()
        self._over.set()

    async def _answer(self, visit: Visit) -> None:
        """Says something back, unless it is over by then."""
        if visit.ended:
            return
        with contextlib.suppress(PartOverError):
            reply = await self.do(
                "message.send", conversation=visit.id, op=self.op(), body=self.say_body()
            )
            if not reply["ok"] and not visit.ended and refusal(reply) != "invalid_transition":
                self.faults(f"refused.message.send.{refusal(reply)}", str(reply.get("err")))


class Shouter(Customer):
    """A loud customer: one person, many tabs, who asks again and writes while they wait."""

    def __init__(self, crew: Crew, name: str, tenant: int, tabs: int) -> None:
        super().__init__(crew, name, tenant)
        self.tabs = [Tab(crew, name, tenant) for _ in range(tabs - 1)]

    async def shout(self, line: str, number: int, ends: float) -> None:
        """Is served like anybody, again and again until ``ends``, and loud meanwhile."""
        while now() < ends:
            arrival = Arrival(
                number=number,
                at=0.0,
                line=line,
                tenant=self.tenant,
                patience=3_600.0,
                has_priority=False,
            )
            visit = self.open_visit(arrival, now(), is_loud=True)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._rave, visit)
                with contextlib.suppress(PartOverError):
                    await self._ask(visit)
                nursery.cancel_scope.cancel()
            number += 1
            await trio.sleep(0.5)

    async def _rave(self, visit: Visit) -> None:
        """Asks again, writes, closes and opens tabs; whatever is refused is only counted."""
        pause = 1 / self._crew.scenario.customers.loud.per_second
        turn = 0
        while True:
            await trio.sleep(pause)
            if not visit.id or visit.assigned:
                continue
            tab = self.tabs[turn % len(self.tabs)] if self.tabs else self
            turn += 1
            with contextlib.suppress(PartOverError):
                await self._make_noise(tab, visit, turn)

    async def _make_noise(self, tab: Person, visit: Visit, turn: int) -> None:
        if turn % 3 == 0 and tab is not self:
            tab.cut()
            return
        if turn % 3 == 1:
            reply = await tab.do(
                "conversation.request", op=tab.op(), queue=visit.line, channel="chat"
            )
            if reply["ok"] and reply.get("conversation") != visit.id:
                await self._give_back(tab, visit, reply["conversation"])
        else:
            reply = await tab.do(
                "message.send", conversation=visit.id, op=tab.op(), body="Is anybody there?!"
            )
        if not reply["ok"]:
            self._crew.notes.sheet.hushed += 1

    async def _give_back(self, tab: Person, visit: Visit, second: str) -> None:
        """A second one is rightful only once the first was given to somebody."""
        await trio.sleep(TOLD_WITHIN_S)
        if not visit.assigned and not visit.ended:
            self.faults("loud.second_place", f"{second} beside {visit.id}")
        await tab.do("conversation.cancel", conversation=second)


class Tab(Person):
    """One more window of a loud customer; it only makes noise."""

    role = "customer"
