import getpass
import platform

from loadtest.setup import command_line, setup_of
from tests.helpers.loads import scenario


def test_who_reads_a_report_learns_how_it_was_made() -> None:
    setup = setup_of(scenario(load={"seed": 7}, customers={"loud": {"count": 2, "tabs": 3}}))
    assert setup["seed"] == "7"
    assert setup["Fairline"].startswith("fairline ")
    assert "cores" in setup["processor"]
    assert setup["people"] == "12 agents, 0 customers connected, 2 loud with 3 tabs each"
    assert setup["arrivals"].startswith("open loop, Poisson 30/s")


def test_the_journal_and_the_nodes_are_told() -> None:
    setup = setup_of(scenario())
    assert (setup["journal"], setup["nodes"]) == ("file", "1")
    two = scenario(load={"journal": "redis", "nodes": 2})
    setup = setup_of(two, redis="Valkey 9.0.1")
    assert setup["journal"] == "redis (Valkey 9.0.1, every write synced)"
    assert setup["nodes"] == "2, of which one serves"


def test_it_names_neither_the_machine_nor_a_path() -> None:
    text = "\n".join(setup_of(scenario()).values())
    assert platform.node() not in text
    assert f"/{getpass.getuser()}/" not in text
    assert not any(word.startswith("/") and word.count("/") > 1 for word in text.split())


def test_a_curve_is_told_by_its_points() -> None:
    chosen = scenario(arrivals={"rate": 0.0, "points": [[0, 5], [9, 20]]})
    assert "5/s at 0 s, 20/s at 9 s" in setup_of(chosen)["arrivals"]
    assert "--seconds 5.0 --out" in command_line("a/b.toml", 3, "--seconds", "5.0")
    assert command_line("a/b.toml", 3).startswith("python -m loadtest run a/b.toml --seed 3")
