"""The examples, run as a reader would run them, against a node on loopback."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

import hatch_build
from router.policy import AgentEntry, Policy, Queue, SkillNeed
from tests.helpers.nodes import RunningNode, node_settings, open_node, token
from tests.helpers.pages import built_pages

pytestmark = pytest.mark.process

EXAMPLES = Path(__file__).parents[2] / "examples"
PATIENCE_S = 30.0
POLICY = Policy(
    queues=(
        Queue(id="support", needs=(SkillNeed(skill="people", level=1),)),
        Queue(id="bot", needs=(SkillNeed(skill="bot", level=1),)),
        Queue(id="posts", channels=("social",), needs=(SkillNeed(skill="people", level=1),)),
    ),
    agents=(
        AgentEntry(id="bot", name="Fairy", skills={"bot": 100}),
        AgentEntry(id="alice", name="Alice", skills={"people": 100}),
    ),
)


def _command(name: str) -> list[str]:
    return [sys.executable, str(EXAMPLES / name)]


def _environment(node: RunningNode, role: str, who: str) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(EXAMPLES.parent),
        "FAIRLINE_ORIGIN": f"http://127.0.0.1:{node.port}",
        "FAIRLINE_TOKEN": token(role, who),
    }


@asynccontextmanager
async def _running(name: str, node: RunningNode, role: str, who: str) -> AsyncIterator[None]:
    """The example, until the block is left."""
    environment = _environment(node, role, who)
    process = await trio.lowlevel.open_process(_command(name), env=environment)
    try:
        yield
    finally:
        process.terminate()
        with trio.CancelScope(shield=True):
            await process.wait()


async def test_the_bot_answers_and_hands_over_to_a_person_with_a_note() -> None:
    with trio.fail_after(PATIENCE_S):
        async with open_node(node_settings(POLICY)) as node:
            alice = await node.join("agent", "alice")
            await alice.ok("presence.set", show="available")
            ada = await node.join("customer", "ada")
            async with _running("bot.py", node, "agent", "bot"):
                asked = {"queue": "bot", "channel": "chat", "body": "What are your hours?"}
                conversation = (await ada.ok("conversation.request", op="1", **asked))[
                    "conversation"
                ]
                told = await ada.until("message")
                assert told["body"] == "We are open from 9 to 17."
                await ada.ok("message.send", op="2", conversation=conversation, body="A person!")
                offer = await alice.until("offer.new")
                assert offer["conversation"] == conversation
                await alice.ok("offer.accept", offer=offer["offer"])
                messages = (await alice.ok("history", conversation=conversation))["messages"]
    bodies = [message["body"] for message in messages]
    assert bodies[0] == "What are your hours?"
    assert "The bot could not help. Last words: A person!" in bodies


async def test_posts_become_conversations_once_whoever_wrote_them() -> None:
    posts = [
        {"id": "p1", "author": "nobody", "text": "My lamp flickers", "followers": 3},
        {"id": "p2", "author": "star", "text": "MINE TOO", "followers": 2_000_000},
        {"id": "p1", "author": "nobody", "text": "My lamp flickers", "followers": 3},
    ]
    lines = "".join(json.dumps(post) + "\n" for post in posts).encode()
    with trio.fail_after(PATIENCE_S):
        async with open_node(node_settings(POLICY)) as node:
            done = await trio.run_process(
                _command("social_bridge.py"),
                env=_environment(node, "service", "bridge"),
                stdin=lines,
                capture_stdout=True,
                stderr=subprocess.STDOUT,
            )
            told = [json.loads(line)["conversation"] for line in done.stdout.splitlines()]
            assert told[0] == told[2] != told[1]
            alice = await node.join("agent", "alice")
            await alice.ok("presence.set", show="available")
            offer = await alice.until("offer.new")
            assert offer["conversation"] == told[0]


async def test_a_back_end_in_node_asks_for_a_customer() -> None:
    built_pages()
    npm, environment = hatch_build.find_npm()
    node_program = Path(npm).with_name("node")
    told = await trio.run_process([str(node_program), "--version"], capture_stdout=True)
    # Before Node 22 the WebSocket of browsers has to be asked for.
    flags = ["--experimental-websocket"] if told.stdout < b"v22" else []
    with trio.fail_after(PATIENCE_S):
        async with open_node(node_settings(POLICY)) as node:
            done = await trio.run_process(
                [str(node_program), *flags, str(EXAMPLES / "service.mjs"), "ada", "It flickers"],
                env={**environment, **_environment(node, "service", "shop")},
                capture_stdout=True,
            )
            asked = json.loads(done.stdout)
            assert asked["status"] == "waiting"
            alice = await node.join("agent", "alice")
            await alice.ok("presence.set", show="available")
            offer = await alice.until("offer.new")
            assert offer["conversation"] == asked["conversation"]


async def test_what_a_customer_said_comes_out_as_csv() -> None:
    with trio.fail_after(PATIENCE_S):
        async with open_node(node_settings(POLICY)) as node:
            ada = await node.join("customer", "ada")
            asked = {"queue": "support", "channel": "chat", "body": 'It says "on", it is off'}
            chat = (await ada.ok("conversation.request", op="1", **asked))["conversation"]
            await ada.ok("message.send", op="2", conversation=chat, body="Since noon")
            done = await trio.run_process(
                [*_command("export_csv.py"), "ada"],
                env=_environment(node, "service", "export"),
                capture_stdout=True,
            )
    header, *rows = csv.reader(done.stdout.decode().splitlines())
    assert header[0] == "conversation"
    assert [(row[0], row[1], row[-1]) for row in rows] == [
        (chat, "1", 'It says "on", it is off'),
        (chat, "2", "Since noon"),
    ]
