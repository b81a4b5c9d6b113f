"""Runs a scenario: a server, several generator processes, one clock; returns what all of them saw.

Owns: the processes, the moment at which the run begins, the faults that hit the server itself.
Does not know: what people do, what the result is worth.

Invariants (tests/loadtest/test_running.py): everything is on loopback and ends by itself, at the
latest ``END_WITHIN_S`` after the drain; no process outlives the call.
"""

import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from loadtest.generator import Job
from loadtest.notes import Sheet, now, read_sheet
from loadtest.remote import Remote
from loadtest.sampling import Sample, Sampler
from loadtest.scenario import Scenario
from loadtest.serving import Served, Server

__all__ = ["GeneratorError", "Outcome", "run_scenario"]

LEAD_S = 1.5
SAMPLE_EVERY_S = 1.0
LOOK_EVERY_S = 0.05
END_WITHIN_S = 90.0
PROFILE_PER_S = 100


class GeneratorError(Exception):
    """Raised where a process of the generator broke; has its last lines."""


class Outcome(Struct):
    """A run, before anything was computed. Instants of sheets are on the machine's clock."""

    scenario: Scenario
    begins: float
    over_at: float
    connected_mib: float | None
    """What the server held before the first arrival, with everybody connected."""
    empty_mib: float | None
    sheets: list[Sheet]
    samples: list[Sample]
    profile: str = ""
    """What py-spy saw: stacks and counts, one a line."""
    has_server_figures: bool = True
    """Whether the samples say what the server took."""
    redis: str = ""
    """Name and version of the Redis of the journal, where one was looked at."""


def run_scenario(
    scenario: Scenario,
    *,
    show: Callable[[str], None] = lambda _: None,
    has_profile: bool = False,
    remote: Remote | None = None,
) -> Outcome:
    """Runs it, against a server of its own or one that is there.

    Raises:
        ServerNotThereError: the server did not start.
        GeneratorError: a process of the generator broke.
    """
    with tempfile.TemporaryDirectory(prefix="fairline-load-") as name, ExitStack() as stack:
        folder = Path(name)
        server: Served = remote if remote is not None else Server(scenario, folder)
        stack.callback(server.close)
        server.start()
        empty_mib = _resident_mib(server)
        guests = f"{secrets.token_hex(3)}-" if remote is not None else ""
        processes = [
            stack.enter_context(_generator(scenario, server, number, folder, guests))
            for number in range(scenario.load.processes)
        ]
        count = sum(process.wait_ready() for process in processes)
        show(f"{count} connected")
        connected_mib = _resident_mib(server)
        begins = now() + LEAD_S
        for process in processes:
            process.say(f"go {begins}")
        profile = folder / "profile.txt"
        with _profiled(scenario, server.pid, profile) if has_profile else nullcontext():
            sampler = Sampler(server, [process.pid for process in processes], begins)
            _watch(scenario, server, processes, sampler, begins, show)
        return Outcome(
            scenario=scenario,
            begins=begins,
            over_at=now(),
            connected_mib=round(connected_mib, 1) if server.has_figures else None,
            empty_mib=round(empty_mib, 1) if server.has_figures else None,
            sheets=[process.sheet() for process in processes],
            samples=sampler.samples,
            profile=profile.read_text("utf-8") if profile.exists() else "",
            has_server_figures=server.has_figures,
            redis=told.product if (told := server.redis()) is not None else "",
        )


def _resident_mib(server: Served) -> float:
    return sum(node.resident_bytes for node in server.readings()) / 2**20


class _Generator:
    """A process of the generator."""

    def __init__(self, process: subprocess.Popen[str], sheet: Path, log: Path) -> None:
        self.pid = process.pid
        self._process = process
        self._sheet = sheet
        self._log = log
        self._heard: list[str] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with suppress(ValueError):  # closed while it is read: the run is over
            for line in self._process.stdout:
                self._heard.append(line.strip())

    def say(self, line: str) -> None:
        """Tells it something."""
        stdin = self._process.stdin
        assert stdin is not None
        if stdin.closed:
            return
        try:
            stdin.write(line + "\n")
            stdin.flush()
        except BrokenPipeError:  # it broke; whoever asks for its sheet hears why
            with suppress(BrokenPipeError):
                stdin.close()  # what could not be said would be tried again at the end

    def wait_ready(self) -> int:
        """Waits until everybody of it is connected; how many they are."""
        while not self._heard:
            if self._process.poll() is not None:
                raise GeneratorError(self._said())
            time.sleep(LOOK_EVERY_S)
        return int(self._heard[0].split()[1])

    @property
    def is_drained(self) -> bool:
        """Whether nothing of its own is under way any more."""
        return "drained" in self._heard or self._process.poll() is not None

    def sheet(self) -> Sheet:
        """What it wrote."""
        if self._process.wait() != 0:
            raise GeneratorError(self._said())
        return read_sheet(self._sheet)

    def _said(self) -> str:
        return f"a generator process broke:\n{self._log.read_text('utf-8')[-3000:]}"


@contextmanager
def _generator(
    scenario: Scenario, server: Served, number: int, folder: Path, guests: str
) -> Iterator[_Generator]:
    sheet, log = folder / f"sheet{number}", folder / f"generator{number}.log"
    job = Job(
        scenario=scenario,
        process=number,
        urls=server.urls,
        run=secrets.token_hex(3),
        secrets=server.keys,
        sheet=str(sheet),
        tenants=server.tenants,
        guests=guests,
    )
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [sys.executable, "-m", "loadtest.generator"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        try:
            generator = _Generator(process, sheet, log)
            generator.say(msgspec.json.encode(job).decode())
            yield generator
        finally:
            process.kill()


@contextmanager
def _profiled(scenario: Scenario, pid: int, out: Path) -> Iterator[None]:
    """Samples the server's stacks from the end of the warm-up on, if py-spy is there."""
    spy = shutil.which("py-spy") or shutil.which("py-spy", path=str(Path(sys.executable).parent))
    if spy is None:
        raise GeneratorError("--profile needs py-spy: pip install py-spy")
    seconds = max(1, int(scenario.ends + LEAD_S))
    words = ["record", "--gil", "--nonblocking", "-f", "raw", "-r", str(PROFILE_PER_S)]
    with subprocess.Popen(  # noqa: S603 - a tool found on the path
        [spy, *words, "-d", str(seconds), "-o", str(out), "--pid", str(pid)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield
        finally:
            process.wait(END_WITHIN_S)


def _watch(
    scenario: Scenario,
    server: Served,
    processes: list[_Generator],
    sampler: Sampler,
    begins: float,
    show: Callable[[str], None],
) -> None:
    """Takes samples until all processes are drained; kills and starts when it is time."""
    last = begins + scenario.ends + scenario.load.drain + END_WITHIN_S
    events = [
        event
        for fault in scenario.faults
        if fault.kind == "kill"
        for event in (
            (begins + fault.at, server.kill),
            (begins + fault.at + fault.lasts, server.revive),
        )
    ]
    events.sort(key=lambda event: event[0])
    due = now() + SAMPLE_EVERY_S
    while not all(process.is_drained for process in processes):
        server.check()
        if events and events[0][0] < due:
            at, happen = events.pop(0)
            time.sleep(max(0.0, at - now()))
            happen()
            continue
        time.sleep(max(0.0, due - now()))
        sampler.take()
        due = max(due + SAMPLE_EVERY_S, now())  # what a slow look left out is not made up for
        if now() > last:
            raise GeneratorError("the generator did not end in time")
        sample = sampler.samples[-1]
        show(
            f"{max(0.0, sample.at):5.0f} of {scenario.ends:.0f} s  server {sample.cpu:.2f} cores"
            f"  generator {sample.generators_cpu:.2f}  others {sample.others_cpu:.2f}"
        )
    for process in processes:
        process.say("end")
