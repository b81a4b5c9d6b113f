"""One process of the server under load: started, killed, started again, and read.

Owns: a child process on loopback, its log, what its lives took together.
Does not know: what it is loaded with, whether others stand beside it.

Invariants (tests/loadtest/test_node.py): it is ended by its own id; one that ended by itself is
named with its last words; what it took is counted over all its lives; of one that is too busy to
answer what it told last stands.
"""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from loadtest.readings import Reading, page_at
from router.bench.processes import HOST, free_port

__all__ = ["PAGE_BYTES", "Node", "ServerNotThereError", "cpu_of"]

READY = re.compile(r"server\.listening.*port=\d+|journal\.standby.*is_serving=True")
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
LOOK_EVERY_S = 0.05
LAST_WORDS = 2_000


class ServerNotThereError(Exception):
    """Raised where the server does not start, or ended by itself; has its last lines."""


def cpu_of(pid: int) -> float:
    """The processor time of a process, its own and the system's for it; 0 if it is gone."""
    try:
        line = Path(f"/proc/{pid}/stat").read_text("ascii")
    except OSError:
        return 0.0
    fields = line.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND


class Node:
    """One node with a port of its own.

    Args:
        name: As its metrics and logs have it.
        config: The file of its settings.
        folder: Where its log goes.
    """

    def __init__(self, name: str, config: Path, folder: Path) -> None:
        self.name = name
        self.port = free_port()
        self._config = config
        self._log = folder / f"{name}.log"
        self._log.touch()
        self._seen_bytes = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._cpu_before_s = 0.0
        self._last_page = ""

    @property
    def url(self) -> str:
        """Its WebSocket."""
        return f"ws://{HOST}:{self.port}/v1/socket"

    @property
    def pid(self) -> int:
        """The id of its process."""
        assert self._process is not None, f"{self.name} was not started"
        return self._process.pid

    @property
    def is_up(self) -> bool:
        """Whether it was started, and not killed since."""
        return self._process is not None

    @property
    def is_serving(self) -> bool:
        """Whether it is ready; who stands by or still starts is not."""
        return self.is_up and bool(page_at(f"http://{HOST}:{self.port}/readyz"))

    def start(self) -> None:
        """Starts it and waits until it listens, or stands by.

        Raises:
            ServerNotThereError: it ended instead.
        """
        self.spawn()
        while not READY.search(self._said()):
            self.check()
            time.sleep(LOOK_EVERY_S)

    def spawn(self) -> None:
        """Starts it."""
        own = {"NODE": self.name, "BIND": f"{HOST}:{self.port}"}
        self._seen_bytes = self._log.stat().st_size
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
                [sys.executable, "-m", "router", "serve", "--config", str(self._config)],
                env=os.environ | {f"FAIRLINE_SERVER__{key}": value for key, value in own.items()},
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )

    def check(self) -> None:
        """Looks whether it still runs, if it was started.

        Raises:
            ServerNotThereError: it ended by itself.
        """
        if self._process is not None and self._process.poll() is not None:
            status = self._process.returncode
            how = f"with status {status}" if status >= 0 else f"by {signal.Signals(-status).name}"
            said = self._said()[-LAST_WORDS:]
            raise ServerNotThereError(f"{self.name} ended by itself, {how}:\n{said}")

    def kill(self) -> None:
        """Ends it without a word."""
        if self._process is not None:
            self._cpu_before_s += cpu_of(self._process.pid)
            self._process.kill()
            self._process.wait()
            self._process = None
            self._last_page = ""

    def reading(self) -> Reading:
        """What it took so far, and holds."""
        page = self._page()
        cpu_s = cpu_of(self._process.pid) if self._process is not None else 0.0
        return Reading.of(self.name, self._cpu_before_s + cpu_s, self._resident_bytes(), page)

    def _page(self) -> str:
        if self._process is not None:
            self._last_page = page_at(f"http://{HOST}:{self.port}/metrics") or self._last_page
        return self._last_page

    def _resident_bytes(self) -> int:
        if self._process is None:
            return 0
        try:
            text = Path(f"/proc/{self._process.pid}/statm").read_text("ascii")
        except OSError:
            return 0
        return int(text.split()[1]) * PAGE_BYTES

    def _said(self) -> str:
        """What it has written since it was started last."""
        return self._log.read_bytes()[self._seen_bytes :].decode(errors="replace")
