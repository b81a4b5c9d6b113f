"""What the settings' files say of each tenant's policy, beside what is in force.

Owns: putting the policies of newer files in force, all of them or none; the word of warning where
another one is in force than a file says.
Does not know: files, signals, who set the other one.

A policy that was set by hand (``policy.set``, ``PUT /v1/policy``) stays in force over restarts and
SIGHUPs for as long as the file says what it said: the core remembers that (``filed_policy``), so a
replay leads to it too. A file that says something else is news, and wins.

Invariants (tests/server/test_filed.py): where one tenant's policy did not take effect, every other
tenant has the policy from before, and the file's is news again, unless somebody set another one by
hand meanwhile; what is set by hand is undone by nothing but news, and "before" is the moment at
which the file's took effect, not that at which it was put on its way.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple, Protocol

import msgspec
import structlog
import trio

from router.changes import changes, spoken
from router.commands import Command, SetPolicy
from router.core import Router
from router.errors import Refusal, Refused
from router.events import CommandAnswered
from router.policy import Policy
from router.server.answers import carry_out, fates, refusal_of
from router.server.hearers import Outcome, Ticket

__all__ = ["Ruled", "Standing", "put_in_force", "standings", "warn_of_differences"]

AGAIN_S = 0.1
TRIES = 5
"""So often somebody may be quicker with a policy by hand before the files' are given up."""
SPOKEN_MAX = 5
"""So many differences stand in the warning."""

_LOG = structlog.get_logger("fairline.policy")


class Ruled(Protocol):
    """Whose tenants have policies."""

    @property
    def routers(self) -> Mapping[str, Router]:
        """The cores, by tenant."""

    def submit(self, tenant: str, command: Command, ticket: Ticket | None = None) -> None:
        """Puts a command on its way."""


class Standing(NamedTuple):
    """A tenant's policy in force, and what its file said last; None where nobody told."""

    in_force: Policy
    filed: Policy | None


def standings(node: Ruled) -> dict[str, Standing]:
    """How each tenant stands now."""
    return {
        name: Standing(router.policy, router.world.filed_policy)
        for name, router in node.routers.items()
    }


async def put_in_force(node: Ruled, policies: Mapping[str, Policy]) -> dict[str, str]:
    """Has the policies of newer files take effect, or none of them.

    Returns:
        By tenant, why its policy did not take effect; empty where all did.
    """
    placing = _Placing(node)
    before: dict[str, Standing] = {}
    wrong: dict[str, str] = {}
    asked = policies
    for count in range(1, TRIES + 1):
        before |= {name: one for name, one in standings(node).items() if name in asked}
        # All are on their way before the first is waited for: mostly they are one batch of the
        # journal, which takes it whole or not at all.
        commands = [(name, _over(node, name, policy)) for name, policy in asked.items()]
        outcomes = map(refusal_of, await fates(placing.submit, commands))
        refusals = {name: one for name, one in zip(asked, outcomes, strict=True) if one is not None}
        late = {name for name, one in refusals.items() if one.code is Refusal.CONFLICT}
        final = refusals.keys() if count == TRIES else refusals.keys() - late
        wrong |= {name: refusals[name].message for name in final}
        asked = {name: policies[name] for name in refusals.keys() - final}
        if not asked:
            break
    if wrong:
        async with trio.open_nursery() as nursery:
            for name in policies.keys() - wrong.keys():
                nursery.start_soon(partial(_take_back, placing, name, before[name]))
    return wrong


def _over(node: Ruled, name: str, policy: Policy) -> SetPolicy:
    """The file's policy over the one that stands now, so that what it replaces is known."""
    at = node.routers[name].world.policy_at
    return SetPolicy(policy=policy, from_file=True, over=at)


class _Placing:
    """Submits policies, and notes at which position each tenant's newest one was put in force.

    It is asked in the very moment: later on, the policy in force may be somebody else's.
    """

    def __init__(self, node: Ruled) -> None:
        self._node = node
        self.at: dict[str, int] = {}

    def submit(self, tenant: str, command: Command, ticket: Ticket | None = None) -> None:
        """See ``Ruled``."""
        assert ticket is not None, "whoever puts a policy in force waits for it"
        note = partial(self._note, tenant)
        self._node.submit(tenant, command, _Placed(ticket, note))

    def _note(self, tenant: str) -> None:
        self.at[tenant] = self._node.routers[tenant].world.policy_at


class _Placed:
    """The ticket of a policy."""

    def __init__(self, ticket: Ticket, note: Callable[[], None]) -> None:
        self._ticket = ticket
        self._note = note
        self._took_effect = False

    def settle(self, outcome: Outcome) -> None:
        """See ``Ticket``."""
        self._took_effect = isinstance(outcome, CommandAnswered)
        self._ticket.settle(outcome)

    def applied(self, now_ms: int) -> None:
        """See ``Ticket``; nothing was applied behind it yet."""
        if self._took_effect:
            self._note()
        self._ticket.applied(now_ms)

    def fail(self) -> None:
        """See ``Ticket``."""
        self._ticket.fail()


async def _take_back(placing: _Placing, name: str, before: Standing) -> None:
    """Has what stood before stand again, however long the journal takes nothing.

    What somebody set meanwhile was answered, so it stays.
    """
    told = before.in_force if before.filed is None else before.filed
    commands = [SetPolicy(policy=told, from_file=True)]
    if before.in_force != told:
        commands.append(SetPolicy(policy=before.in_force))
    while commands:
        try:
            over = msgspec.structs.replace(commands[0], over=placing.at[name])
            await carry_out(placing.submit, name, over)
        except Refused as refused:
            if refused.code is Refusal.CONFLICT:
                _LOG.warning("settings.set_meanwhile", tenant=name)
                return
            if refused.code is not Refusal.OVERLOADED:
                _LOG.error("settings.half_in_force", tenant=name, error=refused.message)
                return
            await trio.sleep(AGAIN_S)
        else:
            del commands[0]
    _LOG.warning("settings.taken_back", tenant=name)


def warn_of_differences(node: Ruled, told: Mapping[str, Policy]) -> None:
    """Says in the log which tenants have another policy in force than their files say."""
    for name, policy in told.items():
        found = changes(policy, node.routers[name].policy)
        if found:
            _LOG.warning(
                "policy.differs_from_file",
                tenant=name,
                change_count=len(found),
                changes=spoken(found[:SPOKEN_MAX]),
            )
