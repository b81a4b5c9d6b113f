"""A hub over a core, with people whose outboxes a test can read."""

import json
from typing import Any

from router import views
from router.commands import Command
from router.ids import ConnectionId, PersonKey
from router.server.hub import Hub
from router.server.links import Link
from router.server.outbox import Outbox
from router.wire import Encoding
from tests.helpers.cores import Core, connect

__all__ = ["Audience"]


class Audience:
    """A core, a hub, and those who listen."""

    def __init__(self) -> None:
        self.core = Core()
        self.hub = Hub({"acme": self.core.router}, life="n1", now_ms=lambda: self.core.now_ms)
        self.links: dict[str, Link] = {}
        self.hung: list[tuple[str, int]] = []

    def join(self, person: str, connection: str = "") -> Link:
        """Connects a person and welcomes them, as the gateway does."""
        name = connection or f"x-{person.partition(':')[2]}"
        self.do(connect(person, name))
        link = Link(
            tenant="acme",
            person=PersonKey(person),
            role=person.partition(":")[0],
            connection=ConnectionId(name),
            outbox=Outbox(Encoding.JSON, lambda: None, lambda: None),
            hang=lambda code: self.hung.append((name, code)),
        )
        state = views.welcome_state(self.core.router, link.person, {}, self.core.now_ms)
        self.hub.attach(link, state)
        self.links[name] = link
        return link

    def leave(self, connection: str) -> None:
        self.hub.detach(self.links.pop(connection))

    def do(self, command: Command, after_ms: int = 10) -> None:
        """Applies a command and publishes what it caused."""
        for event in self.core.do(command, after_ms):
            self.hub.publish("acme", event, self.core.now_ms)

    async def got(self, connection: str) -> list[dict[str, Any]]:
        """Everything that was put for a connection since the last look."""
        box = self.links[connection].outbox
        messages: list[dict[str, Any]] = []
        while len(box):
            for frame in box.take():
                value = json.loads(frame)
                messages += value if isinstance(value, list) else [value]
        return messages
