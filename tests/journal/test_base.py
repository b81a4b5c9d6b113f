from router.journal.base import Record, Unread, number, stamp


def test_stamp_is_the_latest_of_clock_entry_before_and_floor() -> None:
    assert stamp(wall_ms=3, before_ms=1, floor_ms=2) == 3
    assert stamp(wall_ms=1, before_ms=3, floor_ms=2) == 3
    assert stamp(wall_ms=1, before_ms=2, floor_ms=3) == 3


def test_number_counts_each_tenant_on_its_own() -> None:
    positions = {"acme": 4}
    records = number([("acme", b"x"), ("globex", b"y"), ("acme", b"z")], positions, 9)
    assert records == (
        Record("acme", 5, 9, b"x"),
        Record("globex", 1, 9, b"y"),
        Record("acme", 6, 9, b"z"),
    )
    assert positions == {"acme": 6, "globex": 1}


def test_unread_leaves_out_what_the_reader_has() -> None:
    unread = Unread({"acme": 2, "globex": 0})
    batch = [Record("acme", n, 0, b"") for n in (1, 2, 3)] + [Record("globex", 1, 0, b"")]
    assert list(unread.of(batch[:1])) == []
    assert list(unread.of(batch[1:])) == batch[2:]
    assert unread.of(batch) is batch, "once passed, a tenant costs nothing"


def test_unread_waits_for_a_position_that_is_not_there_yet() -> None:
    unread = Unread({"acme": 5})
    assert list(unread.of([Record("acme", 4, 0, b"")])) == []
    assert list(unread.of([Record("acme", 5, 0, b""), Record("acme", 6, 0, b"")])) == [
        Record("acme", 6, 0, b"")
    ]
