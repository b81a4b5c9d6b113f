"""People: what they declare, whether a device answers, what agents can hold and hold now."""

import pytest

from router.errors import Refusal, Refused
from router.presence import Agent, Device, Person
from router.states import Reachability, Show

DEFAULTS = {"chat": 2, "voice": 1, "total": 2}


def there(**fields: object) -> Agent:
    """An agent on one device, available."""
    agent = Agent(id="ann", role="agent")
    for name, value in fields.items():
        setattr(agent, name, value)
    agent.attach(Device("one", "n1"))
    agent.declare(Show.AVAILABLE, "", 5)
    return agent


def test_a_person_is_reachable_with_a_device_and_nobody_else_is() -> None:
    person = Person(id="c", role="customer")
    reached = [str(person.reach)]
    for connection in ("one", "two"):
        assert person.attach(Device(connection, "n1")) is None
        reached.append(str(person.reach))
    assert person.detach("one", 7, leave=False) is False
    reached.append(str(person.reach))
    assert person.detach("two", 8, leave=False) is True
    lost = [person.lost_at_ms]
    reached.append(str(person.reach))
    person.attach(Device("three", "n1"))
    lost.append(person.lost_at_ms)
    assert person.detach("three", 9, leave=True) is True
    reached.append(str(person.reach))
    assert lost == [8, None]
    assert reached == [
        "unreachable",
        "reachable",
        "reachable",
        "reachable",
        "lapsing",
        "unreachable",
    ]


def test_only_who_is_lapsing_runs_out() -> None:
    person = Person(id="c", role="customer")
    with pytest.raises(Refused) as caught:
        person.run_out()
    assert caught.value.code is Refusal.INVALID_TRANSITION
    person.attach(Device("one", "n1"))
    person.detach("one", 1, leave=False)
    person.run_out()
    assert person.reach is Reachability.UNREACHABLE


def test_the_same_page_replaces_its_own_connection_alone() -> None:
    person = Person(id="c", role="customer")
    person.attach(Device("one", "n1", "page"))
    person.attach(Device("two", "n1"))
    assert person.attach(Device("three", "n1", "page")) == "one"
    assert list(person.devices) == ["two", "three"]
    assert person.attach(Device("three", "n1", "page")) is None


def test_what_others_see_is_lowered_by_reachability() -> None:
    agent = there()
    assert agent.seen_show() is Show.AVAILABLE
    agent.away_shown = True
    assert agent.seen_show() is Show.OFFLINE
    agent.away_shown = False
    agent.detach("one", 1, leave=True)
    assert (agent.seen_show(), agent.is_signed_in) == (Show.OFFLINE, False)


def test_room_is_bounded_by_channel_and_by_cost_in_all() -> None:
    agent = there()
    agent.reserve("chat", 1, DEFAULTS, free=False)
    assert agent.may_hold("voice", 1, DEFAULTS, free=False)
    assert not agent.may_hold("voice", 2, DEFAULTS, free=False)
    assert agent.may_hold("voice", 2, DEFAULTS, free=True)
    agent.reserve("chat", 1, DEFAULTS, free=False)
    assert not agent.may_hold("chat", 1, DEFAULTS, free=True)
    with pytest.raises(AssertionError):
        agent.reserve("chat", 1, DEFAULTS, free=False)
    agent.release("chat", 1)
    agent.release("chat", 1)
    assert (agent.load, agent.load_cost) == ({}, 0)


def test_giving_back_what_was_not_held_is_our_own_fault() -> None:
    agent = there()
    agent.reserve("chat", 1, DEFAULTS, free=False)
    with pytest.raises(AssertionError):
        agent.release("chat", 2)


def test_an_agents_own_capacity_wins_over_the_policys() -> None:
    agent = there(capacity={"chat": 9})
    assert agent.capacity_of("chat", DEFAULTS) == 9
    assert agent.capacity_of("voice", DEFAULTS) == 1
    assert agent.capacity_of("fax", DEFAULTS) == 2
    assert agent.capacity_of("fax", {}) == 1


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({}, None),
        ({"offer": "o1"}, "offer_pending"),
        ({"shunned": True}, "unreachable"),
        ({"reach": Reachability.LAPSING}, "unreachable"),
        ({"show": Show.BUSY}, "not_available"),
        ({"next_show": Show.AWAY}, "not_available"),
    ],
)
def test_why_no_offers_come_is_named(change: dict[str, object], word: str | None) -> None:
    agent = there()
    for name, value in change.items():
        setattr(agent, name, value)
    assert agent.why_not() == word
    assert agent.takes_offers() is (word is None)


def test_the_same_show_again_keeps_since_when() -> None:
    agent = there()
    agent.declare(Show.AVAILABLE, "again", 9)
    assert (agent.since_ms, agent.reason) == (5, "again")
    agent.trigger("miss_offer", "missed", 11)
    assert (agent.show, agent.since_ms) == (Show.AWAY, 11)
