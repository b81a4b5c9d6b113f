"""Calls of agents for a supervisor."""

import pytest

from router import outgoing
from router.commands import (
    Actor,
    AskForHelp,
    EndConversation,
    EndHelp,
    JoinConversation,
    SetPolicy,
    TransferConversation,
)
from router.errors import Refusal
from router.events import AuditRecorded
from router.ids import ConnectionId, ConversationId
from router.policy import Policy, Queue
from router.views import welcome_state
from tests.helpers.watched import Watched
from tests.helpers.worlds import agent, customer, supervisor

TALK = ConversationId("c")
ONE = Policy(queues=(Queue(id="q", wrap_up_ms=5_000),), capacity={"chat": 1, "total": 1})
ELSE = Actor("supervisor", "eli", ConnectionId("eli/1"))


def calling() -> Watched:
    """Ann, of the team floor, calls at 5 s; sue watches all teams, eli another one."""
    scene = Watched(ONE)
    scene.arrive(supervisor())
    scene.arrive(ELSE, teams=("other",))
    scene.arrive(agent("ann"), teams=("floor",))
    scene.sign_in("ann", "bob")
    scene.ask("c", body="hello")
    scene.do(scene.wire(supervisor(), "conversation.assign", conversation="c", agent="ann"))
    scene.to(5_000)
    scene.answered(scene.wire(agent("ann"), "help.ask", conversation="c", note="900 back?"))
    return scene


def outcomes(scene: Watched, by: Actor) -> list[str]:
    return [one.outcome for one in scene.heard_by(by, outgoing.HelpEnded)]


def test_a_call_is_heard_by_those_who_watch_the_agent_and_stands_after_a_restart() -> None:
    scene = calling()
    (heard,) = scene.heard_by(supervisor(), outgoing.HelpAsked)
    assert (heard.conversation, heard.agent.id, heard.note, heard.queue) == (
        "c", "ann", "900 back?", "q",
    )  # fmt: skip
    assert heard.at == scene.start_ms + 5_000
    assert scene.heard_by(ELSE, outgoing.HelpAsked) == []
    assert scene.heard_by(customer("c"), outgoing.HelpAsked) == []
    scene.reborn()
    state = welcome_state(scene.router, supervisor().key, {}, scene.now_ms)
    assert [(one.conversation, one.at) for one in state.help or ()] == [("c", heard.at)]
    assert welcome_state(scene.router, ELSE.key, {}, scene.now_ms).help is None
    own = welcome_state(scene.router, agent("ann").key, {}, scene.now_ms).conversations[0]
    assert own.help_since_at == heard.at
    theirs = welcome_state(scene.router, customer("c").key, {}, scene.now_ms).conversations[0]
    assert theirs.help_since_at is None
    assert [one.action for _, one in scene.seen(AuditRecorded)] == ["assign", "help"]


def test_the_same_call_again_changes_nothing_and_other_words_are_heard() -> None:
    scene = calling()
    before = scene.router.digest()
    scene.answered(AskForHelp(agent("ann"), TALK, "900 back?"))
    assert scene.router.digest() == before
    scene.to(9_000)
    scene.answered(AskForHelp(agent("ann"), TALK, "and now he shouts"))
    told = scene.heard_by(supervisor(), outgoing.HelpAsked)
    assert [(one.note, one.at - scene.start_ms) for one in told] == [
        ("900 back?", 5_000),
        ("and now he shouts", 5_000),
    ]
    notes = [one.body for one in scene.heard_by(agent("ann"), outgoing.MessageSent)]
    assert notes[-2:] == ["900 back?", "and now he shouts"]


@pytest.mark.parametrize(
    ("command", "outcome"),
    [
        (JoinConversation(supervisor(), TALK, "monitor"), "joined"),
        (JoinConversation(supervisor(), TALK, "whisper"), "joined"),
        (EndHelp(supervisor(), TALK), "dismissed"),
        (EndHelp(agent("ann"), TALK), "withdrawn"),
        (EndConversation(agent("ann"), TALK), "over"),
        (TransferConversation(agent("ann"), TALK, "t", "q"), "over"),
    ],
)
def test_a_call_ends_once(command: object, outcome: str) -> None:
    scene = calling()
    scene.answered(command)  # type: ignore[arg-type]
    assert outcomes(scene, supervisor()) == outcomes(scene, agent("ann")) == [outcome]
    assert outcomes(scene, ELSE) == []
    scene.answered(EndHelp(supervisor(), TALK))
    assert outcomes(scene, agent("ann")) == [outcome]
    assert scene.world.conversations.calling == {}
    if outcome == "joined":
        (ended,) = scene.heard_by(agent("ann"), outgoing.HelpEnded)
        assert ended.by is not None
        assert ended.by.id == "sue"


def test_who_listens_unseen_leaves_the_call_until_they_whisper() -> None:
    scene = calling()
    hidden = Policy(queues=ONE.queues, capacity=ONE.capacity, listeners_shown=False)
    scene.answered(SetPolicy(hidden))
    scene.answered(JoinConversation(supervisor(), TALK, "monitor"))
    assert outcomes(scene, agent("ann")) == []
    scene.answered(JoinConversation(supervisor(), TALK, "whisper"))
    assert outcomes(scene, agent("ann")) == ["joined"]


def test_only_its_agent_calls_and_only_while_it_is_active() -> None:
    scene = calling()
    assert scene.refused_in_vain(AskForHelp(agent("bob"), TALK)) == Refusal.FORBIDDEN
    assert scene.refused_in_vain(EndHelp(ELSE, TALK)) == Refusal.FORBIDDEN
    scene.answered(EndConversation(agent("ann"), TALK))
    late = scene.refused_in_vain(AskForHelp(agent("ann"), TALK))
    assert late == Refusal.INVALID_TRANSITION
