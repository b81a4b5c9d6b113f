"""What wallboards and presence topics show."""

from router.boards import agents_by_show, presence_entries, queue_figures, skill_figures
from router.commands import SetPresence
from router.policy import Policy, Queue
from tests.helpers.worlds import Scene, agent, needs, skilled


def test_a_queues_row_counts_who_waits_who_is_asked_for_and_who_is_served() -> None:
    scene = Scene()
    scene.sign_in("ann", "bob")
    scene.ask("active")
    scene.accept("ann")
    for name in ("offered", "waiting"):
        scene.ask(name)
    scene.to(2_000)
    (row,) = queue_figures(scene.router, scene.now_ms)
    assert (row.waiting, row.offered, row.active, row.oldest_ms) == (1, 1, 1, 2_000)
    assert not row.closed


def test_nobody_is_shown_who_is_offline() -> None:
    scene = Scene()
    scene.sign_in("ann", "bob")
    scene.answered(SetPresence(agent("bob"), "offline"))
    assert [(one.show, one.count) for one in agents_by_show(scene.router)] == [("available", 1)]
    assert [one.id for one in presence_entries(scene.router, "agents")] == ["ann"]


def test_colleagues_see_what_an_agent_speaks_and_how_much_room_there_is() -> None:
    scene = Scene()
    scene.sign_in("ann")
    (entry,) = presence_entries(scene.router, "agents")
    known = scene.router.world.people.agents["ann"]
    assert entry.languages == tuple(tag for tag, _ in known.profile.languages)
    assert entry.capacity == known.capacity_of("total", scene.router.policy.capacity)


def test_a_skill_says_who_has_it_with_how_much_room_and_who_waits_for_it() -> None:
    policy = Policy(
        queues=(Queue(id="q"),),
        agents=(skilled("ann", 2, bills=50), skilled("bob", bills=80, lamps=10), skilled("cy")),
    )
    scene = Scene(policy)
    scene.sign_in("ann", "bob", "cy")
    scene.answered(SetPresence(agent("bob"), "busy"))
    for name in "abc":
        scene.ask(name, needs=needs(bills=30))
    scene.accept("ann")
    scene.ask("d", needs=needs(lamps=5))
    scene.to(3_000)
    found = {one.skill: one for one in skill_figures(scene.router, scene.now_ms)}
    assert list(found) == ["bills", "lamps"]
    bills, lamps = found["bills"], found["lamps"]
    assert (bills.here, bills.available, bills.free) == (2, 1, 0)
    assert (bills.waiting, bills.oldest_ms) == (1, 3_000)
    assert (lamps.here, lamps.available, lamps.waiting) == (1, 0, 1)
