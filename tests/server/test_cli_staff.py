"""``fairline staff`` on the command line: plans, policies, pictures, the archive."""

from pathlib import Path

import pytest

from router.archive.base import Fact
from router.archive.sqlite import SqliteArchive
from router.lab.plan import load
from tests.helpers.archives import conversation
from tests.helpers.commands import Ended
from tests.server.test_cli_lab import SETTINGS

HOUR = 3_600_000
DAY = 24 * HOUR
PLAN = '[[curves]]\nskill = "loans"\narrivals = [20, 30]\nhandling = 4\n'


@pytest.fixture
def config(tmp_path: Path) -> str:
    file = tmp_path / "fairline.toml"
    file.write_text(SETTINGS, "utf-8")
    return str(file)


def fill(folder: Path) -> None:
    """Six days of one conversation at 9, two at 10, of which one leaves after six minutes."""
    archive = SqliteArchive(folder / "data" / "archive", ["shop"])
    facts: list[Fact] = []
    for day in range(6):
        for number, hour in enumerate((9, 10, 10)):
            at_ms = day * DAY + hour * HOUR
            one = conversation(f"c{day}-{number}", at_ms=at_ms, queue="loans")
            one.first_assigned_at_ms, one.ended_at_ms = at_ms, at_ms + HOUR // 20
            if number == 2:
                one.first_assigned_at_ms, one.ended_at_ms = None, at_ms + HOUR // 10
                one.ended_reason = "abandoned"
            facts.append(Fact(len(facts) + 1, 0, one.ended_at_ms, one))
    archive.write("shop", facts, len(facts))
    archive.close()


def test_agents_are_planned_by_half_hour_and_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "staff.svg"
    ended = Ended(capsys, "staff", "config/staffing.toml", "--out", str(picture))
    assert (ended.code, ended.err) == (0, "")
    assert "08:30" in ended.out
    assert "stocks: agents" in picture.read_text("utf-8")


def test_seats_are_corrected_under_the_policy_of_the_settings(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(PLAN, "utf-8")
    words = ("staff", str(plan), "-c", config, "--rounds", "1", "--seeds", "3")
    ended = Ended(capsys, *words)
    assert ended.code == 1
    assert "the policy's directory is empty: add [[agents]] here" in ended.err
    people = '[[tenants.shop.policy.agents]]\nid = "ann"\nskills = {loans = 60}\n'
    Path(config).write_text(SETTINGS + people, "utf-8")
    ended = Ended(capsys, *words)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.count("corrected") >= 3


def test_a_plan_is_made_of_the_archive_and_is_one(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(tmp_path)
    file = tmp_path / "mon.toml"
    words = ("staff", str(file), "--from-archive", "-c", config)
    ended = Ended(capsys, *words)
    assert (ended.code, ended.err) == (0, "")
    assert f"{file}: What came to shop: the mean of 4 days, 1970-01-02 to 1970-01-05" in ended.out
    (curve,) = load(file).curves
    assert (curve.queue, curve.arrivals, curve.handling) == ("loans", (1, 0, 2), 3)
    assert curve.patience == 6
    again = Ended(capsys, *words)
    assert (again.code, "is there already; name a new file" in again.err) == (1, True)
    assert Ended(capsys, "staff", str(file)).code == 0
    monday = Ended(capsys, *words[:1], str(tmp_path / "2.toml"), *words[2:], "--weekday", "mon")
    assert "the mean of 1 days, 1970-01-05" in monday.out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--from-archive",), "--config: name the settings whose archive is read"),
        (("--weekday", "mon"), "--weekday: choose days only together with --from-archive"),
        (("--from-archive", "-c", "F", "--since", "May"), "--since: 'May' is no date"),
        (("--from-archive", "-c", "F", "--zone", "Berlin"), "--zone: 'Berlin' is no time zone"),
        (("--from-archive", "-c", "F"), "there is no archive here"),
    ],
)
def test_what_cannot_be_is_told(
    words: tuple[str, ...],
    sentence: str,
    config: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = [config if word == "F" else word for word in words]
    ended = Ended(capsys, "staff", str(tmp_path / "new.toml"), *given)
    assert ended.code == 1
    assert sentence in ended.err
    assert not (tmp_path / "new.toml").exists()
