"""Who gives a command, and what a token says of them.

Owns: the actor of a command, claims, wishes of contact, as they stand in the journal.
Does not know: commands, or how a token is checked.
"""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType, field

from router.ids import ConnectionId, PersonKey, person_key

__all__ = ["Actor", "Claims", "ContactWish"]


class Actor(Struct, frozen=True, gc=False):
    """Who asks: a person, and the connection they ask through.

    ``teams`` are those of a supervisor who asks by HTTP, as their token has them (none: all);
    unset where a connection's ``hello`` told the core of them. What is unset is not encoded at all,
    so commands without it are byte for byte what they were before there was this field.
    """

    role: str
    id: str
    connection: ConnectionId = ConnectionId("")
    teams: tuple[str, ...] | UnsetType = UNSET

    @property
    def key(self) -> PersonKey:
        """The person's key inside the tenant."""
        return person_key(self.role, self.id)


class Claims(Struct, frozen=True, omit_defaults=True, gc=False):
    """What a token says of its bearer; None where it says nothing, and then the directory counts.

    ``klass`` is a customer's class of the policy (``class`` in the token).
    """

    name: str = ""
    skills: dict[str, int] | None = None
    languages: dict[str, int] | None = None
    teams: tuple[str, ...] | None = None
    brands: tuple[str, ...] | None = None
    license: str = ""
    klass: str = ""
    account: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    verified: bool = False


class ContactWish(Struct, frozen=True, omit_defaults=True):
    """How a customer wants to be reached: a channel, its rank among others, and when."""

    channel: Annotated[str, Meta(min_length=1, max_length=64)]
    prio: int = 0
    hours: Annotated[str, Meta(max_length=200)] = ""
