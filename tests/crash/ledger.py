"""What the server answered, written down outside of it, and the check that all of it is there.

Owns: every acknowledged command, the replay of the journal, the comparison.
Does not know: sockets, processes, when anybody was killed.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from router.commands import Underway
from router.conversations import Conversation
from router.core import CORE_VERSION, Router
from router.journal.base import Record
from router.journal.readonly import read_folder
from router.journal.redis_address import address_of
from router.journal.redis_following import RedisFollowing
from router.journal.redis_layout import STORE
from router.journal.redis_link import Link
from tests.crash.server import TENANT

__all__ = ["Ledger", "Missing", "replayed"]


class Missing(AssertionError):
    """Something that was answered is not there, or is there twice."""


class Said(NamedTuple):
    """A message whose number was told."""

    conversation: str
    seq: int
    body: str


def replayed(journal: str, up_to: int | None = None) -> tuple[Router, list[Record]]:
    """The core as the journal has it, from the start; reading checks every batch.

    Args:
        journal: Its folder, or the address of its Redis.
        up_to: The last position that is applied; all of them if None.
    """
    router = Router(TENANT)
    decoder = msgspec.msgpack.Decoder(Underway)
    found = _of_redis(journal) if journal.startswith("redis:") else _of_folder(Path(journal))
    records = [record for record in found if record.tenant == TENANT][:up_to]
    for record in records:
        router.apply(decoder.decode(record.payload).command, record.now_ms)
        assert router.position == record.position, "positions have a hole"
    return router, records


def _of_folder(folder: Path) -> Iterable[Record]:
    if not any(folder.glob("*.segment")):
        return ()
    return read_folder(folder, core_version=CORE_VERSION)


def _of_redis(url: str) -> Iterator[Record]:
    link = Link(address_of(url))
    if link.call(("EXISTS", STORE)) == [0]:
        return
    following = RedisFollowing(link, core_version=CORE_VERSION)
    while batches := following.read():
        for batch in batches:
            yield from batch.records
    following.close()


class Ledger:
    """All that was answered so far."""

    def __init__(self) -> None:
        self.asked: dict[str, tuple[str, str]] = {}
        """By op of a request: its customer and the conversation that was answered."""
        self.said: dict[str, Said] = {}
        """By op of a message."""
        self.accepted: dict[str, str] = {}
        """By offer: its agent."""
        self.ended: dict[str, str] = {}
        """By conversation: the one who ended it."""
        self.position = 0
        """The highest position that anything told to anybody had."""
        self._records: list[Record] = []

    @property
    def count(self) -> int:
        """How many answers are written down."""
        return len(self.asked) + len(self.said) + len(self.accepted) + len(self.ended)

    def check(self, journal: str) -> Router:
        """Hold a dead server's journal against everything that was answered.

        Raises:
            Missing: something is not there, or twice.
            JournalCorrupt: the journal does not verify.
        """
        router, records = replayed(journal)
        if records[: len(self._records)] != self._records:
            raise Missing("the journal begins otherwise than before")
        self._records = records
        if router.position < self.position:
            raise Missing(f"position {self.position} was told, {router.position} is the last")
        by_id = {one.id: one for one in router.world.conversations}
        forgotten = self.ended.keys() - by_id.keys()
        self._check_ends(router, by_id)
        for op, (customer, name) in self.asked.items():
            if name not in forgotten and (name not in by_id or by_id[name].customer != customer):
                raise Missing(f"{op} was answered with {name}, which is not there")
        for op, said in self.said.items():
            if said.conversation not in forgotten:
                self._check_message(op, said, by_id[said.conversation])
        self._check_nothing_twice(router)
        return router

    def _check_ends(self, router: Router, by_id: dict[str, Conversation]) -> None:
        for offer, agent in self.accepted.items():
            if router.world.offers.ended.get(offer, ("", ""))[1] not in ("accepted", ""):
                raise Missing(f"{agent} accepted {offer}, and it ended otherwise")
        for name in self.ended:
            if name in by_id and not by_id[name].ended_reason:
                raise Missing(f"{name} was ended, and goes on")

    def _check_message(self, op: str, said: Said, conversation: Conversation) -> None:
        bodies = [message.body for message in conversation.messages]
        if bodies[said.seq - 1 : said.seq] != [said.body]:
            raise Missing(f"{op} was answered with number {said.seq}, which is not there")

    def _check_nothing_twice(self, router: Router) -> None:
        bodies = [m.body for one in router.world.conversations for m in one.messages]
        if len(bodies) != len(set(bodies)):
            twice = sorted(body for body in set(bodies) if bodies.count(body) > 1)
            raise Missing(f"said once and there twice: {twice}")
