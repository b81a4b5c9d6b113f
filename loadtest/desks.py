"""Agents: they look at an offer for a while, take it or not, talk, end, and wrap up.

Owns: one agent's offers and conversations at a time, and the earliest moment at which the server
could have offered the next.
Does not know: customers' patience, how anything is judged.

Invariant (tests/loadtest/test_desks.py): ``not_before`` of an offer is never later than the
moment at which the server could first make it: the agent sent what made it able to, or more.
"""

import contextlib
import math

import trio

from loadtest.notes import Offer, Stint, now
from loadtest.scenario import Desks, Line
from loadtest.staying import Crew, Person
from loadtest.wire import Message, PartOverError, refusal

__all__ = ["Agent"]

SEEN_FROM_S = 0.5
"""A slower answer is announced by ``offer.seen``; below it the answer itself is soon enough."""
EVENT_WITHIN_S = 10.0
BACK_AFTER_S = 1.0
TALK_SPREAD = 0.5


class Agent(Person):
    """One agent with one connection."""

    role = "agent"

    def __init__(self, crew: Crew, name: str, tenant: int, group: Desks) -> None:
        super().__init__(crew, name, tenant)
        lines = group.lines or tuple(crew.lines)
        self.group = group
        self._claims = {"name": name, "skills": dict.fromkeys(lines, 100)}
        self._pending: Offer | None = None
        self._line_of: dict[str, str] = {}
        self._serving: dict[str, Stint] = {}
        self._ended: set[str] = set()
        self._unseen: dict[str, Stint] = {}
        self._freed_at = 0.0  # by others, and heard of then
        """Those whose end was not read yet; it may come behind the reply that begins the next."""
        self._able_since = math.inf
        self._has_greeted = False

    def _drawn(self, mean: float) -> float:
        """A time around the mean, log-normal."""
        if not mean:
            return 0.0
        return self._crew.chance.lognormvariate(math.log(mean) - TALK_SPREAD**2 / 2, TALK_SPREAD)

    async def greet(self) -> None:
        """Is there for offers, from the first connection on."""
        if not self._has_greeted:
            self._has_greeted, self._able_since = True, now()
        await self.do("presence.set", show="available", channels={"chat": True})

    # Work

    async def _consider(self, offer: Offer) -> None:
        """Looks at an offer and takes it, or declines, or misses it."""
        group, chance = self.group, self._crew.chance
        lot, seconds = chance.random(), self._drawn(group.accepts_after)
        with contextlib.suppress(PartOverError):
            if lot < group.misses:
                offer.answer = "miss"
                await self.do("offer.seen", offer=offer.id)
                return
            if seconds >= SEEN_FROM_S:
                await self.do("offer.seen", offer=offer.id)
            due = offer.at + seconds
            await self._crew.until(due)
            await self.up.wait()  # the next ``welcome`` says whether it is still to be answered
            if offer.outcome or offer.is_agent_gone:
                return
            if lot < group.misses + group.declines:
                offer.answer = "decline"
                self._able_since = now()
                await self._answer(offer, "offer.decline", due)
                return
            offer.answer = "accept"
            if len(self._serving) + 1 < group.capacity:
                self._able_since = now()
            await self._answer(offer, "offer.accept", due)

    async def _answer(self, offer: Offer, kind: str, due: float) -> None:
        reply = await self.do(kind, due=due, offer=offer.id)
        is_gone = refusal(reply) in ("offer_gone", "not_found") if not reply["ok"] else False
        if not reply["ok"] and not is_gone:
            self.faults(f"refused.{kind}.{refusal(reply)}", str(reply.get("err")))

    async def _serve(self, stint: Stint, line: str) -> None:
        """Talks, ends it, does the work after it."""
        try:
            with contextlib.suppress(PartOverError):
                await self._talk(stint, self._crew.lines[line])
        finally:
            self._leave(stint)

    async def _talk(self, stint: Stint, plan: Line) -> None:
        gap = self._drawn(plan.talk) / (plan.messages + 1)
        due, conversation = stint.at + gap, stint.conversation
        for _ in range(plan.messages):
            await self._crew.until(due)
            if not self._holds(stint):
                return
            await self._say(stint, due)
            due += gap
        await self._crew.until(due)
        if not self._holds(stint):
            return
        self._note_able(has_wrap_up=bool(plan.wrap_up))
        reply = await self.do(
            "conversation.end",
            due=due,
            then=lambda _: self._ended.add(conversation),
            conversation=conversation,
        )
        if not reply["ok"] and self._holds(stint):
            self.faults(f"refused.conversation.end.{refusal(reply)}", str(reply.get("err")))
        if plan.wrap_up and reply["ok"]:
            await trio.sleep(self._drawn(plan.wrap_up))
            self._note_able(has_wrap_up=False)
            await self.do("wrapup.complete", conversation=conversation)

    def _note_able(self, *, has_wrap_up: bool) -> None:
        """What is sent now frees a place; without it nobody could have been offered."""
        if not has_wrap_up and len(self._serving) >= self.group.capacity:
            self._able_since = now()

    async def _say(self, stint: Stint, due: float) -> None:
        reply = await self.do(
            "message.send",
            due=due,
            conversation=stint.conversation,
            op=self.op(),
            body=self.say_body(),
        )
        if not reply["ok"] and self._holds(stint):
            self.faults(f"refused.message.send.{refusal(reply)}", str(reply.get("err")))

    def _holds(self, stint: Stint) -> bool:
        return self._serving.get(stint.conversation) is stint and not stint.has_seen_end

    def _leave(self, stint: Stint) -> None:
        stint.until = stint.until or now()
        self._ended.discard(stint.conversation)
        if self._serving.get(stint.conversation) is stint:
            del self._serving[stint.conversation]

    # Inside the reader

    def hello_fields(self) -> dict[str, object]:
        """Nobody could be offered while no device answered: ``hello`` makes able again."""
        if self._able_since is math.inf:
            self._able_since = now()
        return {}

    def on_welcome(self, welcome: Message) -> None:
        """What is not mine any more is lost, what came meanwhile is mine."""
        state = welcome.get("state", {})
        open_ids = {
            str(each.get("conversation")): each
            for each in state.get("conversations", ())
            if each.get("status") in ("active", "wrap_up")
        }
        for conversation, stint in list(self._serving.items()):
            if conversation not in open_ids:
                if conversation in self._ended:
                    stint.has_seen_end = True  # its absence tells
                stint.is_lost = not stint.has_seen_end
                self._leave(stint)
        for conversation, each in open_ids.items():
            if conversation not in self._serving and each.get("status") == "active":
                self._begin(conversation, str(each.get("queue")), welcome["pos"])
        self._take_offers(
            {str(each.get("offer")): each for each in state.get("offers", ())}, welcome
        )

    def _take_offers(self, offers: dict[str, Message], welcome: Message) -> None:
        """What was offered before and still is."""
        if self._pending is not None:
            self._pending.is_agent_gone = self._pending.id not in offers
            if self._pending.is_agent_gone:
                self._pending = None
        for name, each in offers.items():
            if self._pending is None or self._pending.id != name:
                self._offered({**each, "pos": welcome["pos"]}, was_made_before=True)

    def on_lost(self) -> None:
        """What is pending may end without this agent hearing of it."""
        if self._pending is not None:
            self._pending.is_agent_gone = True
        self._able_since = math.inf

    def on_event(self, event: Message) -> None:
        """Takes an event by its type."""
        match event["t"]:
            case "offer.new":
                self._offered(event)
            case "offer.ended":
                self._offer_ended(event)
            case "conversation.assigned":
                conversation = str(event.get("conversation"))
                line = self._line_of.pop(conversation, "") or self._line_in(event)
                self._begin(conversation, line, event["pos"])
            case "conversation.ended":
                stint = self._unseen.pop(str(event.get("conversation")), None)
                if stint is not None:
                    stint.has_seen_end = True
            case "message" if event.get("from", {}).get("role") == "customer":
                self.hear_body(event.get("body"))
            case "presence.self" if event.get("reason") == "missed":
                self._crew.nursery.start_soon(self._return)

    def _line_in(self, event: Message) -> str:
        return str(event.get("queue") or next(iter(self._crew.lines)))

    def _offered(self, event: Message, *, was_made_before: bool = False) -> None:
        offer = Offer(
            id=str(event.get("offer")),
            agent=self.name,
            conversation=str(event.get("conversation")),
            pos=event["pos"],
            at=now(),
            not_before=0.0 if was_made_before else self._able_since,
            is_untimed=self._freed_at > self._able_since,
        )
        if self._pending is not None and not self._pending.is_agent_gone:
            self.faults("offer.second", f"{offer.id} while {self._pending.id} is pending")
        if len(self._serving) > self.group.capacity:
            self.faults("offer.over_capacity", f"{offer.id} beside {len(self._serving)}")
        self._crew.notes.sheet.offers.append(offer)
        self._line_of[offer.conversation] = str(event.get("queue"))
        self._pending = offer
        self._crew.nursery.start_soon(self._consider, offer)

    def _offer_ended(self, event: Message) -> None:
        offer = self._pending
        if offer is None or offer.id != event.get("offer"):
            return
        offer.outcome, offer.ended_pos = str(event.get("outcome")), event["pos"]
        self._pending = None
        if offer.outcome != "accepted":
            self._line_of.pop(offer.conversation, None)
            if offer.outcome != "declined":
                self._freed_at = now()

    def _begin(self, conversation: str, line: str, position: int) -> None:
        if conversation in self._serving:
            return
        stint = Stint(agent=self.name, conversation=conversation, pos=position, at=now())
        self._crew.notes.sheet.stints.append(stint)
        self._serving[conversation] = self._unseen[conversation] = stint
        if len(self._serving) > self.group.capacity:
            self.faults("assigned.over_capacity", f"{len(self._serving)} at a time")
        self._crew.nursery.start_soon(self._serve, stint, line)

    async def _return(self) -> None:
        """Comes back after too many missed offers."""
        await trio.sleep(BACK_AFTER_S)
        with contextlib.suppress(PartOverError):
            self._able_since = now()
            await self.do("presence.set", show="available")
