"""What time asks of connections, in time that the test sets."""

import trio
import trio.testing

from router.errors import CloseCode
from router.server.pulse import BEAT_S, EXPIRING_S, HELLO_S, TURN, Heart, Pulse, liveness_of


class Peer:
    """A connection whose ears and mouth the test moves."""

    def __init__(self) -> None:
        self.heard_at = 0.0
        self.said_at = 0.0
        self.heard: list[str] = []
        self.code = 0

    is_broken = False

    def ping(self) -> None:
        if self.is_broken:
            raise ValueError("broken")
        self.heard.append("ping")

    def beat(self) -> None:
        self.heard.append("beat")

    def warn_of_expiry(self, left_s: float) -> None:
        self.heard.append(f"expiring {left_s:.0f}")

    def hang(self, code: int) -> None:
        self.code = code


def heart(role: str = "agent", share: float = 0.0) -> tuple[Peer, Heart]:
    peer = Peer()
    beating = Heart(peer, 0.0, share)
    beating.welcome(role, 0.0, share)
    return peer, beating


def advance(beating: Heart, until: float) -> bool:
    """Attends whenever something is due, as the pulse does; whether it lives on."""
    while (due_at := beating.due_at()) <= until:
        if not beating.attend(due_at):
            return False
    return True


def test_a_hello_that_does_not_come_ends_the_connection() -> None:
    peer = Peer()
    peer.heard_at = 1.0
    beating = Heart(peer, 0.0, 0.9)
    assert not advance(beating, 100.0)
    assert peer.code == CloseCode.HELLO_TIMEOUT
    assert beating.due_at() == HELLO_S


def test_a_peer_that_never_answers_is_given_up_after_interval_and_time_out() -> None:
    for role in ("agent", "customer", "supervisor", "service"):
        peer, beating = heart(role, share=1.0)
        every_s, answer_s = liveness_of(role)
        assert advance(beating, every_s + answer_s - 0.01)
        assert peer.heard.count("ping") == 1
        assert not advance(beating, every_s + answer_s)
        assert peer.code == CloseCode.NO_PONG


def test_a_peer_that_answers_is_kept() -> None:
    peer, beating = heart(share=1.0)
    for second in range(1, 600):
        pings = peer.heard.count("ping")
        assert advance(beating, float(second))
        if peer.heard.count("ping") > pings:
            peer.heard_at = second + 0.5
    assert peer.code == 0
    assert peer.heard.count("ping") >= 600 / 25 - 2


def test_a_peer_that_talks_is_not_asked() -> None:
    peer, beating = heart(share=0.5)
    for tenth in range(6_000):
        peer.heard_at = peer.said_at = tenth / 10
        assert advance(beating, tenth / 10)
    assert peer.heard == []


def test_first_pings_are_spread_over_the_interval() -> None:
    first_at = []
    for tenth in range(10):
        peer, beating = heart("customer", share=tenth / 10)
        at = 0.0
        while "ping" not in peer.heard:
            at = beating.due_at()
            beating.attend(at)
        first_at.append(at)
    assert first_at == [2.5 * tenth for tenth in range(10)]


def test_a_silent_server_beats_and_a_talking_one_does_not() -> None:
    peer, beating = heart()
    for second in range(1, 101):
        peer.heard_at = float(second)
        advance(beating, float(second))
    assert peer.heard.count("beat") == int(100 / BEAT_S)
    peer.heard.clear()
    for second in range(101, 201):
        peer.heard_at = peer.said_at = float(second)
        advance(beating, float(second))
    assert "beat" not in peer.heard


def test_the_end_of_a_token_is_announced_once_and_kept() -> None:
    peer, beating = heart()
    beating.expire(200.0)
    alive = True
    for second in range(1, 260):
        peer.heard_at = peer.said_at = float(second)
        alive = alive and advance(beating, float(second))
        if second == 200 - EXPIRING_S:
            assert peer.heard == ["expiring 60"]
        assert alive == (second < 200)
    assert peer.heard == ["expiring 60"]
    assert peer.code == CloseCode.TOKEN_EXPIRED


def test_a_newer_token_moves_the_end() -> None:
    peer, beating = heart()
    beating.expire(100.0)
    for second in range(1, 300):
        peer.heard_at = peer.said_at = float(second)
        assert advance(beating, float(second))
        if second == 90:
            beating.expire(1_000.0)
    assert peer.heard == ["expiring 60"]


async def test_one_task_attends_to_all_and_forgets_the_gone(
    autojump_clock: trio.testing.MockClock,
) -> None:
    pulse = Pulse()
    quiet, gone = Peer(), Peer()
    lost = Heart(gone, trio.current_time(), 0.5)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pulse.run)
        await trio.testing.wait_all_tasks_blocked()
        pulse.watch(Heart(quiet, trio.current_time(), 0.5))
        pulse.watch(lost)
        assert len(pulse) == 2
        pulse.forget(lost)
        await trio.sleep(60)
        nursery.cancel_scope.cancel()
    assert (quiet.code, gone.code) == (CloseCode.HELLO_TIMEOUT, 0)
    assert len(pulse) == 0


async def test_a_sooner_deadline_is_noticed(autojump_clock: trio.testing.MockClock) -> None:
    pulse = Pulse()
    peer = Peer()
    peer.heard_at = trio.current_time()
    beating = Heart(peer, trio.current_time(), 1.0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pulse.run)
        pulse.watch(beating)
        await trio.sleep(1)
        beating.welcome("agent", trio.current_time(), 1.0)
        beating.expire(trio.current_time() + 2)
        pulse.watch(beating)
        await trio.sleep(3)
        nursery.cancel_scope.cancel()
    assert peer.code == CloseCode.TOKEN_EXPIRED


def test_so_many_are_attended_to_in_a_turn_that_others_have_theirs() -> None:
    pulse, peers, counts = Pulse(), [Peer() for _ in range(3 * TURN)], []
    for peer in peers:
        pulse.watch(Heart(peer, 0.0, 1.0))
    while pulse.attend(HELLO_S):
        counts.append(sum(bool(peer.code) for peer in peers))
    assert counts == [TURN, 2 * TURN, 3 * TURN]
    assert len(pulse) == 0


def test_one_whose_turn_fails_ends_alone() -> None:
    pulse, broken, sound = Pulse(), Peer(), Peer()
    broken.is_broken = True
    for peer in (broken, sound):
        beating = Heart(peer, 0.0, 0.0)
        beating.welcome("agent", 0.0, 0.0)
        pulse.watch(beating)
    pulse.attend(BEAT_S + 1)
    assert (broken.code, sound.code) == (CloseCode.NO_PONG, 0)
    assert len(pulse) == 1
