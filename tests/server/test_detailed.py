"""One line for each agent, where only operators see it."""

from prometheus_client.parser import text_string_to_metric_families

from router.server.detailed import detailed_page
from tests.server.test_floor_figures import House

Shown = dict[tuple[str, ...], float]


def shown(page: bytes) -> Shown:
    return {
        (sample.name.removeprefix("fairline_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(page.decode())
        for sample in family.samples
    }


async def test_each_agent_who_is_signed_in_has_lines_whatever_the_name() -> None:
    house = House()
    odd = 'say "x"\\\nfairline_agents 7'
    house.move("come", "a0", {}, {"en": 90})
    house.move("come", odd, {}, {"en": 90})
    house.move("show", odd, "available")
    house.move("ask", "plain", "chat", " ")
    house.move("come", "gone", {}, {"en": 90})
    house.move("show", "gone", "offline")
    found = shown(await detailed_page({"acme": house.router}))
    assert found["agent_info", "acme", "a0", "away"] == 1
    assert found["agent_info", "acme", odd, "available"] == 1
    assert found["agent_slots", "acme", odd, "offered"] == 1
    assert found["agent_slots", "acme", odd, "used"] == 0
    assert found["agent_slots", "acme", odd, "free"] == 1
    assert found["agent_connections", "acme", "a0"] == 1
    assert not [key for key in found if "gone" in key]
