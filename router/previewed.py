"""What a change would do, as it is shown.

Owns: the fields of a preview. Does not know: how it is found (``router.previews``).
"""

from msgspec import Struct

__all__ = ["PlacePreview", "Preview", "SkillsPreview"]


class SkillsPreview(Struct, frozen=True, tag_field="about", tag="agent", omit_defaults=True):
    """What an agent can do (``set_by_hand``: by a supervisor's word), and whom that serves.

    ``could_take`` counts the conversations in line that the agent could serve as things are, and
    ``would_take`` with the change; ``queues`` has both by queue where they differ. ``stranded`` are
    those whom nobody else who is signed in could serve.
    """

    agent: str
    skills: dict[str, int]
    languages: dict[str, int]
    set_by_hand: bool
    could_take: int
    would_take: int
    stranded: int = 0
    queues: dict[str, tuple[int, int]] = {}


class PlacePreview(Struct, frozen=True, tag_field="about", tag="conversation", omit_defaults=True):
    """Where a conversation stands, and where it would with the class; no place while held."""

    conversation: str
    priority: str
    ahead: int | None = None
    would_be_ahead: int | None = None


Preview = SkillsPreview | PlacePreview
