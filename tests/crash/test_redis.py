"""Kills of real servers whose journal is in Redis: a folder lost with its node, and a standby."""

import os
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import trio

from tests.crash.__main__ import hunt
from tests.crash.redis_nodes import Forgetful, Pair
from tests.crash.server import Serving
from tests.helpers.redis_server import RedisServer, redis_server

pytestmark = pytest.mark.process


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path / "redis") as made:
        yield made


async def killed(serving: Serving, ripe: Callable[[], Awaitable[None]], kills: int = 1) -> None:
    """Killed under load, and once more when everybody has looked what is there."""
    seed = int.from_bytes(os.urandom(4), "big")
    try:
        figures = await hunt(serving, 1, seed, moments={"under load": 1}, ripe=ripe)
    except BaseException as error:
        error.add_note(f"seed {seed}")
        raise
    assert figures.answered_count > 10
    assert figures.command_count > figures.answered_count


async def test_what_was_answered_survives_the_node_and_its_folder(
    tmp_path: Path, redis: RedisServer
) -> None:
    node = Forgetful(tmp_path, redis)
    await killed(node, node.ripe)
    assert node.replayed()[1] < node.ends[1], "it began at a snapshot"


async def test_whoever_stands_by_takes_over_what_was_answered(
    tmp_path: Path, redis: RedisServer
) -> None:
    await killed(Pair(tmp_path, redis), partial(trio.sleep, 1))
