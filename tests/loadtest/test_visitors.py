import trio

from loadtest.arrivals import arrivals
from tests.helpers.loads import live, scenario


async def test_a_customer_gives_up_patience_after_the_moment_they_meant_to_ask() -> None:
    """Nobody takes anything: all leave, each in their time."""
    chosen = scenario(
        load={"seconds": 0.5},
        lines=[{"id": "shop", "patience": 0.3}],
        desks=[{"id": "all", "count": 1, "misses": 1.0}],
    )
    with trio.fail_after(15):
        sheet, _ = await live(chosen)
    assert len(sheet.visits) == len(list(arrivals(chosen))) > 5
    for one in sheet.visits:
        assert one.reason == "cancelled"
        assert one.cancelled >= one.due + one.patience
        assert not one.assigned


async def test_who_is_connected_already_is_taken_before_anybody_comes_anew() -> None:
    chosen = scenario(customers={"connected": 60})
    with trio.fail_after(15):
        sheet, _ = await live(chosen)
    assert sheet.newcomers == 0
    assert {one.reason for one in sheet.visits} == {"agent"}
