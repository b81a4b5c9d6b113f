"""The door: every byte from outside comes in here.

Owns:
    Accepting, who may come in at all (in number, by address), reading the head in time, and the
    certain end of each connection.

Does not know:
    What a request is for: that is the handler's.

Invariants:
    Nothing one connection does ends another or the server: each has its own guarded task. Each
    stream is closed last, whatever happened before. No more than `connections_max` handlers run;
    beyond them at most `turned_away_max` connections hear why, and the rest are cut.

trio-websocket's own server lets one handler's exception, or one bad byte in a head, end the
process; that is why this loop is ours.
"""

import errno
import logging
import resource
import socket as std_socket
import traceback
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import trio

from router.server.admission import Admission
from router.server.counters import Count
from router.server.head import Head, HeadReader, Refusal
from router.server.proxies import Proxies
from router.server.visit import Peer, Visit, answer, close_for_sure, cut

__all__ = ["FrontLimits", "Handler", "connections_possible", "serve_front"]

Handler = Callable[[Visit], Awaitable[None]]

# Files that are not connections: the journal, the archive, Redis, and those being closed.
FILES_RESERVED: Final = 1_024
ACCEPT_PAUSE_S: Final = 0.1
ACCEPTS_A_TURN: Final = 4
LOG_LINES_PER_MINUTE: Final = 10
NO_PROXIES: Final = Proxies()
_READ_BYTES: Final = 4_096
_STREAM: Final = std_socket.SOCK_STREAM
_OVERLOAD: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS})
_LOG = logging.getLogger("fairline.front")


@dataclass(frozen=True, slots=True)
class FrontLimits:
    """What the door allows; times in seconds."""

    connections_max: int = 15_000
    turned_away_max: int = 256
    """Connections over the cap that are told so at the same time; more are cut."""
    head_s: float = 10.0
    """For the whole head, TLS included, not for each byte of it."""
    retry_after_s: tuple[int, int] = (5, 30)
    """The range the `Retry-After` of a full server is spread over."""


def connections_possible() -> int:
    """Raise the limit of open files as far as it goes; return how many connections fit in it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard - FILES_RESERVED


async def serve_front(
    listeners: Sequence[trio.abc.Listener[trio.abc.Stream]],
    limits: FrontLimits,
    admission: Admission,
    handler: Handler,
    count: Count,
    *,
    proxies: Proxies = NO_PROXIES,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Let visitors in until cancelled; the listeners are closed then."""
    front = _Front(limits, admission, handler, count, proxies)
    async with trio.open_nursery() as nursery:
        for listener in listeners:
            nursery.start_soon(front.accept_from, listener, nursery)
        task_status.started()


class _Front:
    """The state shared by the tasks of one door."""

    def __init__(
        self,
        limits: FrontLimits,
        admission: Admission,
        handler: Handler,
        count: Count,
        proxies: Proxies,
    ) -> None:
        self._limits = limits
        self._proxies = proxies
        self._admission = admission
        self._handler = handler
        self._count = count
        self._log = _QuietLog()
        self._visit_count = 0
        self._open_count = 0
        self._turned_away_count = 0

    async def accept_from(
        self, listener: trio.abc.Listener[trio.abc.Stream], nursery: trio.Nursery
    ) -> None:
        """Accept for ever, one task for each connection."""
        async with listener:
            while True:
                try:
                    stream = await listener.accept()
                except OSError as error:
                    await self._pause(error)
                    continue
                nursery.start_soon(self._receive, stream)
                if isinstance(listener, trio.SocketListener):
                    await self._accept_more(listener, nursery)

    async def _accept_more(self, listener: trio.SocketListener, nursery: trio.Nursery) -> None:
        """Accept a few more that wait, within the same turn.

        One for each turn of the loop is too few when all come at once: what the kernel cannot
        queue any more is asked to come again after seconds. All at once would be too many, for
        their turn would last as long: the rest may wait in the kernel's queue.
        """
        with std_socket.fromfd(listener.socket.fileno(), listener.socket.family, _STREAM) as door:
            door.setblocking(False)
            for _ in range(ACCEPTS_A_TURN - 1):
                try:
                    accepted, _ = door.accept()
                except OSError as error:
                    if error.errno in _OVERLOAD:
                        await self._pause(error)
                    return  # nobody waits any more, or who waited is gone
                stream = trio.SocketStream(trio.socket.from_stdlib_socket(accepted))
                nursery.start_soon(self._receive, stream)

    async def _pause(self, error: OSError) -> None:
        if error.errno not in _OVERLOAD:
            raise error
        self._count("front_accept_overloads")
        self._log.write("cannot accept: %s", errno.errorcode[error.errno])
        await trio.sleep(ACCEPT_PAUSE_S)

    async def _receive(self, stream: trio.abc.Stream) -> None:
        """See one connection through, from accept to close, and let nothing out."""
        is_let_in = self._open_count < self._limits.connections_max
        self._open_count += is_let_in
        self._turned_away_count += not is_let_in
        self._visit_count += 1
        self._count("front_accepts")
        try:
            if is_let_in:
                await self._welcome(stream, self._visit_count)
            else:
                await self._turn_away(stream)
        except* Exception as group:
            self._count("front_failures")
            self._log.write_failure(group)
        finally:
            await close_for_sure(stream)
            self._count("front_closes")
            self._open_count -= is_let_in
            self._turned_away_count -= not is_let_in

    async def _welcome(self, stream: trio.abc.Stream, number: int) -> None:
        peer = _peer_of(stream)
        is_proxy = peer is not None and self._proxies.has(peer.host)
        if peer is not None and not is_proxy and not await self._is_admitted(stream, peer):
            return
        reader = HeadReader()
        head = await self._read_head(stream, reader)
        if peer is not None and is_proxy and isinstance(head, Head):
            said = [value for name, value in head.headers if name == "x-forwarded-for"]
            peer = Peer(self._proxies.client(peer.host, said), peer.port)
            if not await self._is_admitted(stream, peer):
                return
        if isinstance(head, Head) and head.is_upgrade and reader.rest:
            # wsproto would lose these bytes without a word.
            head = Refusal(400, "bytes before the upgrade")
        if isinstance(head, Refusal):
            self._count("front_heads_refused", status=str(head.status))
            await self._refuse(stream, head)
        elif head is not None:
            async with trio.open_nursery() as nursery:
                is_secure = isinstance(stream, trio.SSLStream)
                visit = Visit(
                    number, head, reader.rest, peer, is_secure, stream, nursery, self._count
                )
                await self._handler(visit)
                nursery.cancel_scope.cancel()

    async def _is_admitted(self, stream: trio.abc.Stream, peer: Peer) -> bool:
        """Whether the address may have one more connection now; where not, it has been told."""
        wait_s = self._admission.wait_s(peer.host, trio.current_time())
        if wait_s:
            self._count("front_refusals", reason="address")
            await self._refuse(stream, Refusal(503, "too many connections", _retry(1 + wait_s)))
        return not wait_s

    async def _read_head(
        self, stream: trio.abc.Stream, reader: HeadReader
    ) -> Head | Refusal | None:
        """Return None for a peer that is gone without a word worth an answer."""
        with trio.move_on_after(self._limits.head_s):
            while True:
                try:
                    data = await stream.receive_some(_READ_BYTES)
                except trio.BrokenResourceError:
                    return None
                if not data:
                    return None
                outcome = reader.feed(bytes(data))
                if outcome is not None:
                    return outcome
        return Refusal(408, "request head too slow")

    async def _turn_away(self, stream: trio.abc.Stream) -> None:
        if self._turned_away_count > self._limits.turned_away_max:
            self._count("front_refusals", reason="overflow")
            await cut(stream)
            return
        self._count("front_refusals", reason="full")
        self._log.write("full: %s connections", str(self._limits.connections_max))
        first_s, last_s = self._limits.retry_after_s
        retry_s = first_s + self._visit_count % (last_s - first_s + 1)
        await self._refuse(stream, Refusal(503, "server full", _retry(retry_s)))

    async def _refuse(self, stream: trio.abc.Stream, refusal: Refusal) -> None:
        await answer(stream, refusal.status, refusal.reason, refusal.headers)


class _QuietLog:
    """Writes at most `LOG_LINES_PER_MINUTE` lines, and says how many it kept to itself.

    A failure is written as its type and the lines of code it passed, without its message: that
    may quote what a peer sent.
    """

    def __init__(self) -> None:
        self._minute = -1
        self._line_count = 0
        self._suppressed_count = 0

    def write(self, text: str, detail: str) -> None:
        """Write one line, if there is room in this minute."""
        minute = int(trio.current_time() // 60)
        if minute != self._minute:
            if self._suppressed_count:
                _LOG.warning("%s lines not written", self._suppressed_count)
            self._minute, self._line_count, self._suppressed_count = minute, 0, 0
        if self._line_count >= LOG_LINES_PER_MINUTE:
            self._suppressed_count += 1
            return
        self._line_count += 1
        _LOG.warning(text, detail)

    def write_failure(self, group: BaseExceptionGroup[Exception]) -> None:
        """Write what went wrong in one visit."""
        for error in _leaves(group):
            lines = "".join(traceback.format_tb(error.__traceback__))
            self.write("a visit failed: %s", f"{type(error).__name__}\n{lines}")


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for part in error.exceptions for leaf in _leaves(part)]
    return [error]


def _peer_of(stream: trio.abc.Stream) -> Peer | None:
    transport = stream.transport_stream if isinstance(stream, trio.SSLStream) else stream
    if not isinstance(transport, trio.SocketStream):
        return None
    try:
        host, port, *_ = transport.socket.getpeername()
    except OSError:
        return None  # reset already; reading the head will tell
    return Peer(str(host), int(port))


def _retry(seconds: float) -> tuple[tuple[str, str], ...]:
    return (("retry-after", str(int(seconds))),)
