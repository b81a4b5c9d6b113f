"""What happens now reaches whoever takes its kind; a replay or a doctor's play reaches nobody."""

import pytest

from router.events import NodeLost, PolicyChanged
from router.journal.base import Record
from router.policy import Policy
from router.server.hidden import HIDDEN
from router.server.live_events import LiveEvents

LOST = NodeLost(life="n1")
CHANGED = PolicyChanged(policy=Policy())


@pytest.mark.parametrize(
    ("tenant", "is_live", "heard"),
    [("acme", True, [LOST, LOST]), ("acme", False, []), (HIDDEN, True, [])],
)
async def test_each_kind_is_taken_in_order_while_the_node_is_live(
    tenant: str, is_live: bool, heard: list[NodeLost]
) -> None:
    found: list[NodeLost] = []
    live = LiveEvents(lambda: is_live, {NodeLost: lambda _, event: found.append(event)})
    live.take(Record(tenant, 1, 5, b""), [LOST, CHANGED, LOST])
    await live.keep_up()
    assert found == heard
