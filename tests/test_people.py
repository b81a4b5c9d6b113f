"""Who is known under which role and id, in which order they are idle, and who counts as one."""

from router.people import People
from router.presence import Agent, Customer, Staff


def test_people_are_known_by_role_and_id_and_each_has_one_idle_place() -> None:
    people = People()
    ann = people.meet("agent", "x")
    assert isinstance(ann, Agent)
    assert isinstance(people.meet("customer", "x"), Customer)
    assert isinstance(people.meet("service", "x"), Staff)
    assert people.meet("agent", "x") is ann
    assert people.by_key(ann.key) is ann
    assert people.get("supervisor", "x") is None
    assert [person.key for person in people.everybody()] == ["agent:x", "customer:x", "service:x"]
    bob = people.meet("agent", "bob")
    assert isinstance(bob, Agent)
    for agent in (bob, ann):
        people.to_the_back(agent, 3)
    assert (bob.idle_since_ms, bob.idle_order) < (ann.idle_since_ms, ann.idle_order)


def test_who_counts_as_one_customer_follows_from_account_and_contact() -> None:
    people = People()
    found = {name: people.meet("customer", name) for name in ("ada", "bo", "cy", "di")}
    customers = {name: one for name, one in found.items() if isinstance(one, Customer)}
    people.link(customers["ada"], "acme", "")
    people.link(customers["bo"], "acme", "email:bo")
    people.link(customers["cy"], "", "email:bo")
    names = {name: sorted(one.id for one in people.same_as(customers[name])) for name in customers}
    assert names == {
        "ada": ["ada", "bo", "cy"],
        "bo": ["ada", "bo", "cy"],
        "cy": ["ada", "bo", "cy"],
        "di": ["di"],
    }
    people.link(customers["bo"], "", "")
    assert [one.id for one in people.same_as(customers["cy"])] == ["cy"]
    assert [one.id for one in people.who_proved("email:bo")] == ["cy"]
