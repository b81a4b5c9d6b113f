"""Journals made in virtual time: a stage whose every command is written down."""

from collections.abc import Iterable, Iterator

import msgspec

from router.commands import Command, Underway
from router.events import Event
from router.journal.base import Record
from router.lab.book import Visit
from router.lab.stage import AgentPlan, Stage
from router.lab.watch import Watch
from router.policy import Policy

TENANT = "shop"


class Recorder(Stage):
    """A stage that keeps what it asks the core."""

    def __init__(self, policy: Policy, agents: Iterable[AgentPlan], watch: Watch) -> None:
        self.asked: list[tuple[int, Command]] = []
        super().__init__(policy, agents, watch)

    def ask(self, command: Command) -> list[Event]:
        """See ``Stage``."""
        self.asked.append((self.now_ms, command))
        return super().ask(command)


def records(timed: Iterable[tuple[int, Command]]) -> Iterator[Record]:
    """The commands as a journal has them, beside those of another tenant."""
    encode = msgspec.msgpack.encode
    for number, (now_ms, command) in enumerate(timed, start=1):
        yield Record("other", number, now_ms, b"not to be read")
        yield Record(TENANT, number, now_ms, encode(Underway("life", number, command)))


def played(policy: Policy, agents: Iterable[AgentPlan], visits: Iterable[Visit]) -> Recorder:
    """Plays visits and keeps the record."""
    stage = Recorder(policy, agents, Watch(0, 10**12))
    stage.run(iter(visits))
    return stage
