"""Cores under policies, as a node has them, without a journal: what is submitted is carried out.

Owns: a core for each tenant, which of them refuses, what was submitted. Does not know: files.
"""

from collections.abc import Mapping, Sequence

import trio

from router.commands import Command, SetPolicy
from router.core import Router
from router.errors import Refused, StorageError
from router.events import CommandAnswered, CommandRefused
from router.policy import Policy
from router.server.hearers import Ticket
from router.server.sections import Webhook
from router.server.settings import Settings

__all__ = ["Ruling"]


class Ruling:
    """The cores of some settings, with their policies in force; a node of it is in test_app."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.routers: Mapping[str, Router] = {name: Router(name) for name in settings.tenants}
        self.refusals: dict[str, list[Refused | None]] = {}
        """By tenant, what the next commands are answered; None carries one out."""
        self.between: dict[str, list[Command | None]] = {}
        """By tenant, what somebody else has carried out before each of the next commands."""
        self.taken: list[str] = []
        self.told: list[bool] = []
        self.is_stuck = False
        self.hooks: Mapping[str, Sequence[Webhook]] = {}
        self.no_hooks: StorageError | None = None
        self.left_to_start: list[Sequence[str]] = []
        self.is_certificate_right = True
        self.renewed_count = 0
        self.heard = trio.Event()
        for name, tenant in settings.tenants.items():
            self.apply(name, SetPolicy(policy=tenant.policy, from_file=True))

    def apply(self, tenant: str, command: Command) -> CommandAnswered | CommandRefused:
        answer = self.routers[tenant].apply(command, 1_000)[0]
        assert isinstance(answer, CommandAnswered | CommandRefused)
        return answer

    def submit(self, tenant: str, command: Command, ticket: Ticket | None = None) -> None:
        assert ticket is not None
        self.taken.append(tenant)
        if self.is_stuck:
            self.heard.set()
            return
        others = self.between.get(tenant)
        other = others.pop(0) if others else None
        if other is not None:
            self.apply(tenant, other)
        waiting = self.refusals.get(tenant)
        refused = waiting.pop(0) if waiting else None
        ticket.settle(refused or self.apply(tenant, command))
        if refused is None:
            ticket.applied(1_000)

    async def renew_certificate(self) -> bool:
        self.renewed_count += 1
        return self.is_certificate_right

    async def change_hooks(self, hooks: Mapping[str, Sequence[Webhook]]) -> None:
        if self.no_hooks is not None:
            raise self.no_hooks
        self.hooks = hooks

    def leave_to_start(self, keys: Sequence[str]) -> None:
        self.left_to_start.append(keys)

    def reloaded(self, *, is_right: bool) -> None:
        self.told.append(is_right)
        self.heard.set()

    def policies(self) -> Sequence[Policy]:
        """What is in force, tenant by tenant."""
        return [router.policy for router in self.routers.values()]
