"""What wallboards and presence topics show."""

from router.boards import agents_by_show, presence_entries, queue_figures
from router.commands import SetPresence
from tests.helpers.worlds import Scene, agent


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
