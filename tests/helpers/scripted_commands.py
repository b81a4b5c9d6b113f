"""What each command does to the scripted world.

Owns: one function per command, handing the line out to available agents.
Does not know: sockets.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from tests.helpers.scripted_desk import DESK_COMMANDS, tell_topics
from tests.helpers.scripted_shop import SHOP_COMMANDS, check_doors
from tests.helpers.scripted_world import (
    MISSED_MAX,
    Connection,
    Message,
    RefusalError,
    World,
    agent_card,
    card,
    name_of,
    new_conversation,
    now_ms,
)

MORE_MS = 60_000

__all__ = ["act", "answer", "expire", "hand_out", "lose_offers"]


def answer(world: World, connection: Connection, command: Message) -> None:
    """Carries a command out, replies, then tells what came of it."""
    key = f"{connection.person} {command['op']}" if "op" in command else ""
    head = {"t": "reply", "id": command["id"]}
    if key in world.kept["answers"]:
        connection.send({**head, **world.kept["answers"][key]})
        return
    later: list[Callable[[], None]] = []
    try:
        body = {"ok": True, **COMMANDS[command["t"]](world, connection, command, later)}
    except RefusalError as refusal:
        body = {"ok": False, **refusal.reply}
    else:
        if key:
            world.kept["answers"][key] = body
    world.save()  # durable before anybody hears of it
    connection.send({**head, **body})
    for event in later:
        event()
    hand_out(world)
    world.save()
    world.tell_boards()
    tell_topics(world)


def hand_out(world: World) -> None:
    """Offers who waits longest to an available agent without an offer."""
    waiting = [one for one in world.kept["conversations"].values() if one["status"] == "waiting"]
    for conversation in sorted(waiting, key=lambda one: int(one["at"])):
        agent = _free_agent(world, conversation)
        if agent is None:
            continue
        conversation["status"] = "offered"
        conversation["attempts"] += 1
        offer = {
            "offer": uuid4().hex,
            "conversation": conversation["conversation"],
            "agent": agent,
            "until": now_ms() + world.offer_ms,
            "attempt": conversation["attempts"],
            "seen": False,
        }
        world.kept["offers"][offer["offer"]] = offer
        world.tell(agent, {"t": "offer.new", **world._offer_event(offer)})


def _free_agent(world: World, conversation: Message) -> str | None:
    busy = {one["agent"] for one in world.kept["offers"].values() if not one.get("lost")}
    here = {one.person for one in world.connections if one.role == "agent"}
    free = [
        agent
        for agent, presence in world.kept["presence"].items()
        if presence["show"] == "available"
        and agent in here - busy
        and agent not in conversation["declined"]
        and conversation.get("wanted") in {None, agent}
        and presence.get("next") is None
    ]
    return free[0] if free else None


def expire(world: World) -> None:
    """Ends the offers whose time is over; the second in a row sets the agent away."""
    over = [one for one in world.kept["offers"].values() if one["until"] <= now_ms()]
    for offer in over:
        _end_offer(world, offer, "expired")
        agent = offer["agent"]
        world.kept["missed"][agent] = world.kept["missed"].get(agent, 0) + 1
        if world.kept["missed"][agent] >= MISSED_MAX:
            _declare(world, agent, {"show": "away", "reason": "missed"})
            world.kept["missed"][agent] = 0
    if over:
        hand_out(world)
        world.save()
        world.tell_boards()
        tell_topics(world)


def lose_offers(world: World) -> None:
    """Another agent was faster, and this one has not heard of it yet."""
    for offer in world.kept["offers"].values():
        offer["lost"] = True


def act(world: World, agent: str, command: Message) -> None:
    """Does something as an agent whom nobody sees, to the newest conversation."""
    conversation: Message = list(world.kept["conversations"].values())[-1]
    here = {"conversation": conversation["conversation"]}
    customer = conversation["customer"]
    if command["t"] == "take":
        conversation.update(status="active", agent=agent)
        card_ = {"agent": agent_card(agent), "assignment": uuid4().hex}
        world.tell(customer, {"t": "conversation.assigned", **here, **card_})
    elif command["t"] == "lose":
        conversation.update(status="waiting", agent=None)
        told = {"status": "waiting", "why": "agent_lost", **world.place(conversation)}
        world.tell(customer, {"t": "conversation.updated", **here, **told})
    else:
        nobody = Connection(agent, "agent", lambda _: None)
        answer(world, nobody, {"id": 1, "op": uuid4().hex, **here, **command})
    world.save()


def _end_offer(world: World, offer: Message, outcome: str) -> None:
    del world.kept["offers"][offer["offer"]]
    if outcome != "accepted":
        world.kept["conversations"][offer["conversation"]]["status"] = "waiting"
    world.tell(offer["agent"], {"t": "offer.ended", "offer": offer["offer"], "outcome": outcome})


def _declare(world: World, agent: str, presence: Message) -> None:
    world.kept["presence"][agent] = presence
    event = {"t": "presence.self", "effective": presence["show"], "reason": None, **presence}
    world.tell(agent, event)


Later = list[Callable[[], None]]


def request(world: World, connection: Connection, command: Message, later: Later) -> Message:
    check_doors(world, connection, command)
    key = uuid4().hex
    queue = command.get("queue", "billing")
    conversation = {
        **new_conversation(key, connection.person, queue, command["channel"]),
        "asked": {
            name: command[name]
            for name in ("queue", "topic", "languages", "attributes", "deferrable")
            if name in command
        },
        "left": command.get("deferrable", False),
    }
    world.kept["conversations"][key] = conversation
    if "body" in command:
        _add(conversation, connection, command)
    return {"conversation": key, "status": "waiting", **world.place(conversation)}


def _add(conversation: Message, connection: Connection, command: Message) -> Message:
    kind = command.get("kind", "text")
    series = "notes" if kind == "note" else "seq"
    conversation[series] += 1
    message = {
        "seq": conversation[series],
        "from": {
            "id": connection.person,
            "role": connection.role,
            "name": name_of(connection.person),
        },
        "body": command["body"],
        "kind": kind,
        "at": now_ms(),
    }
    conversation["messages"].append(message)
    return message


def send(world: World, connection: Connection, command: Message, later: Later) -> Message:
    conversation = world.own(connection, command)
    if conversation["status"] == "ended":
        raise RefusalError(115, "invalid_transition")
    message = _add(conversation, connection, command)
    event = {"t": "message", "conversation": conversation["conversation"], **message}
    for person in world.readers_of(conversation):
        if message["kind"] == "note" and person == conversation["customer"]:
            continue
        later.append(lambda person=person: world.tell(person, event, but=connection))  # type: ignore[misc]
    return {"seq": message["seq"], "at": message["at"]}


def presence(world: World, connection: Connection, command: Message, later: Later) -> Message:
    told = {"show": command["show"], "reason": command.get("reason"), "since_at": now_ms()}
    told |= {"next": command.get("next"), "source": "manual"}
    world.kept["presence"][connection.person] = told
    later.append(lambda: _declare(world, connection.person, told))
    return {}


def offer_seen(world: World, connection: Connection, command: Message, later: Later) -> Message:
    if command["offer"] in world.kept["offers"]:
        world.kept["offers"][command["offer"]]["seen"] = True
    return {}


def accept(world: World, connection: Connection, command: Message, later: Later) -> Message:
    offer: Message | None = world.kept["offers"].get(command["offer"])
    if offer is None or offer.get("lost"):
        raise RefusalError(113, "offer_gone", outcome="taken")
    conversation = world.kept["conversations"][offer["conversation"]]
    conversation.update(status="active", agent=connection.person)
    world.kept["missed"][connection.person] = 0
    later.append(lambda: _end_offer(world, offer, "accepted"))
    base = {
        "t": "conversation.assigned",
        "conversation": offer["conversation"],
        "assignment": uuid4().hex,
    }
    customer = conversation["customer"]
    later.append(lambda: world.tell(connection.person, {**base, "customer": card(customer)}))
    later.append(lambda: world.tell(customer, {**base, "agent": agent_card(connection.person)}))
    later.append(lambda: _tell_load(world, connection))
    return {}


def _tell_load(world: World, connection: Connection) -> None:
    shown = world.kept["presence"][connection.person]
    load = world._load(connection)
    world.tell(connection.person, {"t": "presence.self", **shown, "load": load})


def decline(world: World, connection: Connection, command: Message, later: Later) -> Message:
    offer = world.kept["offers"].get(command["offer"])
    if offer is None:
        raise RefusalError(113, "offer_gone", outcome="taken")
    world.kept["conversations"][offer["conversation"]]["declined"].append(connection.person)
    later.append(lambda: _end_offer(world, offer, "declined"))
    return {}


def end(world: World, connection: Connection, command: Message, later: Later) -> Message:
    conversation = world.own(connection, command)
    reason = "agent" if connection.role == "agent" else "customer"
    if conversation["status"] in {"waiting", "offered"}:
        reason = "cancelled"
    wraps = world.wrap_up_ms > 0 and conversation["agent"]
    conversation.update(status="wrap_up" if wraps else "ended", reason=reason)
    conversation |= {"wrap_up_until": now_ms() + world.wrap_up_ms, "more_ms": MORE_MS}
    for offer in list(world.kept["offers"].values()):
        if offer["conversation"] == conversation["conversation"]:
            later.append(lambda offer=offer: _withdraw(world, offer))  # type: ignore[misc]
    base = {"conversation": conversation["conversation"]}
    over = {"t": "conversation.ended", "reason": reason, **base}
    later.append(lambda: world.tell(conversation["customer"], over))
    if wraps:
        wrap_up = {"t": "wrapup.started", **world.wrap_up(conversation), **base}
        later.append(lambda: world.tell(conversation["agent"], wrap_up))
    elif conversation["agent"]:
        later.append(lambda: world.tell(conversation["agent"], over))
    return {}


def _withdraw(world: World, offer: Message) -> None:
    _end_offer(world, offer, "withdrawn")
    world.kept["conversations"][offer["conversation"]]["status"] = "ended"


def complete(world: World, connection: Connection, command: Message, later: Later) -> Message:
    conversation = world.own(connection, command)
    conversation.update(status="ended", code=command.get("code"), note=command.get("note"))
    later.append(lambda: _tell_load(world, connection))
    return {}


def transfer(world: World, connection: Connection, command: Message, later: Later) -> Message:
    conversation = world.own(connection, command)
    conversation.update(status="waiting", agent=None, wanted=command["to"].get("agent"))
    conversation["declined"].append(connection.person)
    if "note" in command:
        _add(conversation, connection, {"body": command["note"], "kind": "note"})
    event = {
        "t": "conversation.updated",
        "conversation": conversation["conversation"],
        "status": "waiting",
        **world.place(conversation),
        "why": "transferred",
    }
    later.append(lambda: world.tell(conversation["customer"], event))
    return {}


def pass_on(world: World, connection: Connection, command: Message, later: Later) -> Message:
    """`typing` and `message.read` go to the other side as they are."""
    conversation = world.own(connection, command)
    other = set(world.readers_of(conversation)) - {connection.person}
    by = {"id": connection.person, "role": connection.role, "name": name_of(connection.person)}
    told = {key: value for key, value in command.items() if key not in {"id", "t"}}
    event = {"t": command["t"], "by": by, **told}
    if command["t"] == "message.read":
        key = f"{connection.role}:{connection.person}"
        conversation.setdefault("read", {})[key] = command["seq"]
    later.extend(lambda person=person: world.tell(person, event) for person in other)  # type: ignore[misc]
    return {}


def rate(world: World, connection: Connection, command: Message, later: Later) -> Message:
    if world.kept["script"].get("no_rating"):
        raise RefusalError(100, "internal")
    told = {"rating": command["score"], "comment": command.get("comment", "")}
    world.own(connection, command).update(told)
    return {}


def nothing(world: World, connection: Connection, command: Message, later: Later) -> Message:
    return {}


COMMANDS: dict[str, Callable[[World, Connection, Message, Later], dict[str, Any]]] = {
    "conversation.request": request,
    "conversation.cancel": end,
    "conversation.end": end,
    "conversation.transfer": transfer,
    "message.send": send,
    "message.read": pass_on,
    "typing": pass_on,
    "rate": rate,
    "presence.set": presence,
    "offer.seen": offer_seen,
    "offer.accept": accept,
    "offer.decline": decline,
    "wrapup.complete": complete,
    "activity": nothing,
    "bye": nothing,
    **DESK_COMMANDS,
    **SHOP_COMMANDS,
}
