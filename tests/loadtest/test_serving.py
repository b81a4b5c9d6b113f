"""The server of a run: one node, or two on one Redis of which one serves."""

import os
import signal
from pathlib import Path

import pytest

from loadtest.node import ServerNotThereError
from loadtest.notes import now
from loadtest.sampling import Sampler
from loadtest.serving import Server
from tests.helpers.loads import scenario


@pytest.mark.process
def test_a_server_starts_is_sampled_killed_and_started_again(tmp_path: Path) -> None:
    server = Server(scenario(), tmp_path)
    try:
        server.start()
        first = server.pid
        sampler = Sampler(server, [], now())
        (reading,) = server.readings()
        assert reading.lag
        assert reading.resident_bytes > 10_000_000
        os.kill(first, signal.SIGSTOP)
        (silent,) = server.readings()
        os.kill(first, signal.SIGCONT)
        assert silent.lag == reading.lag  # too busy to answer: what it told last
        server.kill()
        server.check()  # who was killed did not end by itself
        (dead,) = server.readings()
        assert (dead.cpu_s >= reading.cpu_s, dead.resident_bytes, dead.lag) == (True, 0, {})
        server.revive()
        assert server.pid != first
        while not server.readings()[0].lag:
            server.check()
        sampler.take()
        (sample,) = sampler.samples
        assert sample.cpu > 0  # of both lives
        assert sample.redis is None
    finally:
        server.close()


@pytest.mark.process
def test_of_two_nodes_on_one_redis_the_one_that_serves_is_killed(tmp_path: Path) -> None:
    server = Server(scenario(load={"journal": "redis", "nodes": 2}), tmp_path)
    try:
        server.start()
        assert len(set(server.urls)) == 2
        first, second = server._nodes
        assert (first.is_serving, second.is_serving) == (True, False)
        assert server.pid == first.pid
        redis = server.redis()
        assert redis is not None
        assert redis.product.split()[0] in ("Redis", "Valkey")
        assert redis.commands > 0
        server.kill()
        assert [node.is_up for node in (first, second)] == [False, True]
        server.revive()
        assert first.is_up
        while not second.is_serving:
            server.check()
        assert server.pid == second.pid
        readings = server.readings()
        assert [each.node for each in readings] == ["node1", "node2"]
    finally:
        server.close()
    assert [node.is_up for node in (first, second)] == [False, False]


@pytest.mark.process
def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    chosen = scenario(load={"policy": {"no_such_key": 1}})
    server = Server(chosen, tmp_path)
    try:
        with pytest.raises(ServerNotThereError, match="no_such_key"):
            server.start()
    finally:
        server.close()


def test_without_a_redis_to_start_one_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loadtest.serving.redis_program", lambda: "")
    server = Server(scenario(load={"journal": "redis"}), tmp_path)
    with pytest.raises(ServerNotThereError, match="apt-get install redis-server"):
        server.start()
