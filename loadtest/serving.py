"""The server under load: its settings, its process, and what it takes, second by second.

Owns: one child process on loopback, started, killed and started again, and its samples.
Does not know: the load. It uses nothing of the server but its command line and its HTTP pages.

Invariants (tests/loadtest/test_serving.py): it listens on 127.0.0.1 alone; the child is ended by
its own id whatever happens; a sample tells the server's share apart from that of everybody else
on the machine.
"""

import http.client
import json
import os
import re
import secrets
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from loadtest.notes import now
from loadtest.scenario import Line, Scenario

__all__ = ["Sample", "Sampler", "Served", "Server", "ServerNotThereError", "settings_text"]

HOST = "127.0.0.1"
READY = re.compile(r"listening.*port=(\d+)")
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
CONNECTIONS_SPARE = 2_000
LAG_BUCKET = re.compile(
    r'^fairline_loop_lag_seconds_bucket\{le="([^"]+)"\} ([0-9.e+]+)', re.MULTILINE
)
QUANTILE = 0.99


class Served(Protocol):
    """A server as a run sees it, whoever started it."""

    url: str
    tenants: tuple[str, ...]
    cpu_before_s: float
    has_figures: bool
    """Whether it tells what it takes; if not, nothing of it is measured."""

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """The id and the secret of each tenant's key."""

    @property
    def is_here(self) -> bool:
        """Whether its processor time is that of this machine."""

    @property
    def pid(self) -> int:
        """The id of its process."""

    def start(self) -> None:
        """Has it listen, or looks whether it does."""

    def kill(self) -> None:
        """Ends what was started."""

    def cpu_s(self) -> float:
        """The processor time so far."""

    def resident_bytes(self) -> int:
        """The memory that it holds now."""

    def lag_buckets(self) -> dict[float, float]:
        """How late its loop was so far: counts by upper bound."""


class ServerNotThereError(Exception):
    """Raised where the server does not start; has its last lines."""


def _toml(value: object) -> str:
    """A value in TOML, inline."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {_toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(each) for each in value) + "]"
    return json.dumps(value)


def settings_text(
    scenario: Scenario, keys: Sequence[tuple[str, str]], *, port: int, folder: Path
) -> str:
    """The settings of a server for this scenario: as many tenants as keys, all alike."""
    load = scenario.load
    people = scenario.agents + scenario.customers.connected + CONNECTIONS_SPARE
    lines = [
        "[server]",
        f'bind = "{HOST}:{port}"',
        f"journal = {_toml(load.journal)}",
        f"data = {_toml(str(folder / 'data'))}",
        'log = "console"',
        f"connections_max = {people + int(scenario.arrivals.highest * 120)}",
    ]
    for number, (kid, secret) in enumerate(keys):
        key = {"kid": kid, "alg": "HS256", "secret": secret}
        lines += [f"[tenants.load{number}]", f"keys = [{_toml(key)}]", "native_apps = true"]
        lines += [f"[tenants.load{number}.policy]", *_policy(scenario)]
        for line in scenario.lines:
            lines += [f"[[tenants.load{number}.policy.queues]]", *_queue(line)]
        lines += _directory(scenario, f"[[tenants.load{number}.policy.agents]]")
    return "\n".join(lines) + "\n"


def _policy(scenario: Scenario) -> list[str]:
    head_start_ms = round(scenario.load.head_start * 1000)
    capacity = scenario.desks[0].capacity
    policy: dict[str, object] = {
        "capacity": {"chat": capacity, "total": capacity},
        "classes": {"regular": 0, "priority": head_start_ms},
        "head_start_max_ms": head_start_ms,
        "score_band": 1000,
        **scenario.load.policy,
    }
    return [f"{name} = {_toml(value)}" for name, value in policy.items()]


def _queue(line: Line) -> list[str]:
    queue: dict[str, object] = {
        "id": line.id,
        "channels": ["chat"],
        "needs": [{"skill": line.id, "level": 1}],
        "waiting_max": 100_000,
        "wrap_up_ms": round(line.wrap_up * 10_000) + 60_000 * bool(line.wrap_up),
        **line.policy,
    }
    return [f"{name} = {_toml(value)}" for name, value in queue.items()]


def _directory(scenario: Scenario, table: str) -> list[str]:
    """Only agents whose capacity is another than the first group's need an entry."""
    lines = []
    for group in scenario.desks:
        if group.capacity != scenario.desks[0].capacity:
            capacity = {"chat": group.capacity, "total": group.capacity}
            for number in range(group.count):
                lines += [table, f'id = "{group.id}-{number}"', f"capacity = {_toml(capacity)}"]
    return lines


class Server:
    """One server for one scenario, in a folder of its own."""

    has_figures = True
    is_here = True

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        self.keys = tuple(("main", secrets.token_urlsafe(48)) for _ in range(scenario.load.tenants))
        self.tenants = tuple(f"load{number}" for number in range(scenario.load.tenants))
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"ws://{HOST}:{self.port}/v1/socket"
        self.cpu_before_s = 0.0
        """What earlier lives of the server took."""
        self._log = folder / "server.log"
        self._config = folder / "fairline.toml"
        text = settings_text(scenario, self.keys, port=self.port, folder=folder)
        self._config.write_text(text, encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The id of the process."""
        assert self._process is not None, "the server was not started"
        return self._process.pid

    def start(self) -> None:
        """Starts it and waits until it listens.

        Raises:
            ServerNotThereError: it ended instead.
        """
        command = [sys.executable, "-m", "router", "serve", "--config", str(self._config)]
        size = self._log.stat().st_size if self._log.exists() else 0
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
                command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
            )
        while True:
            said = self._log.read_bytes()[size:].decode(errors="replace")
            if READY.search(said):
                return
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(0.05)
                raise ServerNotThereError(f"the server did not start:\n{said[-2000:]}")

    def kill(self) -> None:
        """Ends it without a word."""
        if self._process is not None:
            self.cpu_before_s += self.cpu_s()
            self._process.kill()
            self._process.wait()
            self._process = None

    def cpu_s(self) -> float:
        """The processor time of the process so far, its own and the system's for it."""
        return cpu_of(self.pid) if self._process is not None else 0.0

    def resident_bytes(self) -> int:
        """The memory that it holds now."""
        if self._process is None:
            return 0
        return int(Path(f"/proc/{self.pid}/statm").read_text("ascii").split()[1]) * PAGE_BYTES

    def lag_buckets(self) -> dict[float, float]:
        """How late its loop was so far: counts by upper bound, as its metrics tell."""
        door = http.client.HTTPConnection(HOST, self.port, timeout=2)
        try:
            door.request("GET", "/metrics")
            text = door.getresponse().read().decode()
        except (OSError, http.client.HTTPException):
            return {}
        finally:
            door.close()
        return {float(bound): float(count) for bound, count in LAG_BUCKET.findall(text)}


def cpu_of(pid: int) -> float:
    """The processor time of a process, 0 if it is gone."""
    try:
        line = Path(f"/proc/{pid}/stat").read_text("ascii")
    except OSError:
        return 0.0
    fields = line.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND


def _machine_busy_s() -> float:
    """The processor time that the whole machine has spent on anything."""
    fields = Path("/proc/stat").read_text("ascii").split("\n", 1)[0].split()[1:]
    times = [int(each) for each in fields]
    idle = times[3] + times[4]
    return (sum(times[:8]) - idle) / TICKS_A_SECOND


class Sample(Struct):
    """A second of the server and the machine; CPU in cores."""

    at: float
    cpu: float
    resident_mib: float
    lag_p99_ms: float
    generators_cpu: float
    others_cpu: float
    """Taken by what does not belong to the run."""


class Sampler:
    """Takes samples; ``pids`` are those of the generator."""

    def __init__(self, server: Served, pids: Sequence[int], begins: float) -> None:
        self.samples: list[Sample] = []
        self._server = server
        self._pids = pids
        self._begins = begins
        self._at = now()
        self._cpu = self._cpus()
        self._lag = server.lag_buckets()

    def _cpus(self) -> tuple[float, float, float]:
        server = self._server.cpu_s() + self._server.cpu_before_s
        return server, sum(map(cpu_of, self._pids)), _machine_busy_s()

    def take(self) -> None:
        """Adds the time since the last one."""
        at, cpus, lag = now(), self._cpus(), self._server.lag_buckets()
        span = max(at - self._at, 1e-6)
        took, ours, machine = (
            max(0.0, (new - old) / span) for new, old in zip(cpus, self._cpu, strict=True)
        )
        self.samples.append(
            Sample(
                at=round(at - self._begins, 3),
                cpu=round(took, 3),
                resident_mib=round(self._server.resident_bytes() / 2**20, 1),
                lag_p99_ms=_quantile_ms(self._lag, lag),
                generators_cpu=round(ours, 3),
                others_cpu=round(max(0.0, machine - took * self._server.is_here - ours), 3),
            )
        )
        self._at, self._cpu, self._lag = at, cpus, lag


def _quantile_ms(before: dict[float, float], after: dict[float, float]) -> float:
    """The bound that 99 of 100 of the looks between the two stayed below; -1 of none."""
    grown = sorted((bound, count - before.get(bound, 0.0)) for bound, count in after.items())
    total = grown[-1][1] if grown else 0.0
    if total <= 0:
        return -1.0
    bound = next(bound for bound, count in grown if count >= QUANTILE * total)
    largest = max(each for each, _ in grown if each != float("inf"))
    return round(1e3 * min(bound, largest), 2)
