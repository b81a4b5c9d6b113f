"""What happens when thousands of connections end at the same moment and all come back at once.

Owns: two storms. In the first the network fails and the server stays; in the second the server
is told to stop and starts again on the same journal. Does not know: how either is survived.

Some people keep their connections through the first storm: visitors who go on asking, at a steady
pace, and agents who take what they ask for. How long an offer takes is measured in calm and in
storm. A supervisor watches presence: nobody who is back within the grace may be seen offline.
Everybody in the crowd has a place in line; after the storm each must have it still.
"""

import json as json_codec
import random
import tempfile
from functools import partial
from pathlib import Path

import trio

from router.bench.crowd import Fields, Gone, Member, raise_file_limit, run_held
from router.bench.people import Notes, customer, enter, percentile, work
from router.bench.processes import Child, child, free_port
from router.bench.servers import READY, settings_text

__all__ = ["bench_storm", "run"]

SOCKETS = 3_000
AGENTS = 100
"""Of the crowd; the others are customers in line."""
AT_ONCE = 20
"""Of those who come back, in one turn of the load's own loop: the others in this process, whose
offers are timed, must not wait behind three thousand beginnings."""
PROBES_PER_S = 10.0
CALM_S = 10.0
QUIET_S = 3.0
SETTLE_S = 30.0
"""A place is told anew when those before it come back, and not more often than every few seconds:
so long is waited for all to be told, or until nobody was told anything for a while."""


def run(folder: Path, *, json: bool = False) -> None:
    """Prints the figures, as a table or as JSON."""
    figures = bench_storm(folder)
    if json:
        print(json_codec.dumps(figures, indent=2))  # noqa: T201 - a command's output
        return
    print(  # noqa: T201
        f"{figures['sockets']} sockets back {figures['network_s']} s after the network"
        f" ({figures['refused']} turned away on the way);"
        f" {figures['restart_s']} s after the restarted server listened\n"
        f"offers p99 {figures['calm_p99_ms']} ms in calm, {figures['storm_p99_ms']} ms in storm"
        f" ({figures['p99_ratio']}x; the load's own lag was {figures['own_lag_ms']} ms at most)\n"
        f"seen offline: {figures['seen_offline']}; places lost: {figures['places_lost']};"
        f" order changed: {figures['order_changed']}"
    )


def bench_storm(
    folder: Path, *, sockets: int = SOCKETS, agents: int = AGENTS, calm_s: float = CALM_S
) -> Fields:
    """Raises both storms, one after the other, over the same people."""
    raise_file_limit()
    with tempfile.TemporaryDirectory(prefix="bench-storm-", dir=folder) as data:
        config = Path(data, "fairline.toml")
        config.write_text(settings_text(Path(data), "file", free_port()), encoding="utf-8")
        arguments = ["router", "serve", "--config", str(config)]
        with child(arguments, READY) as server:
            crowd = _Crowd(sockets, agents)
            figures = run_held(_network_storm, server, crowd, calm_s)
            server.stop()
        with child(arguments, READY) as server:
            figures |= run_held(_restart_storm, server, crowd)
    return {"sockets": sockets, **figures}


class _Crowd:
    """Those who come back, and what they must find again."""

    def __init__(self, sockets: int, agents: int) -> None:
        self.people = [("agent", f"crowd-agent{number}") for number in range(agents)]
        self.people += [("customer", f"crowd{number}") for number in range(sockets - agents)]
        self.members: list[Member] = []
        self.places: dict[str, int] = {}
        """The last that each conversation in line was told."""
        self.line: list[str] = []
        """The conversations in the order of the line."""
        self.refused_count = 0
        self._told_at = 0.0

    async def open(self, nursery: trio.Nursery, port: int) -> None:
        """Everybody connects, one after the other, and every customer takes a place in line."""
        for role, name in self.people:
            member = await enter(port, role, name)
            if role == "agent":
                await member.ask("presence.set", show="busy")
            else:
                reply = await member.ask(
                    "conversation.request", op="line", channel="chat", needs=[{"skill": "rare"}]
                )
                self.line.append(reply["conversation"])
            self._keep(nursery, member)

    async def come_back(self, nursery: trio.Nursery, port: int) -> float:
        """All connect at once; the time until the last of them was welcomed."""
        began = trio.current_time()
        self.members, self.places = [], {}
        people = list(self.people)
        random.Random(1).shuffle(people)  # noqa: S311 - the same order in each run
        async with trio.open_nursery() as comers:
            for number, (role, name) in enumerate(people):
                comers.start_soon(self._one_back, nursery, port, role, name)
                if number % AT_ONCE == 0:
                    await trio.lowlevel.checkpoint()
        return trio.current_time() - began

    async def _one_back(self, nursery: trio.Nursery, port: int, role: str, name: str) -> None:
        for attempt in range(30):
            try:
                member = await enter(port, role, name)
            except Gone:
                self.refused_count += 1
                await trio.sleep(min(0.2 * 2**attempt, 5.0))
            else:
                self._keep(nursery, member)
                return
        raise RuntimeError(f"{name} was not let in again")

    def _keep(self, nursery: trio.Nursery, member: Member) -> None:
        self.members.append(member)
        nursery.start_soon(self._listen, member)

    async def _listen(self, member: Member) -> None:
        for known in member.welcome["state"]["conversations"]:
            if known["status"] == "waiting":
                self.places[known["conversation"]] = known["position"]
        try:
            while True:
                for message in await member.hear():
                    if message["t"] == "queue.position":
                        self._told_at = trio.current_time()
                        self.places[message["conversation"]] = message["position"]
        except Gone:
            return

    async def drop(self) -> None:
        """The network is gone."""
        for member in self.members:
            await member.leave()

    async def what_was_lost(self) -> Fields:
        """Compares the line as everybody knows it in the end with the one that they had."""
        for _ in range(int(SETTLE_S / QUIET_S)):
            before = self._told_at
            await trio.sleep(QUIET_S)
            if self._told_at == before:
                break
        order = [name for name in self.line if name in self.places]
        return {
            "places_lost": len(self.line) - len(order),
            "order_changed": order != sorted(order, key=lambda name: self.places[name]),
        }


async def _network_storm(server: Child, crowd: _Crowd, calm_s: float) -> Fields:
    notes = Notes()
    lag = _Lag()
    seen: list[str] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lag.measure)
        await crowd.open(nursery, server.port)
        boss = await enter(server.port, "supervisor", "boss")
        await boss.ask("sub", topic="agents")
        nursery.start_soon(_watch, boss, seen)
        for number in range(8):
            agent = await enter(server.port, "agent", f"probe-agent{number}")
            nursery.start_soon(work, agent, notes)
        probes = _Probes(server.port, notes)
        await probes.run_for(calm_s)
        calm_s_each, notes.offer_s = notes.offer_s, []
        lag.worst_s = 0.0
        async with trio.open_nursery() as stormy:
            stormy.start_soon(probes.run_for, calm_s)
            await crowd.drop()
            network_s = await crowd.come_back(nursery, server.port)
        lag_s = lag.worst_s
        lost = await crowd.what_was_lost()
        nursery.cancel_scope.cancel()
    calm_ms, storm_ms = percentile(calm_s_each, 0.99), percentile(notes.offer_s, 0.99)
    return {
        "network_s": round(network_s, 2),
        "refused": crowd.refused_count,
        "calm_p99_ms": calm_ms,
        "storm_p99_ms": storm_ms,
        "storm_max_ms": percentile(notes.offer_s, 1.0),
        "p99_ratio": round(storm_ms / calm_ms, 2),
        "own_lag_ms": round(1e3 * lag_s, 2),
        "seen_offline": len(seen),
        **lost,
    }


async def _restart_storm(server: Child, crowd: _Crowd) -> Fields:
    async with trio.open_nursery() as nursery:
        restart_s = await crowd.come_back(nursery, server.port)
        lost = await crowd.what_was_lost()
        nursery.cancel_scope.cancel()
    return {
        "restart_s": round(restart_s, 2),
        "places_lost_restart": lost["places_lost"],
        "order_changed_restart": lost["order_changed"],
    }


class _Lag:
    """How long this process kept its own tasks waiting: so much of a delay is not the server's."""

    EVERY_S = 0.05

    def __init__(self) -> None:
        self.worst_s = 0.0

    async def measure(self) -> None:
        """Looks, for ever."""
        while True:
            due = trio.current_time() + self.EVERY_S
            await trio.sleep_until(due)
            self.worst_s = max(self.worst_s, trio.current_time() - due)


class _Probes:
    """Visitors who ask at a steady pace."""

    def __init__(self, port: int, notes: Notes) -> None:
        self._port = port
        self._notes = notes
        self._count = 0

    async def run_for(self, seconds: float) -> None:
        """Sends a visitor in every so often; returns when the last is served."""
        start = trio.current_time()
        async with trio.open_nursery() as nursery:
            for number in range(int(seconds * PROBES_PER_S)):
                await trio.sleep_until(start + number / PROBES_PER_S)
                self._count += 1
                name = f"probe{self._count}"
                nursery.start_soon(
                    partial(customer, self._port, name, "v", self._notes, messages=1)
                )


async def _watch(boss: Member, seen: list[str]) -> None:
    """Notes who of the crowd is shown as gone or offline."""
    while True:
        for message in await boss.hear():
            if message["t"] == "presence":
                seen += [each["id"] for each in message["gone"]]
                seen += [each["id"] for each in message["set"] if each["show"] == "offline"]
