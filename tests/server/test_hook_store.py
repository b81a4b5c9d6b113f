"""Deliveries on the disk."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.errors import StorageError
from router.server.hook_store import FILE_NAME, Delivery, HookKey, HookStore, Standing

CRM = HookKey("acme", "crm")
OTHER = HookKey("acme", "other")


def delivery(position: int, key: HookKey = CRM, place: int = 0, customer: str = "carl") -> Delivery:
    return Delivery(key, position, place, 1_000 * position, "offer.made", customer, b"{}")


def test_what_was_put_in_is_there_after_a_restart_and_how_far_that_was(tmp_path: Path) -> None:
    file = tmp_path / "data" / "webhooks.sqlite"
    store = HookStore(file)
    assert store.place(CRM) is None
    assert store.add([delivery(1), delivery(2), delivery(2, place=1)], {CRM: 5}) == 3
    id_ = store.event_id(delivery(2))
    store.close()
    store = HookStore(file)
    assert store.place(CRM) == 5
    assert store.due(CRM, 10_000, 9) == [delivery(1), delivery(2), delivery(2, place=1)]
    assert store.event_id(delivery(2)) == id_
    assert store.event_id(delivery(2)) == store.event_id(delivery(2, OTHER))
    store.close()
    assert file.stat().st_mode & 0o077 == 0


def test_events_of_two_tenants_have_two_ids() -> None:
    """Both count from 1, and one receiver may hear of both: it leaves out what it has had."""
    store = HookStore(None)
    ids = {store.event_id(delivery(2, HookKey(name, "crm"))) for name in ("acme", "globex", "a.b")}
    assert len(ids) == 3
    assert all("." not in one for one in ids), "a dot parts what is signed"


def test_another_file_gives_other_ids() -> None:
    """A journal that begins anew counts from 1 again; receivers must not take it for the old."""
    assert HookStore(None).event_id(delivery(1)) != HookStore(None).event_id(delivery(1))


def test_the_same_events_twice_change_nothing_even_once_they_are_over() -> None:
    store = HookStore(None)
    store.add([delivery(1)], {CRM: 1})
    store.settle([(delivery(1), "delivered")], 5_000)
    assert store.add([delivery(1), delivery(1, OTHER)], {CRM: 1}) == 1
    assert store.due(CRM, 10_000, 9) == []
    assert store.due(OTHER, 10_000, 9) == [delivery(1, OTHER)]


def test_what_failed_comes_at_its_time_behind_what_is_due() -> None:
    store = HookStore(None)
    store.add([delivery(1), delivery(2)], {CRM: 2})
    store.postpone([(delivery(1), 7_000)])
    assert [one.position for one in store.due(CRM, 6_999, 9)] == [2]
    assert store.due(CRM, 7_000, 9) == [delivery(2), delivery(1)._replace(attempts=1)]
    assert store.due(CRM, 7_000, 1) == [delivery(2)]
    assert store.next_due_ms(CRM) == 2_000
    store.settle([(delivery(2), "gave_up")], 7_000)
    assert store.next_due_ms(CRM) == 7_000
    assert store.standing(CRM) == Standing(1, 1_000, 1)
    store.settle([(delivery(1), "delivered")], 7_000)
    assert store.next_due_ms(CRM) is None
    assert store.standing(CRM) == Standing(0, None)


def test_a_replay_brings_back_what_happened_since() -> None:
    store = HookStore(None)
    store.add([delivery(1), delivery(2), delivery(3), delivery(3, OTHER)], {CRM: 3})
    store.settle([(delivery(number), "delivered") for number in (1, 2, 3)], 9_000)
    assert store.replay(CRM, 2_000, 20_000) == 2
    assert [one.position for one in store.due(CRM, 20_000, 9)] == [2, 3]
    assert store.due(OTHER, 3_000, 9) == [delivery(3, OTHER)]


def test_what_waits_of_an_erased_customer_goes_once_it_is_over() -> None:
    store = HookStore(None)
    ada = delivery(4, customer="ada")
    store.add([delivery(1), delivery(2), delivery(3), ada], {CRM: 4})
    store.settle([(delivery(1), "delivered")], 4_000)
    store.replay(CRM, 0, 4_000)
    store.settle([(ada, "delivered")], 4_000)
    store.add([], {CRM: 5}, [("acme", "carl")])
    assert store.standing(CRM).waiting == 3
    store.postpone([(delivery(2), 5_000)])
    assert store.replay(CRM, 0, 6_000) == 4  # what waits is still to be told
    three = [(delivery(number), "delivered") for number in (1, 2)] + [(delivery(3), "gave_up")]
    store.settle(three, 7_000)
    store.settle([(ada, "delivered")], 7_000)
    assert store.replay(CRM, 0, 8_000) == 1
    assert store.due(CRM, 9_000, 9) == [ada]


def test_an_erasure_is_in_with_the_place_or_not_at_all() -> None:
    store = HookStore(None)
    store.add([delivery(1)], {CRM: 1})
    store.settle([(delivery(1), "delivered")], 4_000)
    with pytest.raises(StorageError):
        store.add([], {CRM: 2}, [("acme", "carl"), ("acme", object())])  # type: ignore[list-item]
    assert store.place(CRM) == 1
    assert store.replay(CRM, 0, 5_000) == 1


def test_what_waits_is_never_pruned_nor_forgotten() -> None:
    store = HookStore(None)
    store.add([delivery(1), delivery(2), delivery(3, customer="ada")], {CRM: 3})
    store.settle([(delivery(1), "delivered"), (delivery(3, customer="ada"), "delivered")], 4_000)
    assert store.prune(4_000) == 0
    store.add([], {CRM: 3}, [("acme", "carl")])
    assert store.replay(CRM, 0, 5_000) == 2
    store.settle([(delivery(3, customer="ada"), "delivered")], 6_000)
    assert store.prune(6_001) == 1
    assert [one.position for one in store.due(CRM, 9_000, 9)] == [2]


def test_a_file_whose_first_start_was_killed_is_gone_on_with(tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    HookStore(file).close()
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("DELETE FROM mark")  # what comes behind the tables
    with closing(HookStore(file)) as store:
        id_ = store.event_id(delivery(1))
    with closing(HookStore(file)) as store:
        assert store.event_id(delivery(1)) == id_


def test_a_file_of_another_program_or_version_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "webhooks.sqlite"
    file.write_bytes(b"no database at all, but long enough to be one" * 20)
    with pytest.raises(StorageError, match="cannot be used"):
        HookStore(file)
    other = tmp_path / "other.sqlite"
    store = HookStore(other)
    store._connection.execute("PRAGMA user_version = 99")
    store.close()
    with pytest.raises(StorageError, match="later version"):
        HookStore(other)


def test_a_failed_write_leaves_nothing() -> None:
    store = HookStore(None)
    store._connection.execute("PRAGMA query_only = ON")
    with pytest.raises(StorageError, match="cannot be written"):
        store.add([delivery(1)], {CRM: 1})
    store._connection.execute("PRAGMA query_only = OFF")
    assert store.place(CRM) is None
    assert store.due(CRM, 9_000, 9) == []


def test_what_cannot_be_read_is_said_as_what_cannot_be_written() -> None:
    store = HookStore(None)
    store._connection.execute("DROP TABLE deliveries")
    store._connection.execute("DROP TABLE places")
    for read in (store.place, store.standing, store.next_due_ms):
        with pytest.raises(StorageError, match="cannot be read"):
            read(CRM)
    with pytest.raises(StorageError, match="cannot be read"):
        store.due(CRM, 9_000, 9)


STEPS = st.tuples(
    st.sampled_from(["add", "settle", "postpone", "replay", "prune", "erase", "fail"]),
    st.integers(1, 6),
    st.sampled_from([CRM, OTHER]),
)


def counted(store: HookStore, key: HookKey) -> Standing:
    rows = store._connection.execute(
        "SELECT at_ms, outcome FROM deliveries WHERE tenant = ? AND hook = ? "
        "AND due_ms IS NOT NULL",
        key,
    ).fetchall()
    fresh = sum(outcome is None for _, outcome in rows)
    return Standing(len(rows), min((at_ms for at_ms, _ in rows), default=None), fresh)


@given(st.lists(STEPS, max_size=30))
def test_what_is_counted_along_is_what_counting_finds(
    steps: list[tuple[str, int, HookKey]],
) -> None:
    store = HookStore(None)
    for what, number, key in steps:
        one = delivery(number, key)
        match what:
            case "add":
                store.add([one, delivery(number + 1, key)], {key: number})
            case "settle":
                store.settle([(one, "delivered")], 1_000 * number)
            case "postpone":
                store.postpone([(one, 9_000 + number)])
            case "replay":
                store.replay(key, 1_000 * number, 50_000)
            case "erase":
                store.add([], {}, [("acme", "carl")])
            case "prune":
                store.prune(1_000 * number)
            case _:
                with pytest.raises(StorageError):
                    store.add([one], {key: None})  # type: ignore[dict-item]
    assert store.standing(CRM) == counted(store, CRM)
    assert store.standing(OTHER) == counted(store, OTHER)


def test_what_waits_is_counted_again_at_a_start(tmp_path: Path) -> None:
    store = HookStore(tmp_path / "webhooks.sqlite")
    store.add([delivery(1), delivery(2), delivery(3)], {CRM: 3})
    store.settle([(delivery(1), "delivered")], 5_000)
    store.replay(CRM, 0, 6_000)
    store.close()
    store = HookStore(tmp_path / "webhooks.sqlite")
    assert store.standing(CRM) == Standing(3, 1_000, 2)
    store.close()


def test_how_a_hook_stands_is_said_at_once_however_much_waits() -> None:
    store = HookStore(None)
    store.add([delivery(number) for number in range(1, 20_001)], {CRM: 20_000})
    store.standing(CRM)
    steps: list[int] = []
    store._connection.set_progress_handler(lambda: steps.append(1), 100)  # each 100 instructions
    assert store.standing(CRM).waiting == 20_000
    store._connection.set_progress_handler(None, 0)
    assert len(steps) < 10


def test_a_file_that_is_left_for_later_is_opened_by_the_first_hook(tmp_path: Path) -> None:
    file = tmp_path / "later" / FILE_NAME
    store = HookStore(file, later=True)
    assert store.prune(10**15) == 0
    assert not file.exists()
    store.begin()
    store.add([delivery(1)], {CRM: 1})
    store.begin()
    assert (store.name, store.place(CRM), store.standing(CRM).waiting) == (str(file), 1, 1)
    ids = store.event_id(delivery(1))
    store.close()
    again = HookStore(file)
    assert (again.place(CRM), again.event_id(delivery(1))) == (1, ids)
    again.close()


def test_a_file_for_later_that_cannot_be_used_is_asked_for_again(tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    file.write_bytes(b"rubbish " * 1_000)
    store = HookStore(file, later=True)
    for _ in range(2):
        with pytest.raises(StorageError, match="cannot be used"):
            store.begin()
    assert store.prune(0) == 0
    file.unlink()
    store.begin()
    assert store.name == str(file)
    store.close()
