"""The programs of client.md do what the page says: they take the conversation that is offered."""

import ast
import json
import shutil
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest
import trio

import hatch_build
from tests.helpers.blocks import ROOT, blocks
from tests.helpers.nodes import RunningNode, open_node, token
from tests.helpers.pages import built_pages

PAGE = ROOT / "docs/client.md"
ELSEWHERE = "https://chat.example"
PATIENCE_S = 30.0


def the(kind: str) -> str:
    (found,) = (one.text for one in blocks([PAGE], kind) if one.mark == "run")
    assert ELSEWHERE in found
    return found


async def taken(node: RunningNode) -> None:
    """A customer asks, and is served by whoever takes it: the program."""
    ada = await node.join("customer", "ada")
    await ada.ok("conversation.request", op="1", channel="chat", queue="support", body="Hello")
    told = await ada.next()
    while told["t"] != "conversation.assigned":  # for as long as the test has patience
        told = await ada.next()
    assert told["agent"]["id"] == "bot"


async def test_the_python_program_takes_what_is_offered() -> None:
    async with open_node() as node:
        program = the("python").replace(ELSEWHERE, f"http://127.0.0.1:{node.port}")
        code = compile(program, str(PAGE), "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        names: dict[str, Any] = {"TOKEN": token("agent", "bot")}

        async def run() -> None:
            running: Awaitable[None] = eval(code, names)
            await running

        with trio.fail_after(PATIENCE_S):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(run)
                await taken(node)
                nursery.cancel_scope.cancel()


BEFORE = """\
const draw = () => {};
globalThis.fetch = async () => ({ text: async () => %s });
"""
"""What the page leaves to its reader: drawing, and where a token comes from."""


@pytest.mark.process
async def test_the_javascript_program_takes_what_is_offered(tmp_path: Path) -> None:
    package = built_pages() / "client.tgz"
    npm, environment = hatch_build.find_npm()
    node_program = shutil.which("node", path=environment["PATH"])
    assert node_program is not None
    install = the("sh").replace(f"{ELSEWHERE}/client.tgz", str(package)).split()[1:]
    quiet = ["--offline", "--no-audit", "--no-fund", "--prefix", str(tmp_path)]
    await trio.run_process([npm, *install, *quiet], env=environment, capture_stdout=True)
    told = await trio.run_process([node_program, "--version"], capture_stdout=True)
    flags = ["--experimental-websocket"] if told.stdout < b"v22" else []
    async with open_node() as node:
        program = the("js").replace(ELSEWHERE, f"http://127.0.0.1:{node.port}")
        file = tmp_path / "program.mjs"
        file.write_text(BEFORE % json.dumps(token("agent", "bot")) + program, encoding="utf-8")
        process = await trio.lowlevel.open_process(
            [node_program, *flags, str(file)], env=environment
        )
        try:
            with trio.fail_after(PATIENCE_S):
                await taken(node)
        finally:
            process.terminate()
            with trio.CancelScope(shield=True):
                await process.wait()
