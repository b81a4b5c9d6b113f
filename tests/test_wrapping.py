"""The work after a conversation: codes and more time."""

import msgspec
import pytest

from router import outgoing
from router.commands import CompleteWrapUp, ExtendWrapUp, RateConversation
from router.errors import Refusal
from router.events import ConversationEnded
from router.ids import ConversationId, PersonKey
from router.policy import Policy, Queue, problems
from router.views import state_of
from tests.helpers.watched import Watched
from tests.helpers.worlds import agent, customer

TALK = ConversationId("c")
FREE = Queue(id="q", wrap_up_ms=10_000, wrap_up_max_ms=25_000)
CODED = msgspec.structs.replace(FREE, wrap_up_codes=("sold", "lost"), wrap_up_default="lost")
STRICT = msgspec.structs.replace(CODED, wrap_up_default="")


def wrapping(queue: Queue) -> Watched:
    """Ann's conversation with c is over, and its wrap-up has begun."""
    scene = Watched(Policy(queues=(queue,), capacity={"chat": 1, "total": 1}))
    scene.sign_in("ann")
    scene.ask("c")
    scene.accept("ann")
    scene.end("ann", "c")
    return scene


def kept(scene: Watched) -> tuple[str, str, str]:
    """The code of the conversation, of the customer's record, and of the last event."""
    ended = scene.seen(ConversationEnded)[-1][1]
    return scene.conversation("c").wrap_up_code, scene.customer("c").met[0].code, ended.code


@pytest.mark.parametrize(
    ("queue", "said", "code"),
    [
        (FREE, "anything at all", "anything at all"),
        (FREE, "", ""),
        (CODED, "sold", "sold"),
        (CODED, "", "lost"),
        (STRICT, "sold", "sold"),
    ],
)
def test_the_code_is_kept_for_the_customers_record_and_the_archive(
    queue: Queue, said: str, code: str
) -> None:
    scene = wrapping(queue)
    scene.answered(CompleteWrapUp(agent("ann"), TALK, said))
    scene.reborn()
    scene.answered(RateConversation(customer("c"), TALK, 5))
    assert kept(scene) == (code, code, code)


@pytest.mark.parametrize(("queue", "said"), [(CODED, "none"), (STRICT, ""), (STRICT, "x")])
def test_a_code_that_the_queue_does_not_know_is_refused(queue: Queue, said: str) -> None:
    scene = wrapping(queue)
    command = CompleteWrapUp(agent("ann"), TALK, said, "a note")
    assert scene.refused_in_vain(command) == Refusal.BAD_REQUEST


def test_when_the_time_is_over_or_the_agent_gone_the_default_counts() -> None:
    for goodbye in (False, True):
        scene = wrapping(CODED)
        if goodbye:
            scene.leave(agent("ann"), goodbye=True)
        scene.to(10_000)
        assert kept(scene) == ("lost", "lost", "lost")


def test_an_extension_adds_up_to_the_queues_bound_and_no_further() -> None:
    scene = wrapping(FREE)
    scene.to(4_000)
    scene.answered(scene.wire(agent("ann"), "wrapup.extend", conversation="c", ms=8_000))
    scene.reborn()
    scene.to(17_999)
    assert scene.status("c") == "wrap_up"
    scene.answered(ExtendWrapUp(agent("ann"), TALK, 60_000))
    left = [one.wrap_up_ms for one in scene.heard_by(agent("ann"), outgoing.WrapUpStarted)]
    assert left == [10_000, 14_000, 7_001]
    assert scene.refused_in_vain(ExtendWrapUp(agent("ann"), TALK, 1)) == Refusal.LIMIT_EXCEEDED
    scene.to(25_000)
    assert scene.status("c") == "closed"


def test_an_outage_does_not_eat_the_extension() -> None:
    scene = wrapping(FREE)
    scene.skip_to(100_000)
    scene.arrive(customer("d"))
    scene.answered(ExtendWrapUp(agent("ann"), TALK, 60_000))
    scene.to(124_999)
    assert scene.status("c") == "wrap_up"
    scene.to(125_000)
    assert scene.status("c") == "closed"


def test_only_its_agent_extends_it_and_only_while_it_lasts() -> None:
    scene = wrapping(FREE)
    scene.sign_in("bob")
    assert scene.refused_in_vain(ExtendWrapUp(agent("bob"), TALK, 1)) == Refusal.FORBIDDEN
    scene.answered(CompleteWrapUp(agent("ann"), TALK))
    late = ExtendWrapUp(agent("ann"), TALK, 1)
    assert scene.refused_in_vain(late) == Refusal.INVALID_TRANSITION


def test_a_queue_without_a_bound_has_no_extension() -> None:
    scene = wrapping(Queue(id="q", wrap_up_ms=10_000))
    assert scene.refused_in_vain(ExtendWrapUp(agent("ann"), TALK, 1)) == Refusal.LIMIT_EXCEEDED


def test_a_fixed_wrap_up_ends_with_its_time_and_the_last_code_said() -> None:
    scene = wrapping(msgspec.structs.replace(CODED, wrap_up="fixed"))
    for code in ("lost", "sold"):
        scene.answered(CompleteWrapUp(agent("ann"), TALK, code))
    told = state_of(scene.router.world, scene.conversation("c"), PersonKey("agent:ann"), {})
    assert told.wrap_up == outgoing.WrapUp(("sold", "lost"), "lost", 15_000, "fixed", "sold")
    scene.reborn()
    scene.ask("d")
    scene.to(9_999)
    assert (scene.status("c"), scene.offered("ann")) == ("wrap_up", "")
    scene.to(10_000)
    assert (kept(scene), scene.offered("ann")) == (("sold",) * 3, "d")


def test_a_free_wrap_up_lasts_until_the_agent_is_done_or_gone() -> None:
    policy = msgspec.structs.replace(CODED, wrap_up="free", wrap_up_ms=0)
    scene = wrapping(policy)
    (started,) = scene.heard_by(agent("ann"), outgoing.WrapUpStarted)
    assert (started.wrap_up_ms, started.wrap_up) == (
        0,
        outgoing.WrapUp(("sold", "lost"), "lost", 0, "free"),
    )
    scene.to(3_600_000)
    assert scene.status("c") == "wrap_up"
    late = scene.refused_in_vain(ExtendWrapUp(agent("ann"), TALK, 1))
    assert late == Refusal.LIMIT_EXCEEDED
    scene.reborn()
    scene.leave(agent("ann"), goodbye=True)
    assert kept(scene) == ("lost",) * 3


@pytest.mark.parametrize(
    ("by", "asked", "status"),
    [("agent", False, "closed"), ("agent", True, "wrap_up"), ("customer", False, "wrap_up")],
)
def test_an_optional_wrap_up_is_the_agents_to_ask_for_and_to_leave(
    by: str, asked: bool, status: str
) -> None:
    """Where the customer ends it, nobody could ask: it begins, and may be left at once."""
    queue = msgspec.structs.replace(CODED, wrap_up="optional")
    scene = Watched(Policy(queues=(queue,), capacity={"chat": 1, "total": 1}))
    scene.sign_in("ann")
    scene.ask("c")
    scene.accept("ann")
    told = state_of(scene.router.world, scene.conversation("c"), PersonKey("agent:ann"), {})
    assert told.wrap_up_optional
    who = agent("ann") if by == "agent" else customer("c")
    scene.answered(scene.wire(who, "conversation.end", conversation="c", wrap_up=asked))
    assert scene.status("c") == status
    if status == "closed":
        assert kept(scene) == ("lost",) * 3
    else:
        scene.answered(CompleteWrapUp(agent("ann"), TALK, "sold"))
        assert kept(scene) == ("sold",) * 3


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"wrap_up_codes": ("a", "a")}, "wrap_up_codes"),
        ({"wrap_up_codes": ("a",), "wrap_up_default": "b"}, "wrap_up_default"),
        ({"wrap_up_ms": 9_000, "wrap_up_max_ms": 8_000}, "wrap_up_max_ms"),
        ({"wrap_up": "free", "wrap_up_ms": 1, "wrap_up_max_ms": 1}, "wrap_up_ms"),
        ({"wrap_up": "fixed"}, "wrap_up_ms"),
        ({"wrap_up": "optional"}, "wrap_up_ms"),
    ],
)
def test_a_policy_whose_codes_or_times_contradict_each_other_is_named(
    changes: dict[str, object], key: str
) -> None:
    queue = msgspec.structs.replace(Queue(id="q"), **changes)
    assert [path for path, _ in problems(Policy(queues=(queue,)))] == [f"queues[0].{key}"]


def test_the_agent_is_told_the_codes_the_default_and_how_much_can_be_added() -> None:
    scene = wrapping(CODED)
    scene.answered(scene.wire(agent("ann"), "wrapup.extend", conversation="c", ms=8_000))
    first, extended = scene.heard_by(agent("ann"), outgoing.WrapUpStarted)
    assert first.wrap_up == outgoing.WrapUp(("sold", "lost"), "lost", 15_000)
    assert extended.wrap_up == outgoing.WrapUp(("sold", "lost"), "lost", 7_000)
    told = state_of(scene.router.world, scene.conversation("c"), PersonKey("agent:ann"), {})
    assert told.wrap_up == extended.wrap_up
