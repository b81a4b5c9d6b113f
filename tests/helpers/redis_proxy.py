"""Stands between a journal and its Redis, and loses what a test tells it to lose.

Owns: real sockets, one thread for each connection.
Does not know: what is said, but for a word that it looks for.

A request is what comes in one piece, which is enough for one client that waits for its answers.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from router.journal.redis_address import RedisAddress

__all__ = ["Fate", "RedisProxy", "redis_proxy"]

Fate = Literal["pass", "lose request", "lose answer", "deliver late"]
"""What becomes of a request: with all but the first its connection breaks."""

_BYTES = 1024 * 1024
_QUIET_SECONDS = 0.003
"""After which an answer has come whole, for these tests."""


class RedisProxy:
    """A way to Redis that breaks.

    Args:
        port: Redis'.
        word: Requests with it meet the planned fates; all others pass.
        fates: What becomes of them in turn; behind the last, all pass.
    """

    def __init__(self, port: int, word: bytes, fates: Iterator[Fate]) -> None:
        self._port = port
        self._word = word
        self._fates = fates
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._late: list[bytes] = []
        self.met: list[Fate] = []
        """What became of which request so far."""
        self._start(self._accept)

    @property
    def address(self) -> RedisAddress:
        """For whoever shall go this way."""
        return RedisAddress((("127.0.0.1", self._listener.getsockname()[1]),))

    def close(self) -> None:
        """Listen no more; connections end with their clients."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _start(self, work: object, *args: object) -> None:
        thread = threading.Thread(target=work, args=args)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self._port)) as server:
            while request := self._received(client):
                fate = self._fate(request)
                if fate == "deliver late":
                    with self._lock:
                        self._late.append(request)
                    return
                if fate == "lose request":
                    return
                if len(self.met) % 2:
                    self._deliver()
                server.sendall(request)
                answer = self._received(server)
                if fate == "lose answer" or not answer:
                    return
                self._deliver()
                client.sendall(answer)

    def _fate(self, request: bytes) -> Fate:
        with self._lock:
            fate: Fate = next(self._fates, "pass") if self._word in request else "pass"
            if self._word in request:
                self.met.append(fate)
        return fate

    def _deliver(self) -> None:
        """What lay about on the way arrives, over the connection that it was sent on."""
        with self._lock:
            late, self._late = self._late, []
        for request in late:
            with socket.create_connection(("127.0.0.1", self._port)) as server:
                server.sendall(request)
                self._received(server)

    @staticmethod
    def _received(one: socket.socket) -> bytes:
        """A whole piece, or nothing once the other side is gone."""
        found = b""
        try:
            one.settimeout(None)
            found = one.recv(_BYTES)
            one.settimeout(_QUIET_SECONDS)
            while found and (more := one.recv(_BYTES)):
                found += more
        except TimeoutError:
            return found
        except OSError:
            return b""
        return found


@contextmanager
def redis_proxy(port: int, word: bytes, fates: Iterator[Fate]) -> Iterator[RedisProxy]:
    """A proxy that listens, ended whatever happens once its clients are gone."""
    proxy = RedisProxy(port, word, fates)
    try:
        yield proxy
    finally:
        proxy.close()
