"""`python -m tests.crash --kills N --seed S [--on redis]`: kill -9 at any moment; what is left?

Owns: when a server is killed, the order of checks, the figures.
Does not know: what people do, what must be there.

With `--replay JOURNAL` it prints position and digest of a replay: what the harness asks of
processes of their own, with other hash seeds.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec
import trio

from router import views
from router.core import Router
from router.ids import PersonKey
from tests.crash.ledger import Ledger, Missing, replayed
from tests.crash.people import Someone, agent, customer
from tests.crash.redis_nodes import Forgetful, Outlasting, Pair
from tests.crash.server import AGENTS, Server, Serving
from tests.helpers.redis_server import RedisServer, redis_server

__all__ = ["Figures", "hunt", "main"]

ROOT = Path(__file__).parents[2]
CUSTOMERS = tuple("klmnop")
START_S = 0.7
"""A start takes about so long; kills fall into it as well as behind it."""
LOAD_S = 1.0

S = TypeVar("S", bound=Serving)
Ripe = Callable[[], Awaitable[None]]
MOMENTS = {"in a start": 1, "under load": 2}


class Figures(NamedTuple):
    """What a hunt came to."""

    kills: Counter[str]
    answered_count: int
    command_count: int
    seconds: float

    def __str__(self) -> str:
        """Lines for people."""
        lines = [f"{count:6} kills {when}" for when, count in sorted(self.kills.items())]
        lines.append(f"{self.answered_count:6} answers written down, all there, none twice")
        lines.append(f"{self.command_count:6} commands in the journal, replayed alike three times")
        return "\n".join([*lines, f"{self.seconds:6.0f} s"])


async def hunt(
    server: Serving,
    kill_count: int,
    seed: int,
    *,
    moments: Mapping[str, int] = MOMENTS,
    ripe: Ripe = trio.lowlevel.checkpoint,
) -> Figures:
    """Kill a server so many times, checking after each.

    Args:
        server: What serves.
        kill_count: How often it is killed.
        seed: Of everything that is left to chance.
        moments: When, each with its weight.
        ripe: Is waited for before a kill under load.

    Raises:
        Missing: something that was answered is not there, or twice.
        JournalCorrupt: the journal does not verify.
    """
    began = time.monotonic()
    chance = random.Random(seed)
    ledger = Ledger()
    people = [Someone("customer", name, server, ledger, f"{seed}{name}") for name in CUSTOMERS]
    people += [Someone("agent", name, server, ledger, f"{seed}{name}") for name in AGENTS]
    kills: Counter[str] = Counter()
    try:
        for _ in range(kill_count):
            when = chance.choices([*moments], [*moments.values()])[0]
            await _one_life(server, people, chance, when, ripe)
            kills[when] += 1
            await trio.to_thread.run_sync(ledger.check, server.journal)
        await _look_at_all(server, people, ledger)
    finally:
        server.close()
    router = ledger.check(server.journal)
    _compare_replays(server.journal, router)
    return Figures(kills, ledger.count, router.position, time.monotonic() - began)


async def _one_life(
    server: Serving,
    people: list[Someone],
    chance: random.Random,
    when: str,
    ripe: Ripe,
) -> None:
    server.start()
    async with trio.open_nursery() as nursery:
        for someone in people:
            someone.is_welcome = trio.Event()
            nursery.start_soon(someone.be_there, customer if someone.role == "customer" else agent)
        if when == "in a start":
            await trio.sleep(chance.uniform(0.001, START_S))
        else:
            await people[0].is_welcome.wait()
            await ripe()
            await trio.sleep(chance.uniform(0, LOAD_S))
        server.check_alive()
        server.kill()
        nursery.cancel_scope.cancel()


async def _look_at_all(server: Serving, people: list[Someone], ledger: Ledger) -> None:
    """Start once more and hold each welcome against a replay up to where it was told.

    Behind that, what was never answered is asked again, and so takes effect.
    """

    async def look(someone: Someone) -> None:
        someone.is_welcome.set()

    server.start()
    async with trio.open_nursery() as nursery:
        for someone in people:
            someone.is_welcome = trio.Event()
            nursery.start_soon(someone.be_there, look)
        for someone in people:
            await someone.is_welcome.wait()
        server.kill()
        nursery.cancel_scope.cancel()
    ledger.check(server.journal)
    for someone in people:
        router, _ = replayed(server.journal, someone.state_pos)
        key = PersonKey(f"{someone.role}:{someone.name}")
        state = views.welcome_state(router, key, {}, router.now_ms)
        known = msgspec.to_builtins(state)["conversations"]
        truth = [_essence(one) for one in known if _is_open(one)]
        told = [_essence(one) for one in someone.state["conversations"] if _is_open(one)]
        if sorted(told) != sorted(truth):
            raise Missing(f"{someone.name} was told {told}, the replay says {truth}")


def _essence(one: dict[str, object]) -> tuple[object, ...]:
    """What of a conversation stays the same while nobody does anything but connect."""
    return one["conversation"], one["queue"], one["seq"]


def _is_open(one: dict[str, object]) -> bool:
    return one["status"] not in ("ended", "wrap_up")


def _compare_replays(journal: str, router: Router) -> None:
    """Other processes with other hash seeds come to the same digest."""
    for hash_seed in ("1", "4711"):
        command = [sys.executable, "-m", "tests.crash", "--replay", journal]
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        if done.stdout.split() != [str(router.position), router.digest()]:
            raise Missing(f"a replay elsewhere came to {done.stdout} {done.stderr}")


@contextmanager
def _on_folder(folder: Path) -> Iterator[tuple[Serving, Ripe]]:
    yield Server(folder), trio.lowlevel.checkpoint


@contextmanager
def _on_redis(
    made: Callable[[Path, RedisServer], S], ripe: Callable[[S], Awaitable[None]], folder: Path
) -> Iterator[tuple[Serving, Ripe]]:
    with redis_server(folder / "redis") as redis:
        node = made(folder, redis)
        yield node, partial(ripe, node)


async def _at_once(_: Serving) -> None:
    await trio.lowlevel.checkpoint()


_SERVING: dict[str, Callable[[Path], AbstractContextManager[tuple[Serving, Ripe]]]] = {
    "folder": _on_folder,
    "redis": partial(_on_redis, Forgetful, Forgetful.ripe),
    "pair": partial(_on_redis, Pair, _at_once),
    "frozen-pair": partial(_on_redis, Pair, Pair.freeze),
    "killed-redis": partial(_on_redis, Outlasting, _at_once),
}


def main(arguments: list[str] | None = None) -> int:
    """Hunt as asked; the exit code tells whether anything was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--on", choices=[*_SERVING], default="folder", help="what is killed")
    parser.add_argument("--replay", help="only print position and digest of this journal")
    asked = parser.parse_args(arguments)
    if asked.replay is not None:
        router, _ = replayed(asked.replay)
        sys.stdout.write(f"{router.position} {router.digest()}\n")
        return 0
    with (
        tempfile.TemporaryDirectory(prefix="fairline-crash-") as folder,
        _SERVING[asked.on](Path(folder)) as (serving, ripe),
    ):
        figures = trio.run(partial(hunt, serving, asked.kills, asked.seed, ripe=ripe))
    sys.stdout.write(f"{figures}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
