"""How much the archive takes in, and what it costs beside the core in the same run.

Owns: the measuring. Absolute figures say little on a shared machine; the shares are the result.
Does not know: who prints it, sockets, the journal.
Invariants: the facts are those of a core that really served the conversations; everything happens
in a folder of its own, which is removed.
"""

import json as json_codec
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from router.actors import Actor
from router.archive.base import Fact
from router.archive.facts import KEPT, happened
from router.archive.sqlite import SqliteArchive
from router.commands import (
    AcceptOffer,
    Command,
    Connect,
    EndConversation,
    RateConversation,
    RequestConversation,
    SendMessage,
    SetPolicy,
    SetPresence,
    Tick,
)
from router.core import Router
from router.ids import ConnectionId, ConversationId, OfferId
from router.paging import Before
from router.policy import AgentEntry, Policy, Queue
from router.server.archiving import BATCH_WEIGHT

__all__ = ["bench_archive", "run"]

TENANT = "bench"
AGENTS = 20
MESSAGES = 8
BODY = "What people write to each other is about as long as this line, or twice as long. " * 2

Figures = dict[str, Any]


class _Load:
    """A core that serves one conversation after the other, with the time that each part takes."""

    def __init__(self) -> None:
        self.router = Router(TENANT)
        self.now_ms = 1_000_000
        self.core_s = 0.0
        self.facts: list[Fact] = []
        self.take_s = 0.0
        self.message_count = 0
        agents = tuple(AgentEntry(id=f"a{number}") for number in range(AGENTS))
        self.do(SetPolicy(policy=Policy(queues=(Queue(id="all"),), agents=agents)))
        for agent in agents:
            by = _by("agent", agent.id)
            self.do(Connect(by=by, life="n1"))
            self.do(SetPresence(by=by, show="available"))

    def do(self, command: Command) -> None:
        """Applies a command, and takes from its events what concerns the archive."""
        self.now_ms += 1
        began = time.thread_time()
        events = self.router.apply(command, self.now_ms)
        applied = time.thread_time()
        position = self.router.position
        for place, event in enumerate(events):
            if type(event) in KEPT:
                what = happened(self.router.world, event)
                if what is not None:
                    self.facts.append(Fact(position, place, self.now_ms, what))
        self.take_s += time.thread_time() - applied
        self.core_s += applied - began

    def serve(self, number: int) -> None:
        """One conversation from its request to its rating."""
        customer = _by("customer", f"c{number}")
        talk = ConversationId(f"t{number}")
        self.do(Connect(by=customer, life="n1"))
        self.do(
            RequestConversation(
                by=customer, conversation=talk, op="r", channel="chat", queue="all", body=BODY
            )
        )
        (offer,) = self.router.world.offers.pending.values()
        agent = _by("agent", offer.agent)
        self.do(AcceptOffer(by=agent, offer=OfferId(offer.id)))
        for count in range(1, MESSAGES):
            by = agent if count % 2 else customer
            self.do(SendMessage(by=by, conversation=talk, op=f"{number}-{count}", body=BODY))
        self.do(RateConversation(by=customer, conversation=talk, score=5, comment="good"))
        self.do(EndConversation(by=agent, conversation=talk))
        self.do(Tick())
        self.message_count += MESSAGES


def _by(role: str, name: str) -> Actor:
    return Actor(role, name, ConnectionId(f"x-{name}"))


def bench_archive(folder: Path, *, conversations: int = 5_000) -> Figures:
    """Serve conversations in a core, write them, and read them back, on the folder's disk.

    Returns:
        `take`: CPU of the hot path as a share of the core's; `write`: rows a second, and CPU as a
        share of the core's for the same conversations; `read`: transcripts a second; bytes a
        message on the disk.
    """
    load = _Load()
    for number in range(conversations):
        load.serve(number)
    here = Path(tempfile.mkdtemp(prefix="bench-archive-", dir=folder))
    try:
        return _measure(here, load, conversations)
    finally:
        shutil.rmtree(here)


def _measure(folder: Path, load: _Load, conversations: int) -> Figures:
    archive = SqliteArchive(folder, [TENANT])
    rows = len(load.facts) + load.message_count
    wall, cpu = time.perf_counter(), time.thread_time()
    batch: list[Fact] = []
    for fact in load.facts:
        if len(batch) >= BATCH_WEIGHT // MESSAGES and fact.position != batch[-1].position:
            archive.write(TENANT, batch, batch[-1].position)
            batch = []
        batch.append(fact)
    archive.write(TENANT, batch, load.router.position)
    wall, cpu = time.perf_counter() - wall, time.thread_time() - cpu
    read_s = _read(archive, conversations)
    archive.close()
    size = sum(file.stat().st_size for file in folder.iterdir())
    return {
        "conversations": conversations,
        "commands": load.router.position,
        "core_us_per_command": round(load.core_s / load.router.position * 1e6, 1),
        "take_share_of_core": round(load.take_s / load.core_s, 4),
        "rows": rows,
        "rows_per_second": round(rows / wall),
        "conversations_per_second": round(conversations / wall),
        "write_cpu_share_of_core": round(cpu / load.core_s, 3),
        "reads_per_second": round(READS / read_s),
        "bytes_per_message": round(size / load.message_count),
    }


READS = 200


def _read(archive: SqliteArchive, conversations: int) -> float:
    began = time.perf_counter()
    for number in range(READS):
        name = f"t{number * 37 % conversations}"
        found = archive.messages(TENANT, name, Before(), 100, notes=True)
        assert len(found) == MESSAGES, "everything is there"
    return time.perf_counter() - began


def run(folder: Path, *, json: bool = False) -> None:
    """Prints the figures, as lines or as JSON."""
    figures = bench_archive(folder)
    if json:
        print(json_codec.dumps({"archive": figures}, indent=2))  # noqa: T201 - a command's output
        return
    lines = (
        f"archived    {figures['rows_per_second']:>9,} rows/s,"
        f" {figures['conversations_per_second']:,} conversations of {MESSAGES} messages/s,"
        f" {figures['bytes_per_message']} bytes a message",
        f"on the way  {figures['take_share_of_core']:>9.1%} of the core's CPU"
        f" ({figures['core_us_per_command']} us a command)",
        f"written     {figures['write_cpu_share_of_core']:>9.1%} of the core's CPU, in a thread",
        f"read back   {figures['reads_per_second']:>9,} transcripts/s",
    )
    print("\n".join(lines))  # noqa: T201
