"""A curve for each node, and none for what was not measured."""

from typing import Any

from loadtest.node_charts import NODES_MAX, node_charts

MARKS = [(2.0, "server killed")]


def _figures(nodes: int, *, redis: bool = False, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    def node(number: int, at: int) -> dict[str, Any]:
        lag = -1.0 if at == 1 else 5.0
        name = f"node{number}"
        return {
            "node": name,
            "cpu": 0.1 * number,
            "resident_mib": 80.0,
            "lag_p99_ms": lag,
            "append_p99_ms": -1.0,
        }

    samples = [
        {
            "at": at,
            "cpu": 0.5,
            "generators_cpu": 0.1,
            "others_cpu": 0.0,
            "nodes": [node(number, at) for number in range(nodes)],
            "redis": {"cpu": 0.2, "used_mib": 3.0, "commands_per_s": 40.0} if redis else None,
        }
        for at in range(4)
    ]
    return {"samples": samples, **more}


def test_one_node_on_its_own_disk() -> None:
    drawn = node_charts(_figures(1), MARKS)
    assert sorted(drawn) == ["appends", "cpu", "lag", "memory"]
    assert "nothing to show" in drawn["appends"]
    assert drawn["lag"].count("<polyline") == 1  # and no legend
    assert "server killed" in drawn["memory"]


def test_nodes_on_a_redis_have_a_curve_each_and_so_has_redis() -> None:
    drawn = node_charts(_figures(2, redis=True), MARKS)
    assert sorted(drawn) == ["appends", "cpu", "lag", "memory", "nodes", "redis"]
    for name in ("node0", "node1"):
        assert f">{name}</text>" in drawn["nodes"]
        assert f">{name}</text>" in drawn["lag"]
    assert [word for word in ("server", "Redis", "generator") if word in drawn["cpu"]] == [
        "server",
        "Redis",
        "generator",
    ]
    assert ">Redis</text>" in drawn["memory"]
    assert "carried out" in drawn["redis"]


def test_of_many_nodes_those_that_took_most_are_shown() -> None:
    drawn = node_charts(_figures(7), [])
    shown = [number for number in range(7) if f">node{number}</text>" in drawn["nodes"]]
    assert shown == [3, 4, 5, 6]
    assert len(shown) == NODES_MAX


def test_what_was_not_measured_has_no_curve() -> None:
    drawn = node_charts(_figures(1, has_server_figures=False), [])
    assert "nothing to show" in drawn["memory"]
    assert "server" not in drawn["cpu"]
    assert "generator" in drawn["cpu"]


def test_of_a_long_name_its_end_is_shown() -> None:
    figures = _figures(2)
    for sample in figures["samples"]:
        for number, one in enumerate(sample["nodes"]):
            one["node"] = f"10.11.12.1{number}:10090"
    drawn = node_charts(figures, [])
    assert ">…11.12.10:10090</text>" in drawn["nodes"]
    assert ">…11.12.11:10090</text>" in drawn["nodes"]
