"""A plan made of recorded conversations: means by slot, handling, patience behind cuts."""

import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from router.archive.base import Stay
from router.errors import SettingsError
from router.lab.curves import Chosen, plan_text, zone_of
from router.lab.plan import Plan, load
from router.policy import Policy, Queue, ServiceLevel

MONDAY = date(2026, 6, 1)
POLICY = Policy(
    queues=(
        Queue(
            id="help desk",
            wrap_up_ms=30_000,
            service_level=ServiceLevel(within_ms=30_000, target=900),
            hours="Mon-Fri 08:00-20:00 Europe/Berlin",
        ),
        Queue(id="mail", hours="Mon-Fri 08:00-20:00 Europe/Berlin"),
    )
)
BERLIN = Chosen(zone="Europe/Berlin")


def stay(
    day: date,
    clock: str,
    *,
    waits: float = 0.0,
    takes: float | None = 4.0,
    queue: str = "help desk",
    channel: str = "chat",
    klass: str = "regular",
    reason: str = "",
    deferrable: bool | None = False,
) -> Stay:
    """Somebody who came at a time of Berlin's; minutes. Without ``takes`` they left unanswered."""
    hours, minutes = map(int, clock.split(":"))
    came = datetime(day.year, day.month, day.day, hours, minutes, tzinfo=ZoneInfo("Europe/Berlin"))
    at = round(came.astimezone(UTC).timestamp() * 1000)
    until = at + round(waits * 60_000)
    if takes is None:
        return Stay(queue, channel, klass, at, None, until, reason or "abandoned", deferrable)
    ended = until + round(takes * 60_000)
    return Stay(queue, channel, klass, at, until, ended, reason or "agent", deferrable)


def made(folder: Path, stays: list[Stay], chosen: Chosen = BERLIN) -> Plan:
    """The plan through its file, as somebody would use it."""
    file = folder / "made.toml"
    file.write_text(plan_text(stays, POLICY, chosen, title="What came to shop"), "utf-8")
    return load(file)


def days(first: date, count: int) -> list[date]:
    return [first + timedelta(days=number) for number in range(count)]


def test_arrivals_are_means_of_the_chosen_weekday(tmp_path: Path) -> None:
    stays = []
    for number, day in enumerate(days(MONDAY, 22)):  # four Mondays, two of them at the ends
        is_monday = number % 7 == 0
        stays += [stay(day, "09:10")] * (3 if is_monday else 1)
        stays += [stay(day, "10:40")] * (day.day if is_monday else 50)
    plan = made(tmp_path, stays, Chosen("Europe/Berlin", (0,)))
    (curve,) = plan.curves
    assert plan.starts == 9 * 60
    # The first and the last day of the archive are not whole: 8 and 15 June are left.
    assert list(curve.arrivals) == [3, 0, 0, 11.5]
    assert (curve.skill, curve.queue, curve.channel) == ("help-desk", "help desk", "chat")
    assert (curve.within, curve.target) == (0.5, 0.9)


def test_days_are_those_of_the_zones_clocks(tmp_path: Path) -> None:
    """Half past midnight in Berlin is still the day before in UTC."""
    stays = [stay(day, "00:30") for day in days(MONDAY, 4)]
    assert made(tmp_path, stays).starts == 30
    assert made(tmp_path, stays, Chosen("UTC")).starts == 22 * 60 + 30


def test_dates_bound_the_days(tmp_path: Path) -> None:
    stays = [stay(day, "09:00") for day in days(MONDAY, 10) for _ in range(day.day)]
    chosen = Chosen("Europe/Berlin", since=date(2026, 6, 1), until=date(2026, 6, 3))
    assert made(tmp_path, stays, chosen).curves[0].arrivals == (1.5,)


def test_handling_is_the_mean_with_the_queues_wrap_up(tmp_path: Path) -> None:
    stays = [stay(day, "09:00", takes=minutes) for day in days(MONDAY, 4) for minutes in (2, 6)]
    (curve,) = made(tmp_path, stays).curves
    assert curve.handling == 4.5


def test_patience_is_found_behind_the_answers_that_cut_it_off(tmp_path: Path) -> None:
    """Patience of mean 6, waits of mean 2: of those who left alone it would seem to be 1.5."""
    chance = random.Random(5)
    stays = []
    for day in days(MONDAY, 42):
        for _ in range(100):
            patience, wait = chance.expovariate(1 / 6), chance.expovariate(1 / 2)
            takes = 4.0 if wait <= patience else None
            stays.append(stay(day, "09:00", waits=min(patience, wait), takes=takes))
    (curve,) = made(tmp_path, stays).curves
    assert curve.patience == pytest.approx(6, rel=0.08)
    text = (tmp_path / "made.toml").read_text("utf-8")
    assert "would wait (Kaplan-Meier): 85% over 1 min, 6" in text


def test_whose_wait_the_house_ended_showed_no_end_of_patience(tmp_path: Path) -> None:
    whole = [stay(day, "09:00", waits=2) for day in days(MONDAY, 4)]
    expired = [stay(day, "09:00", waits=4, takes=None, reason="expired") for day in days(MONDAY, 4)]
    left = [stay(day, "09:00", waits=3, takes=None) for day in days(MONDAY, 4)]
    assert made(tmp_path, whole + expired).curves[0].patience is None
    assert made(tmp_path, whole + expired + left).curves[0].patience == pytest.approx(9)
    message = [stay(day, "09:00", waits=600, deferrable=True) for day in days(MONDAY, 4)]
    assert made(tmp_path, whole + expired + left + message).curves[0].patience == pytest.approx(9)
    text = (tmp_path / "made.toml").read_text("utf-8")
    assert "2 waited without their customer, which says nothing of patience" in text


@pytest.mark.parametrize("deferrable", [False, None], ids=["known", "of an older release"])
def test_patience_is_found_where_answers_usually_take_hours(
    tmp_path: Path, deferrable: bool | None
) -> None:
    """Patience of mean 240, waits of mean 120; most of both are longer than an hour."""
    chance = random.Random(7)
    stays = []
    for day in days(MONDAY, 42):
        for _ in range(100):
            patience, wait = chance.expovariate(1 / 240), chance.expovariate(1 / 120)
            takes = 4.0 if wait <= patience else None
            waits = min(patience, wait)
            stays.append(stay(day, "09:00", waits=waits, takes=takes, deferrable=deferrable))
        stays.append(stay(day, "09:00", waits=900, deferrable=True))
    (curve,) = made(tmp_path, stays).curves
    text = (tmp_path / "made.toml").read_text("utf-8")
    if deferrable is None:
        assert "of an older release waited for more than an hour" in text
        assert "which so comes out too small" in text
        return
    assert curve.patience == pytest.approx(240, rel=0.08)
    assert "older release" not in text
    assert "66% over 100 min" in text


def test_channels_are_curves_and_classes_are_shares(tmp_path: Path) -> None:
    stays = []
    for day in days(MONDAY, 4):
        stays += [stay(day, "09:00", klass="gold")] + 3 * [stay(day, "09:00")]
        stays += [stay(day, "09:40", channel="email"), stay(day, "09:50", queue="mail", takes=None)]
    plan = made(tmp_path, stays)
    assert [(one.skill, one.queue, one.channel, one.arrivals) for one in plan.curves] == [
        ("help-desk", "help desk", "chat", (4, 0)),
        ("help-desk-email", "help desk", "email", (0, 1)),
    ]
    assert plan.curves[0].classes == {"gold": 0.25}
    assert "mail (chat): of 2 nobody was answered" in (tmp_path / "made.toml").read_text("utf-8")


def test_nobody_on_such_a_day_is_told() -> None:
    with pytest.raises(SettingsError, match="nobody who came on such a day: sun"):
        plan_text([stay(MONDAY, "09:00")], POLICY, Chosen("UTC", (6,)), title="x")


def test_the_zone_is_that_of_the_hours() -> None:
    assert zone_of(POLICY) == "Europe/Berlin"
    assert zone_of(Policy(queues=(Queue(id="a"),))) == "UTC"
    two = Policy(queues=(*POLICY.queues, Queue(id="a", hours="Mon 08:00-09:00 Europe/Paris")))
    assert zone_of(two) == "UTC"
