"""What the service manager hears, on a socket as systemd has it."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
import trio.testing

from router.server.announcing import EXTEND_EVERY_S, Announcing
from router.server.running import serve
from tests.helpers.nodes import node_settings

PATIENCE_S = 10.0


class Manager:
    """The other end: everything that was said, a list of facts for each datagram."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.setblocking(False)
        self.environment = {"NOTIFY_SOCKET": str(path)}

    def heard(self) -> list[list[str]]:
        found = []
        while True:
            try:
                found.append(self.socket.recv(4096).decode().splitlines())
            except BlockingIOError:
                return found

    async def until(self, fact: str) -> list[str]:
        """Every fact up to one."""
        facts: list[str] = []
        readable = trio.lowlevel.wait_readable
        with trio.fail_after(PATIENCE_S):
            while fact not in facts:
                await readable(self.socket)
                facts += [each for said in self.heard() for each in said]
        return facts


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    found = Manager(tmp_path / "notify")
    yield found
    found.socket.close()


async def test_a_node_says_that_it_is_ready_lives_and_stops(
    manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = {**manager.environment, "WATCHDOG_USEC": "40000", "WATCHDOG_PID": str(os.getpid())}
    for name, value in facts.items():
        monkeypatch.setenv(name, value)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve, node_settings())
        heard = await manager.until("READY=1")
        before = heard[: heard.index("READY=1")]
        assert "WATCHDOG=1" not in before
        assert any(fact.startswith("EXTEND_TIMEOUT_USEC=") for fact in before)
        await manager.until("WATCHDOG=1")
        await manager.until("WATCHDOG=1")
        os.kill(os.getpid(), signal.SIGTERM)
        await manager.until("STOPPING=1")


async def test_a_long_start_asks_for_more_time_before_the_last_is_over(
    manager: Manager, autojump_clock: trio.testing.MockClock
) -> None:
    left = iter(["starting: 1 of 3", "starting: 2 of 3", "starting: 3 of 3"])
    with trio.move_on_after(EXTEND_EVERY_S * 2 + 1):
        await Announcing(manager.environment).say_how_far(lambda: next(left))
    heard = manager.heard()
    assert [said[0] for said in heard] == [f"STATUS=starting: {n} of 3" for n in (1, 2, 3)]
    extension = int(heard[0][1].removeprefix("EXTEND_TIMEOUT_USEC="))
    assert extension > EXTEND_EVERY_S * 1_000_000 * 2


async def test_a_watchdog_of_another_process_is_not_fed(manager: Manager) -> None:
    facts = {**manager.environment, "WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"}
    with trio.fail_after(PATIENCE_S):
        await Announcing(facts).feed_the_watchdog()
    assert manager.heard() == []


def test_an_abstract_socket_is_one(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0fairline-test-{os.getpid()}")
        Announcing({"NOTIFY_SOCKET": f"@fairline-test-{os.getpid()}"}).say("READY=1")
        assert listening.recv(64) == b"READY=1"


def test_a_manager_that_is_gone_or_takes_nothing_holds_nobody_up(manager: Manager) -> None:
    Announcing({}).say("READY=1")
    Announcing({"NOTIFY_SOCKET": "/nowhere/notify"}).say("READY=1")
    ours = Announcing(manager.environment)
    for _ in range(10_000):  # far more than the socket's buffer has room for
        ours.say("WATCHDOG=1")
    assert 0 < len(manager.heard()) < 10_000


@pytest.mark.parametrize("told", ["", "soon", "-5"])
async def test_a_watchdog_that_names_no_time_is_none(manager: Manager, told: str) -> None:
    with trio.fail_after(PATIENCE_S):
        await Announcing({**manager.environment, "WATCHDOG_USEC": told}).feed_the_watchdog()
    assert manager.heard() == []
