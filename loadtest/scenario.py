"""A scenario of load: who comes when, who serves, what goes wrong, what must come of it; from TOML.

Owns: the Structs of ``loadtest/scenarios/*.toml``, their checks, the sentences about mistakes.
Does not know: sockets, processes, how anything is measured.

Invariant (tests/loadtest/test_scenario.py): a ``Scenario`` that ``load`` returns is right in
itself; each mistake is named by its field, with its mend. All times are seconds.
"""

import difflib
import math
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta, Struct, field
from msgspec.structs import replace

__all__ = [
    "JOURNALS",
    "KILL_TAKES_S",
    "MEASURES",
    "NODES_MAX",
    "Arrivals",
    "Customers",
    "Desks",
    "Fault",
    "Line",
    "Load",
    "Loud",
    "Scenario",
    "ScenarioError",
    "Target",
    "load",
    "problems",
    "squeezed",
]

Journal = Literal["file", "memory", "redis"]
JOURNALS: tuple[Journal, ...] = get_args(Journal)
Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
Seconds = Annotated[float, Meta(ge=0, le=3_600)]
Share = Annotated[float, Meta(ge=0, le=1)]

SECONDS_MAX = 3_600.0
ARRIVALS_MAX = 1_000_000
PEOPLE_MAX = 30_000
"""One machine holds the sockets of both sides."""
KNEE_WINDOW_MIN = 2.0
NODES_MAX = 4
KILL_TAKES_S = 1.0
"""What a killed node needs to start, at least; until then nothing that fails is anybody's fault."""

MEASURES = {
    "offer_p50_ms": "half of the offers",
    "offer_p99_ms": "99 of 100 offers",
    "offer_p999_ms": "999 of 1,000 offers",
    "message_p99_ms": "99 of 100 messages",
    "reply_p99_ms": "99 of 100 replies",
    "served_share": "the share of conversations that were answered",
    "service_level": "the share answered in time",
    "wait_p90_s": "the wait that 90 of 100 stay below",
    "violations": "violations of the ledger",
    "errors": "errors",
    "lost": "conversations lost",
    "jain": "Jain's index of the agents' work",
    "knee_per_s": "conversations a second at the knee",
    "back_s": "the time until everybody was back after a fault",
    "loud_wait_ratio": "the wait of the loud beside that of the others",
    "cpu_ms_per_conversation": "the server's CPU for a conversation",
    "redis_cpu_ms_per_conversation": "the CPU of its Redis for a conversation",
}
"""What a target may be about, in words."""


class ScenarioError(Exception):
    """Raised for a file that is no scenario: one line a mistake, each with its field."""


class Arrivals(Struct, frozen=True, forbid_unknown_fields=True):
    """A Poisson process whose rate runs along ``points``: pairs of second and arrivals a second."""

    rate: Annotated[float, Meta(ge=0, le=5_000)] = 0.0
    points: tuple[tuple[float, float], ...] = ()

    def rate_at(self, second: float) -> float:
        """The rate at a moment; straight lines between points, flat beyond the last."""
        if not self.points:
            return self.rate
        before = self.points[0]
        for point in self.points:
            if point[0] > second:
                span = point[0] - before[0]
                if span <= 0:
                    return before[1]
                return before[1] + (point[1] - before[1]) * (second - before[0]) / span
            before = point
        return before[1]

    @property
    def highest(self) -> float:
        """No rate is above this."""
        return max((rate for _, rate in self.points), default=self.rate)


class Line(Struct, frozen=True, forbid_unknown_fields=True):
    """A queue. ``policy`` has further keys of the server's queue, as in its settings."""

    id: Id
    share: Annotated[float, Meta(gt=0)] = 1.0
    patience: Annotated[float, Meta(gt=0)] = 60.0
    """The mean; drawn from an exponential law."""
    talk: Seconds = 2.0
    """How long a conversation lasts, on average; log-normal with a spread of 0.5."""
    messages: Annotated[int, Meta(ge=0, le=50)] = 2
    """So many times in a conversation the agent writes and the customer answers."""
    wrap_up: Seconds = 0.0
    policy: dict[str, Any] = field(default_factory=dict)


class Desks(Struct, frozen=True, forbid_unknown_fields=True):
    """Agents who can do the same; ``lines`` names what they take, all where it names none."""

    id: Id
    count: Annotated[int, Meta(ge=1, le=10_000)]
    lines: tuple[str, ...] = ()
    capacity: Annotated[int, Meta(ge=1, le=20)] = 1
    accepts_after: Seconds = 0.5
    """The mean time that they look at an offer."""
    declines: Share = 0.0
    misses: Share = 0.0


class Loud(Struct, frozen=True, forbid_unknown_fields=True):
    """Customers who shout: tabs, messages, asking again and again, at a pace, while they wait."""

    count: Annotated[int, Meta(ge=0, le=1_000)] = 0
    tabs: Annotated[int, Meta(ge=1, le=20)] = 5
    per_second: Annotated[float, Meta(gt=0, le=100)] = 4.0
    line: str = ""


class Customers(Struct, frozen=True, forbid_unknown_fields=True):
    """With ``connected`` = 0 each arrival opens a socket of its own, and that time counts."""

    connected: Annotated[int, Meta(ge=0, le=PEOPLE_MAX)] = 0
    priority_share: Share = 0.0
    loud: Loud = Loud()


class Fault(Struct, frozen=True, forbid_unknown_fields=True):
    """What goes wrong at a second of the run.

    ``drop``: a share of all sockets is cut, and all come back. ``outage``: a share of the agents
    goes and comes back after ``lasts``. ``kill``: the node that serves is killed, and started again
    after ``lasts``.
    """

    at: Seconds
    kind: Literal["drop", "outage", "kill"]
    share: Share = 1.0
    lasts: Seconds = 0.0


class Target(Struct, frozen=True, forbid_unknown_fields=True):
    """A measure and its bound: one of the two."""

    measure: str
    at_most: float | None = None
    at_least: float | None = None


class Load(Struct, frozen=True, forbid_unknown_fields=True):
    """The run: arrivals count once ``warm_up`` is over, and end ``seconds`` later."""

    seconds: Annotated[float, Meta(gt=0, le=SECONDS_MAX)]
    warm_up: Seconds = 3.0
    drain: Annotated[float, Meta(gt=0, le=600)] = 20.0
    seed: int = 1
    processes: Annotated[int, Meta(ge=1, le=16)] = 2
    tenants: Annotated[int, Meta(ge=1, le=200)] = 1
    journal: Journal = "file"
    """``redis`` has one of the run's own, with every write synced."""
    nodes: Annotated[int, Meta(ge=1, le=NODES_MAX)] = 1
    """One serves, the others stand by."""
    head_start: Seconds = 0.0
    knee_p99_ms: Annotated[float, Meta(gt=0)] = 50.0
    knee_window: Annotated[float, Meta(ge=1)] = 5.0
    policy: dict[str, Any] = field(default_factory=dict)


class Scenario(Struct, frozen=True, forbid_unknown_fields=True):
    """One experiment."""

    name: str
    load: Load
    arrivals: Arrivals
    lines: Annotated[tuple[Line, ...], Meta(min_length=1)]
    desks: Annotated[tuple[Desks, ...], Meta(min_length=1)]
    about: str = ""
    customers: Customers = Customers()
    faults: tuple[Fault, ...] = ()
    targets: tuple[Target, ...] = ()

    @property
    def ends(self) -> float:
        """When the last arrival may come."""
        return self.load.warm_up + self.load.seconds

    @property
    def agents(self) -> int:
        """How many agents there are."""
        return sum(group.count for group in self.desks)

    def takers(self, line: str) -> list[Desks]:
        """The groups that take conversations of a line."""
        return [group for group in self.desks if not group.lines or line in group.lines]


def load(file: Path) -> Scenario:
    """Reads a scenario.

    Raises:
        ScenarioError: it is none, with every mistake at once where the form allows.
        OSError: the file cannot be read.
    """
    try:
        scenario = msgspec.convert(tomllib.loads(file.read_text("utf-8")), Scenario)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{file}: {error}") from None
    except msgspec.ValidationError as error:
        raise ScenarioError(f"{file}: {_sentence(error)}") from None
    found = [f"{file}: {key}: {sentence}" for key, sentence in problems(scenario)]
    if found:
        raise ScenarioError("\n".join(found))
    return scenario


def squeezed(scenario: Scenario, seconds: float) -> Scenario:
    """The whole curve of arrivals in so many seconds instead of its own.

    Rates stay as they are and come as much sooner; windows of a knee are as much shorter, down to
    ``KNEE_WINDOW_MIN``.

    Raises:
        ScenarioError: its faults would come at other moments than they are meant to.
    """
    if not 0 < seconds <= scenario.load.seconds:
        raise ScenarioError(f"--squeezed: above 0, and at most its {scenario.load.seconds:g} s")
    if scenario.faults:
        raise ScenarioError("faults: their moments cannot be squeezed; take --seconds")
    load = scenario.load
    share, begins = seconds / load.seconds, load.warm_up
    points = tuple(
        (begins + (second - begins) * share if second > begins else second, rate)
        for second, rate in scenario.arrivals.points
    )
    window = max(KNEE_WINDOW_MIN, load.knee_window * share)
    return replace(
        scenario,
        load=replace(load, seconds=seconds, knee_window=min(window, load.knee_window)),
        arrivals=replace(scenario.arrivals, points=points),
    )


def _sentence(error: msgspec.ValidationError) -> str:
    """The path first, and what may have been meant."""
    text, _, path = str(error).partition(" - at `$")
    words = sorted({name for kind in _STRUCTS for name in kind.__struct_fields__})
    unknown = text.partition("unknown field `")[2].rstrip("`")
    near = difflib.get_close_matches(unknown, words, n=1) if unknown else []
    hint = f' (did you mean "{near[0]}"?)' if near else ""
    where = path.rstrip("`").lstrip(".")
    return f"{where}: {text}{hint}" if where else f"{text}{hint}"


_STRUCTS = (Scenario, Load, Arrivals, Line, Desks, Customers, Loud, Fault, Target)


def problems(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Pairs of a key and a sentence, for each relation between values that does not hold."""
    if scenario.load.nodes > 1 and scenario.load.journal != "redis":
        yield "load.nodes", 'nodes that stand by need load.journal = "redis"'
    yield from _arrivals(scenario)
    yield from _people(scenario)
    yield from _customers(scenario)
    yield from _faults(scenario)
    for index, target in enumerate(scenario.targets):
        if target.measure not in MEASURES:
            yield f"targets[{index}].measure", _unknown("measure", target.measure, MEASURES)
        if (target.at_most is None) == (target.at_least is None):
            yield f"targets[{index}]", "give at_most or at_least, one of them"


def _people(scenario: Scenario) -> Iterator[tuple[str, str]]:
    names = [line.id for line in scenario.lines]
    yield from _twice("lines", names)
    yield from _twice("desks", [group.id for group in scenario.desks])
    for index, group in enumerate(scenario.desks):
        for name in group.lines:
            if name not in names:
                yield f"desks[{index}].lines", _unknown("line", name, names)
    for index, line in enumerate(scenario.lines):
        if not scenario.takers(line.id):
            yield f"lines[{index}].id", f"nobody takes {line.id!r}; name it in some desks.lines"


def _customers(scenario: Scenario) -> Iterator[tuple[str, str]]:
    names = [line.id for line in scenario.lines]
    loud = scenario.customers.loud
    if loud.line and loud.line not in names:
        yield "customers.loud.line", _unknown("line", loud.line, names)
    people = scenario.agents + scenario.customers.connected + loud.count * loud.tabs
    if people > PEOPLE_MAX:
        yield "customers.connected", f"{people} people in all; take at most {PEOPLE_MAX}"
    if scenario.customers.priority_share and not scenario.load.head_start:
        yield "load.head_start", "say what priority is worth, in seconds"


def _faults(scenario: Scenario) -> Iterator[tuple[str, str]]:
    back_at = 0.0
    for index, fault in enumerate(scenario.faults):
        if not scenario.load.warm_up <= fault.at < scenario.ends:
            yield f"faults[{index}].at", f"must lie between warm_up and {scenario.ends:g}"
        if fault.kind == "kill" and scenario.load.journal == "memory":
            yield f"faults[{index}].kind", 'a killed server needs load.journal = "file" or "redis"'
        if fault.kind == "kill":
            if fault.at < back_at:
                yield (
                    f"faults[{index}].at",
                    f"the one killed before is back at {back_at:g}; be later",
                )
            back_at = fault.at + fault.lasts + KILL_TAKES_S


def _arrivals(scenario: Scenario) -> Iterator[tuple[str, str]]:
    arrivals = scenario.arrivals
    if bool(arrivals.points) == bool(arrivals.rate):
        yield "arrivals", "give a rate above 0 or points, one of them"
    seconds = [second for second, _ in arrivals.points]
    if seconds != sorted(seconds):
        yield "arrivals.points", "seconds must not go back"
    if any(not (0 <= rate <= 5_000) for _, rate in arrivals.points):
        yield "arrivals.points", "a rate lies between 0 and 5000 a second"
    if math.ceil(arrivals.highest * scenario.ends) > ARRIVALS_MAX:
        yield "arrivals", f"may come to more than {ARRIVALS_MAX} conversations; take fewer"


def _unknown(kind: str, name: str, known: Any) -> str:  # noqa: ANN401 - any container of names
    near = difflib.get_close_matches(name, known, n=1)
    hint = f' (did you mean "{near[0]}"?)' if near else f"; known are {', '.join(known)}"
    return f"there is no {kind} {name!r}{hint}"


def _twice(key: str, ids: list[str]) -> Iterator[tuple[str, str]]:
    for index, name in enumerate(ids):
        if name in ids[:index]:
            yield f"{key}[{index}].id", f"{name!r} is there twice; give each its own id"
