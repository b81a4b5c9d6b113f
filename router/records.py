"""Small things that never change once they are written: claims, meetings, messages.

Owns: their fields, which are kept in rows. Does not know: whose they are.

Invariant: each is packed as an array, so a field is only ever added at the end, with a default.
"""

from msgspec import Struct

from router.ids import PersonKey
from router.states import Show

__all__ = ["Claim", "Meeting", "Message"]


class Claim(Struct, frozen=True, array_like=True, gc=False):
    """What some source says of an agent's presence, while a stronger one is in force.

    ``after`` is the show that follows at the end, where the source said so.
    """

    show: Show
    reason: str
    until_ms: int | None = None
    after: Show | None = None


class Meeting(Struct, frozen=True, array_like=True, gc=False):
    """A customer was served by an agent, who ended it or lost it, when, on what, how rated."""

    conversation: str
    agent: str
    at_ms: int
    topic: str
    outcome: str
    rating: int | None = None
    code: str = ""


class Message(Struct, frozen=True, array_like=True, gc=False):
    """One message or note; ``seq`` counts within its kind."""

    seq: int
    author: PersonKey
    author_name: str
    body: str
    kind: str
    at_ms: int
