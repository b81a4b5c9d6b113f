"""How far a start is; what people see of it is in test_running."""

from router.commands import Tick
from router.server.restoring import Start
from router.server.starting import Starting
from router.server.tenants import Tenants


def replay(tenants: Tenants, tenant: str, count: int) -> None:
    router = tenants.routers[tenant]
    for _ in range(count):
        router.apply(Tick(), 1)


def test_what_is_done_and_what_there_is_to_do() -> None:
    tenants = Tenants(["acme", "other"])
    starting = Starting(tenants, {"acme": 3, "other": 2, "of a tenant that is gone": 9})
    assert starting.progress() == (0, 5)
    assert starting.reason() == "replaying, 0 of 5 commands"
    replay(tenants, "acme", 3)
    assert starting.progress() == (3, 5)
    replay(tenants, "other", 2)
    assert "waiting for the journal" in starting.reason()
    replay(tenants, "other", 1)  # said by this life, before it lets people in
    assert starting.progress() == (5, 5)
    starting.end()
    assert starting.reason() == ""


def test_what_a_snapshot_has_need_not_be_replayed() -> None:
    start = Start(None, {}, {"acme": 7, "other": 4})
    starting = Starting(Tenants(["acme", "other"], start=start), {"acme": 9, "other": 4})
    assert starting.progress() == (0, 2)


def test_a_core_that_is_made_anew_is_never_less_than_nothing() -> None:
    tenants = Tenants(["acme"], start=Start(None, {}, {"acme": 7}))
    assert Starting(tenants, {"acme": 9}).progress() == (0, 2)


def test_a_new_journal_has_nothing_to_replay() -> None:
    starting = Starting(Tenants(["acme"]), {})
    assert starting.progress() == (0, 0)
    starting.end()
    assert starting.progress() == (0, 0)
