"""What a thousand clients that never read do to the server, and to everybody else.

Owns: two runs of the same server and the same load: one in which the thousand read what they are
sent (the calm one), one in which they never do. Does not know: how the server bounds anything.

The thousand are supervisors' screens: each listens to the board and to presence, and to a chat in
which somebody talks at length, so each is owed far more than the kernel holds for it. Meanwhile
pairs of agents and customers chat, and their messages are timed.
"""

import json as json_codec
from pathlib import Path
from typing import NamedTuple

import trio

from router.bench.crowd import Fields, Gone, Member, raise_file_limit, run_held
from router.bench.people import Notes, enter, percentile, talk, work
from router.bench.processes import Child
from router.bench.servers import fairline

__all__ = ["Load", "bench_slow", "run"]

ROOM = 16
"""So many may listen to one conversation."""
DEVICES = 25
PAIRS = 40
BODY = "x" * 8_000


class Load(NamedTuple):
    """How many, for how long, and how much."""

    screens: int = 1_000
    pairs: int = PAIRS
    seconds: float = 30.0
    shouts_per_s: float = 2.0
    """Long messages a second to each of the screens."""


class _Chat(NamedTuple):
    customer: Member
    conversation: str


def run(folder: Path, *, json: bool = False) -> None:
    """Prints the figures, as a table or as JSON."""
    figures = bench_slow(folder)
    if json:
        print(json_codec.dumps(figures, indent=2))  # noqa: T201 - a command's output
        return
    for row in figures["runs"]:
        print(  # noqa: T201
            f"{row['name']:<6} messages p50 {row['p50_ms']} ms, p99 {row['p99_ms']} ms"
            f"  ({row['messages']})  memory +{row['mib_grown']} MiB at most"
            f"  {row['cut']} of {row['screens']} screens cut"
        )
    print(  # noqa: T201
        f"with clients that never read, others wait {figures['p99_ratio']}x as long (p99);"
        f" memory grows by {figures['kib_each']} KiB for each of them"
    )


def bench_slow(folder: Path, load: Load | None = None) -> Fields:
    """Runs the calm server, then one whose thousand never read."""
    load = load or Load()
    raise_file_limit()
    rows = []
    for name in ("calm", "slow"):
        with fairline(folder) as server:
            figures = run_held(_measure, server, load, name == "calm")
            rows.append({"name": name, "screens": load.screens, **figures})
    calm, slow = rows
    return {
        "runs": rows,
        "p99_ratio": round(slow["p99_ms"] / calm["p99_ms"], 2),
        "p50_ratio": round(slow["p50_ms"] / calm["p50_ms"], 2),
        "kib_each": round(slow["mib_grown"] * 1024 / load.screens, 1),
    }


async def _measure(server: Child, load: Load, is_reading: bool) -> Fields:
    notes = Notes()
    async with trio.open_nursery() as nursery:
        for number in range(load.pairs):
            nursery.start_soon(work, await enter(server.port, "agent", f"a{number}"), notes)
        rooms = -(-load.screens // (ROOM * DEVICES))
        chats = [await _open_chat(server.port, f"c{number}") for number in range(load.pairs)]
        shouted = [await _open_chat(server.port, f"s{number}") for number in range(rooms)]
        screens = await _open_screens(server.port, load.screens, shouted, is_reading)
        cut = [0]
        if is_reading:
            for screen in screens:
                nursery.start_soon(_read, screen, cut)
        before = most = server.resident_bytes()
        for number, chat in enumerate(chats):
            nursery.start_soon(_chat_on, chat, number / load.pairs, notes)
        for chat in shouted:
            nursery.start_soon(_shout, chat, load.shouts_per_s)
        end = trio.current_time() + load.seconds
        while trio.current_time() < end:
            await trio.sleep(0.25)
            most = max(most, server.resident_bytes())
        if not is_reading:
            cut[0] = sum([await _is_cut(screen) for screen in screens])
        nursery.cancel_scope.cancel()
    return {
        "messages": len(notes.message_s),
        "p50_ms": percentile(notes.message_s, 0.5),
        "p99_ms": percentile(notes.message_s, 0.99),
        "mib_grown": round((most - before) / 1024**2, 1),
        "cut": cut[0],
    }


async def _open_chat(port: int, name: str) -> _Chat:
    member = await enter(port, "customer", name)
    reply = await member.ask("conversation.request", op="r", channel="chat")
    conversation = reply["conversation"]
    if reply["status"] != "active":
        await member.until(lambda each: each["t"] == "conversation.assigned")
    return _Chat(member, conversation)


async def _open_screens(
    port: int, count: int, shouted: list[_Chat], is_reading: bool
) -> list[Member]:
    """Opens the screens; each person has several, and joins once for all of them."""
    screens = []
    for number in range(count):
        person, device = divmod(number, DEVICES)
        member = await enter(port, "supervisor", f"b{person}", subs=["agents", "board"])
        if device == 0:
            conversation = shouted[person // ROOM].conversation
            reply = await member.ask("conversation.join", conversation=conversation, mode="monitor")
            if not reply["ok"]:
                raise RuntimeError(f"refused: {reply['err']}")
        if not is_reading:
            member.shrink()
        screens.append(member)
    return screens


async def _read(screen: Member, cut: list[int]) -> None:
    try:
        while True:
            await screen.skip()
    except Gone:
        cut[0] += 1


async def _is_cut(screen: Member) -> bool:
    """Reads what is left, to see whether there is an end behind it."""
    with trio.move_on_after(0.02):
        try:
            while True:
                await screen.skip()
        except Gone:
            return True
    return False


async def _chat_on(chat: _Chat, offset_s: float, notes: Notes) -> None:
    await trio.sleep(offset_s)
    for number in range(10**9):
        began = trio.current_time()
        await talk(chat.customer, chat.conversation, f"m{number}", notes)
        await trio.sleep_until(began + 1.0)


async def _shout(chat: _Chat, per_s: float) -> None:
    start = trio.current_time()
    async with trio.open_nursery() as nursery:
        cut = [0]
        nursery.start_soon(_read, chat.customer, cut)
        for number in range(10**9):
            await trio.sleep_until(start + number / per_s)
            await chat.customer.say(
                "message.send", conversation=chat.conversation, op=f"s{number}", body=BODY
            )
