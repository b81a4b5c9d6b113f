"""The cost of a scrape: at a size that takes a moment, and near that of a big house."""

import time
from statistics import median

from router.bench.core import Hall
from router.bench.scrape import bench_scrape

LOOKS = 15
"""A page may cost as much more at ten thousand agents as so many plain looks at each of them; it
took six when this was written. What grows faster than the agents costs hundreds."""


def test_a_page_does_not_grow_with_the_agents_but_the_detailed_one_does() -> None:
    few, many = bench_scrape(20, 10, 5), bench_scrape(400, 10, 5)
    assert few["agents"] == 20
    assert many["agents"] == 400
    assert many["kib"] <= few["kib"] * 1.1
    assert many["detailed_kib"] > 5 * few["detailed_kib"]
    assert few["cpu_ms"] > 0
    assert few["turn_ms"] > 0


def test_a_page_of_ten_thousand_agents_costs_a_few_looks_at_each() -> None:
    few, many = bench_scrape(1_000, 10, 5), bench_scrape(10_000, 10, 5)
    assert many["kib"] <= few["kib"] * 1.1
    budget_ms = few["cpu_ms"] + LOOKS * _look_ms(10_000)
    assert many["cpu_ms"] <= budget_ms, (few, many)


def _look_ms(agents: int) -> float:
    """CPU time of asking every agent two plain questions, on this machine and now."""
    everybody = list(Hall(agents, 10, seed=1).router.world.people.agents.values())
    took_ms = []
    for _ in range(5):
        began_s = time.process_time()
        for agent in everybody:
            assert agent.seen_show()
            assert agent.is_at_work in (True, False)
        took_ms.append((time.process_time() - began_s) * 1000)
    return median(took_ms)
