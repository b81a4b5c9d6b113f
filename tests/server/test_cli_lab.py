"""The laboratory on the command line."""

import json
from pathlib import Path

import pytest

from tests.helpers.commands import Ended
from tests.lab.test_scenario import GOOD, write
from tests.lab.test_whatif import write_journal

SETTINGS = """
[server]
data = "data"
[tenants.shop]
keys = [{kid = "main", alg = "HS256", secret = "a secret of thirty-two bytes, no less"}]
[[tenants.shop.policy.queues]]
id = "help"
[[tenants.shop.policy.queues]]
id = "loans"
needs = [{skill = "loans"}]
"""


@pytest.fixture
def config(tmp_path: Path) -> str:
    write_journal(tmp_path / "data" / "journal")
    file = tmp_path / "fairline.toml"
    file.write_text(SETTINGS, "utf-8")
    return str(file)


@pytest.mark.parametrize("command", ["simulate", "replay", "staff"])
def test_every_command_has_help_with_an_example(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = Ended(capsys, command, "--help")
    assert shown.code == 0
    assert f"fairline {command}" in shown.out.partition("Example:")[2]


def test_a_scenario_is_played_and_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "run.svg"
    ended = Ended(
        capsys, "simulate", str(write(tmp_path, GOOD)), "--seeds", "7", "--out", str(picture)
    )
    assert (ended.code, ended.err) == (0, "")
    assert "seeds 7; times in min" in ended.out
    assert picture.is_file()


def test_a_mistake_in_a_scenario_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path, GOOD.replace("count", "cuont"))
    ended = Ended(capsys, "simulate", str(file))
    assert ended.code == 1
    assert ended.err == (
        f"fairline: {file}: agents[0]: there is no key 'cuont' here (did you mean \"count\"?)\n"
    )


def test_a_journal_is_replayed_under_another_policy(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.toml"
    other.write_text('[[queues]]\nid = "help"\n[[queues]]\nid = "loans"\n', "utf-8")
    ended = Ended(capsys, "replay", "-c", config, "--policy", str(other), "--json")
    assert (ended.code, ended.err) == (0, "")
    document = json.loads(ended.out)
    assert set(document["columns"]) == {"recorded", "again", "other"}
    assert 0 < document["another_agent"]["all"] < 1


def test_a_tenant_that_is_not_there_is_a_sentence(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = Ended(capsys, "replay", "--config", config, "--tenant", "shob")
    assert ended.code == 1
    assert 'did you mean "shop"?' in ended.err


def test_of_several_tenants_one_has_to_be_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "two.toml"
    text = "\n".join(
        f"[tenants.{name}]\n"
        'keys = [{kid = "a", secret = "long enough for every test of this file"}]\n'
        f'[[tenants.{name}.policy.queues]]\nid = "support"'
        for name in ("shop", "bank")
    )
    config.write_text(text, encoding="utf-8")
    for command in (["replay"], ["journal", "skip", "3"], ["webhooks", "show"]):
        ended = Ended(capsys, *command, "--config", str(config))
        assert ended.code == 1
        assert "add --tenant with one of shop, bank" in ended.err, command


def test_a_journal_that_keeps_nothing_cannot_be_replayed(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = Path(config)
    file.write_text(file.read_text("utf-8").replace("[server]", '[server]\njournal = "memory"'))
    ended = Ended(capsys, "replay", "--config", config)
    assert (ended.code, "keeps nothing to be replayed" in ended.err) == (1, True)


def test_more_agents_are_played_and_a_level_that_is_none_is_named(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = Ended(capsys, "replay", "-c", config, "--more", "2", "--skills", "loans=60", "--json")
    assert (ended.code, ended.err) == (0, "")
    columns = json.loads(ended.out)["columns"]
    assert columns["other"]["loans.level"] > columns["again"]["loans.level"]
    ended = Ended(capsys, "replay", "-c", config, "--more", "2", "--languages", "de")
    assert ended.code == 1
    assert "--languages: 'de': write ID=LEVEL" in ended.err
