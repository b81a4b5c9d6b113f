"""The day's figures of a node that was stopped, beside those of one that never was."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from router.archive.base import Fact
from router.archive.facts import KEPT, happened
from router.commands import Command, Tick
from router.core import Router
from router.events import CommandRefused, Event
from router.figures import QueueMeasures
from router.policy import Queue, ServiceLevel
from router.server.folds import Folds
from router.server.recalling import recall_day
from router.server.replica import Core
from router.server.restoring import Start
from router.server.tenants import Tenants
from tests.helpers.archives import DictArchive
from tests.helpers.floor import Floor

LEVEL = ServiceLevel(within_ms=20_000, short_abandon_ms=5_000)
TOKYO = "Mon-Sun 00:00-24:00 Asia/Tokyo"
MIDNIGHT_MS = 15 * 3_600_000
"""00:00 of 2 January 1970 in Tokyo."""

Step = tuple[str, int]
STEPS = some.lists(
    some.tuples(
        some.sampled_from(("ask", "accept", "end", "cancel", "transfer", "pass")),
        some.integers(0, 5),
    ),
    min_size=5,
    max_size=60,
)
PASSES_MS = (500, 4_000, 15_000, 60_000, 600_000, 1_500_000)


class Day(Floor):
    """A floor around midnight that keeps what a journal and an archive keep."""

    def __init__(self) -> None:
        self.commands: list[tuple[Command, int]] = []
        self.archive = DictArchive("acme")
        self.folds: Folds | None = None
        queues = (Queue("sales", hours=TOKYO, service_level=LEVEL), Queue("care"))
        super().__init__(*queues)
        self.now_ms = MIDNIGHT_MS - 2_400_000
        for name in ("ada", "bea"):
            self.agent(name)

    def do(self, command: Command) -> list[Event]:
        self.commands.append((command, self.now_ms))
        events = super().do(command)
        position, world = self.router.position, self.router.world
        facts = [
            Fact(position, place, self.now_ms, what)
            for place, event in enumerate(events)
            if type(event) in KEPT and (what := happened(world, event)) is not None
        ]
        self.archive.write("acme", facts, position)
        if self.folds is None:
            self.folds = Folds({"acme": self.router})
        self.folds.take("acme", events, self.now_ms)
        return events

    def step(self, deed: str, number: int) -> None:
        agent = ("ada", "bea")[number % 2]
        talks = list(self.router.world.people.agents[agent].serving)
        waiting = [one.id for one in self.router.world.conversations if one.is_in_line]
        if deed == "ask":
            self.ask(f"customer{number}", ("sales", "care")[number % 2])
        elif deed == "pass":
            self.pass_ms(PASSES_MS[number])
        elif deed == "accept" and self.offer_to(agent):
            self.accept(agent)
        elif deed == "end" and talks:
            self.end(talks[0])
        elif deed == "transfer" and talks:
            self.transfer(talks[0], queue="care")
        elif deed == "cancel" and waiting:
            self.cancel(waiting[number % len(waiting)])


def _served(told: QueueMeasures) -> Sequence[object]:
    return (
        told.accepted,
        told.accepted_in_target,
        told.abandoned,
        told.abandoned_short,
        told.service_level,
        told.speed_of_answer_ms,
    )


def _figures(folds: Folds, now_ms: int) -> list[object]:
    day = folds.day("acme", now_ms)
    measures = folds.of("acme").measures
    found: list[object] = [day]
    for queue in ("sales", "care"):
        found.append(_served(measures.today(queue)))
        found.append(_served(measures.queue(queue, now_ms, recent=True)))
    return found


def _restarted(day: Day, snapshot: bytes, position: int) -> Folds:
    """What a node knows that begins with a snapshot and replays the rest."""
    router = Router.restore(iter([snapshot]))
    core = Core(router, 0, ())
    tenants = Tenants(["acme"], start=Start(None, {"acme": core}, {"acme": position}))
    folds = Folds(tenants.routers)
    recall_day(folds, tenants, day.archive)
    for command, now_ms in day.commands[position:]:
        folds.relive("acme", router.apply(command, now_ms), now_ms)
    return folds


@settings(deadline=None, max_examples=60)
@given(STEPS, some.integers(0, 60))
def test_a_node_that_was_stopped_has_the_figures_of_one_that_was_not(
    steps: list[Step], cut: int
) -> None:
    day = Day()
    snapshot, position = b"".join(day.router.snapshot()), day.router.position
    for number, (deed, what) in enumerate(steps):
        day.step(deed, what)
        if number == cut:
            snapshot, position = b"".join(day.router.snapshot()), day.router.position
    restarted = _restarted(day, snapshot, position)
    assert day.folds is not None
    never = _figures(day.folds, day.now_ms)
    again = _figures(restarted, day.now_ms)
    # The one that was never stopped saw the first day begin late, by its own first look.
    if day.now_ms < MIDNIGHT_MS:
        never, again = never[1:], again[1:]
    assert again == never


def test_counters_since_the_start_begin_anew_with_the_life() -> None:
    day = Day()
    for deed in ("ask", "accept", "ask"):
        day.step(deed, 0)
    snapshot, position = b"".join(day.router.snapshot()), day.router.position
    restarted = _restarted(day, snapshot, position)
    restarted.begin_life()
    measures = restarted.of("acme").measures
    assert measures.in_all(day.now_ms, recent=False).accepted == 0, "before anything happens in it"
    day.step("pass", 1)
    day.cancel("c2")
    command, now_ms = day.commands[-1]
    router = restarted.of("acme").router
    restarted.take("acme", router.apply(command, now_ms), now_ms)
    of_life = measures.in_all(now_ms, recent=False)
    assert (of_life.accepted, of_life.abandoned) == (0, 1)
    today = measures.today()
    assert (today.accepted, today.abandoned) == (1, 1)


@pytest.mark.parametrize("is_full", [True, False])
def test_an_archive_that_cannot_be_read_costs_figures_and_no_start(is_full: bool) -> None:
    day = Day()
    day.step("ask", 0)
    day.step("accept", 0)
    day.archive.is_full = is_full
    snapshot, position = b"".join(day.router.snapshot()), day.router.position
    restarted = _restarted(day, snapshot, position)
    assert restarted.of("acme").measures.today().accepted == (0 if is_full else 1)


def test_nothing_is_asked_where_the_whole_journal_is_replayed() -> None:
    day = Day()
    day.step("ask", 0)
    day.step("accept", 0)
    tenants = Tenants(["acme"])
    folds = Folds(tenants.routers)
    recall_day(folds, tenants, day.archive)
    for command, now_ms in day.commands:
        events = tenants.routers["acme"].apply(command, now_ms)
        assert not any(isinstance(event, CommandRefused) for event in events)
        folds.relive("acme", events, now_ms)
    assert folds.of("acme").measures.today("sales").accepted == 1


def test_what_came_before_midnight_is_recent_and_not_of_today() -> None:
    day = Day()
    day.pass_ms(2_400_000 - 60_000)
    for deed in ("ask", "accept"):
        day.step(deed, 0)
    day.pass_ms(120_000)
    day.do(Tick())
    snapshot, position = b"".join(day.router.snapshot()), day.router.position
    restarted = _restarted(day, snapshot, position)
    assert restarted.day("acme", day.now_ms).since_ms == MIDNIGHT_MS
    measures = restarted.of("acme").measures
    assert measures.today("sales").accepted == 0
    assert measures.queue("sales", day.now_ms, recent=True).accepted == 1
