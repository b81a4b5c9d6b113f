"""Reads a call-by-call log of a contact centre into records.

Owns: the columns of the log, what an empty cell means, when a caller joined the line.
Does not know: sockets, speed, or what a replay makes of a call.
Invariants: a row that cannot be understood stops the reading with its line and column; rows
keep the order of the file.

Empty ``queue_s`` means that the caller never stood in the agents' line: served at once, or gone
in the voice menu. ``phantom`` rows are to be ignored by everybody, and are kept so that counts
can be compared with the file.
"""

import csv
import gzip
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PATIENCE_MEAN_S", "Call", "LogError", "calls_of_day", "patience_mean_s", "read_log"]

COLUMNS = (
    "date",
    "arrive_s",
    "vru_s",
    "queue_s",
    "wait_s",
    "outcome",
    "service_start_s",
    "service_s",
    "type",
    "priority",
    "customer",
    "agent",
)
OUTCOMES = ("agent", "hang", "phantom")
PRIORITY_CLASS = 2
"""The value of ``priority`` that stands for a customer with a head start."""

DAY_S = 86_400

PATIENCE_MEAN_S = 345.0
"""The fall-back for a log in which nobody hung up: February 1999, wait sum over hang-ups."""


class LogError(Exception):
    """Raised for a log that is not in the expected form; names line and column."""


@dataclass(frozen=True, slots=True)
class Call:
    """One row. Instants are seconds after midnight of ``date`` and may pass 86,400."""

    date: str
    arrive_s: int
    vru_s: int
    queue_s: int | None
    wait_s: int
    outcome: str
    service_start_s: int | None
    service_s: int | None
    type: str
    priority: int
    customer: str
    agent: str

    @property
    def is_served(self) -> bool:
        """An agent answered."""
        return self.outcome == "agent"

    @property
    def has_queued(self) -> bool:
        """Stood in the agents' line, whatever came of it."""
        return self.queue_s is not None and self.outcome != "phantom"

    @property
    def has_reached_agents(self) -> bool:
        """Asked for an agent: served, or queued and not a phantom."""
        return self.is_served or self.has_queued

    @property
    def has_priority(self) -> bool:
        """Carries the class with the head start."""
        return self.priority == PRIORITY_CLASS

    @property
    def joined_s(self) -> int:
        """When the caller asked for an agent.

        The end of the voice menu stands in for those who never queued: their service start is
        often written one second before it. A queue entry that the log puts most of a day after
        the arrival was a minute before it, and had a day too many added: wait and service start
        agree with the day taken off.
        """
        if self.queue_s is None:
            return self.arrive_s + self.vru_s
        return self.queue_s - DAY_S * (self.queue_s - self.arrive_s > DAY_S // 2)


def read_log(path: Path) -> list[Call]:
    """Reads a CSV log, gzip-compressed if its name ends in ``.gz``.

    Raises:
        LogError: the header or a cell is not in the expected form.
        OSError: the file cannot be read.
    """
    raw = path.read_bytes()
    try:
        text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8")
    except (EOFError, UnicodeDecodeError, gzip.BadGzipFile) as error:
        raise LogError(f"{path}: {error}") from error
    return list(_rows(io.StringIO(text, newline="")))


def _rows(lines: Iterable[str]) -> Iterator[Call]:
    """Yields a record for each row below the header."""
    reader = csv.reader(lines)
    header = next(reader, [])
    if tuple(header) != COLUMNS:
        raise LogError(f"line 1: expected the columns {', '.join(COLUMNS)}, got {header}")
    for cells in reader:
        if len(cells) != len(COLUMNS):
            raise LogError(f"line {reader.line_num}: {len(cells)} cells, not {len(COLUMNS)}")
        yield _call(dict(zip(COLUMNS, cells, strict=True)), reader.line_num)


def _call(cells: dict[str, str], line: int) -> Call:
    """Makes a record of the cells of one line."""

    def number(column: str) -> int:
        if not cells[column].isdecimal():
            raise LogError(f"line {line}: {column} is {cells[column]!r}, not a whole number")
        return int(cells[column])

    def number_or_none(column: str) -> int | None:
        return number(column) if cells[column] else None

    if cells["outcome"] not in OUTCOMES:
        raise LogError(f"line {line}: outcome is {cells['outcome']!r}, not one of {OUTCOMES}")
    return Call(
        date=cells["date"],
        arrive_s=number("arrive_s"),
        vru_s=number("vru_s"),
        queue_s=number_or_none("queue_s"),
        wait_s=number("wait_s"),
        outcome=cells["outcome"],
        service_start_s=number_or_none("service_start_s"),
        service_s=number_or_none("service_s"),
        type=cells["type"],
        priority=number("priority"),
        customer=cells["customer"],
        agent=cells["agent"],
    )


def calls_of_day(calls: Iterable[Call], day: str) -> list[Call]:
    """The calls of one date that asked for an agent, in the order in which they joined."""
    chosen = [call for call in calls if call.date == day and call.has_reached_agents]
    return sorted(chosen, key=lambda call: (call.joined_s, call.arrive_s))


def patience_mean_s(calls: Iterable[Call]) -> float:
    """The mean patience if it is exponential: all waits over the number of hang-ups."""
    queued = [call for call in calls if call.has_queued]
    hung_up = sum(1 for call in queued if not call.is_served)
    return sum(call.wait_s for call in queued) / hung_up if hung_up else PATIENCE_MEAN_S
