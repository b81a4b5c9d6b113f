"""What the scripted server does for a customer beyond talking, as the test scripts it.

Owns: terms, closed doors, contact wishes, why one waits. Does not know: sockets, agents.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.helpers.scripted_world import Connection, Message, RefusalError, World

__all__ = ["SHOP_COMMANDS", "about_place", "check_doors"]

Later = list[Callable[[], None]]


def check_doors(world: World, connection: Connection, command: Message) -> None:
    """Refuses a request that the script does not want: terms first, or the queue is closed."""
    script = world.kept["script"]
    terms = script.get("terms")
    if terms and world.kept["accepted"].get(connection.person) != terms:
        raise RefusalError(119, "consent_required", err=terms)
    if (door := script.get("door")) and not door["open"] and not command.get("deferrable"):
        raise RefusalError(120, "closed", err={"fallback": door.get("fallback", "")})


def consent(world: World, connection: Connection, command: Message, later: Later) -> Message:
    accepted = {"terms": command["terms"], "version": command["version"]}
    world.kept["accepted"][connection.person] = accepted
    return {}


def contact(world: World, connection: Connection, command: Message, later: Later) -> Message:
    world.kept["contact"][connection.person] = command["prefs"]
    return {}


def about_place(conversation: Message) -> Message:
    """Why a conversation waits: always for the same reason."""
    return {
        "about": "place",
        "conversation": conversation["conversation"],
        "status": conversation["status"],
        "subject": "Bills",
        "languages": ["de"],
        "here": 0,
        "free": 0,
        "spoken": {"en": 3, "de": 0},
    }


SHOP_COMMANDS: dict[str, Callable[[World, Connection, Message, Later], dict[str, Any]]] = {
    "consent.accept": consent,
    "contact.set": contact,
}
