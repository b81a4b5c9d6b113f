"""What the gateway costs: server CPU for each relayed message, beside a bare echo server's.

Owns: the load and the comparison. Does not know: how the gateway works; it talks to it as any
client does.

Both servers run in turn, as processes of their own, with the same number of sockets, the same
messages and the same pace, and pay for decoding, checking and answering in their own process.
An echo is one frame in and one out. So is a message that is answered: ``message.send`` while the
other side is away, and its reply. A relayed message is one in and two out (the reply, and
``message`` to the other side), and half of what either costs is the kernel's way to a socket. All
but the echo are checked for rights and rates, decided by the core and go through the journal first.

CPU time is the system's own accounting of the process, user and system, over the measured part.
"""

import json as json_codec
import math
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import trio
from trio_websocket import WebSocketConnection, open_websocket_url

from router.bench.processes import HOST, TICK_S, Child, child
from router.bench.servers import fairline, token
from router.server import connection

__all__ = ["bench_gateway", "missed_by", "run"]

PAIRS = (50, 200)
"""A calm node, which goes to sleep and wakes, cold, for each message; and one with work to do."""
PACE_PER_S = 8.0
"""Messages a second and agent: below the limit of 10 that the protocol names."""
SECONDS = 4.0
ROUNDS = 3
BODY = "I have looked at your bill, and the second charge was ours to refund."
RELAYED = "relayed"
PER_MESSAGE = "cpu_us_per_message"
Figures = dict[str, Any]


def run(folder: Path, *, json: bool = False, at_most: float = math.inf) -> None:
    """Prints the figures, as a table or as JSON.

    Raises:
        SystemExit: a relayed message costs more than ``at_most`` echoes at the highest pace.
    """
    figures = bench_gateway(folder)
    if json:
        print(json_codec.dumps(figures, indent=2))  # noqa: T201 - a command's output
    else:
        _print_table(figures)
    if missed := missed_by(figures, at_most):
        sys.exit(missed)


def missed_by(figures: Figures, at_most: float) -> str:
    """What to say where a relayed message costs more than asked for at the highest pace, or ""."""
    busiest = max(figures["paces"], key=lambda pace: pace["messages_per_s"])
    ratio = next(row["ratio"] for row in busiest["servers"] if row["name"] == RELAYED)
    if ratio <= at_most:
        return ""
    pace = busiest["messages_per_s"]
    return f"a relayed message costs {ratio}x an echo's CPU at {pace:,}/s; {at_most}x is meant"


def _print_table(figures: Figures) -> None:
    form = "compiled" if figures["is_compiled"] else "plain Python"
    for pace in figures["paces"]:
        print(f"{pace['messages_per_s']} messages a second, {form}:")  # noqa: T201
        for row in pace["servers"]:
            print(  # noqa: T201
                f"  {row['name']:<28} {row[PER_MESSAGE]:7.1f} µs/message, {row['ratio']:.2f}x"
                f"  {row['cpu_us_per_frame']:7.1f} µs/frame, {row['ratio_per_frame']:.2f}x"
                f"  p50 {row['p50_ms']} ms, p99 {row['p99_ms']} ms"
            )


def bench_gateway(
    folder: Path,
    *,
    pairs: Sequence[int] = PAIRS,
    seconds: float = SECONDS,
    rounds: int = ROUNDS,
) -> Figures:
    """Measures the four cases in turn at each pace, several rounds; the median of each counts."""
    paces = [_bench_pace(folder, each, seconds, rounds) for each in pairs]
    return {"is_compiled": not connection.__file__.endswith(".py"), "paces": paces}


def _bench_pace(folder: Path, pairs: int, seconds: float, rounds: int) -> Figures:
    cases: dict[str, Callable[[], Figures]] = {
        "bare trio-websocket echo": lambda: _measure_echo(pairs, seconds),
        "answered": lambda: _measure_answered(folder, pairs, seconds),
        RELAYED: lambda: _measure_relay(folder, pairs, seconds, "memory"),
        "relayed, file journal": lambda: _measure_relay(folder, pairs, seconds, "file"),
    }
    taken: dict[str, list[Figures]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, measure in cases.items():
            taken[name].append(measure())
    rows = []
    for name, figures in taken.items():
        middle = sorted(figures, key=lambda row: row[PER_MESSAGE])[len(figures) // 2]
        rows.append({"name": name, **middle})
    echo = rows[0]
    for row in rows:
        row["ratio"] = round(row[PER_MESSAGE] / echo[PER_MESSAGE], 2)
        row["ratio_per_frame"] = round(row["cpu_us_per_frame"] / echo["cpu_us_per_frame"], 2)
    return {
        "pairs": pairs,
        "messages_per_s": round(echo["messages"] / seconds),
        "servers": rows,
    }


def _measure_echo(pairs: int, seconds: float) -> Figures:
    with child(["router.bench.echo"], r"port=(\d+)") as server:
        return trio.run(_drive_echo, server, pairs, seconds)


def _measure_answered(folder: Path, pairs: int, seconds: float) -> Figures:
    with fairline(folder, "memory") as server:
        return trio.run(_drive_answered, server, pairs, seconds)


def _measure_relay(folder: Path, pairs: int, seconds: float, journal: str) -> Figures:
    with fairline(folder, journal) as server:
        return trio.run(_drive_relay, server, pairs, seconds)


async def _drive_echo(server: Child, pairs: int, seconds: float) -> Figures:
    url = f"ws://{HOST}:{server.port}/"
    frame = msgspec.json.encode({"t": "message.send", "id": 1, "op": "0" * 8, "body": BODY})

    async with trio.open_nursery() as nursery:
        sockets = [await _open(nursery, url, None) for _ in range(pairs * 2)]

        async def one(socket: WebSocketConnection, _: int) -> None:
            await socket.send_message(frame.decode())
            await socket.get_message()

        figures = await _paced(server, sockets[:pairs], one, seconds, frames=2)
        nursery.cancel_scope.cancel()
    return figures


async def _drive_answered(server: Child, pairs: int, seconds: float) -> Figures:
    url = f"ws://{HOST}:{server.port}/v1/socket"
    async with trio.open_nursery() as nursery:
        chats = [await _chat(nursery, url, number) for number in range(pairs)]
        for _, customer, _ in chats:
            await customer.aclose()  # for a moment, as far as anybody knows
        names = {id(agent): name for agent, _, name in chats}

        async def one(agent: WebSocketConnection, number: int) -> None:
            await _say(agent, _message(number, names[id(agent)]))
            await _hear(agent, "reply")

        figures = await _paced(server, [agent for agent, *_ in chats], one, seconds, frames=2)
        nursery.cancel_scope.cancel()
    return figures


async def _drive_relay(server: Child, pairs: int, seconds: float) -> Figures:
    url = f"ws://{HOST}:{server.port}/v1/socket"
    async with trio.open_nursery() as nursery:
        chats = [await _chat(nursery, url, number) for number in range(pairs)]
        agents = [agent for agent, _, _ in chats]
        others = {id(agent): (customer, name) for agent, customer, name in chats}

        async def one(agent: WebSocketConnection, number: int) -> None:
            customer, conversation = others[id(agent)]
            await _say(agent, _message(number, conversation))
            await _hear(agent, "reply")
            await _hear(customer, "message")

        figures = await _paced(server, agents, one, seconds, frames=3)
        nursery.cancel_scope.cancel()
    return figures


def _message(number: int, conversation: str) -> Figures:
    return {
        "t": "message.send",
        "id": 100 + number,
        "conversation": conversation,
        "op": f"m{number}",
        "body": BODY,
    }


async def _paced(
    server: Child,
    sockets: list[WebSocketConnection],
    one: Callable[[WebSocketConnection, int], Awaitable[None]],
    seconds: float,
    *,
    frames: int,
) -> Figures:
    """Each socket has one message on its way at a time, at most ``PACE_PER_S`` a second."""
    count = 0
    took_s: list[float] = []
    warm_s = 1.0
    start = trio.current_time()

    async def talk(socket: WebSocketConnection, offset: float) -> None:
        nonlocal count
        number = 0
        while (due := start + offset + number / PACE_PER_S) < start + warm_s + seconds:
            await trio.sleep_until(due)
            number += 1
            sent = trio.current_time()
            await one(socket, number)
            took_s.append(trio.current_time() - sent)
            count += 1

    async with trio.open_nursery() as nursery:
        for index, socket in enumerate(sockets):
            nursery.start_soon(talk, socket, index / len(sockets) / PACE_PER_S)
        await trio.sleep_until(start + warm_s)
        cpu_s, before = server.cpu_s(), count
        await trio.sleep_until(start + warm_s + seconds)
        cpu_s = max(server.cpu_s() - cpu_s, TICK_S)  # less cannot be told from nothing
        messages = max(count - before, 1)
        nursery.cancel_scope.cancel()
    took_s = sorted(took_s[before:]) or [seconds]
    return {
        "messages": messages,
        "p50_ms": round(1e3 * took_s[len(took_s) // 2], 2),
        "p99_ms": round(1e3 * took_s[len(took_s) * 99 // 100], 2),
        "cpu_us_per_message": round(1e6 * cpu_s / messages, 1),
        "cpu_us_per_frame": round(1e6 * cpu_s / messages / frames, 1),
    }


async def _chat(
    nursery: trio.Nursery, url: str, number: int
) -> tuple[WebSocketConnection, WebSocketConnection, str]:
    """An agent and a customer in an active conversation."""
    agent = await _person(nursery, url, "agent", f"agent{number}")
    await _say(agent, {"t": "presence.set", "id": 2, "show": "available"})
    await _hear(agent, "reply")
    customer = await _person(nursery, url, "customer", f"customer{number}")
    await _say(customer, {"t": "conversation.request", "id": 2, "op": "r", "channel": "chat"})
    offer = await _hear(agent, "offer.new")
    await _say(agent, {"t": "offer.seen", "id": 3, "offer": offer["offer"]})
    await _hear(customer, "conversation.assigned")
    await _hear(agent, "conversation.assigned")
    await _say(agent, {"t": "presence.set", "id": 4, "show": "busy"})
    await _hear(agent, "reply", 4)
    return agent, customer, offer["conversation"]


async def _person(nursery: trio.Nursery, url: str, role: str, name: str) -> WebSocketConnection:
    socket = await _open(nursery, url, "fairline.v1.json")
    hello = {"t": "hello", "id": 1, "token": token(role, name), "role": role}
    await _say(socket, {**hello, "client": {"name": "bench"}})
    await _hear(socket, "welcome")
    return socket


async def _open(nursery: trio.Nursery, url: str, subprotocol: str | None) -> WebSocketConnection:
    """A connection that lives as long as the nursery."""

    async def hold(task_status: trio.TaskStatus[WebSocketConnection]) -> None:
        offered = [subprotocol] if subprotocol else None
        async with open_websocket_url(url, subprotocols=offered) as socket:
            task_status.started(socket)
            await trio.sleep_forever()

    socket: WebSocketConnection = await nursery.start(hold)
    return socket


async def _say(socket: WebSocketConnection, message: Figures) -> None:
    await socket.send_message(msgspec.json.encode(message).decode())


async def _hear(socket: WebSocketConnection, kind: str, number: int | None = None) -> Figures:
    """The next message of this kind; others are passed over.

    Raises:
        RuntimeError: a command was refused.
    """
    while True:
        heard = msgspec.json.decode(await socket.get_message())
        for message in heard if isinstance(heard, list) else [heard]:
            if message.get("ok") is False:
                raise RuntimeError(f"refused: {message}")
            if message["t"] == kind and number in (None, message.get("id")):
                found: Figures = message
                return found
