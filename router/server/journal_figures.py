"""How the journal does, for Prometheus: what an append takes, and how often it takes nothing.

Owns: a journal's appends, timed, and their series. Does not know: what a journal is kept in.

Invariant (tests/server/test_journal_figures.py): everything is passed on unchanged, failures too.
"""

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from time import perf_counter

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from router.errors import JournalUnavailable, StorageError
from router.journal.base import Command, Done, Journal, Record, Take, wait_appended
from router.server.buckets import Buckets, as_family

__all__ = ["TimedJournal"]

APPENDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
KINDS = ("unavailable", "broken")


class TimedJournal(Collector):
    """A journal whose appends are timed."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._appends = Buckets(APPENDS)
        self._errors = dict.fromkeys(KINDS, 0)
        self.failing = ""
        """Why the last append came to nothing; empty where it did not."""
        self._commands = 0
        self._bytes = 0

    @property
    def end(self) -> Mapping[str, int]:
        """See ``Journal``."""
        return self._journal.end

    def begin(self, commands: Sequence[Command], floor_ms: int, done: Done) -> None:
        """See ``Journal``."""
        began_s = perf_counter()

        def note(error: StorageError | None) -> None:
            self._note(commands, perf_counter() - began_s, error)
            done(error)

        try:
            self._journal.begin(commands, floor_ms, note)
        except StorageError as error:
            self._note(commands, 0.0, error)
            raise

    async def append(self, commands: Sequence[Command], floor_ms: int) -> None:
        """See ``Journal``."""
        await wait_appended(self, commands, floor_ms)

    def _note(self, commands: Sequence[Command], took_s: float, error: StorageError | None) -> None:
        self.failing = "" if error is None else str(error)
        if error is not None:
            self._errors["unavailable" if isinstance(error, JournalUnavailable) else "broken"] += 1
            return
        self._appends.note(took_s)
        self._commands += len(commands)
        self._bytes += sum(len(payload) for _, payload in commands)

    def read(
        self, after: Mapping[str, int], take: Take | None = None
    ) -> AsyncGenerator[Sequence[Record], None]:
        """See ``Journal``."""
        return self._journal.read(after, take)

    async def aclose(self) -> None:
        """See ``Journal``."""
        await self._journal.aclose()

    def collect(self) -> Iterable[Metric]:
        """See ``Collector``; may be called in a thread."""
        yield as_family(
            "fairline_journal_append_seconds",
            "From the start of an append until it was on the disk.",
            [],
            {(): self._appends},
        )
        errors = CounterMetricFamily(
            "fairline_journal_errors", "Appends that came to nothing.", labels=["kind"]
        )
        for kind, count in self._errors.items():
            errors.add_metric([kind], count)
        yield errors
        for name, text, value in (
            ("commands", "Commands that were appended.", self._commands),
            ("written_bytes", "Bytes of these commands.", self._bytes),
        ):
            yield CounterMetricFamily(f"fairline_journal_{name}", text, value=value)
