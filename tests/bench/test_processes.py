import socket

import pytest

from router.bench.processes import HOST, child

pytestmark = pytest.mark.process


def test_a_child_listens_costs_time_and_memory_and_ends_with_the_block() -> None:
    with child(["router.bench.echo"], r"port=(\d+)") as server:
        with socket.create_connection((HOST, server.port), timeout=5):
            assert server.cpu_s() > 0
            assert server.resident_bytes() > 1_000_000
        port = server.port
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((HOST, port), timeout=5)


def test_a_child_that_does_not_start_says_what_it_said() -> None:
    with (
        pytest.raises(RuntimeError, match="No module named"),
        child(["router.bench.nothing"], r"port=(\d+)"),
    ):
        pass


def test_what_goes_wrong_while_it_runs_says_how_the_child_is() -> None:
    with pytest.raises(KeyError) as caught:
        _go_wrong()
    assert caught.value.__notes__[0].startswith("the server's last words (it ended with -9)")


def _go_wrong() -> None:
    with child(["router.bench.echo"], r"port=(\d+)") as server:
        server.kill()
        raise KeyError
