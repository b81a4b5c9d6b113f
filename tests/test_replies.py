"""The clock of the no-reply guard."""

from router.commands import SendMessage, SetPolicy
from router.ids import ConversationId
from router.policy import Policy, Queue
from tests.helpers.watched import Watched
from tests.helpers.worlds import agent, customer, service

GUARDED = Policy(queues=(Queue(id="q", reply_within_ms=30_000),), capacity={"chat": 1, "total": 1})
NAME = ConversationId("c")


def scene_with_a_conversation(policy: Policy = GUARDED, body: str = "") -> Watched:
    scene = Watched(policy)
    scene.sign_in("ann")
    scene.ask("c", body=body)
    scene.accept("ann")
    return scene


def say(scene: Watched, who: str, kind: str = "text") -> None:
    by = {"ann": agent("ann"), "c": customer("c"), "bot": service()}[who]
    scene.op_count += 1
    scene.answered(SendMessage(by, NAME, f"m{scene.op_count}", "hello", kind))  # type: ignore[arg-type]


def due(scene: Watched) -> int | None:
    at_ms = scene.world.timers.due_ms("no_reply", "c")
    return None if at_ms is None else at_ms - scene.start_ms


def test_the_clock_starts_with_the_first_unanswered_message_and_never_moves() -> None:
    scene = scene_with_a_conversation()
    assert due(scene) is None
    scene.to(1_000)
    say(scene, "c")
    scene.to(20_000)
    say(scene, "c")
    assert due(scene) == 31_000


def test_only_an_answer_that_the_customer_hears_stops_the_clock() -> None:
    scene = scene_with_a_conversation()
    say(scene, "c")
    say(scene, "ann", "note")
    say(scene, "bot")
    assert due(scene) == 30_000
    say(scene, "ann")
    assert due(scene) is None
    scene.to(5_000)
    say(scene, "c")
    assert due(scene) == 35_000


def test_what_was_said_in_line_counts_from_the_assignment() -> None:
    scene = Watched(GUARDED)
    scene.ask("c", body="my lamp is broken")
    scene.to(60_000)
    scene.sign_in("ann")
    scene.accept("ann")
    assert due(scene) == 90_000


def test_the_clock_ends_with_the_conversation() -> None:
    scene = scene_with_a_conversation(body="hello")
    assert due(scene) == 30_000
    scene.end("ann", "c")
    assert due(scene) is None


def test_the_clock_is_the_same_after_a_restore_and_later_after_an_outage() -> None:
    scene = scene_with_a_conversation(body="hello")
    scene.reborn()
    assert due(scene) == 30_000
    scene.skip_to(100_000)
    scene.sign_in("bob")
    assert due(scene) == 130_000


def test_a_queue_without_the_guard_has_no_clock() -> None:
    scene = scene_with_a_conversation(Policy(queues=(Queue(id="q"),)), body="hello")
    assert due(scene) is None
    scene.do(SetPolicy(GUARDED))
    say(scene, "c")
    assert due(scene) == 30_000
