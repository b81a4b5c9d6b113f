"""What a client believes, built from `welcome` and events alone, as the protocol tells it to.

Owns: the client's picture of its conversations, offers and presence; the check of numbers.
Does not know: the core, connections.
Invariants: numbers of a conversation come without hole or repeat, or `Wrong` is raised; `welcome`
replaces everything but the messages that were named in `seen`.
"""

from typing import Any

__all__ = ["Known", "View", "Wrong"]

Message = dict[str, Any]


class Wrong(Exception):
    """The server told this client what cannot be true."""


class Known:
    """A conversation as its reader knows it."""

    def __init__(self, status: str, *, is_partial: bool = False) -> None:
        self.status = status
        self.seq = 0
        self.agent = ""
        self.position: int | None = None
        self.is_partial = is_partial
        """Something of its beginning was not told here: the next number may be any."""
        self.is_unsure = False
        """Known from an old answer alone: it may be over since."""

    def take_number(self, name: str, seq: int) -> None:
        """A message with this number came."""
        if self.is_partial:
            self.is_partial = False
        elif seq != self.seq + 1:
            raise Wrong(f"{name}: message {seq} came behind {self.seq}")
        self.seq = seq


class View:
    """All that one device knows."""

    def __init__(self, role: str, person: str) -> None:
        self.role = role
        self.person = person
        self.conversations: dict[str, Known] = {}
        self.offers: dict[str, str] = {}
        self.ended_offers: set[str] = set()
        self.presence: Message = {}
        self.pos = 0
        self.over: dict[str, str] = {}
        """Conversations that ended, each with its reason."""

    def seen(self) -> dict[str, int]:
        """What a `hello` names."""
        return {name: one.seq for name, one in self.conversations.items() if not one.is_partial}

    def take(self, message: Message) -> None:
        """Learn from whatever came.

        Raises:
            Wrong: it contradicts what was told before.
        """
        pos = message.get("pos")
        if pos is not None and message["t"] not in ("welcome", "presence", "board"):
            if pos < self.pos and message["t"] != "queue.position":
                raise Wrong(f"{message['t']} of position {pos} came behind {self.pos}")
            self.pos = max(self.pos, pos)
        act = getattr(self, "_on_" + message["t"].replace(".", "_"), None)
        if act is not None:
            act(message)

    # -- the whole truth

    def _on_welcome(self, message: Message) -> None:
        state, before = message["state"], self.seen()
        self.pos = message["pos"]
        self.conversations = {}
        for told in state["conversations"]:
            name = told["conversation"]
            if told["status"] == "ended":
                self.over[name] = told.get("reason", "")
                continue
            self.conversations[name] = _known(name, told, before.get(name, 0))
        gone = [name for name in before if name not in self.conversations]
        if self.role == "customer" and any(name not in self.over for name in gone):
            raise Wrong(f"{gone} is neither open nor over in welcome")
        self.offers = {offer["offer"]: offer["conversation"] for offer in state["offers"]}
        self.presence = state.get("presence") or {}

    # -- an agent's events

    def _on_presence_self(self, message: Message) -> None:
        self.presence = message

    def _on_offer_new(self, message: Message) -> None:
        if message["offer"] in self.offers or message["offer"] in self.ended_offers:
            raise Wrong(f"offer {message['offer']} came twice")
        self.offers[message["offer"]] = message["conversation"]

    def _on_offer_ended(self, message: Message) -> None:
        """One that was made and ended by the same command is told of by its end alone."""
        if message["offer"] in self.ended_offers:
            raise Wrong(f"offer {message['offer']} ended twice")
        self.ended_offers.add(message["offer"])
        self.offers.pop(message["offer"], None)

    def _on_wrapup_started(self, message: Message) -> None:
        self.conversations[message["conversation"]].status = "wrap_up"

    # -- everybody's

    def _on_conversation_assigned(self, message: Message) -> None:
        name = message["conversation"]
        if "state" in message:
            self.conversations[name] = _known(name, message["state"], 0)
        else:
            known = self._known(name)
            known.status, known.agent, known.position = "active", message["agent"]["id"], None

    def _on_conversation_updated(self, message: Message) -> None:
        name, status = message["conversation"], message.get("status")
        if self.role == "agent":
            to_other = message.get("agent", {}).get("id", self.person) != self.person
            if status in ("waiting", "held", "offered") or to_other:
                self.conversations.pop(name, None)
        elif status is not None:
            known = self._known(name)
            known.status, known.agent = status, ""

    def _on_conversation_ended(self, message: Message) -> None:
        self.conversations.pop(message["conversation"], None)
        self.over[message["conversation"]] = message["reason"]

    def _on_queue_position(self, message: Message) -> None:
        if message["conversation"] in self.over:
            return
        known = self._known(message["conversation"])
        known.position = message["position"]
        if message["position"] != message["ahead"] + 1:
            raise Wrong(f"position {message['position']} with {message['ahead']} ahead")

    def _on_message(self, message: Message) -> None:
        if message["kind"] == "note":
            if self.role == "customer":
                raise Wrong("a note came to a customer")
            return
        self._known(message["conversation"]).take_number(message["conversation"], message["seq"])

    def said(self, name: str, seq: int, *, is_first: bool) -> None:
        """A message of one's own was acknowledged with this number, perhaps once more."""
        known = self.conversations.get(name)
        if known is not None and (is_first or (seq > known.seq and not known.is_partial)):
            known.take_number(name, seq)

    def asked(self, reply: Message, *, has_body: bool, is_first: bool) -> None:
        """A request of one's own was acknowledged; a first one tells what is there now."""
        name = reply["conversation"]
        if name in self.over:
            return
        if name in self.conversations:
            known = self.conversations[name]
            if reply.get("joined") and has_body:
                if is_first:
                    known.seq += 1
                else:
                    known.is_partial = True
            return
        known = Known(reply["status"], is_partial=not is_first or bool(reply.get("joined")))
        known.is_unsure = not is_first
        known.position = reply.get("position")
        known.seq = int(has_body)
        self.conversations[name] = known

    def _known(self, name: str) -> Known:
        """A conversation; one that another device asked for is heard of by its first event."""
        if name not in self.conversations:
            if self.role != "customer":
                raise Wrong(f"an event of {name}, which was never told here")
            self.conversations[name] = Known("", is_partial=True)
        return self.conversations[name]


def _known(name: str, told: Message, seen: int) -> Known:
    """A conversation as `welcome` or an assignment tells it, onto the messages seen before."""
    known = Known(told["status"])
    known.agent = told.get("agent", {}).get("id", "")
    known.position = told.get("position")
    known.seq = seen
    texts = [message for message in told["messages"] if message.get("kind", "text") == "text"]
    if told["more"] and texts:
        known.seq = texts[0]["seq"] - 1
    for message in texts:
        known.take_number(name, message["seq"])
    if known.seq != told["seq"]:
        raise Wrong(f"{name}: messages up to {known.seq} of {told['seq']} in the state")
    return known
