"""Starts, kills and restarts the scripted server on a port that stays the same.

Owns: the process. Does not know: what it serves.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

__all__ = ["ScriptedServer"]

ROOT = Path(__file__).parents[2]


class ScriptedServer:
    """One server life after another over the same kept file."""

    def __init__(self, folder: Path, *options: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.kept = folder / "kept.json"
        self.options = options
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.helpers.scripted_web", "--port", str(self.port)]
        self.process = subprocess.Popen(
            [*command, "--kept", str(self.kept), *self.options],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline().startswith("ready"), (
            "the scripted server did not start"
        )

    def kill(self) -> None:
        """Ends it without a goodbye to anybody."""
        if self.process is None:
            return
        assert self.process.stdout is not None
        self.process.kill()
        self.process.wait(10)
        self.process.stdout.close()
        self.process = None

    def world(self) -> dict[str, Any]:
        """What the server holds right now."""
        with urllib.request.urlopen(f"{self.address}/scripted/world", timeout=5) as answer:
            held: dict[str, Any] = json.load(answer)
        return held

    def lose_offers(self) -> None:
        """Gives the pending offers to somebody else without telling who has them."""
        self._post("/scripted/lose-offers")

    def deafen(self) -> None:
        """Hears nothing more on the connections that are open now."""
        self._post("/scripted/deafen")

    def script(self, **wanted: object) -> None:
        """Has the world behave so from now on: terms, door, ahead, no_rating."""
        self._post("/scripted/script", wanted)

    def fresh(self, **wanted: object) -> None:
        """Forgets all that happened; the world behaves as wanted."""
        self.script(fresh=True, **wanted)

    def act(self, what: str, **fields: object) -> None:
        """Alice does something to the newest conversation: take, lose, or a command of hers."""
        self._post("/scripted/act", {"t": what, **fields})

    def tell(self, event: str, **fields: object) -> None:
        """Sends an event to all customers who are connected."""
        self._post("/scripted/tell", {"t": event, **fields})

    def say(self, *conversations: str, body: str) -> None:
        """The customers of these conversations all say the same."""
        self._post("/scripted/say", {"conversations": conversations, "body": body})

    def _post(self, path: str, body: object = None) -> None:
        data = json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data=data, method="POST")
        urllib.request.urlopen(request, timeout=5).close()
