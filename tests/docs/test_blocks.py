"""What stands in the documentation as something to type works when it is typed.

Commands of ``sh`` blocks are known to ``fairline``; TOML and JSON are what they say they are;
Python compiles; the tutorial is run from beginning to end against its own server. A block says what
it is in a comment before it: ``<!-- run -->``, ``<!-- run: server -->``, ``<!-- policy -->``.
"""

import ast
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from router.lab.files import read_policy
from router.server.cli import app
from tests.helpers.real_server import free_port

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"(?:<!-- (?P<mark>.+?) -->\n)?```(?P<kind>\w+)\n(?P<text>.*?)```", re.DOTALL)


class Block(NamedTuple):
    page: Path
    mark: str
    kind: str
    text: str


def blocks(pages: list[Path], *kinds: str) -> Iterator[Block]:
    for page in pages:
        for found in BLOCK.finditer(page.read_text(encoding="utf-8")):
            if found["kind"] in kinds:
                yield Block(page, found["mark"] or "", found["kind"], found["text"])


def named(block: Block) -> str:
    return f"{block.page.stem}: {block.text.strip().splitlines()[0][:40]}"


def commands() -> Iterator[str]:
    """Each command of ours, however it is wrapped."""
    for block in blocks(PAGES, "sh"):
        text = block.text.replace("\\\n", " ")
        for line in text.splitlines():
            yield from re.findall(r"(?:^|\$\()\s*(fairline [^#)|;&>]+)", line)


@pytest.mark.parametrize("command", sorted(set(commands())))
def test_every_command_is_one(command: str) -> None:
    _, *words = shlex.split(command)
    app.parse_args(words, exit_on_error=False, print_error=False)


@pytest.mark.parametrize("block", list(blocks(PAGES, "toml")), ids=named)
def test_every_policy_is_one(block: Block, tmp_path: Path) -> None:
    assert tomllib.loads(block.text)
    if block.mark == "policy":
        file = tmp_path / "policy.toml"
        file.write_text(block.text, encoding="utf-8")
        assert read_policy(file, "").queues


@pytest.mark.parametrize("block", list(blocks(PAGES, "python", "json")), ids=named)
def test_programs_and_data_can_be_read(block: Block) -> None:
    if block.kind == "json":
        json.loads(block.text)
    else:
        compile(block.text, named(block), "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@pytest.mark.process
def test_the_tutorial_works_as_it_stands(tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    ours = tmp_path / "bin" / "fairline"
    ours.parent.mkdir()
    ours.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m router "$@"\n', encoding="utf-8")
    ours.chmod(0o755)
    script = ["set -e"]
    for block in blocks([ROOT / "docs/tutorial.md"], "sh", "python"):
        text = block.text.replace("127.0.0.1:8080", address)
        match block.mark:
            case "run":
                script.append(text)
            case "run: server":
                script.append(text.strip() + " &\nserver=$!\ntrap 'kill $server' EXIT")
                url = f"http://{address}/readyz"
                script.append(f'until "{sys.executable}" -c "{_ASK}" {url} 2>&-; do :; done')
            case "run: python":
                script.append(f'"{sys.executable}" - <<"END"\n{text}\nEND')
            case mark:
                raise AssertionError(f"what is to be done with {mark!r}?")
    done = subprocess.run(
        ["bash", "-c", "\n".join(script)],
        cwd=tmp_path,
        env={
            **os.environ,
            "PATH": f"{ours.parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "FAIRLINE_SERVER__BIND": address,
        },
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Alice says: Let me look." in done.stdout


_ASK = "import sys, urllib.request as r; r.urlopen(sys.argv[1])"
