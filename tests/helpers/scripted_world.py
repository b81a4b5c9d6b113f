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


VISITORS = ("Ada Lovelace", "Kofi Mensah", "Marie Dubois", "Yuki Tanaka", "Zoë Okafor")


class RefusalError(Exception):
    """A command the world says no to."""

    def __init__(
        self, code: int, name: str, *, err: Message | None = None, **extra: object
    ) -> None:
        super().__init__(name)
        said = {"code": code, "name": name, "msg": name, "retry": "no", **(err or {})}
        self.reply = {"err": said, **extra}


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
    if person[:1] == "x":
        return f"Customer {person[1:]}"
    number = int("0" + person.partition("-")[0].removeprefix("v")) if person[:1] == "v" else 0
    return known.get(person, VISITORS[number % len(VISITORS)])


def empty() -> Message:
    return {
        "pos": 0,
        "conversations": {},
        "answers": {},
        "presence": {},
        "offers": {},
        "visitors": {},
        "missed": {},
        "accepted": {},
        "contact": {},
        "script": {},
    }


def new_conversation(key: str, customer: str, queue: str, channel: str) -> Message:
    """A conversation that nobody has taken yet."""
    return {
        "conversation": key,
        "status": "waiting",
        "queue": queue,
        "channel": channel,
        "customer": customer,
        "agent": None,
        "reason": None,
        "at": now_ms(),
        "seq": 0,
        "notes": 0,
        "attempts": 0,
        "declined": [],
        "messages": [],
        "rating": None,
    }


class World:
    """Everything the scripted server knows."""

    codes = (
        "solved",
        "answered",
        "refunded",
        "replaced",
        "follow_up_needed",
        "wrong_place",
        "no_answer",
        "complaint",
        "spam",
    )

    def __init__(self, file: Path, *, offer_ms: int, wrap_up_ms: int, capacity: int = 3) -> None:
        self.file = file
        self.offer_ms = offer_ms
        self.wrap_up_ms = wrap_up_ms
        self.connections: list[Connection] = []
        self.topics: dict[Connection, set[str]] = {}
        self.capacity = capacity
        self.kept: Message = json.loads(file.read_text()) if file.exists() else empty()
        for offer in self.kept["offers"].values():
            offer["until"] = now_ms() + offer_ms  # an outage is nobody's fault

    def forget(self) -> None:
        """Nothing has happened yet."""
        self.kept = empty()

    def save(self) -> None:
        scratch = self.file.with_suffix(".new")
        scratch.write_text(json.dumps(self.kept))
        scratch.replace(self.file)

    def welcome(self, connection: Connection, seen: dict[str, int]) -> Message:
        """What a person is told at `hello`, as the whole truth."""
        person = connection.person
        if connection.role == "agent":
            self.kept["presence"].setdefault(person, {"show": "away", "since_at": now_ms()})
        mine = [one for one in self.kept["conversations"].values() if _is_of(one, person)]
        told = [one for one in mine if one["status"] != "ended" or one["conversation"] in seen]
        you = {
            "id": person,
            "role": connection.role,
            "name": name_of(person),
            "tenant": "acme",
            "teams": ["floor"] if connection.role == "agent" else [],
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
            return {
                "presence": presence,
                "capacity": {"total": self.capacity},
                "load": self._load(connection),
            }
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
        return {"total": self.load_of(connection.person)}

    def load_of(self, agent: str) -> int:
        """How many conversations an agent holds."""
        return sum(
            one["agent"] == agent and one["status"] in {"active", "wrap_up"}
            for one in self.kept["conversations"].values()
        )

    def own(self, connection: Connection, command: Message) -> Message:
        """The conversation a command is about, for whoever takes part in it."""
        conversation: Message | None = self.kept["conversations"].get(command["conversation"])
        if conversation is None or connection.person not in self.readers_of(conversation):
            raise RefusalError(103, "not_found")
        return conversation

    def wrap_up(self, conversation: Message) -> Message:
        """How much time is left for the work after a conversation, and what it may end with."""
        return {
            "wrap_up_ms": max(0, conversation["wrap_up_until"] - now_ms()),
            "wrap_up": {"codes": self.codes, "more_ms": conversation["more_ms"]},
        }

    def staff_of(self, conversation: Message) -> list[str]:
        return [one for one in (conversation["agent"], *conversation.get("guests", {})) if one]

    def readers_of(self, conversation: Message) -> list[str]:
        return [conversation["customer"], *self.staff_of(conversation)]

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
            "begins": next((one["body"] for one in conversation["messages"]), ""),
        }

    def _view(self, conversation: Message, person: str, seen: dict[str, int]) -> Message:
        after = seen.get(conversation["conversation"], 0)
        for_staff = person in self.staff_of(conversation)
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
            if conversation["agent"] not in {person, None}:
                shown["agent"] = agent_card(conversation["agent"])
            if conversation["status"] == "wrap_up":
                shown |= self.wrap_up(conversation)
        elif conversation["agent"]:
            shown["agent"] = agent_card(conversation["agent"])
        if read := conversation.get("read"):
            shown["read"] = read
        return {
            **shown,
            **self.place(conversation),
            "messages": messages[-200:],
            "more": len(messages) > 200,
        }

    def place(self, conversation: Message) -> Message:
        if conversation["status"] not in {"waiting", "offered"} or conversation.get("left"):
            return {}
        line = [
            one
            for one in self.kept["conversations"].values()
            if one["status"] in {"waiting", "offered"}
        ]
        ahead = sum(one["at"] < conversation["at"] for one in line)
        ahead += int(self.kept["script"].get("ahead", 0))
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
    guests = conversation.get("guests", {})
    return person in {conversation["customer"], conversation["agent"], *guests}


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
