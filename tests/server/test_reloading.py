"""Newer settings for a running node."""

import io
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from router.errors import SettingsError
from router.server import logs
from router.server.clock import Clock
from router.server.reloading import unchangeable, wait_to_stop
from router.server.settings import KeyEntry, Settings, load
from tests.helpers.nodes import node_settings


class Node:
    """Keeps what it is told; the real one is in test_app."""

    def __init__(self, waiting: list[str]) -> None:
        self.taken: list[Settings] = []
        self.told: list[bool] = []
        self._waiting = waiting

    def reload(self, settings: Settings) -> list[str]:
        self.taken.append(settings)
        return self._waiting

    def reloaded(self, *, is_right: bool) -> None:
        self.told.append(is_right)


async def signals(*numbers: int) -> AsyncIterator[int]:
    send, receive = trio.open_memory_channel[int](len(numbers))
    for number in numbers:
        send.send_nowait(number)
    return receive


@pytest.fixture
def lines() -> io.StringIO:
    stream = io.StringIO()
    logs.configure("json", Clock(), stream)
    return stream


def read(lines: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.getvalue().splitlines()]


def changed(settings: Settings, **fields: object) -> Settings:
    acme = msgspec.structs.replace(settings.tenants["acme"], **fields)
    return msgspec.structs.replace(settings, tenants={**settings.tenants, "acme": acme})


def test_what_only_a_restart_reads_is_named_key_by_key() -> None:
    kept = node_settings()
    assert list(unchangeable(kept, kept)) == []
    other = msgspec.structs.replace(
        changed(kept, origins=(), keys=(KeyEntry(kid="other", secret="another secret"),)),
        server=msgspec.structs.replace(kept.server, drain_ms=1, bind="127.0.0.1:1"),
    )
    assert list(unchangeable(kept, other)) == [
        "server.bind", "server.drain_ms", "tenants.acme.origins", "tenants.acme.keys",
    ]  # fmt: skip
    fewer = msgspec.structs.replace(kept, tenants={"acme": kept.tenants["acme"]})
    assert list(unchangeable(kept, fewer)) == ["tenants.browsers"]
    assert list(unchangeable(fewer, kept)) == ["tenants.browsers"]
    assert list(unchangeable(kept, changed(kept, policy=msgspec.UNSET))) == []


async def test_settings_that_are_right_are_taken_and_what_waits_is_one_line(
    lines: io.StringIO,
) -> None:
    node = Node(["server.bind", "tenants.acme.keys"])
    newer = node_settings()
    await wait_to_stop(await signals(signal.SIGHUP, signal.SIGTERM), node, lambda: newer)
    assert (node.taken, node.told) == ([newer], [True])
    waiting, done = read(lines)
    assert (waiting["event"], waiting["setting"]) == (
        "settings.need_restart", "server.bind, tenants.acme.keys",
    )  # fmt: skip
    assert done["event"] == "settings.reloaded"


async def test_settings_with_mistakes_change_nothing_and_each_is_logged_with_its_line(
    lines: io.StringIO, tmp_path: Path
) -> None:
    file = tmp_path / "fairline.toml"
    file.write_text('[server]\nlgo = "json"\nbind = 1\n[tenants.acme]\n', encoding="utf-8")
    node = Node([])
    await wait_to_stop(await signals(signal.SIGHUP, signal.SIGINT), node, lambda: load([file], {}))
    assert (node.taken, node.told) == ([], [False])
    found = {line["key"]: line for line in read(lines)}
    assert {line["event"] for line in found.values()} == {"settings.refused"}
    assert (found["server.lgo"]["file"], found["server.lgo"]["line"]) == (str(file), 2)
    assert 'did you mean "log"' in found["server.lgo"]["error"]
    assert found["server.bind"]["line"] == 3
    assert "withheld" not in found["server.bind"]


async def test_without_files_a_hangup_is_nothing_and_a_single_error_is_told_too(
    lines: io.StringIO,
) -> None:
    node = Node([])
    await wait_to_stop(await signals(signal.SIGHUP, signal.SIGTERM), node, None)
    assert (node.told, read(lines)) == ([], [])

    def unreadable() -> Settings:
        raise SettingsError("a mistake", file="f", key="k")

    await wait_to_stop(await signals(signal.SIGHUP, signal.SIGTERM), node, unreadable)
    assert node.told == [False]
    assert [(line["key"], line["error"]) for line in read(lines)] == [("k", "a mistake")]
