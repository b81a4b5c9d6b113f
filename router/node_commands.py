"""The commands that nodes append by themselves.

Owns: the form of all commands, and those that no person gives. Does not know: when a node does so.

See ``commands`` for what an addition here asks of the journal.
"""

from msgspec import Struct

from router.actors import Actor
from router.policy import Policy

__all__ = [
    "CloseBrand",
    "CloseQueue",
    "CommandForm",
    "EndOutage",
    "LoseNode",
    "NodeCommand",
    "OpenBrand",
    "OpenQueue",
    "SetPolicy",
    "SkipCommand",
    "Tick",
]


class CommandForm(Struct, frozen=True, omit_defaults=True, tag=True, tag_field="c", gc=False):
    """The root of all commands: tagged by class name under ``c``."""


class Tick(CommandForm, frozen=True):
    """Nothing but the time: lets due deadlines fire when no other command arrives."""


class SetPolicy(CommandForm, frozen=True):
    """Puts a whole policy in force; ``by`` is None where a node does so.

    ``from_file``: it is what the settings say, which the core remembers beside what is in force.
    ``over``: only over the policy that was put in force at this position; 0 for any.
    """

    policy: Policy
    by: Actor | None = None
    from_file: bool = False
    over: int = 0


class LoseNode(CommandForm, frozen=True):
    """A node life is over (crash, kill, drained): its people lose their connections."""

    life: str


class EndOutage(CommandForm, frozen=True):
    """The only node has started: the time since the command before does not count.

    Nobody could append in it, however short it was.
    """


class OpenQueue(CommandForm, frozen=True):
    """The queue's hours begin; from a node's door-keeper, as are the next three."""

    queue: str


class CloseQueue(CommandForm, frozen=True):
    """The queue's hours are over."""

    queue: str


class OpenBrand(CommandForm, frozen=True):
    """The brand's hours begin."""

    brand: str


class CloseBrand(CommandForm, frozen=True):
    """The brand's hours are over."""

    brand: str


class SkipCommand(CommandForm, frozen=True):
    """Stands where a poison command was: the operator or the engine chose to go on without it."""

    position: int


NodeCommand = (
    Tick
    | SetPolicy
    | LoseNode
    | EndOutage
    | SkipCommand
    | OpenQueue
    | CloseQueue
    | OpenBrand
    | CloseBrand
)
