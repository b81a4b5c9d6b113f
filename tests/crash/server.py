"""A real `fairline serve` on one folder and one port, started and killed.

Owns: the process, its settings, tokens for its people.
Does not know: who connects, what must be there afterwards, what other journals there are.
"""

import subprocess
import sys
import time
from pathlib import Path
from typing import Protocol

import trio

from router.server.auth import Role, mint
from router.server.settings import KeyEntry
from tests.helpers.real_server import free_port

__all__ = ["AGENTS", "TENANT", "Server", "Serving"]

ROOT = Path(__file__).parents[2]
HOST = "127.0.0.1"
TENANT = "acme"
AGENTS = ("ann", "bob", "cid")
KEY = KeyEntry(kid="main", alg="HS256", secret="a secret of thirty-two bytes or more")
START_S = 30.0

SETTINGS = """
[server]
bind = "{host}:{port}"
data = "{data}"
log = "console"
{more}
[tenants.acme]
keys = [{{kid = "main", alg = "HS256", secret = "{secret}"}}]
native_apps = true
[tenants.acme.policy]
grace_ms = 600000
[[tenants.acme.policy.queues]]
id = "one"
[[tenants.acme.policy.queues]]
id = "two"
wrap_up_ms = 2000
"""


class Serving(Protocol):
    """Whatever serves people from one journal, and is killed: a server, or several."""

    @property
    def journal(self) -> str:
        """The journal's folder, or the address of its Redis."""

    def start(self) -> None:
        """Begin a life; it listens later."""

    def kill(self) -> None:
        """End what serves with SIGKILL."""

    def close(self) -> None:
        """Leave nothing running."""

    def check_alive(self) -> None:
        """Make sure that nobody but the killer ended anything; raises AssertionError."""

    async def connect(self) -> trio.SocketStream:
        """A connection, once there is one to be had; raises AssertionError where none comes."""

    def token(self, role: Role, name: str) -> str:
        """A token of the tenant."""


class Server:
    """One life after another over the same data folder.

    Args:
        folder: For its data, settings and log.
        program: The module that is run in the place of `router`.
        name: Of its settings and log; its data may be another's, too.
        more: Lines of `[server]`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        program: tuple[str, ...] = ("router",),
        name: str = "fairline",
        more: str = "",
    ) -> None:
        self.name = name
        self._program = program
        self.port = free_port()
        self.data = folder / "data"
        self.journal = str(self.data / "journal")
        self._config = folder / f"{name}.toml"
        self._log = folder / f"{name}.log"
        facts = {"host": HOST, "port": self.port, "data": self.data, "secret": KEY.secret}
        self._config.write_text(SETTINGS.format(more=more, **facts), encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin a life; it listens later."""
        command = [sys.executable, "-m", *self._program, "serve", "--config", str(self._config)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)

    def kill(self) -> None:
        """End it with SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def close(self) -> None:
        """Leave nothing running."""
        self.kill()

    def signal(self, number: int) -> None:
        """Send a signal."""
        assert self._process is not None, "it runs"
        self._process.send_signal(number)

    def has_ended(self) -> bool:
        """Whether it ended by itself."""
        return self._process is not None and self._process.poll() is not None

    def check_alive(self) -> None:
        """Make sure that nobody but the killer ended it.

        Raises:
            AssertionError: it ended by itself.
        """
        if self.has_ended():
            raise AssertionError(f"the server ended by itself:\n{self.said()}")

    def said(self) -> str:
        """The last of what it logged."""
        return "\n".join(self.logged().splitlines()[-30:])

    def logged(self) -> str:
        """All that it logged, in all its lives."""
        return self._log.read_text("utf-8", "replace")

    async def connect(self) -> trio.SocketStream:
        """A connection; waits until the server listens.

        Raises:
            AssertionError: it does not come up.
        """
        with trio.move_on_after(START_S):
            while True:
                self.check_alive()
                try:
                    return await trio.open_tcp_stream(HOST, self.port)
                except OSError:
                    await trio.sleep(0.02)
        raise AssertionError(f"the server does not listen:\n{self.said()}")

    def token(self, role: Role, name: str) -> str:
        """A token of the tenant."""
        now_ms = time.time_ns() // 1_000_000
        return mint(KEY, tenant=TENANT, role=role, subject=name, now_ms=now_ms, ttl_s=3_000)
