"""The one reader of a node, alone and under the gates that it reads for."""

import socket as std_socket
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager

import pytest
import trio
import trio.testing

from router.server.gate import Gate, Messages
from router.server.intake import AT_ONCE, GATHER_S, LATE_S, TURN, VAIN_MAX, WORTH, Gathering, Intake
from router.server.meter import FrameLimits
from router.server.shortcut import whole_messages
from tests.helpers.raw import BINARY, PONG, frame


class Ear:
    """Reads what there is, a byte at a time, until it has had enough."""

    def __init__(self, intake: Intake, enough: int = 1 << 30) -> None:
        self.near, self.far = std_socket.socketpair()
        self.heard = b""
        self.enough = enough
        self.on_hear: Callable[[], None] = lambda: None
        intake.listen(self.near.fileno(), self)

    def hear(self) -> bool:
        self.heard += self.near.recv(1)
        self.on_hear()
        return len(self.heard) < self.enough

    def close(self) -> None:
        self.near.close()
        self.far.close()


async def test_who_listens_hears_everything_and_who_has_enough_nothing_more(
    nursery: trio.Nursery,
) -> None:
    intake = Intake()
    nursery.start_soon(intake.run)
    with ExitStack() as closing:
        patient, brief = Ear(intake), Ear(intake, enough=2)
        closing.callback(patient.close)
        closing.callback(brief.close)
        patient.far.send(b"abc")
        brief.far.send(b"abc")
        await _wait_until(lambda: patient.heard == b"abc" and brief.heard == b"ab")
        assert len(intake) == 1
        brief.enough = 3
        intake.listen(brief.near.fileno(), brief)
        await _wait_until(lambda: brief.heard == b"abc")
        intake.rest(patient.near.fileno())
        assert len(intake) == 0


async def test_others_have_their_turn_between_two_turns(nursery: trio.Nursery) -> None:
    """However much there is to be heard."""
    intake, since, most = Intake(), 0, 0

    def count() -> None:
        nonlocal since
        since += 1

    async def look_on() -> None:
        nonlocal since, most
        while True:
            most, since = max(most, since), 0
            await trio.lowlevel.checkpoint()

    with ExitStack() as closing:
        crowd = [Ear(intake) for _ in range(3 * TURN)]
        for ear in crowd:
            closing.callback(ear.close)
            ear.on_hear = count
            ear.far.send(b"abcd")
        nursery.start_soon(look_on)
        nursery.start_soon(intake.run)
        await _wait_until(lambda: all(ear.heard == b"abcd" for ear in crowd))
    assert 1 <= most <= 2 * TURN  # the loop changes who comes first in a turn


async def test_who_was_ended_by_another_in_the_same_turn_is_not_heard(
    nursery: trio.Nursery,
) -> None:
    intake = Intake()
    with ExitStack() as closing:
        pair = [Ear(intake), Ear(intake)]
        for ear, other in zip(pair, reversed(pair), strict=True):
            closing.callback(ear.close)
            descriptor = other.near.fileno()
            ear.on_hear = lambda descriptor=descriptor: intake.rest(descriptor)  # type: ignore[misc]
            ear.far.send(b"a")
        nursery.start_soon(intake.run)
        await trio.testing.wait_all_tasks_blocked(0.05)
        assert sorted(ear.heard for ear in pair) == [b"", b"a"]
        assert len(intake) == 1


async def test_who_was_closed_too_early_harms_nobody(nursery: trio.Nursery) -> None:
    intake = Intake()
    nursery.start_soon(intake.run)
    with ExitStack() as closing:
        hasty, patient = Ear(intake), Ear(intake)
        closing.callback(hasty.close)
        closing.callback(patient.close)
        descriptor = hasty.near.fileno()
        hasty.near.close()
        intake.rest(descriptor)
        patient.far.send(b"a")
        await _wait_until(lambda: patient.heard == b"a")
        assert len(intake) == 1


class Turns:
    """Notes when a turn begins and ends, and what was heard in it."""

    def __init__(self) -> None:
        self.noted: list[str] = []

    def hold(self) -> None:
        self.noted.append("hold")

    def release(self) -> None:
        self.noted.append("release")


async def test_who_waits_for_the_end_of_a_turn_is_told_whatever_happens_in_it() -> None:
    first, second = Turns(), Turns()
    second.noted = first.noted
    intake = Intake((first, second))
    with ExitStack() as closing:
        sound, broken = Ear(intake), Ear(intake)
        closing.callback(sound.close)
        closing.callback(broken.close)
        sound.on_hear = lambda: first.noted.append("heard")
        with pytest.RaisesGroup(ZeroDivisionError):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(intake.run)
                sound.far.send(b"a")
                await _wait_until(lambda: sound.heard == b"a")
                broken.on_hear = lambda: first.noted.append(str(1 / 0))
                broken.far.send(b"a")
                await trio.sleep(5)
    turn = ["hold", "hold", "heard", "release", "release"]
    assert first.noted == turn + [each for each in turn if each != "heard"]


# -- letting several speak before a turn ----------------------------------------------------------


def test_a_turn_waits_where_several_speak_meanwhile() -> None:
    gathering = Gathering()
    assert [gathering.is_worth_it(3) for _ in range(AT_ONCE)] == [False] * AT_ONCE
    for heard in (WORTH, 1, 5, WORTH - 1, TURN - 1):
        assert gathering.is_worth_it(heard)
        gathering.learn(heard, 0.0)


def test_a_turn_waits_for_nobody_where_nothing_is_said_and_where_enough_is() -> None:
    gathering = Gathering()
    for _ in range(AT_ONCE):
        gathering.is_worth_it(1)
    assert not gathering.is_worth_it(0)
    assert not gathering.is_worth_it(TURN)
    assert gathering.is_worth_it(1)


def test_a_loop_with_much_else_to_do_does_not_wait_on_top_of_it() -> None:
    gathering = Gathering()
    for _ in range(AT_ONCE):
        gathering.is_worth_it(3)
    assert gathering.is_worth_it(3)
    gathering.learn(3, 0.9 * LATE_S)
    assert gathering.is_worth_it(3)
    gathering.learn(3, 1.1 * LATE_S)
    assert [gathering.is_worth_it(3) for _ in range(AT_ONCE + 1)] == [False] * AT_ONCE + [True]


def test_two_who_only_answer_each_other_seldom_wait() -> None:
    gathering, waits, turns = Gathering(), 0, 10_000
    for _ in range(turns):
        if gathering.is_worth_it(1):
            waits += 1
            gathering.learn(1, 0.0)
    assert 0 < waits <= VAIN_MAX * (turns // AT_ONCE)


async def test_one_alone_is_heard_at_once_and_of_many_nobody_waits_longer_than_a_moment(
    nursery: trio.Nursery, mock_clock: trio.testing.MockClock
) -> None:
    intake = Intake()
    nursery.start_soon(intake.run)
    with ExitStack() as closing:
        several = [Ear(intake) for _ in range(WORTH)]
        for ear in several:
            closing.callback(ear.close)
        for turn in range(1, AT_ONCE + 2):  # behind the last of these a turn waits
            several[0].far.send(b"a")
            await trio.testing.wait_all_tasks_blocked()
            assert len(several[0].heard) == turn
        for turn in range(1, 10):
            for ear in several:
                ear.far.send(b"b")
            mock_clock.jump(0.9 * GATHER_S)
            await trio.testing.wait_all_tasks_blocked()
            assert len(several[1].heard) == turn - 1
            mock_clock.jump(0.2 * GATHER_S)
            await trio.testing.wait_all_tasks_blocked()
            assert len(several[1].heard) == turn
        for _ in range(VAIN_MAX):
            mock_clock.jump(GATHER_S)
            await trio.testing.wait_all_tasks_blocked()
        several[1].far.send(b"c")  # after a silence
        await trio.testing.wait_all_tasks_blocked()
        assert several[1].heard.endswith(b"c")


# -- under a gate --------------------------------------------------------------------------------


class Receiver:
    """Takes a message at once, unless it says that it must wait."""

    def __init__(self) -> None:
        self.taken: list[str | bytes] = []
        self.queued: list[str | bytes] = []

    def take(self, data: bytes | bytearray) -> tuple[Messages, bytes | bytearray]:
        messages, rest = whole_messages(data)
        for index, message in enumerate(messages):
            if message == b"break":
                raise LookupError(message)
            if message == b"wait":
                return messages[index:], rest
            self.taken.append(message)
        return [], rest

    async def queue(self, messages: Messages) -> None:
        self.queued += messages


@asynccontextmanager
async def _gate(intake: Intake) -> AsyncIterator[tuple[Gate, Receiver, trio.SocketStream]]:
    near, far = (
        trio.SocketStream(trio.socket.from_stdlib_socket(each)) for each in std_socket.socketpair()
    )
    gate, receiver = Gate(near, limits=FrameLimits(), intake=intake), Receiver()
    gate.deliver_to(receiver)
    async with near, far:
        yield gate, receiver, far


async def test_what_can_be_taken_at_once_wakes_nobody_and_the_rest_keeps_its_order(
    nursery: trio.Nursery,
) -> None:
    intake = Intake()
    nursery.start_soon(intake.run)
    async with _gate(intake) as (gate, receiver, far):
        passed: list[bytes | bytearray] = []
        nursery.start_soon(_read, gate, passed)
        for message in (b"one", b"two"):
            await far.send_all(frame(message, BINARY) + frame(b"", PONG))
        await _wait_until(lambda: receiver.taken == [b"one", b"two"])
        cut = frame(b"cut short", BINARY)
        words = [b"three", b"wait", b"four"]
        await far.send_all(b"".join(frame(word, BINARY) for word in words) + cut[:8])
        await _wait_until(lambda: bool(passed))
        assert receiver.taken == [b"one", b"two", b"three"]
        assert receiver.queued == [b"wait", b"four"]
        assert passed == [cut[:8]]
        await far.send_all(cut[8:] + frame(b"five", BINARY))
        await _wait_until(lambda: len(passed) == 2)
        assert passed[1] == cut[8:] + frame(b"five", BINARY)  # it began within a message
        await far.send_all(frame(b"six", BINARY))
        await _wait_until(lambda: receiver.taken[-1] == b"six")
        await far.send_eof()
        await _wait_until(lambda: passed[-1] == b"")
        assert gate.has_ended
        assert len(intake) == 0


async def test_what_goes_wrong_is_raised_where_it_was_read_and_others_are_heard_on(
    nursery: trio.Nursery,
) -> None:
    intake = Intake()
    nursery.start_soon(intake.run)
    async with (
        _gate(intake) as (broken, _, its_far),
        _gate(intake) as (sound, receiver, far),
    ):
        nursery.start_soon(_read, sound, [])
        await its_far.send_all(frame(b"break", BINARY))
        with pytest.raises(LookupError), trio.fail_after(2):
            await broken.receive_some()
        await far.send_all(frame(b"one", BINARY))
        await _wait_until(lambda: receiver.taken == [b"one"])
        await far.send_all(b"\x00\x00")
        await _wait_until(lambda: sound.verdict is not None)


@pytest.mark.parametrize("way", ["abort", "aclose", "cancel", "reset"])
async def test_nobody_is_listened_to_behind_the_end(nursery: trio.Nursery, way: str) -> None:
    intake = Intake()
    nursery.start_soon(intake.run)
    async with _gate(intake) as (gate, _, far):
        raised: list[BaseException] = []

        async def read() -> None:
            try:
                await gate.receive_some()
            except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
                raised.append(error)

        async with trio.open_nursery() as reading:
            reading.start_soon(read)
            await trio.testing.wait_all_tasks_blocked()
            assert len(intake) == 1
            if way == "cancel":
                reading.cancel_scope.cancel()
            elif way == "reset":
                gate.write(b"never read")
                await far.aclose()
            else:
                await getattr(gate, way)()
        assert len(intake) == 0
        assert bool(raised) is (way != "cancel")
        if way == "abort":
            with pytest.raises(trio.ClosedResourceError):
                await gate.receive_some()


async def _read(gate: Gate, passed: list[bytes | bytearray]) -> None:
    while True:
        passed.append(await gate.receive_some())
        if not passed[-1]:
            return


async def _wait_until(is_so: Callable[[], bool]) -> None:
    with trio.fail_after(5):
        while not is_so():
            await trio.lowlevel.checkpoint()
