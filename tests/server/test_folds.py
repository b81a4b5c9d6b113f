import msgspec

from router.commands import Actor, Connect, RequestConversation, SetPolicy, SetPresence
from router.core import Router
from router.ids import ConversationId, PersonKey
from router.policy import Policy, Queue
from router.server.folds import Folds, site_zone
from router.views import welcome_state

POLICY = Policy(queues=(Queue(id="q"),), capacity={"chat": 1, "total": 1})


class House:
    """One tenant with a busy agent and a line, and the folds beside it."""

    def __init__(self) -> None:
        self.routers = {"acme": Router("acme")}
        self.folds = Folds(self.routers)
        self.now_ms = 1_000
        self.do(SetPolicy(policy=POLICY))
        agent = Actor("agent", "alice")
        self.do(Connect(by=agent, life="n"))
        self.do(SetPresence(by=agent, show="available"))
        for name in ("bob", "carl", "dora"):
            by = Actor("customer", name)
            self.do(Connect(by=by, life="n"))
            self.do(
                RequestConversation(
                    by=by, conversation=ConversationId(f"of-{name}"), op="1", channel="chat"
                )
            )

    def do(self, command: Connect | RequestConversation | SetPolicy | SetPresence) -> None:
        self.now_ms += 100
        events = self.routers["acme"].apply(command, self.now_ms)
        self.folds.take("acme", events, self.now_ms)


def test_who_stands_further_back_waits_longer() -> None:
    house = House()
    first = house.folds.wait("acme", "of-carl", house.now_ms)
    second = house.folds.wait("acme", "of-dora", house.now_ms)
    assert first is not None
    assert second is not None
    assert 0 < first.p50 <= first.p90
    assert first.p50 < second.p50
    assert house.folds.wait("acme", "nobody", house.now_ms) is None


def test_welcome_names_the_wait_of_what_has_a_place_and_of_nothing_else() -> None:
    house = House()
    router = house.routers["acme"]
    for name, has_wait in (("carl", True), ("bob", False)):
        state = welcome_state(router, PersonKey(f"customer:{name}"), {}, house.now_ms)
        (known,) = house.folds.with_waits("acme", state, house.now_ms).conversations
        assert (known.wait_ms is not None) is has_wait
        assert msgspec.structs.replace(known, wait_ms=None) == state.conversations[0]


def test_a_core_that_was_made_anew_is_watched_anew() -> None:
    house = House()
    before = house.folds.of("acme")
    assert before.measures.in_all(house.now_ms, recent=False).arrived == 3
    house.routers["acme"] = Router.restore(house.routers["acme"].snapshot())
    after = house.folds.of("acme")
    assert after.router is house.routers["acme"]
    assert after.measures is not before.measures
    assert house.folds.of("acme") is after


def test_the_day_begins_at_the_sites_midnight_and_its_figures_with_it() -> None:
    house = House()
    queue = Queue(id="q", hours="Mon-Sun 06:00-22:00 Asia/Tokyo")
    house.do(SetPolicy(policy=msgspec.structs.replace(POLICY, queues=(queue,))))
    day = house.folds.day("acme", house.now_ms)
    midnight_ms = 15 * 3_600_000  # 00:00 of 2 January 1970 in Tokyo
    assert (day.zone, day.ends_ms) == ("Asia/Tokyo", midnight_ms)
    measures = house.folds.of("acme").measures
    assert measures.today("q").arrived == 3
    day = house.folds.day("acme", midnight_ms + 5)
    assert (day.since_ms, day.ends_ms) == (midnight_ms, midnight_ms + 86_400_000)
    assert measures.today("q").arrived == 0
    assert measures.queue("q", house.now_ms, recent=False).arrived == 3


def test_without_hours_the_day_is_that_of_utc() -> None:
    assert site_zone(POLICY) == "UTC"
    odd = msgspec.structs.replace(
        POLICY, queues=(Queue(id="q", hours="Mon-Sun 06:00-22:00 Not/There"),)
    )
    assert site_zone(odd) == "UTC"
