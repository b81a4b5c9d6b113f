import errno
import os
import subprocess
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
import trio
import trio.testing

from router.server.admission import Admission
from router.server.counters import Tally
from router.server.front import FrontLimits, connections_possible, serve_front
from router.server.visit import Visit
from tests.helpers.corpus import FRAMES, REQUESTS, case, is_behind_upgrade
from tests.helpers.echo_server import running_echo
from tests.helpers.raw import (
    RawSocket,
    ask,
    connected,
    frame,
    head,
    healthy,
    open_files,
    pace,
    task_count,
    upgraded,
    wait_until,
)

MUTATIONS = int(os.environ.get("FAIRLINE_MUTATIONS", "20"))
PAGE = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
KOSOKU = Path(sys.executable).parent / "kosoku"


@pytest.mark.parametrize(
    "field",
    [
        b"Host: \xff\xfe",
        b"Connection: Upgrade, \xe9",
        b"Sec-WebSocket-Protocol: caf\xe9",
        b"Sec-WebSocket-Extensions: \xe9",
        b"Host: xn--zzzzzzzzz99999999",
        b"Host: a..b",
        b"Host: " + b"a" * 300,
        b"Host: ",
        b"Host: a\r\nHost: b",
    ],
)
async def test_head_that_kills_other_servers_gets_an_answer(field: bytes) -> None:
    """A01, A02."""
    async with running_echo() as server, healthy(server.port):
        with trio.fail_after(1):
            answer = await ask(server.port, head(field))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert server.tally.labelled("front_heads_refused", status="400") == 1


@pytest.mark.parametrize(
    "data",
    [
        head().replace(b"\r\n", b"\n"),
        head(line=b"GET /v1/socket HTTP/1.0"),
        head(line=b"POST /v1/socket HTTP/1.1"),
        head(b"Content-Length: 5") + b"hello",
        head(line=b"CONNECT localhost:80 HTTP/1.1"),
        head(line=b"GET http://localhost/v1/socket HTTP/1.1"),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        head(b"Origin: https://a", b"Origin: https://b"),
        head() + frame(b"too early"),
        head(b"Sec-WebSocket-Version: 8"),
    ],
)
async def test_upgrade_that_is_not_plain_is_refused(data: bytes) -> None:
    """A17."""
    async with running_echo() as server, healthy(server.port):
        with trio.fail_after(2):
            answer = await ask(server.port, data)
    assert answer.startswith(b"HTTP/1.1 4")
    assert answer.count(b"HTTP/1.1 ") == 1


async def test_resets_in_the_middle_of_the_handshake_leave_nothing_behind() -> None:
    """A03."""
    async with running_echo() as server, healthy(server.port):
        tasks, files = task_count(), open_files()
        for number in range(1_000):
            async with connected(server.port) as client:
                await client.send(head()[: number % (len(head()) + 1)])
                client.reset()
        with trio.fail_after(5):
            await wait_until(lambda: task_count() <= tasks and open_files() <= files)
    assert server.tally["front_accepts"] == 1_001
    assert server.tally["front_closes"] == 1_001


async def test_refused_clients_that_stay_are_closed() -> None:
    """A04."""
    answers: list[bytes] = []

    async def stay(port: int) -> None:
        async with connected(port) as client:
            await client.send(head(line=b"GET /forbidden HTTP/1.1"))
            answer = await client.read_head()
            # Deaf to the end: only the server can close this.
            with suppress(trio.BrokenResourceError):
                while True:
                    await client.send(b"x")
                    await pace(0.05)
            answers.append(answer)

    async with running_echo() as server, healthy(server.port):
        tasks = task_count()
        with trio.fail_after(10):
            async with trio.open_nursery() as nursery:
                for _ in range(200):
                    nursery.start_soon(stay, server.port)
        with trio.fail_after(5):
            await wait_until(lambda: task_count() <= tasks)
    assert len(answers) == 200
    assert all(answer.startswith(b"HTTP/1.1 403 ") for answer in answers)


async def test_connections_that_say_nothing_and_go_leave_nothing_behind() -> None:
    """A06."""
    async with running_echo() as server, healthy(server.port):
        tasks, files = task_count(), open_files()
        for _ in range(1_000):
            async with connected(server.port):
                pass
        with trio.fail_after(1):
            await wait_until(lambda: task_count() <= tasks and open_files() <= files)


async def drip(client: RawSocket) -> bytes:
    """One byte of head at a time for as long as the server takes them."""
    with suppress(trio.BrokenResourceError):
        for byte in head():
            await client.send(bytes([byte]))
            await pace(0.05)
    return await client.read_all()


async def stop_early(client: RawSocket) -> bytes:
    await client.send(b"GET /")
    return await client.read_all()


@pytest.mark.parametrize("behave", [drip, stop_early])
async def test_slow_head_is_cut_off_in_all_not_by_byte(behave: object) -> None:
    """A08, with half a second for the head."""
    async with (
        running_echo(limits=FrontLimits(head_s=0.5)) as server,
        healthy(server.port),
        connected(server.port) as client,
    ):
        with trio.fail_after(2):  # a second to read the answer is added
            answer = await behave(client)  # type: ignore[operator]
    assert answer.startswith(b"HTTP/1.1 408 ")


async def test_head_that_never_ends_is_refused_by_its_size() -> None:
    """A08."""
    async with running_echo() as server, healthy(server.port):
        with trio.fail_after(2):
            answer = await ask(server.port, b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 20_000)
    assert answer.startswith(b"HTTP/1.1 431 ")


async def test_full_server_turns_away_and_keeps_whom_it_has(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A09."""
    limits = FrontLimits(connections_max=3)
    async with (
        running_echo(limits=limits) as server,
        healthy(server.port),
        upgraded(server.port),
        upgraded(server.port),
    ):
        answers = []
        for _ in range(100):
            with trio.fail_after(1):
                answers.append(await ask(server.port, b""))
    assert all(answer.startswith(b"HTTP/1.1 503 ") for answer in answers)
    waits = {int(answer.partition(b"retry-after: ")[2].partition(b"\r")[0]) for answer in answers}
    assert waits == set(range(5, 31))
    assert server.tally.labelled("front_refusals", reason="full") == 100
    assert len(caplog.records) < 20


async def test_those_turned_away_are_limited_too() -> None:
    limits = FrontLimits(connections_max=1, turned_away_max=2)
    async with (
        running_echo(limits=limits) as server,
        healthy(server.port),
        connected(server.port) as one,
        connected(server.port) as two,
    ):
        assert (await one.read_head()).startswith(b"HTTP/1.1 503 ")
        assert (await two.read_head()).startswith(b"HTTP/1.1 503 ")
        with trio.fail_after(0.5):
            assert await ask(server.port, b"") == b""
    assert server.tally.labelled("front_refusals", reason="overflow") == 1


async def test_address_that_comes_too_often_is_asked_to_wait() -> None:
    admission = Admission(rate=0.1, burst=3, exempt=())
    async with running_echo(admission=admission) as server, healthy(server.port):
        answers = [await ask(server.port, PAGE) for _ in range(4)]
    assert [answer[9:12] for answer in answers] == [b"200", b"200", b"503", b"503"]
    assert b"retry-after: " in answers[2]
    assert server.tally.labelled("front_refusals", reason="address") == 2


async def test_handler_that_raises_ends_its_own_visit_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A03; what the exception says may come from a peer, so it is not logged."""
    async with running_echo() as server, healthy(server.port):
        for _ in range(30):
            with trio.fail_after(1):
                assert await ask(server.port, head(line=b"GET /fails HTTP/1.1")) == b""
    assert server.tally["front_failures"] == 30
    assert caplog.text.count("a visit failed: LookupError") == 10
    assert 'raise LookupError("' in caplog.text


async def test_handler_that_raises_while_the_door_closes_kills_nothing() -> None:
    near, far = trio.testing.memory_stream_pair()

    async def stumble(visit: Visit) -> None:
        try:
            await trio.sleep_forever()
        finally:
            raise LookupError

    listener = OneByOne([near])
    with trio.fail_after(2):
        async with trio.open_nursery() as nursery:
            await nursery.start(serve, [listener], stumble)
            await far.send_all(PAGE)
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
    assert listener.is_closed


class OneByOne(trio.abc.Listener[trio.abc.Stream]):
    """Hands out what it was given: a stream, or an error to raise."""

    def __init__(self, outcomes: list[trio.abc.Stream | OSError]) -> None:
        self.outcomes = outcomes
        self.is_closed = False

    async def accept(self) -> trio.abc.Stream:
        await trio.lowlevel.checkpoint()
        if not self.outcomes:
            await trio.sleep_forever()
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, OSError):
            raise outcome
        return outcome

    async def aclose(self) -> None:
        self.is_closed = True
        await trio.lowlevel.checkpoint()


async def serve(
    listeners: list[OneByOne],
    handler: object,
    tally: Tally | None = None,
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    await serve_front(
        listeners,
        FrontLimits(),
        Admission(),
        handler,  # type: ignore[arg-type]
        tally or Tally(),
        task_status=task_status,
    )


async def test_running_out_of_files_pauses_the_door_and_is_logged_rarely(
    autojump_clock: trio.testing.MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    near, far = trio.testing.memory_stream_pair()
    tally = Tally()
    outcomes: list[trio.abc.Stream | OSError] = [OSError(errno.EMFILE, "") for _ in range(500)]

    async def greet(visit: Visit) -> None:
        assert visit.peer is None
        await visit.refuse(403, "hello")

    async with trio.open_nursery() as nursery:
        await nursery.start(partial(serve, [OneByOne([*outcomes, near])], greet, tally))
        started = trio.current_time()
        await far.send_all(PAGE)
        answer = await far.receive_some()
        assert trio.current_time() - started == pytest.approx(50.0)
        nursery.cancel_scope.cancel()
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert tally["front_accept_overloads"] == 500
    assert 10 <= len(caplog.records) <= 12


async def test_listener_that_is_broken_for_good_is_an_error() -> None:
    with pytest.RaisesGroup(OSError):
        await serve([OneByOne([OSError(errno.EBADF, "")])], None)


def test_room_for_connections_leaves_files_for_the_rest() -> None:
    script = (
        "import resource as r; from router.server.front import connections_possible as c;"
        "r.setrlimit(r.RLIMIT_NOFILE, (256, 4096)); print(c(), r.getrlimit(r.RLIMIT_NOFILE)[0])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.split() == ["3072", "4096"]
    assert callable(connections_possible)


def test_corpus_has_its_sixty_two_seeds() -> None:
    assert len(REQUESTS) + len(FRAMES) == 62
    assert case(62) == case(62) != case(0)


async def try_case(port: int, seed: int) -> None:
    async with connected(port) as client:
        with suppress(trio.BrokenResourceError, EOFError):
            if is_behind_upgrade(seed):
                await client.send(head())
                await client.read_head()
            await client.send(case(seed))
            await client.stream.send_eof()
        await client.read_all()


async def test_malformed_corpus_kills_and_leaks_nothing() -> None:
    """A26; more with FAIRLINE_MUTATIONS=160."""
    async with running_echo() as server, healthy(server.port):
        tasks, files = task_count(), open_files()
        for seed in range(62 * (1 + MUTATIONS)):
            try:
                with trio.fail_after(3):
                    await try_case(server.port, seed)
            except trio.TooSlowError:
                pytest.fail(f"seed {seed} was left open: {case(seed)[:200]!r}")
        with trio.fail_after(5):
            await wait_until(lambda: task_count() <= tasks and open_files() <= files)
    assert server.tally["front_failures"] == 0


@pytest.mark.process
@pytest.mark.parametrize("selection", [("-x", "9.*", "-x", "12.*", "-x", "13.*"), ("-i", "9.*")])
async def test_conformance_suite_passes(selection: tuple[str, ...], tmp_path: Path) -> None:
    """A27: the Autobahn cases, against the real door as a process of its own."""
    options = ["--unlimited", "--dropping", "--frame-bytes", "16777216"]
    command = [sys.executable, "-m", "tests.helpers.echo_server", *options]
    async with trio.open_nursery() as nursery:
        process = await nursery.start(
            partial(trio.run_process, command, stdout=subprocess.PIPE, check=False)
        )
        with trio.fail_after(60):
            port = int(await process.stdout.receive_some())
            address = f"ws://127.0.0.1:{port}/autobahn"
            done = await trio.run_process(
                [str(KOSOKU), "-p", "2", *selection, "-o", str(tmp_path), address],
                capture_stdout=True,
                capture_stderr=True,
                check=False,
            )
        is_alive = process.returncode is None
        nursery.cancel_scope.cancel()
    assert (done.returncode, is_alive) == (0, True), done.stdout[-2_000:]
    assert b"cases passed" in done.stdout
    assert b"FAILED" not in done.stdout
