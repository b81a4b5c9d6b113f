"""A house of figures for the wallboard, spoken over a socket that the browser believes to be real.

Owns: one supervisor's answers, the board and the agents as a test wants them. Does not know:
routing; nothing follows from anything.
"""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, Request, Route, WebSocketRoute

__all__ = ["CROWD", "HOUR", "Figures", "busy_house", "crowded_house", "now_ms", "queue", "served"]

Message = dict[str, Any]
CROWD = 200
"""With more agents the server counts them and names none."""
FORMULA = "accepted within service_level.within_ms / (accepted + abandoned - short abandoned)"


def now_ms() -> int:
    return int(time.time() * 1000)


def served(level: float | None, accepted: int = 40, abandoned: int = 1, ms: int = 9_000) -> Message:
    told: Message = {"accepted": accepted, "abandoned": abandoned}
    if level is not None:
        told |= {"service_level": level, "speed_of_answer_ms": ms}
        told["abandonment"] = abandoned / (accepted + abandoned)
    return told


def queue(
    name: str,
    waiting: int,
    oldest_ms: int,
    level: float | None,
    *,
    able: int = 5,
    wait: int | None = None,
    target: float = 0.8,
    closed: bool = False,
) -> Message:
    """A row of the board; ``wait`` is what newcomers are told, in ms."""
    p50 = oldest_ms + 20_000 * waiting if wait is None else wait
    service = {"within_ms": 20_000, "target": target, "able": able, "today": served(0.86, 310, 9)}
    service |= {"recent": served(level), "wait_ms": {"p50": p50, "p90": int(p50 * 2.2)}}
    row = {"queue": name.lower(), "name": name, "waiting": waiting, "oldest_ms": oldest_ms}
    return {**row, "offered": 0, "active": 3, "closed": closed, "service": service}


@dataclass
class Figures:
    """What the board is told; change it and call ``tell``."""

    queues: list[Message] = field(default_factory=list)
    agents: list[Message] = field(default_factory=list)
    house: Message = field(default_factory=dict)
    policy: Message = field(default_factory=lambda: {"classes": {"regular": 0}, "purposes": []})
    rows: list[Message] = field(default_factory=list)
    explained: Message = field(default_factory=dict)
    history: list[Message] = field(default_factory=list)
    heard: list[Message] = field(default_factory=list)
    socket: WebSocketRoute | None = None

    def serve(self, page: Page, address: str, **claims: int) -> None:
        """Signs a supervisor in on a page whose socket answers from here."""
        page.route_web_socket("**/v1/socket**", self._opened)
        page.route("**/v1/conversations?**", self._listed)
        page.route("**/v1/agents?**", self._found)
        page.route("**/v1/shares?**", self._shared)
        page.goto(f"{address}/board")
        page.get_by_role("textbox", name="Token").fill(_token(**claims))
        page.get_by_role("button", name="Sign in", exact=True).click()

    def tell(self) -> None:
        """Sends the board as it is now."""
        assert self.socket is not None, "nobody listens"
        self._send({"t": "board", "topic": "board", "pos": 2, **self._board()})

    def say(self, event: Message) -> None:
        self._send({"pos": 3, **event})

    def drop(self, code: int = 1012) -> None:
        """Ends the connection without a goodbye; the next one is answered as the first was."""
        assert self.socket is not None, "nobody listens"
        self.socket.close(code=code)

    def _board(self) -> Message:
        states: dict[str, int] = {}
        for one in self.agents:
            states[one["state"]] = states.get(one["state"], 0) + 1
        house = {
            "at": now_ms(),
            "formula": FORMULA,
            "target": 0.8,
            "zone": "Europe/Berlin",
            "today_since_at": now_ms() - 40_000_000,
            "recent": served(0.84, 120, 4),
            "today": served(0.87, 900, 31),
            "agents": states,
            "capacity_used": 31,
            "capacity_free": 14,
            "occupancy": 0.78,
            "even_waits": 0.94,
            "even_load": 0.97,
            "estimate_error_ms": 21_000,
        }
        return {"queues": self.queues, "agents": [], "house": {**house, **self.house}}

    def _opened(self, socket: WebSocketRoute) -> None:
        self.socket = socket
        socket.on_message(self._answer)

    def _answer(self, frame: str | bytes) -> None:
        command = json.loads(frame)
        self.heard.append(command)
        reply: Message = {"t": "reply", "id": command["id"], "ok": True}
        kind = command["t"]
        if kind == "hello":
            self._send(_welcome(command["id"]))
        elif kind == "sub" and command["topic"] == "board":
            self._send({**reply, "topic": "board", **self._board()})
        elif kind == "sub":
            self._send({**reply, "topic": command["topic"], **self._presence()})
        elif kind == "policy.get":
            self._send({**reply, "policy": self.policy})
        elif kind == "explain":
            self._send({**reply, "explain": self.explained})
        elif kind == "history":
            self._send({**reply, "messages": self.history, "more": False})
        elif kind not in {"activity", "bye"}:
            self._send(reply)

    def _presence(self) -> Message:
        if len(self.agents) <= CROWD:
            return {"set": self.agents}
        counts = [{"show": "available", "count": len(self.agents)}]
        return {"mode": "counts", "agents": counts}

    def _listed(self, route: Route, request: Request) -> None:
        status = request.url.partition("status=")[2].partition("&")[0]
        found = [row for row in self.rows if row["status"] == status]
        route.fulfill(json={"conversations": found, "next": None})

    def _found(self, route: Route, request: Request) -> None:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()}
        found = [
            one
            for one in sorted(self.agents, key=lambda one: str(one["id"]))
            if one["state"] == asked.get("state", one["state"])
            and asked.get("name", "").lower() in f"{one['name']} {one['id']}".lower()
        ]
        limit = int(asked["limit"])
        rows = [
            {**one, "agent": one["id"], "capacity": {"total": one["capacity"]}, "languages": {}}
            for one in found[:limit]
        ]
        more = rows[-1]["agent"] if len(found) > limit else None
        route.fulfill(json={"agents": rows, "next": more})

    def _shared(self, route: Route) -> None:
        agents = [
            {"agent": one["id"], "name": one["name"], "state": one["state"], "services": 3}
            | {"offers": {"accepted": 3, "declined": place % 2, "expired": place % 3}}
            | {"occupancy": 0.5 + place / 100}
            | ({"idle_ms": 1_000 * place} if one["state"] == "free" else {})
            for place, one in enumerate(self.agents[:200])
        ]
        equals = {"agents": 9, "skills": ["technical"], "languages": ["de", "en"]}
        groups = [{**equals, "even": 0.91, "least": 0.31, "most": 0.78}]
        route.fulfill(json={"agents": agents, "groups": groups, "next": None})

    def _send(self, message: Message) -> None:
        assert self.socket is not None, "nobody listens"
        self.socket.send(json.dumps(message))


def _welcome(number: int) -> Message:
    return {
        "t": "welcome",
        "id": number,
        "ok": True,
        "session": "s",
        "pos": 1,
        "you": {"id": "sofia", "role": "supervisor", "tenant": "Harbour Lamps", "name": "Sofia"},
        "at": now_ms(),
        "beat_ms": 25_000,
        "grace_ms": 120_000,
        "limits": {"frame_bytes": 65_536, "rate": 20, "burst": 40, "subs": 100},
        "server": {"node": "n", "version": "0"},
        "state": {"offers": [], "conversations": [], "queues": [], "agents": []},
    }


def _token(**more: int) -> str:
    claims = json.dumps({"sub": "sofia", "role": "supervisor", "tenant": "acme", **more})
    body = base64.urlsafe_b64encode(claims.encode()).decode().rstrip("=")
    return f"e30.{body}.x"


# -- a house on a busy day -----------------------------------------------------------------------

NAMES = [
    "Mara",
    "Anton",
    "Leila",
    "Jonas",
    "Ines",
    "Pavel",
    "Chidi",
    "Rosa",
    "Tomek",
    "Aylin",
    "Noor",
    "Felix",
    "Giulia",
    "Henrik",
    "Oksana",
    "Luis",
    "Yael",
    "Bruno",
    "Selma",
    "Kofi",
    "Vera",
    "Milan",
]
DOING = (
    *("serving",) * 9,
    *("free",) * 5,
    *("wrap_up",) * 3,
    "offered",
    "away",
    "away",
    "dnd",
    "lost",
)


def busy_house() -> Figures:
    """Eight queues, one of them in trouble, and twenty-two agents."""
    figures = Figures()
    figures.queues = [
        queue("Billing", 4, 14_000, 0.88, able=9),
        queue("Technical", 7, 106_000, 0.64, able=4, wait=180_000),
        queue("Orders", 1, 6_000, 0.93, able=11),
        queue("Returns", 0, 0, 0.97, able=11, wait=0),
        queue("Polski", 2, 31_000, 0.74, able=2, wait=70_000),
        queue("Nederlands", 1, 12_000, 0.9, able=0, wait=0),
        queue("Business", 0, 0, 1.0, able=6, wait=0, target=0.95),
        queue("Evening", 0, 0, None, able=0, wait=0, closed=True),
    ]
    figures.queues[5]["service"].pop("wait_ms")
    at = now_ms()
    for place, (name, state) in enumerate(zip(NAMES, DOING, strict=True)):
        show = {"away": "away", "dnd": "dnd"}.get(state, "available")
        since = at - 1_000 * (17 + place * 37 + (place * place * 23) % 900)
        agent = {"id": name.lower(), "name": name, "show": show, "since_at": since, "state": state}
        agent |= {"load": int(state in {"serving", "wrap_up"}) * (1 + place % 2), "capacity": 3}
        agent |= {"languages": ["de", "en"] if place % 3 else ["pl", "en"]}
        figures.agents.append(agent)
    figures.agents[18]["reason"] = "missed"
    _talk(figures, at)
    return figures


def crowded_house(count: int) -> Figures:
    """The same queues with so many agents that they are counted."""
    figures = busy_house()
    like = figures.agents
    figures.agents = [
        {**like[number % len(like)], "id": f"a{number:04}", "name": f"Agent {number}"}
        for number in range(count)
    ]
    return figures


def _talk(figures: Figures, at: int) -> None:
    row = {"channel": "chat", "queue": "technical"}
    waits = [("Ada Lovelace", 106), ("Kofi Mensah", 81), ("Marie Dubois", 44)]
    figures.rows = [
        {**row, "conversation": f"w{place}", "status": "waiting", "customer": name}
        | {"arrived_at": at - 1_000 * seconds, "priority": "gold" if place == 1 else "regular"}
        for place, (name, seconds) in enumerate(waits)
    ]
    active = {**row, "conversation": "a1", "status": "active", "customer": "Zoë Okafor"}
    oldest = min(figures.agents, key=lambda one: one["since_at"])
    figures.rows.append({**active, "agent": oldest["id"], "arrived_at": at - 400_000})
    customer = {"id": "zoe", "role": "customer", "name": "Zoë Okafor"}
    agent = {"id": oldest["id"], "role": "agent", "name": oldest["name"]}
    said = [
        (customer, "Hello, my lamp flickers since yesterday."),
        (agent, "Good morning! Does it do so with every bulb?"),
        (customer, "Yes, I tried three of them."),
        (agent, "Then it is the driver. I look up whether we have one in stock."),
        (customer, "Thank you. How long does that take?"),
    ]
    figures.history = [
        {"seq": seq, "from": who, "body": body, "kind": "text", "at": at - 60_000 * (6 - seq)}
        for seq, (who, body) in enumerate(said, start=1)
    ]
    figures.policy = {
        "classes": {"regular": 0, "gold": 30_000, "urgent": 90_000},
        "purposes": ["quality", "complaint", "training"],
    }
    figures.explained = {
        "about": "waiting",
        "conversation": "w0",
        "status": "waiting",
        "queue": "technical",
        "channel": "chat",
        "key_ms": at,
        "arrived_at": at - 106_000,
        "waited_ms": 106_000,
        "start_at": at - 106_000,
        "head_start_ms": 0,
        "klass": "regular",
        "step": 0,
        "steps": 2,
        "next_step_at": at + 14_000,
        "needs": {"technical": 60},
        "languages": {"de": 1},
        "agents": {"skill:technical": 13, "full": 4, "not_available": 3, "language:de": 2},
        "position": 1,
        "ahead": 0,
    }


# A page that has been open for an hour; put there before it loads.
HOUR = """
if (!sessionStorage.getItem("fairline.board.past")) {
  const minute = Math.floor(Date.now() / 60000), series = {};
  const put = (name, of) => {
    series[name] = {};
    for (let i = 0; i < 60; i++) series[name][minute - 59 + i] = of(i);
  };
  const wave = (a, b) => (i) =>
    Math.max(0, Math.round(a + b * Math.sin(i / 5 + a) + b * Math.cos(i / 2.3)));
  const queues = {
    billing: [3, 2], technical: [4, 3], orders: [2, 2], returns: [1, 1],
    polski: [1, 1], nederlands: [1, 1], business: [0, 1], evening: [0, 0],
  };
  for (const [name, [a, b]] of Object.entries(queues)) put(`queue ${name}`, wave(a, b));
  put("level", (i) => 0.86 - 0.0005 * i);
  put("waiting", (i) => 9 + Math.round(3 * Math.sin(i / 6)));
  put("abandonment", () => 0.05);
  put("occupancy", (i) => 0.7 + 0.001 * i);
  sessionStorage.setItem("fairline.board.past", JSON.stringify(series));
}
"""
