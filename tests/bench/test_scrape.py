"""The cost of a scrape, at a size that takes a moment."""

from router.bench.scrape import bench_scrape


def test_a_page_does_not_grow_with_the_agents_but_the_detailed_one_does() -> None:
    few, many = bench_scrape(20, 10, 5), bench_scrape(400, 10, 5)
    assert few["agents"] == 20
    assert many["agents"] == 400
    assert many["kib"] <= few["kib"] * 1.1
    assert many["detailed_kib"] > 5 * few["detailed_kib"]
    assert few["cpu_ms"] > 0
    assert few["turn_ms"] > 0
