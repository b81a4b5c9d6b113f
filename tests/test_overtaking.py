"""Looks at offers against a look at everybody in line."""

from hypothesis import given, settings
from hypothesis import strategies as some

from router.events import OfferMade, Overtaken
from router.overtaking import look
from router.policy import Queue
from router.skills import meets
from router.world import World
from tests.helpers.floor import Floor

CLASSES = {"regular": 0, "gold": 30_000, "urgent": 90_000}


def _last(floor: Floor) -> Overtaken:
    found = floor.offers()[-1].overtaken
    assert found is not None
    return found


def test_the_first_in_line_passes_nobody_over() -> None:
    floor = Floor()
    floor.ask("ann")
    floor.ask("bob")
    floor.agent("ada")
    assert _last(floor) == Overtaken(by_class=0, not_taken=0, violations=0)


def test_a_head_start_overtakes_by_class() -> None:
    floor = Floor()
    for customer in ("ann", "bob"):
        floor.ask(customer)
        floor.pass_ms(1_000)
    late = floor.ask("vip", priority="urgent")
    floor.agent("ada")
    assert floor.offers()[-1].conversation == late
    assert _last(floor) == Overtaken(by_class=2, not_taken=0, violations=0)


def test_who_asks_for_what_the_agent_lacks_is_not_taken() -> None:
    floor = Floor()
    floor.ask("ann", needs=["law"])
    floor.ask("bob", languages=["fr"])
    floor.pass_ms(1_000)
    floor.ask("cid")
    floor.agent("ada", languages={"en": 100})
    assert _last(floor) == Overtaken(by_class=0, not_taken=2, violations=0)


def test_who_asks_on_a_channel_that_is_full_is_not_taken() -> None:
    floor = Floor(Queue("sales", channels=("chat", "email")), capacity={"chat": 0, "total": 1})
    floor.ask("ann", channel="chat")
    floor.pass_ms(1_000)
    floor.ask("bob", channel="email")
    floor.agent("ada")
    assert floor.offers()[-1].conversation == "c2"
    assert _last(floor) == Overtaken(by_class=0, not_taken=1, violations=0)


def test_who_was_declined_is_not_taken() -> None:
    floor = Floor()
    floor.ask("ann")
    floor.pass_ms(1_000)
    floor.ask("bob")
    floor.agent("ada")
    floor.decline("ada")
    assert [offer.conversation for offer in floor.offers()] == ["c1", "c2"]
    assert _last(floor) == Overtaken(by_class=0, not_taken=1, violations=0)


def test_a_line_that_breaks_its_promise_is_seen() -> None:
    """An agent who gets the second in line although the first could be taken is a violation."""
    floor = Floor()
    floor.ask("ann")
    floor.pass_ms(1_000)
    second = floor.ask("bob")
    floor.agent("ada", available=False)
    world = floor.router.world
    world.pool.free("ada", ("chat",), 0, (0, 0))
    found = look(world, world.conversations.by_id[second], "ada")
    assert found == Overtaken(by_class=0, not_taken=0, violations=1)


def test_without_being_told_only_a_sample_is_looked_at() -> None:
    floor = Floor()
    floor.router.world.looks_at_each = False
    floor.agent("ada")
    for number in range(64):
        floor.ask(f"customer{number}")
        floor.accept("ada")
        floor.end(f"c{number + 1}")
    looked_at = [offer for offer in floor.offers() if offer.overtaken is not None]
    assert len(floor.offers()) == 64
    assert len(looked_at) == 4


def _naive(
    world: World, offer: OfferMade, before: dict[str, tuple[tuple[int, int, str], int]]
) -> Overtaken:
    """Everybody who waited before the offer, one by one, against the one who got it."""
    conversation = world.conversations.by_id[offer.conversation]
    agent = world.people.agents[offer.agent]
    place, start_ms = before[offer.conversation]
    by_class = not_taken = violations = 0
    for name, (other, started_ms) in before.items():
        if name == offer.conversation:
            continue
        one = world.conversations.by_id[name]
        lane, _ = world.line.where(name)
        declined = one.declined.get(agent.id, 0) > world.now_ms
        able = meets(agent.profile, lane.key[2]) and not declined
        if other < place:
            violations += able
            not_taken += not able
        elif able and started_ms < start_ms:
            by_class += 1
    assert conversation.offer == offer.offer
    return Overtaken(by_class=by_class, not_taken=not_taken, violations=violations)


ASKS = some.lists(
    some.tuples(
        some.sampled_from(list(CLASSES)),
        some.sampled_from([(), ("law",), ("tax",)]),
        some.integers(0, 40_000),
    ),
    max_size=12,
)
CREW = some.lists(
    some.sampled_from([{}, {"law": 80}, {"tax": 80}, {"law": 80, "tax": 80}]), max_size=6
)


@settings(max_examples=60, deadline=None)
@given(ASKS, CREW, some.booleans())
def test_a_look_agrees_with_a_look_at_everybody(
    asks: list[tuple[str, tuple[str, ...], int]], crew: list[dict[str, int]], declines: bool
) -> None:
    floor = Floor(Queue("sales"), classes=CLASSES, offer_seen_ms=600_000, offer_timeout_ms=600_000)
    for number, (klass, needs, pause_ms) in enumerate(asks):
        floor.ask(f"customer{number}", priority=klass, needs=needs)
        floor.pass_ms(pause_ms)
    world = floor.router.world
    for number, skills in enumerate(crew):
        name = f"agent{number}"
        floor.agent(name, available=False, skills=skills)
        before = {
            place[2]: (place, world.conversations.by_id[place[2]].start_ms)
            for lane in world.line.lanes.values()
            for place in lane
        }
        made = len(floor.offers())
        floor.show(name, "available")
        for offer in floor.offers()[made:]:
            assert offer.overtaken == _naive(world, offer, before)
        if declines and floor.offer_to(name):
            floor.decline(name)
            assert floor.offers()[-1].overtaken is not None
