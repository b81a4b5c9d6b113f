"""The rules of one connection, played without a socket."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router import outgoing
from router.commands import Actor, Disconnect, ReportActivity, SendMessage
from router.errors import CloseCode, ProtocolError, Refusal, Refused
from router.events import Answer, CommandAnswered
from router.ids import ConnectionId, ConversationId
from router.session import IDLE_MS
from router.steps import Hang, Look, Say, Step, Submit, Verify
from tests.helpers.samples import SAMPLES, sample
from tests.helpers.tables import OK, Table, refusals

# -- envelope ----------------------------------------------------------------------------------


def test_a_frame_of_the_other_kind_is_the_wrong_encoding() -> None:
    with pytest.raises(ProtocolError) as caught:
        Table().session.open(b"\x80")
    assert caught.value.code is CloseCode.WRONG_ENCODING


def test_ids_must_rise() -> None:
    table = Table().ready()
    assert isinstance(table.say("offer.seen", id=7)[0], Submit)
    assert refusals(table.say("offer.seen", id=7)) == [Refusal.BAD_REQUEST]
    assert refusals(table.say("offer.seen", id=6)) == [Refusal.BAD_REQUEST]
    assert isinstance(table.say("offer.seen", id=8)[0], Submit)


def test_a_refused_id_is_used_up_too() -> None:
    table = Table().ready()
    assert refusals(table.frame('{"t":"explode","id":9}')) == [Refusal.UNKNOWN_TYPE]
    assert refusals(table.say("offer.seen", id=9)) == [Refusal.BAD_REQUEST]


def test_one_bad_message_of_an_array_leaves_the_others() -> None:
    table = Table().ready()
    messages = [sample("offer.seen", 2), sample("offer.seen", 3, offer=7), sample("offer.seen", 4)]
    first, bad, last = table.frame(msgspec.json.encode(messages).decode())
    assert isinstance(first, Submit)
    assert refusals([bad]) == [Refusal.BAD_REQUEST]
    assert isinstance(last, Submit)


def test_an_array_of_seventeen_is_refused_whole() -> None:
    table = Table().ready()
    messages = [sample("offer.seen", number) for number in range(2, 19)]
    steps = table.frame(msgspec.json.encode(messages).decode())
    assert refusals(steps) == [Refusal.LIMIT_EXCEEDED]


def test_twenty_errors_in_a_minute_end_the_connection() -> None:
    table = Table().ready()
    for number in range(19):
        table.now_ms += 1_000
        assert refusals(table.frame("{" * (number + 1))) == [Refusal.BAD_REQUEST]
    steps = table.frame("nonsense")
    assert refusals(steps) == [Refusal.BAD_REQUEST]
    assert steps[1:] == [Hang(CloseCode.TOO_MANY_ERRORS)]
    assert table.say("offer.seen") == []


@pytest.mark.parametrize("role", ["customer", "agent", "supervisor", "service"])
def test_a_policys_mistakes_are_told_one_by_one_to_those_who_may_send_one(role: str) -> None:
    (plain,) = Table(role).say("policy.set", policy={"queues": [{}, {}]})
    (told,) = Table(role).ready().say("policy.set", policy={"queues": [{}, {}]})
    texts = []
    for step in (plain, told):
        assert isinstance(step, Say)
        assert isinstance(step.message, outgoing.Reply)
        assert step.message.err is not None
        texts.append(step.message.err.msg)
    assert "queues[1]" not in texts[0]
    assert ("queues[1]" in texts[1]) == (role in {"supervisor", "service"})


# -- rights and rates --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "kind"),
    [
        ("customer", "presence.set"),
        ("customer", "policy.get"),
        ("agent", "conversation.request"),
        ("agent", "policy.set"),
        ("service", "offer.accept"),
        ("supervisor", "rate"),
    ],
)
def test_a_type_of_another_role_is_forbidden(role: str, kind: str) -> None:
    assert refusals(Table(role).ready().say(kind)) == [Refusal.FORBIDDEN]


def test_a_burst_is_served_and_the_rest_told_to_wait() -> None:
    table = Table().ready()
    steps = [step for _ in range(1_000) for step in table.say("offer.seen")]
    served = [step for step in steps if isinstance(step, Submit)]
    assert len(served) == 40
    assert set(refusals([step for step in steps if isinstance(step, Say)])) == {107}
    assert len(steps) == 1_000
    table.now_ms += 1_000
    assert isinstance(table.say("offer.seen")[0], Submit)


def test_who_never_stops_is_cut_off() -> None:
    table = Table().ready()
    steps = [step for _ in range(1_300) for step in table.say("offer.seen")]
    assert steps[-1] == Hang(CloseCode.RATE_LIMITED)
    assert len(steps) > 1_200


def test_a_customers_messages_have_a_pace_of_their_own() -> None:
    table = Table("customer").ready()
    for _ in range(10):
        assert isinstance(table.say("contact.set")[0], Submit)
    assert refusals(table.say("contact.set")) == [Refusal.RATE_LIMITED]
    sent = table.say("message.send", kind="text")
    assert isinstance(sent[0], Submit)


def test_hasty_activity_is_dropped_without_a_word() -> None:
    table = Table("customer").ready(view="active")
    steps = [step for _ in range(50) for step in table.say("activity", idle_ms=0, view="active")]
    assert steps == []


# -- commands, reads and their order -----------------------------------------------------------


def test_a_command_names_who_asks_and_is_answered_under_its_id() -> None:
    table = Table().ready()
    (submit,) = table.say("message.send")
    assert submit == Submit(
        2,
        SendMessage(
            by=Actor("agent", "alice", ConnectionId("x1")),
            conversation=ConversationId("c1"),
            op="m1",
            body="hello",
            kind="note",
        ),
        "message.send",
    )
    (said,) = table.session.settle(2, CommandAnswered(Answer(seq=4)))
    assert said == Say(outgoing.Reply(id=2, ok=True, seq=4))


def test_a_read_waits_for_the_commands_before_it() -> None:
    table = Table().ready()
    (look,) = table.say("history")
    assert isinstance(look, Look)
    table.say("message.send")
    assert table.say("history") == []
    assert table.session.waiting_since_ms() == table.now_ms
    said, look = table.session.settle(3, OK)
    assert isinstance(said, Say)
    assert isinstance(look, Look)
    assert look.message.id == 4
    assert table.session.waiting_since_ms() is None


def test_what_never_went_to_the_journal_may_be_tried_again() -> None:
    table = Table().ready()
    table.say("message.send")
    (said,) = table.session.settle(2, Refused(Refusal.OVERLOADED))
    assert isinstance(said, Say)
    assert isinstance(said.message, outgoing.Reply)
    assert said.message.err is not None
    assert (said.message.err.code, said.message.err.retry) == (108, "after")


def test_idleness_is_reported_on_change_alone() -> None:
    table = Table().ready(idle_ms=0, view="active")
    assert table.say("activity", idle_ms=10, view="active") == []
    (submit,) = table.say("activity", idle_ms=IDLE_MS, view="active")
    assert isinstance(submit, Submit)
    assert submit.id is None
    assert isinstance(submit.command, ReportActivity)
    assert table.say("activity", idle_ms=IDLE_MS + 1, view="active") == []
    assert len(table.say("activity", idle_ms=0, view="active")) == 1
    assert len(table.say("activity", idle_ms=0, view="background")) == 1


# -- topics ------------------------------------------------------------------------------------


def test_a_topic_is_listened_to_once() -> None:
    table = Table("supervisor").ready()
    assert isinstance(table.say("sub", topic="board")[0], Look)
    assert refusals(table.say("sub", topic="board")) == [Refusal.SUBSCRIPTION_STATE]
    assert isinstance(table.say("unsub", topic="board")[0], Look)
    assert refusals(table.say("unsub", topic="board")) == [Refusal.SUBSCRIPTION_STATE]


@pytest.mark.parametrize("topic", ["weather", "team:", "queue:", "board:x", "agents:y", "team"])
def test_an_unknown_topic_is_not_found(topic: str) -> None:
    assert refusals(Table("supervisor").ready().say("sub", topic=topic)) == [Refusal.NOT_FOUND]


@pytest.mark.parametrize(
    ("role", "topic"),
    [
        ("agent", "team:other"),
        ("agent", "agents"),
        ("agent", "queue:billing"),
        ("agent", "board"),
        ("customer", "board"),
        ("customer", "team:floor"),
    ],
)
def test_a_topic_of_others_is_forbidden(role: str, topic: str) -> None:
    assert refusals(Table(role).ready().say("sub", topic=topic)) == [Refusal.FORBIDDEN]


@pytest.mark.parametrize("topic", ["team:floor", "queues"])
def test_an_agent_listens_to_its_own_team_and_to_the_figures(topic: str) -> None:
    assert isinstance(Table().ready().say("sub", topic=topic)[0], Look)


def test_topics_are_limited_in_number() -> None:
    table = Table("supervisor").ready()
    for number in range(128):
        table.now_ms += 1_000
        table.say("sub", topic=f"team:t{number}")
    table.now_ms += 1_000
    assert refusals(table.say("sub", topic="board")) == [Refusal.LIMIT_EXCEEDED]
    assert len(table.session.topics) == 128


def test_hello_may_name_topics_and_keeps_those_it_may_have() -> None:
    table = Table().ready(subs=["team:floor", "team:other", "agents", "weather"])
    assert table.session.first_topics() == ["team:floor"]


def test_a_refused_subscription_may_be_tried_again() -> None:
    table = Table("supervisor").ready()
    (look,) = table.say("sub", topic="queue:new")
    assert isinstance(look, Look)
    table.session.forget(look.message)
    assert isinstance(table.say("sub", topic="queue:new")[0], Look)


# -- the end -----------------------------------------------------------------------------------


def test_leaving_disconnects_first_and_closes_after_the_reply() -> None:
    table = Table().ready()
    (submit,) = table.say("bye")
    actor = Actor("agent", "alice", ConnectionId("x1"))
    assert submit == Submit(2, Disconnect(by=actor, leave=True), "bye")
    assert table.session.settle(2, OK) == [Say(outgoing.Reply(id=2, ok=True)), Hang(1000)]


def test_a_bye_without_leave_is_a_plain_close() -> None:
    table = Table().ready()
    assert table.say("bye", leave=False) == [Say(outgoing.Reply(id=2, ok=True)), Hang(1000)]


def test_nothing_is_done_after_the_end() -> None:
    table = Table().ready()
    table.say("message.send")
    assert table.session.hang(CloseCode.DRAIN, 30) == [Hang(CloseCode.DRAIN, 30)]
    assert table.session.hang(CloseCode.DRAIN) == []
    assert table.session.settle(2, OK) == []
    assert table.say("offer.seen") == []
    assert table.session.is_closed


def test_a_lost_socket_ends_the_session_in_silence() -> None:
    table = Table().ready()
    table.session.lose()
    assert table.say("offer.seen") == []
    assert table.session.hang(CloseCode.NO_PONG) == []


# -- anything at all ---------------------------------------------------------------------------

frames = st.one_of(
    st.text(max_size=60),
    st.sampled_from(sorted(SAMPLES)).map(
        lambda kind: msgspec.json.encode(sample(kind, 5)).decode()
    ),
    st.tuples(st.sampled_from(sorted(SAMPLES)), st.integers(-2, 60)).map(
        lambda pair: msgspec.json.encode([sample(pair[0], pair[1])] * 2).decode()
    ),
)


@given(st.sampled_from(["agent", "customer", "supervisor", "service"]), st.lists(frames))
@settings(max_examples=200)
def test_whatever_is_sent_has_a_clean_outcome(role: str, sent: list[str]) -> None:
    table = Table(role)
    open_ids: list[int] = []

    def play(steps: list[Step]) -> None:
        for step in steps:
            if isinstance(step, Verify):
                play(table.session.admit(step, table.bearer(), table.now_ms))
            elif isinstance(step, Submit) and step.id is not None:
                if step.kind == "hello":
                    table.session.settle(step.id, OK)
                    you = outgoing.You(id="alice", role=role, tenant="acme")
                    table.session.welcome(you)
                else:
                    open_ids.append(step.id)

    for frame in sent:
        table.now_ms += 700
        play(table.frame(frame))
    while open_ids and not table.session.is_closed:
        number = open_ids.pop(0)
        steps = table.session.settle(number, OK)
        said = [step.message for step in steps if isinstance(step, Say)]
        assert said == [outgoing.Reply(id=number, ok=True)]
        play(steps)
    assert table.session.is_closed or table.session.waiting_since_ms() is None
