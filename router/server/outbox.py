"""What one connection has still to be sent, within bounds.

Owns: the reliable lane, in order; the lane of values of which only the last counts; the frames
that both become; the pool of memory that all outboxes of a node share.
Does not know: sockets, or what a message means.

Invariants (tests/server/test_outbox.py): the reliable lane never holds more than its bounds: what
would not fit marks the outbox as overrun, and it takes nothing more but the last word. No message
is lost, doubled or moved while it is not overrun. The second lane holds one message for each key,
so it is bounded by what the connection listens to. Nothing follows the last word.

The bounds are wide enough for what people may send at once by the limits that ``welcome`` tells: a
burst of 40 messages of 8 KiB, which JSON may double. They are no wider, for who does not read is
better sent away soon: a new ``welcome`` has everything. As not every connection can have that much
at the same time, all share a pool; where it is used up, each may still hold a small share.

One message is one frame, for that is what the simplest client expects. Only a connection that has
fallen behind by more than an array holds gets arrays, where they save it work.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Hashable

import trio

from router.outgoing import Outgoing
from router.server.buckets import Doublings
from router.wire import FRAME_MESSAGES_MAX, Encoding, Packet, join

__all__ = ["BYTES_MAX", "HEAVY_BYTES", "MESSAGES_MAX", "Merge", "Outbox", "Pool", "nobody"]

MESSAGES_MAX = 512
BYTES_MAX = 1024 * 1024
SHARE_BYTES = 64 * 1024
"""So much an outbox may hold even where the pool is used up."""
POOL_BYTES = 128 * 1024 * 1024
HEAVY_BYTES = 256 * 1024
HEAVY_MESSAGES = 256
"""Whoever has so much to read already is not asked what else they want: so their own answers
never overrun them, however many commands they send without reading."""
FRAME_BYTES = 64 * 1024
"""An array is not made longer than this; one long message still goes alone."""
TAKEN_MAX = 64
TAKEN_BYTES = 256 * 1024
"""So many messages leave the bounds at a time, on their way into the socket."""

Merge = Callable[[Outgoing, Outgoing], Outgoing]
"""Makes one message of one not yet sent and a newer one under the same key."""


class Pool:
    """How much all outboxes of a node hold together, and how many messages went through them."""

    __slots__ = ("bytes_max", "coalesced", "depths", "held", "sent")

    def __init__(self, bytes_max: int = POOL_BYTES) -> None:
        self.bytes_max = bytes_max
        self.held = 0
        self.sent: defaultdict[type, int] = defaultdict(int)
        """Messages by their class."""
        self.coalesced = 0
        """Values that newer ones replaced before they were sent."""
        self.depths = Doublings(BYTES_MAX.bit_length())
        """What an outbox held each time it was emptied, which one slow reader shows in."""


class Outbox:
    """Filled by whoever has news, without waiting; emptied into the connection's socket.

    Args:
        encoding: Of the frames.
        wake: Called once when there is something to take, and again only after ``take`` found
            nothing more.
        fall_behind: Called once, when a message did not fit any more.
        pool: Shared by the outboxes of a node.
    """

    __slots__ = (
        "_byte_count",
        "_fall_behind",
        "_is_awake",
        "_is_closed",
        "_latest",
        "_lighter",
        "_pool",
        "_reliable",
        "_wake",
        "encoding",
        "overrun",
    )

    def __init__(
        self,
        encoding: Encoding,
        wake: Callable[[], None],
        fall_behind: Callable[[], None],
        pool: Pool | None = None,
    ) -> None:
        self.encoding = encoding
        self.overrun = False
        self._wake = wake
        self._fall_behind = fall_behind
        self._pool = pool or Pool()
        # Both lanes are made anew for each burst: most connections are silent most of the time.
        self._reliable: deque[bytes] | None = None
        self._byte_count = 0
        self._latest: dict[Hashable, Packet] | None = None
        self._lighter: trio.Event | None = None
        self._is_awake = False
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._reliable or ()) + len(self._latest or ())

    @property
    def is_idle(self) -> bool:
        """Whether nothing is left to take, and ``take`` has said so."""
        return not self._is_awake

    def put(self, packet: Packet) -> None:
        """Adds a message that must arrive, or marks the outbox as overrun."""
        if self._is_closed:
            return
        data = packet.encoded(self.encoding)
        if self._fits(len(data)):
            self._pool.sent[packet.message.__class__] += 1
            self._append(data)
        else:
            self.overrun = True
            self._drop_all()
            self._is_closed = True
            self._fall_behind()

    def put_latest(self, key: Hashable, packet: Packet, merge: Merge | None = None) -> None:
        """Adds a value that takes the place of one under the same key that was not sent yet."""
        if self._is_closed:
            return
        if self._latest is None:
            self._latest = {}
        before = self._latest.get(key)
        if before is not None:
            self._pool.coalesced += 1
            if merge is not None:
                packet = Packet(merge(before.message, packet.message))
        self._latest[key] = packet
        self._stir()

    def drop_latest(self, key: Hashable) -> None:
        """Takes back a value that was not sent yet."""
        if self._latest is not None:
            self._latest.pop(key, None)

    def close(self, last: Packet | None = None) -> None:
        """Takes nothing more but a last word, which goes out behind all that must arrive."""
        if last is not None and (self.overrun or not self._is_closed):
            self._latest = None  # they would come behind it, and mean nothing to who is leaving
            self._pool.sent[last.message.__class__] += 1
            self._append(last.encoded(self.encoding))
        self._is_closed = True

    def abandon(self) -> None:
        """Forgets everything: nobody reads any more."""
        self._is_closed = True
        self._drop_all()
        self._is_awake = False

    def let_go(self) -> None:
        """Knows nobody any more: whoever it woke refers to it, and would wait for the collector."""
        self.abandon()
        self._wake = self._fall_behind = nobody

    async def wait_lighter(self) -> None:
        """Waits until little is left to be sent; at once where that is so."""
        while self.is_heavy:
            if self._lighter is None:
                self._lighter = trio.Event()
            await self._lighter.wait()

    def take(self) -> list[bytes]:
        """What is to be sent next, as the payloads of frames, oldest first; maybe nothing."""
        held = self._byte_count
        messages = self._pop_messages()
        if messages:
            self._pool.depths.note(held)
        else:
            self._is_awake = False
        return self._frames(messages)

    @property
    def is_heavy(self) -> bool:
        """Whether so much is left to be sent that nothing more should be asked for."""
        count = 0 if self._reliable is None else len(self._reliable)
        return self._byte_count > HEAVY_BYTES or count > HEAVY_MESSAGES

    def _fits(self, size: int) -> bool:
        if self._reliable is None:
            return True
        held = self._byte_count + size
        if len(self._reliable) >= MESSAGES_MAX or held > BYTES_MAX:
            return False
        return held <= SHARE_BYTES or self._pool.held + size <= self._pool.bytes_max

    def _append(self, data: bytes) -> None:
        if self._reliable is None:
            self._reliable = deque()
        self._reliable.append(data)
        self._byte_count += len(data)
        self._pool.held += len(data)
        self._stir()

    def _stir(self) -> None:
        if not self._is_awake:
            self._is_awake = True
            self._wake()

    def _drop_all(self) -> None:
        self._reliable = None
        self._latest = None
        self._lighten(self._byte_count)

    def _lighten(self, size: int) -> None:
        self._byte_count -= size
        self._pool.held -= size
        if self._lighter is not None and not self.is_heavy:
            self._lighter.set()
            self._lighter = None

    def _pop_messages(self) -> list[bytes]:
        messages: list[bytes] = []
        size = 0
        while self._reliable and len(messages) < TAKEN_MAX and size < TAKEN_BYTES:
            data = self._reliable.popleft()
            size += len(data)
            messages.append(data)
        if not self._reliable:
            self._reliable = None
        self._lighten(size)
        while self._latest and len(messages) < TAKEN_MAX:
            key = next(iter(self._latest))
            packet = self._latest.pop(key)
            self._pool.sent[packet.message.__class__] += 1
            messages.append(packet.encoded(self.encoding))
        if not self._latest:
            self._latest = None
        return messages

    def _frames(self, messages: list[bytes]) -> list[bytes]:
        if len(messages) <= FRAME_MESSAGES_MAX:
            return messages
        frames: list[bytes] = []
        group: list[bytes] = []
        size = 0
        for data in messages:
            if group and (len(group) == FRAME_MESSAGES_MAX or size + len(data) > FRAME_BYTES):
                frames.append(self._frame(group))
                group, size = [], 0
            group.append(data)
            size += len(data)
        frames.append(self._frame(group))
        return frames

    def _frame(self, group: list[bytes]) -> bytes:
        return group[0] if len(group) == 1 else join(self.encoding, group)


def nobody() -> None:
    """Whom an outbox tells that is over."""
