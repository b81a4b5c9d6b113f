"""Child processes of a benchmark: starting, finding their port, and what they cost.

Owns: the life of a child and its figures from the system. Does not know: what it serves.

Invariants: children listen on 127.0.0.1 alone; each is ended by its own id, whatever happens.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

__all__ = ["HOST", "Child", "child"]

HOST = "127.0.0.1"
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Child:
    """A running server."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.port = port
        self._process = process

    def cpu_s(self) -> float:
        """The processor time that it took so far, its own and the system's for it."""
        line = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii")
        fields = line.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_A_SECOND

    def resident_bytes(self) -> int:
        """The memory that it holds now."""
        line = Path(f"/proc/{self._process.pid}/statm").read_text(encoding="ascii")
        return int(line.split()[1]) * _PAGE_BYTES


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
        try:
            yield Child(process, _port_of(process, ready))
        finally:
            process.kill()


def _port_of(process: subprocess.Popen[str], ready: str) -> int:
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        found = re.search(ready, line)
        if found:
            return int(found[1])
    raise RuntimeError(f"a server of the benchmark did not start:\n{''.join(said)}")
