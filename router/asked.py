"""What one request asks for, at hand while it is carried out.

Owns: the fields of ``RequestConversation`` and who asks, each read from memory where the core is
compiled (``forms``). Does not know: what follows from any of them.

Invariant (tests/test_asked.py): it says what the command says; the command itself never changes.
"""

from typing import Final, final

from msgspec.structs import astuple

from router.commands import Actor, RequestConversation
from router.ids import ConnectionId, ConversationId
from router.policy import LanguageWish, SkillNeed

__all__ = ["Asked"]

_astuple: Final = astuple
"""What is final is not looked up by name where the core is compiled."""


@final
class Asked:
    """A request, read once."""

    __slots__ = (
        "agent",
        "attributes",
        "avoid",
        "body",
        "brand",
        "by",
        "by_customer",
        "channel",
        "connection",
        "conversation",
        "customer",
        "deferrable",
        "languages",
        "needs",
        "priority",
        "queue",
        "reopens",
        "topic",
    )

    def __init__(self, command: RequestConversation) -> None:
        fields = _astuple(command)
        by: Actor = fields[0]
        self.by = by
        self.by_customer: bool = by.role == "customer"
        """Whether the customer asks themselves, and not a service for them."""
        self.connection: ConnectionId = by.connection
        self.conversation: ConversationId = fields[1]
        self.channel: str = fields[3]
        self.queue: str = fields[4]
        self.topic: str = fields[5]
        self.languages: tuple[LanguageWish, ...] | None = fields[6]
        self.needs: tuple[SkillNeed, ...] = fields[7]
        self.agent: str = fields[8] or ""
        self.avoid: tuple[str, ...] = fields[9]
        self.brand: str = fields[10]
        self.reopens: str = fields[11] or ""
        self.attributes: dict[str, str] = fields[12]
        self.body: str = fields[13]
        self.customer: str = by.id if self.by_customer else fields[14] or ""
        """Who it is for; empty where a service did not say."""
        self.priority: str = fields[15]
        self.deferrable: bool = fields[16]
