"""Pages of conversations and agents, against all that there is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.commands import (
    AcceptOffer,
    Actor,
    Claims,
    Connect,
    EndConversation,
    RequestConversation,
    SeeOffer,
    SetPolicy,
    SetPresence,
)
from router.core import Router
from router.errors import Refused
from router.ids import ConversationId, OfferId
from router.listings import agents, conversation_row, conversations
from router.policy import Policy, Queue

SERVICE = Actor("service", "shop")


def _house(asks: list[tuple[int, int]]) -> Router:
    """Everybody asks once, ``(queue, milliseconds later)``."""
    router = Router("acme")
    queues = tuple(Queue(id=f"q{number}") for number in range(3))
    router.apply(SetPolicy(policy=Policy(queues=queues)), 1_000)
    now_ms = 2_000
    for number, (queue, later_ms) in enumerate(asks):
        now_ms += later_ms
        by = Actor("customer", f"c{number % 7}")
        router.apply(Connect(by=by, life="n"), now_ms)
        # Ids as the edge makes them: in no order.
        chat = ConversationId(f"x{number * 7919 % 1000:03}")
        ask = RequestConversation(
            by=by, conversation=chat, op=f"{number}", channel="chat", queue=f"q{queue}",
            topic=str(number),
        )  # fmt: skip
        router.apply(ask, now_ms)
    return router


ASKS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1)), max_size=25)


@given(asks=ASKS, limit=st.integers(1, 5), queue=st.sampled_from(["", "q1", "q2"]))
def test_following_the_cursor_shows_everything_once(
    asks: list[tuple[int, int]], limit: int, queue: str
) -> None:
    router = _house(asks)
    wanted = {one.id for one in router.world.conversations if not queue or one.queue == queue}
    seen: list[str] = []
    after = ""
    while True:
        page = conversations(router, SERVICE, queue=queue, after=after, limit=limit)
        assert len(page.conversations) <= limit
        seen += [row.conversation for row in page.conversations]
        if page.next is None:
            break
        after = page.next
    assert len(seen) == len(wanted)
    assert set(seen) == wanted


def test_a_page_is_of_those_asked_for_alone() -> None:
    router = _house([(0, 5), (1, 5), (1, 5)])
    rows = conversations(router, SERVICE, queue="q1", status="waiting").conversations
    assert [row.customer for row in rows] == ["c1", "c2"]
    assert conversations(router, SERVICE, customer="c0").conversations[0].queue == "q0"
    assert conversations(router, SERVICE, status="active").conversations == ()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("status", "wating", r'did you mean "waiting"\?\); there are held, waiting, offered'),
        ("queue", "zzz", "there is no 'zzz'; there are q0, q1, q2"),
        ("after", "x", ""),
        ("after", "7", ""),
    ],
)
def test_a_wrong_parameter_is_named(name: str, value: str, words: str) -> None:
    with pytest.raises(Refused, match=f"{name}: .*{words}"):
        conversations(_house([]), SERVICE, **{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "value"), [("show", "availble"), ("state", "idle")])
def test_a_wrong_word_about_agents_is_named_and_finds_not_nobody(name: str, value: str) -> None:
    with pytest.raises(Refused, match=f"{name}: there is no '{value}'.*; there are .*busy"):
        agents(_house([]), **{name: value})  # type: ignore[arg-type]


def test_conversations_are_found_by_their_agent_and_their_channel() -> None:
    router = _house([(0, 5), (1, 5)])
    alice = Actor("agent", "alice")
    router.apply(Connect(by=alice, life="n"), 3_000)
    router.apply(SetPresence(by=alice), 3_000)
    (offer,) = router.world.offers.pending.values()
    router.apply(SeeOffer(by=alice, offer=OfferId(offer.id)), 3_001)
    router.apply(AcceptOffer(by=alice, offer=OfferId(offer.id)), 3_002)

    def found(**asked: str) -> list[str]:
        rows = conversations(router, SERVICE, **asked).conversations  # type: ignore[arg-type]
        return [row.conversation for row in rows]

    assert found(agent="alice") == [offer.conversation]
    router.apply(EndConversation(by=alice, conversation=ConversationId(offer.conversation)), 3_003)
    assert found(agent="alice", status="ended") == [offer.conversation]
    assert found(agent="bob") == found(channel="email") == []
    assert len(found(channel="chat")) == 2


def test_one_conversation_is_for_those_who_may() -> None:
    router = _house([(0, 5)])
    assert conversation_row(router, SERVICE, "x000").status == "waiting"
    with pytest.raises(Refused, match="no such"):
        conversation_row(router, SERVICE, "none")
    with pytest.raises(Refused):
        conversation_row(router, Actor("customer", "c5"), "x000")


def test_agents_come_by_id_and_in_pages() -> None:
    router = _house([])
    for name in ("dora", "alice", "bob"):
        router.apply(Connect(by=Actor("agent", name), life="n"), 3_000)
    first = agents(router, limit=2)
    assert ([row.agent for row in first.agents], first.next) == (["alice", "bob"], "bob")
    last = agents(router, limit=2, after="bob")
    assert ([row.agent for row in last.agents], last.next) == (["dora"], None)
    assert agents(router, show="available").agents == ()


def test_agents_are_found_by_what_they_do_and_by_name() -> None:
    router = _house([(0, 5)])
    for name, show in (("alice", "busy"), ("bela", "available"), ("cora", "away")):
        by = Actor("agent", name)
        router.apply(Connect(by=by, life="n", claims=Claims(name=f"{name.title()} K.")), 3_000)
        router.apply(SetPresence(by=by, show=show), 3_000)  # type: ignore[arg-type]
    states = {row.agent: row.state for row in agents(router).agents}
    assert states == {"alice": "busy", "bela": "offered", "cora": "away"}
    assert [row.agent for row in agents(router, state="offered").agents] == ["bela"]
    assert [row.agent for row in agents(router, name="LA k").agents] == ["bela"]
    assert agents(router, state="free").agents == ()
    (bela,) = agents(router, name="bela").agents
    assert bela.load == 1
    router.apply(SetPresence(by=Actor("agent", "cora"), show="offline"), 3_000)
    (cora,) = agents(router, name="cora").agents
    assert cora.state == ""
