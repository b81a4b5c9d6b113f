"""What the people of a benchmark do all day: agents who take and answer, customers who ask.

Owns: their habits, and what they noticed: how long an offer took, how long a message.
Does not know: which benchmark they are part of.

Each waits for what the protocol says comes next, and fails the benchmark when it does not come.
"""

from collections.abc import Callable

import trio

from router.bench.crowd import Fields, Gone, Member, join
from router.bench.servers import token

__all__ = ["PATIENCE_S", "Notes", "customer", "enter", "percentile", "talk", "work"]

PATIENCE_S = 60.0
BODY = "I have looked at your bill, and the second charge was ours to refund."


class Notes:
    """What was measured, in seconds."""

    def __init__(self) -> None:
        self.offer_s: list[float] = []
        """From a request to the offer of it, as the agent gets it."""
        self.message_s: list[float] = []
        """From sending a message to its arrival at the other side."""
        self.conversations = 0
        self.skipped = 0
        self.offered_at: dict[str, float] = {}


async def enter(port: int, role: str, name: str, **hello: object) -> Member:
    """Connects and is welcomed.

    Raises:
        Gone: The server sent them away.
    """
    member = await _join(port, name)
    with trio.fail_after(PATIENCE_S):
        answer = await member.hello(token(role, name), role, **hello)
    if answer["t"] != "welcome":
        raise Gone(int(answer["err"]["code"]))
    return member


async def _join(port: int, name: str) -> Member:
    """Connects, and tries again for a while: where all come at once, some come in vain."""
    for attempt in range(6):
        try:
            return await join(port, name)
        except Gone:
            await trio.sleep(0.1 * 2**attempt)
    return await join(port, name)


async def work(member: Member, notes: Notes) -> None:
    """An agent: takes every offer, answers every message; returns when the socket is over."""
    try:
        await member.say("presence.set", show="available")
        while True:
            for message in await member.hear():
                await _serve(member, notes, message)
    except Gone:
        return


async def _serve(member: Member, notes: Notes, message: Fields) -> None:
    match message["t"]:
        case "offer.new":
            notes.offered_at[message["conversation"]] = trio.current_time()
            await member.say("offer.seen", offer=message["offer"])
        case "message" if message["from"]["role"] == "customer" and message["body"] != "bye":
            conversation = message["conversation"]
            await member.say(
                "message.send",
                conversation=conversation,
                op=f"{conversation}.{message['seq']}",
                body=message["body"],
            )
        case "reply" if not message["ok"] and message["err"]["name"] == "rate_limited":
            raise RuntimeError("the load is above what a connection may do")


async def customer(
    port: int, name: str, op: str, notes: Notes, *, messages: int = 3, pause_s: float = 0.0
) -> None:
    """One visit: asks, waits, talks, ends it, and goes."""
    member = await enter(port, "customer", name)
    asked_at = trio.current_time()
    with trio.fail_after(PATIENCE_S + pause_s * messages):
        reply = await member.ask("conversation.request", op=op, channel="chat")
        if not reply["ok"]:
            raise RuntimeError(f"refused: {reply['err']}")
        conversation = reply["conversation"]
        if reply["status"] != "active":
            await member.until(_about("conversation.assigned", conversation))
        notes.offer_s.append(notes.offered_at.pop(conversation) - asked_at)
        for number in range(messages):
            await talk(member, conversation, f"{op}.{number}", notes)
            await trio.sleep(pause_s)
        await member.ask("conversation.end", conversation=conversation)
        await member.ask("bye", leave=True)
    await member.leave()
    notes.conversations += 1


async def talk(member: Member, conversation: str, op: str, notes: Notes) -> None:
    """Says something and waits for what the agent says to it: two messages on their way."""
    sent_at = trio.current_time()
    await member.say("message.send", conversation=conversation, op=op, body=BODY)
    await member.until(lambda each: each["t"] == "message" and each["from"]["role"] == "agent")
    notes.message_s.append((trio.current_time() - sent_at) / 2)


def percentile(values: list[float], share: float) -> float:
    """The value that this share of them does not pass, in milliseconds."""
    if not values:
        return float("nan")
    ordered = sorted(values)
    return round(1e3 * ordered[min(int(len(ordered) * share), len(ordered) - 1)], 2)


def _about(kind: str, conversation: str) -> Callable[[Fields], bool]:
    return lambda each: each["t"] == kind and each.get("conversation") == conversation
