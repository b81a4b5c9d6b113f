"""Child processes of a benchmark: starting, finding their port, and what they cost.

Owns: the life of a child and its figures from the system. Does not know: what it serves.

Invariants: children listen on 127.0.0.1 alone; each is ended by its own id, whatever happens.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["HOST", "TICK_S", "Child", "child", "free_port"]

HOST = "127.0.0.1"
TICK_S = 1 / os.sysconf("SC_CLK_TCK")
"""The grain of processor times, usually 10 ms."""
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Child:
    """A running server; its last lines of output are kept, and read, lest it wait for a reader."""

    def __init__(self, process: subprocess.Popen[str], port: int, began: Sequence[str]) -> None:
        self.port = port
        self.began = began
        """What it said until it listened."""
        self.said: deque[str] = deque(maxlen=20)
        self._process = process
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with suppress(ValueError):  # closed while it is read: the block is over
            self.said.extend(self._process.stdout)

    def stop(self) -> None:
        """Asks it to end, as an operator does, and waits until it has."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait()

    def kill(self) -> None:
        """Ends it without a word, and waits until it is gone."""
        self._process.kill()
        self._process.wait()

    def cpu_s(self) -> float:
        """The processor time that it took so far, its own and the system's for it."""
        line = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii")
        fields = line.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * TICK_S

    def resident_bytes(self) -> int:
        """The memory that it holds now."""
        line = Path(f"/proc/{self._process.pid}/statm").read_text(encoding="ascii")
        return int(line.split()[1]) * _PAGE_BYTES


def free_port() -> int:
    """A port that nobody listens on at present, for a server that is to come back to it."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def child(arguments: Sequence[str], ready: str) -> Iterator[Child]:
    """Runs ``python -m ARGUMENTS`` until the block ends.

    Args:
        arguments: The module and what it is given.
        ready: A regular expression for the line that says that it listens; its first group is
            the port.
    """
    command = [sys.executable, "-m", *arguments]
    with subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        server = None
        try:
            server = Child(process, *_port_of(process, ready))
            yield server
        except BaseException as error:
            if server is not None:
                state = process.poll()
                how = "it runs" if state is None else f"it ended with {state}"
                error.add_note(f"the server's last words ({how}):\n{''.join(server.said)}")
            raise
        finally:
            process.kill()


def _port_of(process: subprocess.Popen[str], ready: str) -> tuple[int, list[str]]:
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        found = re.search(ready, line)
        if found:
            return int(found[1]), said
    raise RuntimeError(f"a server of the benchmark did not start:\n{''.join(said)}")
