"""What one connection has still to be sent, within bounds.

Owns: the reliable lane, in order; the lane of values of which only the last counts; the frames
that both become.
Does not know: sockets, or what a message means.

Invariants (tests/server/test_outbox.py): the reliable lane never holds more than its bounds: what
would not fit marks the outbox as overrun, and it takes nothing more. No message is lost, doubled
or moved while it is not overrun. The second lane holds one message for each key, so it is bounded
by what the connection listens to.

One message is one frame, for that is what the simplest client expects. Only a connection that has
fallen behind by more than an array holds gets arrays, where they save it work.
"""

from collections import deque
from collections.abc import Callable, Hashable

import trio

from router.outgoing import Outgoing
from router.wire import FRAME_MESSAGES_MAX, Encoding, Packet, join

__all__ = ["BYTES_MAX", "MESSAGES_MAX", "Merge", "Outbox"]

MESSAGES_MAX = 256
BYTES_MAX = 256 * 1024
FRAME_BYTES = 64 * 1024
"""An array is not made longer than this; one long message still goes alone."""
TAKEN_MAX = 64
"""So many messages leave the bounds at a time, on their way into the socket."""

Merge = Callable[[Outgoing, Outgoing], Outgoing]
"""Makes one message of one not yet sent and a newer one under the same key."""


class Outbox:
    """Filled by whoever has news, without waiting; emptied by the connection's one writer."""

    __slots__ = (
        "_byte_count",
        "_fall_behind",
        "_is_closed",
        "_latest",
        "_lot",
        "_reliable",
        "encoding",
        "overrun",
    )

    def __init__(self, encoding: Encoding, fall_behind: Callable[[], None]) -> None:
        """``fall_behind`` is called once, when a message did not fit any more."""
        self.encoding = encoding
        self._fall_behind = fall_behind
        self.overrun = False
        self._reliable: deque[bytes] = deque()
        self._byte_count = 0
        self._latest: dict[Hashable, Packet] = {}
        self._lot = trio.lowlevel.ParkingLot()
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._reliable) + len(self._latest)

    def put(self, packet: Packet) -> None:
        """Adds a message that must arrive, or marks the outbox as overrun."""
        if self.overrun or self._is_closed:
            return
        data = packet.encoded(self.encoding)
        is_full = len(self._reliable) >= MESSAGES_MAX or self._byte_count + len(data) > BYTES_MAX
        if self._reliable and is_full:
            self.overrun = True
            self._fall_behind()
        else:
            self._reliable.append(data)
            self._byte_count += len(data)
        self._lot.unpark_all()

    def put_latest(self, key: Hashable, packet: Packet, merge: Merge | None = None) -> None:
        """Adds a value that takes the place of one under the same key that was not sent yet."""
        if self.overrun or self._is_closed:
            return
        before = self._latest.get(key)
        if before is not None and merge is not None:
            packet = Packet(merge(before.message, packet.message))
        self._latest[key] = packet
        self._lot.unpark_all()

    def drop_latest(self, key: Hashable) -> None:
        """Takes back a value that was not sent yet."""
        self._latest.pop(key, None)

    def close(self) -> None:
        """Takes nothing more; the writer gets the rest, and then nothing."""
        self._is_closed = True
        self._lot.unpark_all()

    async def take(self) -> list[bytes]:
        """Waits for something to send and returns it as frames, oldest first.

        Returns:
            No frames where there is nothing left to wait for: closed and empty, or overrun.
        """
        while not self._reliable and not self._latest:
            if self.overrun or self._is_closed:
                await trio.lowlevel.checkpoint()
                return []
            await self._lot.park()
        if self.overrun:
            await trio.lowlevel.checkpoint()
            return []
        return self._frames(self._pop_messages())

    def _pop_messages(self) -> list[bytes]:
        messages: list[bytes] = []
        while self._reliable and len(messages) < TAKEN_MAX:
            data = self._reliable.popleft()
            self._byte_count -= len(data)
            messages.append(data)
        while self._latest and len(messages) < TAKEN_MAX:
            key = next(iter(self._latest))
            messages.append(self._latest.pop(key).encoded(self.encoding))
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
