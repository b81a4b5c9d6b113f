"""Connections to a Redis: who is asked, how long, and that nothing is said twice.

The servers here are scripts on real sockets: what they heard is what was sent.
"""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from redis.exceptions import AuthenticationError, RedisError
from redis.exceptions import ConnectionError as NoConnection
from redis.exceptions import TimeoutError as TooLate

from router.errors import SettingsError
from router.journal.redis_address import RedisAddress, address_of
from router.journal.redis_connect import connect, need_redis

ROOT = Path(__file__).parents[2]
OK = b"+OK\r\n"
MASTER = b"*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n"
REPLICA = b"*5\r\n$5\r\nslave\r\n$1\r\na\r\n:1\r\n$9\r\nconnected\r\n:0\r\n"
NOBODY = b"*-1\r\n"


class Script:
    """A server that gives one answer after another and notes each command's words."""

    def __init__(self, listener: socket.socket, answers: list[bytes]) -> None:
        self.heard: list[str] = []
        self.port: int = listener.getsockname()[1]
        self._listener = listener
        self._answers = answers
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        """Until the other side closes; a listener that is shut ends it, too."""
        try:
            peer, _ = self._listener.accept()
        except OSError:
            return
        with peer, peer.makefile("rb") as lines:
            while head := lines.readline():
                words = []
                for _ in range(int(head[1:])):
                    size = int(lines.readline()[1:])
                    words.append(lines.read(size + 2)[:-2].decode())
                self.heard.append(" ".join(words))
                if self._answers:
                    peer.sendall(self._answers.pop(0))


@contextmanager
def script(*answers: bytes) -> Iterator[Script]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = Script(listener, list(answers))
        try:
            yield made
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            made.thread.join()


def at(*scripts: Script, service: str = "", db: int = 0) -> RedisAddress:
    return RedisAddress(tuple(("127.0.0.1", one.port) for one in scripts), service, db)


def primary(one: Script) -> bytes:
    port = str(one.port).encode()
    return b"*2\r\n$9\r\n127.0.0.1\r\n$%d\r\n%s\r\n" % (len(port), port)


def test_whoever_connects_signs_in_names_itself_and_takes_its_database() -> None:
    with script(OK, OK, OK, b"+PONG\r\n") as server:
        address = address_of(f"redis://app:s%40cret@127.0.0.1:{server.port}/7")
        wire = connect(address)
        wire.send_command("PING")
        assert wire.read_response() == b"PONG"
        wire.disconnect()
    assert server.heard == ["AUTH app s@cret", "SELECT 7", "CLIENT SETNAME fairline", "PING"]


def test_a_server_that_is_silent_costs_one_time_out_and_hears_a_command_once() -> None:
    with script(OK) as server:
        wire = connect(at(server), timeout_s=0.2)
        wire.send_command("INCR", "x")
        began = time.monotonic()
        with pytest.raises(TooLate):
            wire.read_response()
        assert time.monotonic() - began < 2.0
        wire.disconnect()
    assert server.heard == ["CLIENT SETNAME fairline", "INCR x"]


def test_a_wrong_password_is_the_server_s_own_word() -> None:
    with script(b"-WRONGPASS invalid\r\n") as server, pytest.raises(AuthenticationError):
        connect(at(server)._replace(password="wrong"))


def test_sentinels_are_asked_one_after_another_until_one_knows_the_primary() -> None:
    with ExitStack() as stack:
        server = stack.enter_context(script(OK, MASTER))
        unknowing = stack.enter_context(script(NOBODY))
        knowing = stack.enter_context(script(primary(server)))
        address = at(unknowing, knowing, service="mine")._replace(
            hosts=(("127.0.0.1", 1), *at(unknowing, knowing).hosts)
        )
        connect(address).disconnect()
        locked = stack.enter_context(script(OK, NOBODY))
        with pytest.raises(NoConnection, match="no Sentinel names a primary"):
            connect(at(locked, service="mine")._replace(sentinel_password="s"))
    assert unknowing.heard == knowing.heard
    assert unknowing.heard[-1] == "SENTINEL get-master-addr-by-name mine"
    assert server.heard == ["CLIENT SETNAME fairline", "ROLE"]
    assert locked.heard[0] == "AUTH s"


def test_a_primary_that_became_a_replica_is_none() -> None:
    with (
        script(OK, REPLICA) as server,
        script(primary(server)) as sentinel,
        pytest.raises(NoConnection, match="is no primary any more"),
    ):
        connect(at(sentinel, service="mine"))


def test_where_nobody_listens_nobody_answers() -> None:
    with pytest.raises(RedisError):
        connect(RedisAddress((("127.0.0.1", 1),)))


def test_without_its_library_the_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "redis.connection", None)
    with pytest.raises(SettingsError, match=r"pip install 'fairline\[redis\]'") as caught:
        need_redis()
    assert caught.value.key == "server.journal"


WITHOUT = """
import sys
sys.modules["redis"] = sys.modules["hiredis"] = None
import router.server.running, router.server.trying, router.server.cli
from router.server.cli import main
main(["check", "--config", sys.argv[1]])
"""


@pytest.mark.process
def test_a_server_that_needs_no_redis_does_without_its_library(tmp_path: Path) -> None:
    def checked(journal: str) -> tuple[int, str]:
        file = tmp_path / "fairline.toml"
        file.write_text(
            f'[server]\njournal = "{journal}"\n[tenants.acme]\n'
            'keys = [{kid = "a", secret = "a secret of thirty-two bytes or more"}]\n'
            '[[tenants.acme.policy.queues]]\nid = "a"\n',
            encoding="utf-8",
        )
        done = subprocess.run(
            [sys.executable, "-c", WITHOUT, str(file)], cwd=ROOT, capture_output=True, text=True
        )
        return done.returncode, done.stderr

    assert checked("file") == (0, "")
    code, said = checked("redis")
    assert (code, "pip install 'fairline[redis]'" in said) == (1, True), said
