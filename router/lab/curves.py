"""A staffing plan made of what the archive recorded: arrivals, handling times, patience.

Owns: which days count, the means by slot, the text of the plan. Does not know: SQLite, or what is
made of a plan.

Invariants: arrivals of a slot are a mean over the chosen days on which anybody came at all; the
text is a plan that ``router.lab.plan`` takes, with what was left out in its comments.

Patience is of an exponential law, the likeliest one for waits that answers cut off: all waiting
over all who left. Of those who left alone it would be far too short. The share who wait longer by
Kaplan and Meier stands beside it, so that one can see whether such a law fits. A wait counts
whatever its length: long ones that an answer ended say most about patience. What waited without
its customer (deferrable) says nothing about it and is left out, and only that.
"""

import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from statistics import median
from typing import NamedTuple
from zoneinfo import ZoneInfo

from msgspec import Struct

from router.archive.base import Stay
from router.errors import SettingsError
from router.hours import read_hours
from router.lab.survival import exponential_mean, lasting
from router.policy import Policy, Queue

__all__ = ["WEEKDAYS", "Chosen", "plan_text", "zone_of"]

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SLOT = 30
UNKNOWN_MAX = 60.0
"""Minutes; of a wait that an older release recorded it is not known whether its customer was there,
and a longer one was more likely a message that was left."""
MARKS = (1, 3, 10, 30, 100, 300)
"""Minutes at which the share of those who would wait longer is told, up to the longest wait."""

LEFT = ("abandoned", "cancelled")
"""Ends by which a customer shows that patience was over."""


class Chosen(Struct, frozen=True):
    """Which days: of these weekdays (0 is Monday), from one date to another, by a zone's clocks.

    Without bounds the first and the last day of the archive are left out, for they are not whole.
    """

    zone: str
    weekdays: tuple[int, ...] = tuple(range(7))
    since: date | None = None
    until: date | None = None

    @property
    def words(self) -> str:
        """For people."""
        days = "every day" if len(self.weekdays) == 7 else ", ".join(map(_name, self.weekdays))
        return f"{days}, by the clocks of {self.zone}"


def _name(weekday: int) -> str:
    return WEEKDAYS[weekday]


class _Seen(NamedTuple):
    day: date
    slot: int
    wait: float
    has_left: bool
    is_answered: bool
    handling: float
    klass: str
    deferrable: bool | None


def zone_of(policy: Policy) -> str:
    """The zone of the queues' hours, where all that have some agree; else UTC."""
    zones = {read_hours(queue.hours).zone for queue in policy.queues if queue.hours}
    return zones.pop() if len(zones) == 1 else "UTC"


def plan_text(stays: Iterable[Stay], policy: Policy, chosen: Chosen, *, title: str) -> str:
    """The plan of an average day.

    Args:
        stays: The archive's conversations, in any order.
        policy: For targets and wrap-ups of the queues.
        chosen: Which days count.
        title: Whose they are.

    Raises:
        SettingsError: nobody came on such a day.
    """
    seen, days = _sorted_out(stays, chosen)
    if not seen:
        raise SettingsError(f"the archive has nobody who came on such a day: {chosen.words}")
    slots = [one.slot for mine in seen.values() for one in mine]
    first, last = min(slots), max(slots)
    lines = [
        f"# {title}: the mean of {len(days)} days, {min(days)} to {max(days)} ({chosen.words}).",
        "# Made of the archive, to be edited. Times are minutes.",
        f"slot = {SLOT}",
        f"starts = {first * SLOT}",
        "shrinkage = 0.0      # breaks, training, illness: the archive does not know",
    ]
    queues = {queue.id: queue for queue in policy.queues}
    names: Counter[str] = Counter()
    for (queue, channel), mine in sorted(seen.items()):
        name = _named(queue, channel, names)
        lines += ["", *_curve(name, queue, channel, mine, (first, last, len(days)), queues, policy)]
    return "\n".join(lines) + "\n"


def _sorted_out(
    stays: Iterable[Stay], chosen: Chosen
) -> tuple[dict[tuple[str, str], list[_Seen]], set[date]]:
    """Those who came on the chosen days, by queue and channel, and these days."""
    zone = ZoneInfo(chosen.zone)
    found: dict[tuple[str, str], list[_Seen]] = defaultdict(list)
    days: set[date] = set()
    for stay in stays:
        came = datetime.fromtimestamp(stay.arrived_at / 1000, UTC).astimezone(zone)
        day = came.date()
        days.add(day)
        until = stay.ended_at if stay.assigned_at is None else stay.assigned_at
        found[stay.queue, stay.channel].append(
            _Seen(
                day=day,
                slot=(came.hour * 60 + came.minute) // SLOT,
                wait=(until - stay.arrived_at) / 60_000,
                has_left=stay.assigned_at is None and stay.reason in LEFT,
                is_answered=stay.assigned_at is not None,
                handling=(stay.ended_at - until) / 60_000,
                klass=stay.klass,
                deferrable=stay.deferrable,
            )
        )
    counted = _counted(days, chosen)
    kept = {
        key: mine
        for key, all_of_it in found.items()
        if (mine := [one for one in all_of_it if one.day in counted])
    }
    return kept, counted


def _counted(days: set[date], chosen: Chosen) -> set[date]:
    asked = {
        day
        for day in days
        if day.weekday() in chosen.weekdays
        and (chosen.since is None or day >= chosen.since)
        and (chosen.until is None or day < chosen.until)
    }
    cut = {min(days)} if days and chosen.since is None else set()
    cut |= {max(days)} if days and chosen.until is None else set()
    return asked - cut or asked


def _named(queue: str, channel: str, names: Counter[str]) -> str:
    """A curve's name: the queue's as far as it may be one, with the channel for its second."""
    name = re.sub(r"[^A-Za-z0-9_-]", "-", queue)[:32]
    if names[name]:
        name = f"{name[:16]}-{re.sub(r'[^A-Za-z0-9_-]', '-', channel)[:12]}"
    names[name] += 1
    return name if names[name] == 1 else f"{name}-{names[name]}"


def _curve(
    name: str,
    queue_id: str,
    channel: str,
    mine: Sequence[_Seen],
    span: tuple[int, int, int],
    queues: dict[str, Queue],
    policy: Policy,
) -> list[str]:
    first, last, day_count = span
    queue = queues.get(queue_id, Queue(id=queue_id))
    answered = [one.handling for one in mine if one.is_answered]
    if not answered:
        return [f"# {queue_id} ({channel}): of {len(mine)} nobody was answered; left out."]
    wrap_up = queue.wrap_up_ms / 60_000
    came = Counter(one.slot for one in mine)
    arrivals = [round(came[slot] / day_count, 2) for slot in range(first, last + 1)]
    lines = [
        "[[curves]]",
        f"skill = {json.dumps(name)}",
        f"queue = {json.dumps(queue_id)}",
        f"channel = {json.dumps(channel)}",
        f"arrivals = {arrivals}",
        f"handling = {_minutes(math.fsum(answered) / len(answered) + wrap_up)}"
        f"      # the median is {_minutes(median(answered) + wrap_up)};"
        f" {_minutes(wrap_up)} of it is the queue's wrap-up, which the archive does not measure",
        *_patience(mine),
        f"within = {_minutes(queue.service_level.within_ms / 60_000)}",
    ]
    target = queue.service_level.target / 1000
    if 0 < target < 1:
        lines.append(f"target = {target:g}")
    usual = next(iter(policy.classes))
    ranks = Counter(one.klass for one in mine if one.klass in policy.classes)
    shares = [
        f"{json.dumps(klass)} = {share:g}"
        for klass, count in sorted(ranks.items())
        if klass != usual and (share := round(count / len(mine), 3))
    ]
    if shares:
        lines.append(f"classes = {{{', '.join(shares)}}}")
    return lines


def _patience(mine: Sequence[_Seen]) -> list[str]:
    """The mean patience behind answers that cut it off; without a key where nobody left."""
    in_line = [one for one in mine if not one.deferrable]
    known = [one for one in in_line if one.deferrable is not None or one.wait <= UNKNOWN_MAX]
    spells = [(one.wait, one.has_left) for one in known]
    lines = [f"# {len(mine)} came; {sum(one.has_left for one in known)} left while they waited"]
    if without := len(mine) - len(in_line):
        lines[0] += f"; {without} waited without their customer, which says nothing of patience"
    if late := len(in_line) - len(known):
        lines.append(
            f"# {late} of an older release waited for more than an hour, perhaps without their"
            " customer: they do not count for patience, which so comes out too small"
        )
    mean = exponential_mean(spells)
    if mean is None or mean <= 0:
        return [*lines, "# patience: not seen, for nobody left"]
    longest = max(wait for wait, _ in spells)
    marks = [mark for mark in MARKS if mark <= max(longest, 10)]
    longer = ", ".join(f"{lasting(spells, mark):.0%} over {mark} min" for mark in marks)
    return [*lines, f"patience = {_minutes(mean)}      # would wait (Kaplan-Meier): {longer}"]


def _minutes(value: float) -> str:
    return f"{max(value, 0.0):.4g}"
