"""What the scripted server does for an agent's desktop beyond talking.

Owns: topics, invitations and guests, more time, explanations, what a customer said before.
Does not know: sockets, the line.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.helpers.scripted_shop import about_place
from tests.helpers.scripted_world import (
    PEOPLE,
    Connection,
    Message,
    RefusalError,
    World,
    card,
    empty,
    name_of,
    new_conversation,
    now_ms,
)

__all__ = ["DESK_COMMANDS", "crowded", "say", "tell_topics"]

INVITE_MS = 60_000
TEAM = "team:floor"
Later = list[Callable[[], None]]


def extend(world: World, connection: Connection, command: Message, later: Later) -> Message:
    conversation: Message = world.kept["conversations"][command["conversation"]]
    added = min(command["ms"], conversation["more_ms"])
    if added <= 0:
        raise RefusalError(106, "limit_exceeded")
    conversation["wrap_up_until"] += added
    conversation["more_ms"] -= added
    event = {"t": "wrapup.started", "conversation": conversation["conversation"]}
    later.append(lambda: world.tell(connection.person, {**event, **world.wrap_up(conversation)}))
    return {}


# -- colleagues --------------------------------------------------------------------------------


def subscribe(world: World, connection: Connection, command: Message, later: Later) -> Message:
    world.topics.setdefault(connection, set()).add(command["topic"])
    if command["topic"] == TEAM:
        return {"topic": TEAM, "set": _team(world)}
    return {"topic": command["topic"], **world.board()}


def unsubscribe(world: World, connection: Connection, command: Message, later: Later) -> Message:
    world.topics.get(connection, set()).discard(command["topic"])
    return {}


def tell_topics(world: World) -> None:
    """Tells every listener how colleagues and queues are now."""
    for connection, topics in list(world.topics.items()):
        if connection not in world.connections:
            del world.topics[connection]
            continue
        if TEAM in topics:
            connection.send(
                {"t": "presence", "topic": TEAM, "pos": 0, "set": _team(world), "gone": []}
            )
        if "queues" in topics:
            connection.send({"t": "board", "topic": "queues", "pos": 0, **world.board()})


def _team(world: World) -> list[Message]:
    entries = []
    for person in PEOPLE:
        presence = world.kept["presence"].get(person["id"])
        if person["role"] == "agent" and presence is not None:
            entries.append(
                {
                    "id": person["id"],
                    "name": person["name"],
                    "show": presence["show"],
                    "since_at": presence.get("since_at", now_ms()),
                    "reason": presence.get("reason") or "",
                    "load": world.load_of(person["id"]),
                    "capacity": world.capacity,
                    "languages": list(person["languages"]),
                }
            )
    return entries


# -- help --------------------------------------------------------------------------------------


def invite(world: World, connection: Connection, command: Message, later: Later) -> Message:
    conversation = world.kept["conversations"][command["conversation"]]
    guest = command["agent"]
    if guest not in {one.person for one in world.connections}:
        raise RefusalError(115, "invalid_transition")
    mode = command.get("mode", "consult")
    by = {"id": connection.person, "role": "agent", "name": name_of(connection.person)}
    conversation.setdefault("invited", {})[guest] = mode
    if "note" in command:
        conversation["notes"] += 1
        note = {"seq": conversation["notes"], "from": by, "body": command["note"]}
        note |= {"kind": "note", "at": now_ms()}
        conversation["messages"].append(note)
        event = {"t": "message", "conversation": conversation["conversation"], **note}
        later.append(lambda: world.tell(connection.person, event))
    told = {
        "t": "conversation.invited",
        "conversation": conversation["conversation"],
        "by": by,
        "mode": mode,
        "expires_ms": INVITE_MS,
        "queue": conversation["queue"],
        "channel": conversation["channel"],
        "customer": card(conversation["customer"]),
        "note": command.get("note", ""),
    }
    later.append(lambda: world.tell(guest, told))
    return {}


def join(world: World, connection: Connection, command: Message, later: Later) -> Message:
    conversation = world.kept["conversations"][command["conversation"]]
    if conversation.get("invited", {}).pop(connection.person, None) != command["mode"]:
        raise RefusalError(102, "forbidden")
    conversation.setdefault("guests", {})[connection.person] = command["mode"]
    _tell_guests(world, conversation, connection.person, "joined", command["mode"], later)
    return {}


def leave(world: World, connection: Connection, command: Message, later: Later) -> Message:
    conversation = world.kept["conversations"][command["conversation"]]
    if conversation.get("invited", {}).pop(connection.person, None):
        return {}
    mode = conversation.get("guests", {}).pop(connection.person, "consult")
    _tell_guests(world, conversation, connection.person, "left", mode, later)
    return {}


def _tell_guests(
    world: World, conversation: Message, guest: str, what: str, mode: str, later: Later
) -> None:
    event = {
        "t": "conversation.updated",
        "conversation": conversation["conversation"],
        what: {"id": guest, "role": "agent", "name": name_of(guest)},
        "mode": mode,
    }
    for reader in world.staff_of(conversation):
        later.append(lambda reader=reader: world.tell(reader, event))  # type: ignore[misc]


# -- why, and what was before ------------------------------------------------------------------


def explain(world: World, connection: Connection, command: Message, later: Later) -> Message:
    if connection.role == "customer":
        return {"explain": about_place(world.own(connection, command))}
    if "conversation" not in command:
        return {"explain": _about_agent(world, connection.person)}
    candidates = [
        _candidate(connection.person, 842, 1000, 800, 700),
        _candidate("", 790, 700, 900, 400),
    ]
    return {
        "explain": {
            "about": "assignment",
            "assignment": "a-1",
            "conversation": command["conversation"],
            "agent": connection.person,
            "position": world.kept["pos"],
            "chosen_at": now_ms(),
            "rule": "longest_idle",
            "candidates": candidates,
        }
    }


def _about_agent(world: World, agent: str) -> Message:
    show = world.kept["presence"][agent]["show"]
    told: Message = {
        "about": "agent",
        "agent": agent,
        "show": show,
        "effective": show,
        "reason": "",
        "channels": {"chat": "free" if show == "available" else "not_available"},
        "load": {},
        "capacity": {},
        "could_take": 0,
        "serving": [],
    }
    if show != "available":
        told["why_not"] = "not_available"
    return told


def _candidate(agent: str, score: int, language: int, proficiency: int, load: int) -> Message:
    return {
        "agent": agent,
        "score": score,
        "language": language,
        "proficiency": proficiency,
        "history": 500,
        "load": load,
        "flexibility": 2,
        "idle_since_at": 0,
    }


def history(world: World, connection: Connection, command: Message, later: Later) -> Message:
    """Of a conversation, a page of it; of a customer, all that is over."""
    if "customer" in command:
        return {"messages": _before(world, command["customer"]), "more": False}
    conversation = world.own(connection, command)
    before = command.get("before_seq", 10**9)
    found = [one for one in conversation["messages"] if one["seq"] < before]
    limit = command.get("limit", 100)
    return {"messages": found[-limit:], "more": len(found) > limit}


def _before(world: World, customer: str) -> list[Message]:
    return [
        {**message, "conversation": one["conversation"]}
        for one in world.kept["conversations"].values()
        if one["customer"] == customer and one["status"] == "ended"
        for message in one["messages"]
    ]


DESK_COMMANDS: dict[str, Callable[[World, Connection, Message, Later], dict[str, Any]]] = {
    "sub": subscribe,
    "unsub": unsubscribe,
    "wrapup.extend": extend,
    "conversation.invite": invite,
    "conversation.join": join,
    "conversation.leave": leave,
    "explain": explain,
    "history": history,
}


# -- much at once ------------------------------------------------------------------------------


def crowded(agent: str, conversations: int, messages: int) -> Message:
    """A world in which an agent has many conversations, the first of them a long one."""
    kept = empty()
    kept["presence"][agent] = {"show": "available", "since_at": now_ms()}
    for number in range(conversations):
        count = messages if number == 0 else 3
        kept["conversations"][f"c{number}"] = _talk(agent, number, count)
    return kept


def _talk(agent: str, number: int, count: int) -> Message:
    customer = f"x{number}"
    last_ms = now_ms() - (300_000 if number == 0 else 200_000 - 500 * number)
    people = ((agent, "agent"), (customer, "customer"))
    talk = []
    for index in range(count):
        person, role = people[(count - index) % 2]
        talk.append(
            {
                "seq": index + 1,
                "from": {"id": person, "role": role, "name": name_of(person)},
                "body": f"This is message {index}",
                "kind": "text",
                "at": last_ms - 20_000 * (count - 1 - index),
            }
        )
    return {
        **new_conversation(f"c{number}", customer, "billing", "chat"),
        "status": "active",
        "agent": agent,
        "seq": count,
        "messages": talk,
    }


def say(world: World, conversation_id: str, body: str) -> None:
    """The customer of a conversation says something."""
    conversation = world.kept["conversations"][conversation_id]
    conversation["seq"] += 1
    customer = conversation["customer"]
    message = {
        "seq": conversation["seq"],
        "from": {"id": customer, "role": "customer", "name": name_of(customer)},
        "body": body,
        "kind": "text",
        "at": now_ms(),
    }
    conversation["messages"].append(message)
    for reader in world.readers_of(conversation):
        world.tell(reader, {"t": "message", "conversation": conversation_id, **message})
