"""Replay is live: under other hash seeds, in other processes, from any snapshot."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from router.core import Router
from tests.helpers.replayed import as_bytes, recorded

ROOT = Path(__file__).parents[2]
SEEDS = int(os.environ.get("FAIRLINE_SEEDS", "40"))
COMMANDS = int(os.environ.get("FAIRLINE_COMMANDS", "20000"))


def _started(hash_seed: str) -> "subprocess.Popen[str]":
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.helpers.replayed", "7", str(COMMANDS)]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)


def test_two_processes_with_other_hash_seeds_agree_on_every_event() -> None:
    processes = [_started(hash_seed) for hash_seed in ("1", "4711")]
    most_s = 120 + COMMANDS // 200
    outcomes = [process.communicate(timeout=most_s)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert len(outcomes[0].split()) == 2
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("seed", range(SEEDS // 4))
def test_a_snapshot_at_any_point_goes_on_as_the_run_did(seed: int) -> None:
    rng = random.Random(seed)
    copies: list[tuple[int, Router]] = []
    for number, (router, command, now_ms, events) in enumerate(recorded(seed, 500)):
        for taken, copy in copies:
            told = copy.apply(command, now_ms)
            assert as_bytes(told) == as_bytes(events), f"snapshot {taken}, command {number}"
        if rng.random() < 0.02:
            copies = copies[-2:]
            copies.append((number, Router.restore(router.snapshot())))
        if number % 50 == 0:
            for _, copy in copies:
                assert (copy.digest(), copy.position) == (router.digest(), router.position)
    assert copies


@pytest.mark.parametrize("seed", range(3))
def test_a_router_that_never_stopped_takes_the_same_commands_to_the_same_state(seed: int) -> None:
    log = [(command, now_ms) for _, command, now_ms, _ in recorded(seed, 1_000)]
    live = [router for router, *_ in recorded(seed, 1_000)][-1]
    again = Router("tenant")
    for command, now_ms in log:
        again.apply(command, now_ms)
    assert again.digest() == live.digest()
