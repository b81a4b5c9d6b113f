"""Whose journal it is: one node serves from a Redis at a time, the others stand by.

Owns: the watch over another's beat, the claim, the thread that appends and beats.
Does not know: what is appended, who reads, what a node does while it stands by.
Invariants: a store is claimed only where its owner's beat stood still for `STILL_SECONDS` of
unbroken contact with Redis, by this process's own monotonic clock, or where it was released; never
by a time that Redis keeps; and what is claimed is the store that was seen. Of several that claim at
once one succeeds, for each names what it saw. What a life that lost its claim still sends is
refused by Redis itself (`redis_functions.lua`).
"""

import secrets
import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import structlog
import trio

from router.errors import JournalUnavailable, JournalVersion, SettingsError, StorageError
from router.journal.base import Batch
from router.journal.redis_address import RedisAddress
from router.journal.redis_appender import Appender, Kept
from router.journal.redis_cursor import beginning_of, last_of, lives_of
from router.journal.redis_layout import FORMAT_VERSION, LIVES, OWNER, POSITIONS, STORE
from router.journal.redis_link import Link, RedisAway, RedisRefused, Refusal, Took
from router.journal.writers import Commit, Publish, Request, ThreadWriter

__all__ = ["Claim", "Seen", "Watch", "claim"]

STILL_SECONDS = 3.0
"""How long a beat must stand still; it comes every second."""

STUCK_SECONDS = 15.0
"""How long trio's loop may stand still before the beat does; then another node may take over."""

LOOK_SECONDS = 0.25
CONTACT_SECONDS = 1.5
"""Looks further apart than this are no unbroken contact: Redis, or this process, was away."""

FIRST_SECONDS = 10.0
"""How long a node that starts waits for Redis to answer at all."""

_NODE_CHARS_MAX = 60
_PASSING = ("TAKEN", "READONLY", "MISCONF", "NOREPLICAS", "BUSY")
"""What Redis may refuse a claim for, and take it later."""

_LASTING = ("WRONGPASS", "NOAUTH", "NOPERM", "ERR")
"""What it says to those whom it does not let in; at a start nobody waits for that to change."""

_LOG = structlog.get_logger("fairline.journal")


class Seen(NamedTuple):
    """Another life that owns the store."""

    node: str
    """The name of its node."""
    is_serving: bool
    """Whether its beat was seen to rise; else it may be dead, and is watched."""
    store: str
    """What tells the store from every other one; empty where it is gone."""


class _Owner(NamedTuple):
    """What stands in Redis of a life; nothing where there is none."""

    life: bytes = b""
    node: bytes = b""
    beat: bytes = b""
    number: bytes = b""


class Watch:
    """Watches a beat, to tell a dead owner from a living one."""

    def __init__(self) -> None:
        self._owner: _Owner | None = None
        self._since = 0.0
        self._looked = 0.0
        self.is_serving = False
        """Whether the owner that was seen last moved while it was watched."""

    def look(self, owner: _Owner, now_seconds: float) -> bool:
        """Note what was seen; tell whether the store may be claimed."""
        is_unbroken = now_seconds - self._looked <= CONTACT_SECONDS
        self._looked = now_seconds
        if self._owner is None or owner != self._owner or not is_unbroken:
            self.is_serving = self._owner is not None and (
                (owner.life == self._owner.life and owner != self._owner)
                or (owner == self._owner and self.is_serving)
            )
            self._owner = owner
            self._since = now_seconds
        return not owner.life or now_seconds - self._since >= STILL_SECONDS

    def lose_sight(self) -> None:
        """Redis did not answer: begin to watch anew."""
        self._looked = float("-inf")


class Claim:
    """This life owns the store, and beats.

    Args:
        address: Where Redis is, for whoever reads.
        appender: The writing end.
        kept: What was in the store when it was claimed.
        core_version: For which this life writes and replays.
        took: Hears what each exchange with Redis took, of whoever reads, too.
    """

    def __init__(
        self,
        address: RedisAddress,
        appender: Appender,
        kept: Kept,
        core_version: int,
        life: str,
        took: Took,
    ) -> None:
        """Use `claim`."""
        self.took = took
        self.address = address
        self.kept = kept
        self.core_version = core_version
        self.life = life
        self.appender = appender
        self.failure = ""
        """Why this life must end; empty while it need not."""
        self._commit: Commit | None = None
        self._publish: Publish | None = None
        self._is_closed = False
        self._token = trio.lowlevel.current_trio_token()
        self._asked_at: float | None = None
        self._is_stuck = False
        self.writer = ThreadWriter(self._beat)
        appender.shed = self.writer.refuse
        self.writer.start(self._commit_group, self._hear)

    @property
    def is_owner(self) -> bool:
        """Whether this life owns the store, as far as it knows."""
        return not self.failure and not self._is_closed

    def serve(self, commit: Commit, publish: Publish) -> None:
        """Have appends carried out from now on, and told of."""
        self._commit = commit
        self._publish = publish

    async def aclose(self) -> None:
        """Finish what was asked for, and give the store up at once. May be repeated."""
        if self._is_closed:
            return
        self._is_closed = True
        with trio.CancelScope(shield=True):
            self.appender.close()
            await self.writer.aclose()
            await self.writer.call(self.appender.release)

    def _beat(self) -> StorageError | None:
        """Beat, unless trio's loop stands still: a node that does nothing must not look alive."""
        now_seconds = time.monotonic()
        asked_at = self._asked_at
        if asked_at is None:
            asked_at = self._asked_at = now_seconds
            self._token.run_sync_soon(self._note_alive)
        is_stuck = now_seconds - asked_at > STUCK_SECONDS
        if is_stuck and not self._is_stuck:
            _LOG.error("journal.stuck", stuck_s=round(STUCK_SECONDS))
        self._is_stuck = is_stuck
        return None if is_stuck else self.appender.beat()

    def _note_alive(self) -> None:
        self._asked_at = None

    def _commit_group(self, group: list[Request]) -> Batch | Exception:
        assert self._commit is not None, "appends come through a journal"
        return self._commit(group)

    def _hear(self, group: list[Request], outcome: Batch | Exception) -> None:
        if isinstance(outcome, Exception) and not isinstance(outcome, JournalUnavailable):
            self.failure = self.failure or str(outcome)
        if self._publish is not None:
            self._publish(group, outcome)


async def claim(
    address: RedisAddress,
    *,
    partitions: int,
    core_version: int,
    node: str = "",
    is_replicated: bool = False,
    told: Callable[[Seen], None] = lambda _: None,
    accept: Callable[[str], None] = lambda _: None,
    count: Callable[[str], None] = lambda _: None,
    took: Took = lambda *_: None,
) -> Claim:
    """Own the store; wait, however long, while another life does.

    Args:
        address: Where Redis is.
        partitions: Over how many streams a new store is spread.
        core_version: What this node replays and writes.
        node: Its name, for people.
        is_replicated: Whether a batch counts only once a replica has it.
        told: Hears whom this node waits for, whenever that changes.
        accept: Hears, in a thread, which store would be claimed now, empty where there would be a
            new one; what it raises leaves that as it is.
        count: Hears the names of figures: ``redis_reconnects``, ``redis_repairs``.
        took: Hears what each exchange with Redis took.

    Raises:
        SettingsError: the store is spread over another number of streams, or redis-py is missing.
        JournalVersion: it comes from a newer Fairline.
        StorageError: Redis does not answer, or refuses; whatever ``accept`` raises.
    """
    link = Link(address, kind="claim", took=took)
    life = secrets.token_hex(16)
    bidder = _Bidder(link, life, _shown(node), partitions, core_version, accept)
    try:
        before = await _wait(bidder, told)
        kept = await trio.to_thread.run_sync(_kept, link, partitions)
    except BaseException:
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(bidder.give_up)
        raise
    _LOG.info("journal.claimed", before=before)
    token = trio.lowlevel.current_trio_token()
    appender = Appender(
        link,
        life,
        kept,
        core_version=core_version,
        is_replicated=is_replicated,
        count=partial(_count, token, count),
    )
    return Claim(address, appender, kept, core_version, life, took)


async def _wait(bidder: "_Bidder", told: Callable[[Seen], None]) -> str:
    """Bid until the store is this life's; return which node's it was."""
    said: Seen | None = None
    first_by = trio.current_time() + FIRST_SECONDS
    while True:
        try:
            if await trio.to_thread.run_sync(bidder.bid):
                return bidder.seen.node
        except RedisAway as error:
            bidder.watch.lose_sight()
            is_lasting = error.code in _LASTING or trio.current_time() > first_by
            if said is None and is_lasting:
                raise StorageError(f"Redis does not answer: {_bare(error)}.") from error
        else:
            if bidder.seen.node and bidder.seen != said:
                said = bidder.seen
                _LOG.info("journal.standby", owner=said.node, is_serving=said.is_serving)
                told(said)
        await trio.sleep(LOOK_SECONDS)


class _Bidder:
    """A life that wants a store; blocks while Redis answers."""

    def __init__(
        self,
        link: Link,
        life: str,
        node: str,
        partitions: int,
        core_version: int,
        accept: Callable[[str], None],
    ) -> None:
        self._accept = accept
        self._link = link
        self._life = life
        self._node = node
        self._partitions = partitions
        self._core_version = core_version
        self._is_claimed = False
        self.watch = Watch()
        self._store = ""
        self.seen = Seen("", is_serving=False, store="")

    def bid(self) -> bool:
        """Claim the store if that may be done now; tell whether it is this life's."""
        try:
            owner = self._look()
            if owner.life.decode() == self._life:
                return True  # the answer to the claim was lost
            node = owner.node.decode(errors="replace")
            self.seen = Seen(node, self.watch.is_serving, self._store)
            if self.watch.look(owner, time.monotonic()):
                self._claim(owner)
                return True
            self.seen = self.seen._replace(is_serving=self.watch.is_serving)
        except RedisRefused as error:
            if error.code not in _PASSING:
                raise StorageError(f"{self._link.shown}: {_bare(error)}.{_mend(error)}") from error
            self.watch = Watch()
        return False

    def _look(self) -> _Owner:
        """See who owns the store, and whether this node could."""
        owner, store = self._link.call(
            ("HMGET", OWNER, "life", "node", "beat", "number"),
            ("HMGET", STORE, "format", "partitions", "core_version", "store_id"),
        )
        if store[0] is not None:
            self._check(*map(int, store[:3]))
        self._store = (store[3] or b"").decode("ascii", "replace")
        return _Owner(*(word or b"" for word in owner))

    def _check(self, format_version: int, partitions: int, core_version: int) -> None:
        if format_version > FORMAT_VERSION or core_version > self._core_version:
            is_format = format_version > FORMAT_VERSION
            what = f"format {format_version}" if is_format else f"core version {core_version}"
            raise JournalVersion(
                f"{self._link.shown}: {what} is of a newer Fairline than this. Start that one."
            )
        if partitions != self._partitions:
            raise SettingsError(
                f"the journal in {self._link.shown} is spread over {partitions} streams for good:"
                f" write partitions = {partitions}",
                key="server.partitions",
            )

    def give_up(self) -> None:
        """Leave the store to others at once, where it may be this life's already."""
        try:
            if self._is_claimed:
                self._link.call(("FCALL", "fairline_release", 2, STORE, OWNER, self._life))
        except (RedisAway, RedisRefused) as error:
            _LOG.warning("redis.not_released", reason=str(error))
        finally:
            self._link.close()

    def _load_functions(self) -> None:
        """Bring ours; a full Redis takes none, and must be claimed to get smaller."""
        try:
            self._link.load_functions()
        except RedisRefused as error:
            if error.code != "OOM" or not self._has_functions():
                raise

    def _has_functions(self) -> bool:
        """Whether a claim would be understood; a beat of who owns nothing is fenced."""
        (answer,) = self._link.exchange([("FCALL", "fairline_beat", 2, STORE, OWNER, self._life)])
        return isinstance(answer, Refusal) and answer.code == "FENCED"

    def _claim(self, owner: _Owner) -> None:
        self._accept(self._store)
        self._load_functions()
        self._is_claimed = True
        self._link.call(
            (
                *("FCALL", "fairline_claim", 4, STORE, OWNER, POSITIONS, LIVES),
                *(self._life, self._node),
                *(owner.life, owner.beat, owner.number),
                *(FORMAT_VERSION, self._partitions, secrets.token_hex(16), self._store),
            )
        )


def _kept(link: Link, partitions: int) -> Kept:
    (found,) = link.call(("HGETALL", POSITIONS))
    pairs = zip(found[::2], found[1::2], strict=True)
    positions = {tenant.decode(): int(position) for tenant, position in pairs}
    beginning, lives = beginning_of(link.call), lives_of(link.call)
    return Kept(partitions, last_of(link.call), positions, beginning, lives)


def _bare(error: Exception) -> str:
    """What Redis said, without the full stop that some of its sentences have."""
    return str(error).rstrip(".")


def _mend(error: RedisRefused) -> str:
    if "unknown command" in str(error):
        return " Functions are needed: Redis 7.0, Valkey 7.2, or newer."
    return ""


def _shown(node: str) -> str:
    """A name that may stand in an error of Redis, which is one line."""
    return "".join(char for char in node if char.isprintable())[:_NODE_CHARS_MAX] or "another node"


def _count(token: trio.lowlevel.TrioToken, count: Callable[[str], None], name: str) -> None:
    """Have trio's thread count; it may have ended."""
    try:
        token.run_sync_soon(count, name)
    except trio.RunFinishedError:
        return
