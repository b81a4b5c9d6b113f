"""``fairline serve`` as a process, started as an operator starts it, and its visitors.

Owns: the settings file, the process and its ends, the sockets that were opened through it.
Does not know: anything of ``router``; not one name is imported from there.
"""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from tests.helpers.outsider import JSON, PATIENCE_S, SECRET, Fields, Line, claims, sign, until

__all__ = ["HOST", "Server"]

ROOT = Path(__file__).parents[2]
HOST = "127.0.0.1"
POLICY: Fields = {
    "queues": [{"id": "billing", "name": "Billing", "channels": ["chat", "email"]}],
    "agents": [
        {"id": "alice", "name": "Alice", "languages": {"en": 100}, "teams": ["emea"]},
        {"id": "bob", "name": "Bob", "languages": {"en": 100}, "teams": ["emea"]},
    ],
}


def _toml(value: object) -> str:
    if isinstance(value, Mapping):
        inside = ", ".join(f"{json.dumps(key)} = {_toml(each)}" for key, each in value.items())
        return f"{{{inside}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value)


class Server:
    """``fairline serve`` as a process over a folder; one tenant for each test that wants one.

    Args:
        folder: Where its settings and its journal lie.
        tenants: What each tenant's entry has besides the defaults; ``policy`` is laid over
            ``POLICY``.
        server: What ``[server]`` has besides the defaults.
    """

    def __init__(
        self, folder: Path, tenants: Mapping[str, Fields], server: Fields | None = None
    ) -> None:
        self.folder = folder
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None
        self._sockets = ExitStack()
        self._config = folder / "fairline.toml"
        self._log = folder / "server.log"
        self._write({"bind": f"{HOST}:0", "data": "data", "log": "json", **(server or {})}, tenants)

    def _write(self, server: Fields, tenants: Mapping[str, Fields]) -> None:
        key = {"kid": "main", "alg": "HS256", "secret": SECRET}
        entries = {
            name: {
                "keys": [key],
                "native_apps": True,
                **entry,
                "policy": {**POLICY, **entry.get("policy", {})},
            }
            for name, entry in tenants.items()
        }
        text = [f"{name} = {_toml(value)}" for name, value in server.items()]
        lines = ["[server]", *text, "[tenants]"]
        lines += [f"{json.dumps(name)} = {_toml(entry)}" for name, entry in entries.items()]
        self._config.write_text("\n".join(lines) + "\n", encoding="utf-8")

    # -- its life

    def start(self) -> "Server":
        """Starts a life and waits until it is ready."""
        self._log.write_bytes(b"")
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        until(self._find_port, "the server listens", 30)
        until(lambda: self.get("/readyz")[0] == 200, "the server is ready", 30)
        return self

    def command(self) -> list[str]:
        """What a life is started with."""
        return [sys.executable, "-m", "router", "serve", "--config", str(self._config)]

    def _find_port(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self._log.read_text()
        found = re.search(r'"port":([1-9][0-9]*)', self._log.read_text())
        self.port = int(found[1]) if found else 0
        return bool(found)

    def kill(self) -> None:
        """kill -9, in the middle of whatever it does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)
        self.process = None

    def terminate(self) -> None:
        """SIGTERM; the process goes on for as long as it drains."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """Ends the process and everybody's sockets, however the test went."""
        self.hang_up()
        if self.process is not None:
            self.terminate()
            self.process.wait(20)
            self.process = None

    def hang_up(self) -> None:
        """Closes every socket that was opened through here."""
        self._sockets.close()

    def log(self) -> str:
        """What it said so far."""
        return self._log.read_text(encoding="utf-8")

    def memory_bytes(self) -> int:
        """How much of the machine's memory it holds."""
        assert self.process is not None
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    @contextmanager
    def running(self) -> Iterator["Server"]:
        """The server for as long as the block runs."""
        try:
            yield self.start()
        finally:
            self.stop()

    # -- its visitors

    def line(
        self,
        encoding: str = JSON,
        *,
        origin: str | None = None,
        query: str = "",
        subprotocols: list[str] | None = None,
    ) -> Line:
        """Opens a socket without saying anything on it."""
        offered = [encoding] if subprotocols is None else subprotocols
        opening = connect(
            f"ws://{HOST}:{self.port}/v1/socket{query}",
            subprotocols=[Subprotocol(name) for name in offered],
            origin=None if origin is None else Origin(origin),
            ping_interval=None,
            max_queue=None,
            proxy=None,
            open_timeout=PATIENCE_S,
            close_timeout=1,
        )
        link = self._sockets.enter_context(opening)
        return Line(link, link.subprotocol or encoding)

    def person(
        self,
        tenant: str,
        role: str,
        subject: str,
        *,
        encoding: str = JSON,
        more: Fields | None = None,
        **fields: object,
    ) -> Line:
        """Somebody who has said hello; ``more`` are claims, ``fields`` go into ``hello``."""
        line = self.line(encoding)
        answer = line.hello(sign(claims(tenant, role, subject, **(more or {}))), role, **fields)
        assert answer["t"] == "welcome", answer
        return line

    def ready_agent(self, tenant: str, subject: str = "alice", **fields: Any) -> Line:  # noqa: ANN401 - as ``person`` takes them
        """An agent who is available."""
        line = self.person(tenant, "agent", subject, **fields)
        line.do("presence.set", show="available")
        return line

    def get(
        self,
        path: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        """One HTTP request: status, headers in lower case, body."""
        client = http.client.HTTPConnection(HOST, self.port, timeout=PATIENCE_S)
        try:
            client.request(method, path, body=body, headers=dict(headers or {}))
            answer = client.getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, named, answer.read()
        finally:
            client.close()

    def exchange(self, content: bytes) -> bytes:
        """Sends bytes on a connection of their own and returns all that comes to its end."""
        answer = b""
        link = socket.create_connection((HOST, self.port), timeout=PATIENCE_S)
        with link, contextlib.suppress(ConnectionError):
            link.sendall(content)
            while part := link.recv(65_536):
                answer += part
        return answer
