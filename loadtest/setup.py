"""Where and how a run was made: version, commit, processor, arrivals, the command to run it again.

Owns: what a reader must know before believing a figure. Does not know: figures.

Invariant (tests/loadtest/test_setup.py): nothing here names the machine, its user or a path.
"""

import os
import platform
import re
import shlex
import subprocess
import sys
from pathlib import Path

from loadtest.remote import Remote
from loadtest.scenario import Scenario

__all__ = ["command_line", "setup_of"]

ROOT = Path(__file__).parents[1]
TAKES_S = 20


def setup_of(
    scenario: Scenario, remote: Remote | None = None, *, redis: str = ""
) -> dict[str, str]:
    """Names and values, in the order in which they are shown; ``redis`` is what it calls itself."""
    load = scenario.load
    loud = scenario.customers.loud
    people = f"{scenario.agents} agents, {scenario.customers.connected} customers connected"
    if loud.count:
        people += f", {loud.count} loud with {loud.tabs} tabs each"
    if remote is not None:
        version = f"fairline {remote.version}" if remote.version else "of unknown version"
        server = {"server": f"{remote.url}, {version}, not started by the load test"}
        where = "on this machine"
    else:
        server, where = {}, "on the same machine, over loopback"
    return {
        **server,
        "Fairline": f"{_said('-m', 'router', '--version')}, commit {_commit()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "journal": _journal(load.journal if remote is None else "the server's own", redis),
        "nodes": _nodes(load.nodes) if remote is None else f"{len(remote.metrics_urls)} looked at",
        "tenants": str(load.tenants),
        "people": people,
        "arrivals": _arrivals(scenario),
        "seed": str(load.seed),
        "generator": f"{load.processes} processes {where}",
    }


def _journal(journal: str, redis: str) -> str:
    if not redis:
        return journal
    return f"{journal} ({redis}{', every write synced' if journal == 'redis' else ''})"


def _nodes(count: int) -> str:
    return "1" if count == 1 else f"{count}, of which one serves"


def command_line(scenario_file: str, seed: int, *more: str) -> str:
    """What to type to run it again."""
    words = [Path(scenario_file).as_posix(), "--seed", str(seed), *more, "--out", "report.html"]
    return f"python -m loadtest run {shlex.join(words)}"


def _arrivals(scenario: Scenario) -> str:
    law, load = scenario.arrivals, scenario.load
    if law.points:
        way = ", ".join(f"{rate:g}/s at {second:g} s" for second, rate in law.points[:12])
        rate = f"with a rate of {way}" + (" …" if len(law.points) > 12 else "")
    else:
        rate = f"{law.rate:g}/s"
    span = f"{load.seconds:g} s measured after {load.warm_up:g} s of warm-up"
    return f"open loop, Poisson {rate}; {span}"


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        return platform.machine()
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1].strip() if found else platform.machine()


def _said(*words: str) -> str:
    done = subprocess.run(  # noqa: S603 - our own module, by our own interpreter
        [sys.executable, *words], capture_output=True, text=True, timeout=TAKES_S, check=False
    )
    return done.stdout.strip() or "unknown"


def _commit() -> str:
    """The commit, with a + where something was changed since; "unknown" outside of a clone."""
    try:
        head = _git("rev-parse", "--short", "HEAD")
        return head + ("+" if _git("status", "--porcelain", "-uno") else "")
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def _git(*words: str) -> str:
    done = subprocess.run(  # noqa: S603 - fixed words
        ["git", "-C", str(ROOT), *words],  # noqa: S607 - on the path
        capture_output=True,
        text=True,
        timeout=TAKES_S,
        check=True,
    )
    return done.stdout.strip()
