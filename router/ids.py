"""Names for the ids and units that travel through the whole package.

Owns: ``NewType`` names, so that a conversation's id is never passed where an agent's belongs.
Does not know: how ids are made; those that must not be guessed come in commands, from the edge.
"""

from typing import NewType

__all__ = [
    "AgentId",
    "ConnectionId",
    "ConversationId",
    "CustomerId",
    "OfferId",
    "PersonKey",
    "QueueId",
    "Role",
    "person_key",
]

AgentId = NewType("AgentId", str)
CustomerId = NewType("CustomerId", str)
ConversationId = NewType("ConversationId", str)
QueueId = NewType("QueueId", str)
OfferId = NewType("OfferId", str)

ConnectionId = NewType("ConnectionId", str)
"""One WebSocket, unique over all nodes and their lives."""

Role = NewType("Role", str)
"""``agent``, ``customer``, ``supervisor`` or ``service``."""

PersonKey = NewType("PersonKey", str)
"""``role:id``: one person of a tenant; roles have no colon, so the pair is never ambiguous."""


def person_key(role: str, subject: str) -> PersonKey:
    """Joins a role and an id into the key under which a person is known inside a tenant."""
    return PersonKey(f"{role}:{subject}")
