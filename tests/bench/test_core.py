from router.bench.core import Hall, bench_core


def test_every_row_has_decisions_and_a_ratio() -> None:
    figures = bench_core(agents=60, lanes=8, waiting=(50, 100), decisions=20)
    rows = figures["rows"]
    assert [(row["load"], row["waiting"] >= 50) for row in rows] == [
        ("overload", True),
        ("overload", True),
        ("underload", False),
    ]
    assert all(row["decisions_per_s"] > 0 and row["naive_per_s"] > 0 for row in rows)
    assert all(row["us_per_decision"] < row["us_per_conversation"] for row in rows)
    assert figures["bytes_per_agent"] > 0
    assert figures["bytes_per_waiting"] > 0


def test_a_hall_keeps_its_line_in_the_order_of_arrival() -> None:
    hall = Hall(agents=1, lanes=1, seed=3)
    asked = [hall.ask() for _ in range(3)]
    agent = hall.agents[0]
    hall.let_work(agent)
    served = []
    while agent.serving:
        served.append(agent.serving[0])
        hall.finish(agent)
        hall.take(agent)
    assert served == asked
