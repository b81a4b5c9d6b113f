import subprocess
import sys
from itertools import islice
from pathlib import Path

from router.bench.restart import Day, bench_restart
from router.commands import EndConversation
from router.core import Router


def test_a_day_is_whole_conversations_and_replays_to_the_same_state() -> None:
    day = Day()
    commands = list(islice(day.commands(), 6_000))
    assert sum(isinstance(command, EndConversation) for command, _ in commands) > 100
    router = Router("acme")
    refused = 0
    for command, now_ms in commands:
        events = router.apply(command, now_ms)
        refused += any(type(event).__name__ == "CommandRefused" for event in events)
    assert router.digest() == day.router.digest()
    assert refused < len(commands) / 50


def test_the_parts_of_a_start_are_timed(tmp_path: Path) -> None:
    figures = bench_restart(tmp_path, before=1_000, after=300)
    assert [*figures["parts_seconds"]] == [
        "imports",
        "restore",
        "check",
        "read",
        "decode",
        "apply",
    ]
    assert 300 - 64 < figures["after"] < 300 + 2 * 64
    assert figures["parts_processor_seconds"].keys() == figures["parts_seconds"].keys()
    assert figures["processor_seconds"] > 0
    assert figures["seconds"] > 0
    assert figures["snapshot_bytes"] > 0


def test_a_start_imports_nothing_that_only_some_need() -> None:
    listing = "import router.server.cli, router.server.app, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True)
    needless = {"httpx", "opentelemetry", "jinja2", "rich.live", "router.bench", "router.lab"}
    assert needless & set(done.stdout.split()) == set(), done.stderr
