"""A small routing world that speaks the client protocol, for tests of the screens alone.

Owns: who is connected, conversations, one offer at a time, the answers to commands.
Does not know: HTTP, sockets, fairness, time-outs other than the offer's.
Invariants: all that was answered is in `kept`, which outlives the process as one JSON file; the
same `op` gives the first answer again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

Message = dict[str, Any]
Send = Callable[[Message], None]

GRACE_MS = 120_000
MISSED_MAX = 2
PEOPLE: list[Message] = [
    {
        "id": "alice",
        "name": "Alice",
        "role": "agent",
        "languages": {"en": 100, "de": 70},
        "skills": {"billing": 80},
    },
    {
        "id": "bela",
        "name": "Bela",
        "role": "agent",
        "languages": {"en": 80, "hu": 100},
        "skills": {"billing": 60},
    },
    {"id": "sam", "name": "Sam", "role": "supervisor", "languages": {"en": 100}, "skills": {}},
]


class RefusalError(Exception):
    """A command the world says no to."""

    def __init__(self, code: int, name: str, **extra: object) -> None:
        super().__init__(name)
        self.reply = {"err": {"code": code, "name": name, "msg": name, "retry": "no"}, **extra}


@dataclass(eq=False)
class Connection:
    """One socket: whose it is and how to write to it."""

    person: str
    role: str
    send: Send
    deaf: bool = False
    session: str = field(default_factory=lambda: uuid4().hex)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def name_of(person: str) -> str:
    known = {one["id"]: str(one["name"]) for one in PEOPLE}
    return known.get(person, "Ada Lovelace")


def _empty() -> Message:
    return {
        "pos": 0,
        "conversations": {},
        "answers": {},
        "presence": {},
        "offers": {},
        "visitors": {},
        "missed": {},
    }


class World:
    """Everything the scripted server knows."""

    def __init__(self, file: Path, *, offer_ms: int, wrap_up_ms: int) -> None:
        self.file = file
        self.offer_ms = offer_ms
        self.wrap_up_ms = wrap_up_ms
        self.connections: list[Connection] = []
        self.kept: Message = json.loads(file.read_text()) if file.exists() else _empty()
        for offer in self.kept["offers"].values():
            offer["until"] = now_ms() + offer_ms  # an outage is nobody's fault

    def save(self) -> None:
        scratch = self.file.with_suffix(".new")
        scratch.write_text(json.dumps(self.kept))
        scratch.replace(self.file)

    def welcome(self, connection: Connection, seen: dict[str, int]) -> Message:
        """What a person is told at `hello`, as the whole truth."""
        person = connection.person
        if connection.role == "agent":
            self.kept["presence"].setdefault(person, {"show": "away"})
        mine = [one for one in self.kept["conversations"].values() if _is_of(one, person)]
        told = [one for one in mine if one["status"] != "ended" or one["conversation"] in seen]
        you = {
            "id": person,
            "role": connection.role,
            "name": name_of(person),
            "tenant": "acme",
        }
        return {
            "session": connection.session,
            "pos": self.kept["pos"],
            "you": you,
            "at": now_ms(),
            "beat_ms": 25_000,
            "grace_ms": GRACE_MS,
            "limits": {"frame_bytes": 65_536, "rate": 20, "burst": 40, "subs": 100},
            "server": {"node": "scripted", "version": "0"},
            "state": {
                **self._staff_state(connection),
                "offers": self._offers_of(person),
                "conversations": [self._view(one, person, seen) for one in told],
            },
        }

    def _staff_state(self, connection: Connection) -> Message:
        if connection.role == "supervisor":
            return self.board()
        if connection.role == "agent":
            presence = self.kept["presence"][connection.person]
            return {"presence": presence, "capacity": {"total": 3}, "load": self._load(connection)}
        return {}

    def board(self) -> Message:
        conversations = list(self.kept["conversations"].values())
        waiting = [one for one in conversations if one["status"] == "waiting"]
        count = {
            status: sum(one["status"] == status for one in conversations)
            for status in ("waiting", "offered", "active")
        }
        oldest = max((now_ms() - one["at"] for one in waiting), default=0)
        shows = [one["show"] for one in self.kept["presence"].values()]
        agents = [{"show": show, "count": shows.count(show)} for show in sorted(set(shows))]
        return {"queues": [{"queue": "billing", "oldest_ms": oldest, **count}], "agents": agents}

    def _load(self, connection: Connection) -> Message:
        held = [
            one
            for one in self.kept["conversations"].values()
            if one["agent"] == connection.person and one["status"] in {"active", "wrap_up"}
        ]
        return {"total": len(held)}

    def _offers_of(self, person: str) -> list[Message]:
        return [
            self._offer_event(one)
            for one in self.kept["offers"].values()
            if one["agent"] == person and not one.get("lost")
        ]

    def _offer_event(self, offer: Message) -> Message:
        conversation = self.kept["conversations"][offer["conversation"]]
        return {
            "offer": offer["offer"],
            "conversation": offer["conversation"],
            "expires_ms": max(0, offer["until"] - now_ms()),
            "attempt": offer["attempt"],
            "queue": "billing",
            "channel": "chat",
            "customer": card(conversation["customer"]),
            "why": ["skill:billing", "language:en", "longest_idle"],
            "waited_ms": now_ms() - conversation["at"],
            "auto": False,
        }

    def _view(self, conversation: Message, person: str, seen: dict[str, int]) -> Message:
        after = seen.get(conversation["conversation"], 0)
        for_staff = conversation["agent"] == person
        messages = [
            one
            for one in conversation["messages"]
            if (one["kind"] == "note" and for_staff)
            or (one["kind"] != "note" and one["seq"] > after)
        ]
        shown = {
            key: conversation[key] for key in ("conversation", "status", "queue", "channel", "seq")
        }
        if conversation["reason"]:
            shown["reason"] = conversation["reason"]
        if for_staff:
            shown["customer"] = card(conversation["customer"])
        elif conversation["agent"]:
            shown["agent"] = agent_card(conversation["agent"])
        return {**shown, **self.place(conversation), "messages": messages, "more": False}

    def place(self, conversation: Message) -> Message:
        if conversation["status"] not in {"waiting", "offered"}:
            return {}
        line = [
            one
            for one in self.kept["conversations"].values()
            if one["status"] in {"waiting", "offered"}
        ]
        ahead = sum(one["at"] < conversation["at"] for one in line)
        wait = {"p50": 60_000 * (ahead + 1), "p90": 150_000 * (ahead + 1)}
        return {"position": ahead + 1, "ahead": ahead, "wait_ms": wait}

    def tell(self, person: str, event: Message, *, but: Connection | None = None) -> None:
        self.kept["pos"] += 1
        for connection in self.connections:
            if connection.person == person and connection is not but:
                connection.send({**event, "pos": self.kept["pos"]})

    def tell_boards(self) -> None:
        for connection in self.connections:
            if connection.role == "supervisor":
                connection.send({"t": "board", "topic": "board", "pos": 0, **self.board()})


def _is_of(conversation: Message, person: str) -> bool:
    return person in {conversation["customer"], conversation["agent"]}


def card(customer: str) -> Message:
    return {
        "id": customer,
        "name": name_of(customer),
        "tier": "gold",
        "languages": ["en", "de"],
        "page": "/demo",
        "verified": False,
    }


def agent_card(agent: str) -> Message:
    person = next(one for one in PEOPLE if one["id"] == agent)
    return {"id": agent, "name": person["name"], "languages": list(person["languages"])}
