"""Sections 2, 3, 4 and 7 of the protocol from outside: kill -9, a restart, and the drain."""

import random
from pathlib import Path

import pytest

from tests.helpers.outsider import JSON, MSGPACK, Fields, Line, claims, sign
from tests.helpers.outsider_raw import CLOSE, TEXT, RawSocket
from tests.helpers.outsider_server import Server

pytestmark = pytest.mark.process

TENANTS: dict[str, Fields] = {"acme": {}, "brief": {"policy": {"grace_ms": 1_000}}}


class Speaker:
    """One side of a chat, who repeats what was not answered until it is."""

    def __init__(self, server: Server, role: str, name: str, encoding: str) -> None:
        self.server = server
        self.role = role
        self.name = name
        self.encoding = encoding
        self.line = server.person("acme", role, name, encoding=encoding)
        self.conversation = ""
        self.seq_of: dict[str, int] = {}
        self.open: dict[str, int] = {}
        self.heard: dict[int, str] = {}

    def say(self, word: str) -> None:
        """Sends a message without waiting for its answer."""
        self.open[word] = self.line.send(
            "message.send", conversation=self.conversation, op=word, body=word
        )

    def settle(self) -> None:
        """Takes the answers of all that was said."""
        for word, number in list(self.open.items()):
            reply = self.line.reply(number)
            assert reply["ok"], reply
            self._note(word, reply["seq"])
            del self.open[word]

    def _note(self, word: str, seq: int) -> None:
        assert self.seq_of.setdefault(word, seq) == seq, "an answered message kept its number"

    def collect(self) -> None:
        """Notes what came until the line was lost, and every answer among it."""
        self.line.closing()
        answered = {number: word for word, number in self.open.items()}
        for message in self.line.kept:
            if message["t"] == "message":
                self.heard[message["seq"]] = message["body"]
            elif message["t"] == "reply" and message["id"] in answered:
                self._note(answered[message["id"]], message["seq"])

    def come_back(self) -> None:
        """Connects again with ``seen`` and repeats what has no answer."""
        known = max([0, *self.heard, *self.seq_of.values()])
        mine = set(self.seq_of.values()) | self.heard.keys()
        seen = next(number for number in range(known + 2) if number + 1 not in mine)
        self.line = self.server.person(
            "acme", self.role, self.name, encoding=self.encoding, seen={self.conversation: seen}
        )
        (state,) = self.line.welcome["state"]["conversations"]
        assert (state["status"], state["more"]) == ("active", False)
        assert [each["seq"] for each in state["messages"]] == list(
            range(seen + 1, state["seq"] + 1)
        )
        for each in state["messages"]:
            self.heard[each["seq"]] = each["body"]
        for word in list(self.open):
            self.say(word)
        self.settle()


@pytest.mark.parametrize(("encoding", "seed"), [(JSON, 1), (MSGPACK, 2)])
def test_a_kill_in_the_middle_of_a_chat_loses_no_word(
    tmp_path: Path, encoding: str, seed: int
) -> None:
    """Sections 2 and 3: nothing answered is lost, nothing is there twice, ``seq`` has no hole."""
    chance = random.Random(seed)
    server = Server(tmp_path, TENANTS)
    with server.running():
        agent = Speaker(server, "agent", "alice", encoding)
        agent.line.do("presence.set", show="available")
        customer = Speaker(server, "customer", "carl", encoding)
        told = customer.line.do("conversation.request", op="r1", channel="chat")
        agent.line.do("offer.accept", offer=agent.line.wait("offer.new")["offer"])
        agent.conversation = customer.conversation = told["conversation"]
        words = 0
        for _ in range(3):
            for _ in range(chance.randint(3, 12)):
                for side in (agent, customer):
                    words += 1
                    side.say(f"w{words}")
            server.kill()
            for side in (agent, customer):
                side.collect()
            server.hang_up()
            server.start()
            for side in (agent, customer):
                side.come_back()
        history = customer.line.do("history", conversation=customer.conversation, limit=500)
        page = {each["seq"]: each["body"] for each in history["messages"]}
        assert list(page) == list(range(1, words + 1))
        assert sorted(page.values()) == sorted(f"w{number}" for number in range(1, words + 1))
        for side in (agent, customer):
            assert all(page[seq] == word for word, seq in side.seq_of.items())
            assert all(page[seq] == word for seq, word in side.heard.items())


def test_a_restart_keeps_line_offer_and_show(tmp_path: Path) -> None:
    """Sections 3 and 7: welcome after a restart; the time away does not count."""
    server = Server(tmp_path, TENANTS)
    with server.running():
        agent = server.ready_agent("brief")
        one = server.person("brief", "customer", "one")
        two = server.person("brief", "customer", "two")
        first = one.do("conversation.request", op="r1", channel="chat")
        second = two.do("conversation.request", op="r1", channel="chat", topic="refund")
        offer = agent.wait("offer.new")
        agent.do("offer.seen", offer=offer["offer"])
        server.kill()
        server.hang_up()
        server.start()
        again = server.person("brief", "agent", "alice")
        assert again.welcome["state"]["presence"]["show"] == "available"
        (pending,) = again.welcome["state"]["offers"]
        assert (pending["offer"], pending["conversation"]) == (
            offer["offer"],
            first["conversation"],
        )
        line = server.person("brief", "customer", "two")
        (state,) = line.welcome["state"]["conversations"]
        assert (state["conversation"], state["status"]) == (second["conversation"], "waiting")
        told = line.do("conversation.request", op="r1", channel="chat", topic="refund")
        assert told["conversation"] == second["conversation"]
        again.do("offer.accept", offer=offer["offer"])


def test_a_drain_sends_everybody_away_to_resume(tmp_path: Path) -> None:
    """Section 4: ``disconnect`` with a spread ``delay_ms``, 4100, ``/readyz`` 503, exit 0."""
    server = Server(tmp_path, TENANTS)
    with server.running():
        lines = [server.person("acme", "customer", f"c{number}") for number in range(20)]
        agent = server.ready_agent("acme")
        lines[0].do("conversation.request", op="r1", channel="chat")
        offer = agent.wait("offer.new")
        process = server.process
        assert process is not None
        with RawSocket(server.port) as stubborn:  # holds the drain for its two seconds
            token = sign(claims("acme", "agent", "bob"))
            stubborn.send({"t": "hello", "id": 1, "token": token, "role": "agent"})
            welcome = stubborn.next_frame()
            assert welcome is not None
            assert welcome.opcode == TEXT
            server.terminate()
            delays = {check_goodbye(line) for line in [*lines, agent]}
            assert len(delays) > 10, "spread"
            assert server.get("/readyz")[0] == 503
            assert server.get("/healthz")[0] == 200
            late = server.line()
            answer = late.hello(token, "agent")
            assert (answer["err"]["code"], answer["err"]["retry"]) == (118, "after")
            assert late.closing() == 4100
            frames = []
            while frame := stubborn.next_frame():
                frames.append(frame)
            assert (frames[-1].opcode, frames[-1].code) == (CLOSE, 4100)
        assert process.wait(10) == 0
        server.hang_up()
        server.start()
        again = server.person("acme", "agent", "alice")
        assert [each["offer"] for each in again.welcome["state"]["offers"]] == [offer["offer"]]


def check_goodbye(line: Line) -> int:
    """What a client hears when the node drains; returns its delay."""
    said = line.wait("disconnect")
    assert (said["code"], said["action"]) == (4100, "resume")
    assert 0 <= said["delay_ms"] <= 5_000
    assert line.closing() == 4100
    delay: int = said["delay_ms"]
    return delay


def test_a_second_signal_ends_the_drain_at_once(tmp_path: Path) -> None:
    """Somebody who never closes holds a drain for seconds; an operator need not wait for them."""
    server = Server(tmp_path, TENANTS)
    with server.running():
        process = server.process
        assert process is not None
        with RawSocket(server.port) as stubborn:
            token = sign(claims("acme", "agent", "bob"))
            stubborn.send({"t": "hello", "id": 1, "token": token, "role": "agent"})
            assert stubborn.next_frame() is not None
            server.terminate()
            while (frame := stubborn.next_frame()) and frame.opcode == TEXT:
                pass
            server.terminate()
            assert process.wait(10) == 0
            assert "server.hurried" in server.log()
        server.start()
        again = server.person("acme", "agent", "bob")
        assert again.welcome["state"]["presence"]["show"] == "away"


def test_a_stop_and_a_start_keep_every_place_offer_and_chat(tmp_path: Path) -> None:
    """A rolling restart, twice: everybody resumes, and nobody notices but by the ``disconnect``."""
    chance = random.Random(3)
    server = Server(tmp_path, TENANTS)
    with server.running():
        agent = Speaker(server, "agent", "alice", JSON)
        agent.line.do("presence.set", show="available")
        customer = Speaker(server, "customer", "carl", MSGPACK)
        told = customer.line.do("conversation.request", op="r1", channel="chat")
        agent.line.do("offer.accept", offer=agent.line.wait("offer.new")["offer"])
        agent.conversation = customer.conversation = told["conversation"]
        agent.line.do("presence.set", show="busy")
        bob = server.ready_agent("acme", "bob")
        waiting = [f"w{number}" for number in range(6)]
        lines = [server.person("acme", "customer", name) for name in waiting]
        places = [
            line.do("conversation.request", op="r1", channel="chat")["conversation"]
            for line in lines
        ]
        offer = bob.wait("offer.new")
        bob.do("offer.seen", offer=offer["offer"])
        words = 0
        for _ in range(2):
            for _ in range(chance.randint(4, 9)):
                for side in (agent, customer):
                    words += 1
                    side.say(f"w{words}")
            process = server.process
            assert process is not None
            server.terminate()
            for side in (agent, customer):
                side.collect()
            for line in (bob, *lines):
                check_goodbye(line)
            assert process.wait(10) == 0
            server.hang_up()
            server.start()
            for side in (agent, customer):
                side.come_back()
            bob = server.person("acme", "agent", "bob")
            state = bob.welcome["state"]
            assert state["presence"]["show"] == "available"
            assert [each["offer"] for each in state["offers"]] == [offer["offer"]]
            lines = [server.person("acme", "customer", name) for name in waiting]
            check_places(lines, places, offer["conversation"])
        page = customer.line.do("history", conversation=customer.conversation, limit=500)
        assert [each["seq"] for each in page["messages"]] == list(range(1, words + 1))
        bob.do("offer.accept", offer=offer["offer"])


def check_places(lines: list[Line], conversations: list[str], offered: str) -> None:
    """Everybody stands where they stood; the one on offer stands first."""
    places = []
    for line, conversation in zip(lines, conversations, strict=True):
        (state,) = line.welcome["state"]["conversations"]
        assert state["conversation"] == conversation
        assert state["status"] == ("offered" if conversation == offered else "waiting")
        line.sync()
        told = [each["position"] for each in line.taken("queue.position")]
        places.append(told[-1] if told else state["position"])
    assert places == sorted(places)
