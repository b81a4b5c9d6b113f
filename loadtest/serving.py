"""The server of a run: its nodes, and the Redis under them where the scenario wants one.

Owns: child processes on loopback, started, killed and started again. Does not know: the load. It
uses nothing of the server but its command line and its HTTP pages.

Invariants (tests/loadtest/test_serving.py): everything listens on 127.0.0.1 alone; each child is
ended by its own id whatever happens; a fault hits the node that serves.
"""

import secrets
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from loadtest.node import Node, ServerNotThereError
from loadtest.readings import Reading
from loadtest.redis_watch import RedisReading, RedisWatch
from loadtest.sampling import Watched
from loadtest.scenario import Scenario
from loadtest.scenario_settings import REDIS_URL, settings_text
from router.bench.redis import redis_process, redis_program
from router.errors import StorageError

__all__ = ["Served", "Server"]


class Served(Watched, Protocol):
    """A server as a run sees it, whoever started it."""

    tenants: tuple[str, ...]
    has_figures: bool
    """Whether it tells what it takes; if not, nothing of it is measured."""

    @property
    def urls(self) -> tuple[str, ...]:
        """The WebSockets at which it may be, one a node; who is refused tries the next."""

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """The id and the secret of each tenant's key."""

    @property
    def pid(self) -> int:
        """The id of the process that serves."""

    def start(self) -> None:
        """Has it listen, or looks whether it does."""

    def check(self) -> None:
        """Looks whether all that was started still runs."""

    def kill(self) -> None:
        """Ends the node that serves without a word."""

    def revive(self) -> None:
        """Starts again what was killed, and waits for nothing."""

    def close(self) -> None:
        """Ends what was started."""


class Server:
    """A server for one scenario, in a folder of its own."""

    has_figures = True
    is_here = True

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        load = scenario.load
        self.keys = tuple(("main", secrets.token_urlsafe(48)) for _ in range(load.tenants))
        self.tenants = tuple(f"load{number}" for number in range(load.tenants))
        config = folder / "fairline.toml"
        self._nodes = [Node(f"node{number + 1}", config, folder) for number in range(load.nodes)]
        self._folder = folder
        self._scenario = scenario
        self._config = config
        self._watch: RedisWatch | None = None
        self._open = ExitStack()

    @property
    def urls(self) -> tuple[str, ...]:
        """The WebSockets of all nodes."""
        return tuple(node.url for node in self._nodes)

    @property
    def port(self) -> int:
        """That of the first node."""
        return self._nodes[0].port

    @property
    def pid(self) -> int:
        """The id of the process that serves; of the first one, where there is but one."""
        return self._serving().pid

    def start(self) -> None:
        """Starts all of it and waits until it listens.

        Raises:
            ServerNotThereError: it ended instead, or there is no Redis to be started.
        """
        redis_url = REDIS_URL
        if self._scenario.load.journal == "redis":
            redis_url = self._start_redis()
        text = settings_text(
            self._scenario, self.keys, port=self.port, folder=self._folder, redis_url=redis_url
        )
        self._config.write_text(text, encoding="utf-8")
        for node in self._nodes:
            node.start()

    def _start_redis(self) -> str:
        program = redis_program()
        if not program:
            raise ServerNotThereError(
                "load.journal: there is neither a valkey-server nor a redis-server here; install "
                "one (on Debian: apt-get install redis-server)"
            )
        try:
            address = self._open.enter_context(redis_process(self._folder / "redis", program))
        except (StorageError, OSError) as error:
            raise ServerNotThereError(f"load.journal: {program} did not start: {error}") from None
        self._watch = RedisWatch(address.shown)
        self._open.callback(self._watch.close)
        return address.shown

    def _serving(self) -> Node:
        up = [node for node in self._nodes if node.is_up]
        if len(up) > 1:
            return next((node for node in up if node.is_serving), up[0])
        return up[0] if up else self._nodes[0]

    def check(self) -> None:
        """Looks whether every node that was not killed still runs.

        Raises:
            ServerNotThereError: one ended by itself.
        """
        for node in self._nodes:
            node.check()

    def kill(self) -> None:
        """Ends the node that serves, as ``kill -9`` does."""
        self._serving().kill()

    def revive(self) -> None:
        """Starts again what was killed."""
        for node in self._nodes:
            if not node.is_up:
                node.spawn()

    def close(self) -> None:
        """Ends all nodes, and Redis after them."""
        for node in self._nodes:
            node.kill()
        self._open.close()

    def readings(self) -> Sequence[Reading]:
        """Each node now."""
        return [node.reading() for node in self._nodes]

    def redis(self) -> RedisReading | None:
        """The Redis of the journal, where there is one."""
        return self._watch.look() if self._watch is not None else None
