"""Real servers on one Redis: one that loses its folder with each life, or two that stand in for
each other.

Owns: which of them run, what a life finds in its folder.
Does not know: who connects, what must be there afterwards.
"""

import re
import shutil
import signal
from pathlib import Path

import trio

from router.core import CORE_VERSION
from router.journal.redis_layout import OWNER, POSITIONS
from router.journal.redis_link import Link
from router.journal.redis_snapshots import RedisSnapshots
from tests.crash.server import TENANT, Server
from tests.helpers.redis_server import RedisServer
from tests.server.test_durability import archived

__all__ = ["Forgetful", "Outlasting", "Pair"]

MORE = """journal = "redis"
redis_url = "{url}"
partitions = 4
node = "{name}"
snapshot_commands = 50
snapshot_ms = 1000
journal_keep = "all"
"""
"""Snapshots come soon; nothing is trimmed, so that a replay from the start can judge."""

CONNECT_S = 30.0
RIPE_S = 30.0
TURN_S = 20.0


def _node(folder: Path, redis: RedisServer, name: str, program: tuple[str, ...]) -> Server:
    server = Server(folder, program=program, name=name, more=MORE.format(url=redis.url, name=name))
    server.journal = redis.url
    return server


class Forgetful:
    """One node: each life finds nothing in its folder but, where it is kept, the archive."""

    def __init__(
        self,
        folder: Path,
        redis: RedisServer,
        *,
        program: tuple[str, ...] = ("router",),
        keeps_archive: bool = True,
    ) -> None:
        self._server = _node(folder, redis, "one", program)
        self._redis = redis
        self.ends: list[int] = []
        """How many commands there were when each life began."""
        self._keeps_archive = keeps_archive
        self.journal = redis.url
        self.token = self._server.token
        self.connect = self._server.connect
        self.check_alive = self._server.check_alive
        self.said = self._server.said
        self.close = self._server.close

    def kill(self) -> None:
        """End the node with SIGKILL."""
        self._server.kill()

    def start(self) -> None:
        """Begin a life, on a machine that never had one."""
        data = self._server.data
        for path in data.iterdir() if data.exists() else ():
            if path.is_dir() and not (self._keeps_archive and path.name == "archive"):
                shutil.rmtree(path)
            elif path.is_file():
                path.unlink()
        self.ends.append(int(self._redis.ask("HGET", POSITIONS, TENANT) or 0))
        self._server.start()

    async def ripe(self) -> None:
        """Wait until the next life would begin at a snapshot: the archive has come so far, too."""
        with trio.fail_after(RIPE_S):
            while not await trio.to_thread.run_sync(self._is_ripe):  # noqa: ASYNC110 - a process
                await trio.sleep(0.05)

    def _is_ripe(self) -> bool:
        known = RedisSnapshots(Link(self._redis.address)).newest(CORE_VERSION)
        return (
            known is not None
            and archived(self._server.data.parent) >= known.positions.get(TENANT, 0) > 0
        )

    def replayed(self) -> list[int]:
        """How many commands each life replayed."""
        return [int(count) for count in re.findall(r"replay_count=(\d+)", self._server.logged())]


class Outlasting(Forgetful):
    """One node that goes on, whose Redis is killed under it and started again."""

    _is_running = False

    def start(self) -> None:
        """Begin the one life there is."""
        if not self._is_running:
            super().start()
        self._is_running = True

    def kill(self) -> None:
        """End Redis as a power cut would, and start it again on what it has kept."""
        self._redis.kill()
        self._redis.start()


class Pair:
    """Two nodes on one folder: what serves is killed, and the other one takes over."""

    def __init__(self, folder: Path, redis: RedisServer) -> None:
        self._redis = redis
        self._nodes = [_node(folder, redis, name, ("router",)) for name in ("left", "right")]
        self._running: list[Server] = []
        self.frozen_count = 0
        """How many were frozen, and ended when they woke."""
        self.journal = redis.url
        self.token = self._nodes[0].token

    def start(self) -> None:
        """Have both run."""
        for node in self._nodes:
            if node not in self._running:
                node.start()
                self._running.append(node)

    def kill(self) -> None:
        """End the one that serves with SIGKILL; where none does yet, the one that began first."""
        node = self._owner() or self._running[0]
        self._running.remove(node)
        node.kill()

    def _owner(self) -> Server | None:
        name = self._redis.ask("HGET", OWNER, "node")
        return next((node for node in self._running if node.name.encode() == name), None)

    async def freeze(self) -> None:
        """Have the one that serves sleep until the other one serves: it ends when it wakes.

        Raises:
            AssertionError: it goes on.
        """
        frozen = self._owner()
        if frozen is None or len(self._running) < len(self._nodes):
            return
        frozen.signal(signal.SIGSTOP)
        try:
            with trio.fail_after(TURN_S):
                while self._owner() in (None, frozen):  # noqa: ASYNC110 - another process
                    await trio.sleep(0.05)
        finally:
            frozen.signal(signal.SIGCONT)
        self._running.remove(frozen)
        with trio.move_on_after(TURN_S):
            while not frozen.has_ended():  # noqa: ASYNC110 - another process
                await trio.sleep(0.05)
        has_ended = frozen.has_ended()
        said = frozen.said()
        frozen.kill()
        assert has_ended, f"who lost its turn goes on:\n{said}"
        self.frozen_count += 1

    def close(self) -> None:
        """Leave nothing running."""
        for node in self._running:
            node.kill()
        self._running = []

    def check_alive(self) -> None:
        """Make sure that nobody but the killer ended one."""
        for node in self._running:
            node.check_alive()

    def said(self) -> str:
        """The last of what both logged."""
        return "\n".join(node.said() for node in self._nodes)

    async def connect(self) -> trio.SocketStream:
        """A connection to either, as a proxy would make one.

        Raises:
            AssertionError: none comes up.
        """
        self._nodes.reverse()
        with trio.move_on_after(CONNECT_S):
            while True:
                self.check_alive()
                for node in self._nodes:
                    try:
                        return await trio.open_tcp_stream("127.0.0.1", node.port)
                    except OSError:
                        continue
                await trio.sleep(0.02)
        raise AssertionError(f"nobody listens:\n{self.said()}")
