"""What stands in the documentation as something to type is read by its own language at least.

Commands of ``sh`` blocks are known to ``fairline`` and to make; TOML and JSON are what they say
they are; Python, JavaScript and HTML can be read; the tutorial is run from beginning to end against
its own server. What is done with a block it says itself, in a comment before it
(``tests.helpers.blocks``).
"""

import ast
import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

import hatch_build
from router.lab.files import read_policy
from router.server.cli import app
from tests.helpers.blocks import MARK, PAGES, ROOT, RUN, Block, blocks
from tests.helpers.real_server import free_port
from tests.helpers.shell import run_lines, until_ready

LANGUAGES = ("html", "js", "json", "php", "python", "ruby", "sh", "toml")


def named(block: Block) -> str:
    return f"{block.page.stem}: {block.text.strip().splitlines()[0][:40]}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_says_what_the_tests_do_with_it(page: Path) -> None:
    name = page.relative_to(ROOT).as_posix()
    for block in blocks([page], *LANGUAGES):
        assert MARK.fullmatch(block.mark), (
            f"{named(block)}: put a line before it, <!-- parsed -->, <!-- run --> or "
            "<!-- skipped: why -->; tests/helpers/blocks.py says what they mean"
        )
        if block.mark.startswith(("run", "proof", "token")):
            runner = ROOT / RUN[name]
            assert page.name in runner.read_text(encoding="utf-8"), f"{RUN[name]} runs no {name}"


def test_a_block_without_a_mark_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("x\n\n```sh\nls\n```\n\n<!-- run -->\n```sh\ncd\n```\n", encoding="utf-8")
    assert [(one.mark, one.text) for one in blocks([page], "sh")] == [("", "ls\n"), ("run", "cd\n")]


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


def test_every_line_of_the_shell_is_one_and_every_target_of_make_is_there() -> None:
    text = "\n".join(block.text for block in blocks(PAGES, "sh"))
    done = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    wanted = set(re.findall(r"^make ([a-z]+)", text, re.MULTILINE))
    assert wanted
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert wanted <= set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))


@pytest.mark.process
def test_every_script_is_one(tmp_path: Path) -> None:
    node = shutil.which("node", path=hatch_build.find_npm()[1]["PATH"])
    assert node is not None
    for at, block in enumerate(blocks(PAGES, "js")):
        file = tmp_path / f"{at}.mjs"
        file.write_text(block.text, encoding="utf-8")
        done = subprocess.run([node, "--check", str(file)], capture_output=True, text=True)
        assert done.returncode == 0, f"{named(block)}: {done.stderr}"


class _Tags(HTMLParser):
    """What is open of a page; nothing may be closed that is not."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in {"meta", "link", "input", "br", "img"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("block", list(blocks(PAGES, "html")), ids=named)
def test_every_tag_is_closed_and_names_what_the_widget_reads(block: Block) -> None:
    assert _Tags(block.text).open == []
    source = (ROOT / "docs/widget.md").read_text(encoding="utf-8")
    for name in re.findall(r"\b(data-[\w-]+)=", block.text):
        assert f"`{name}`" in source, name


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
    script = []
    for block in blocks([ROOT / "docs/tutorial.md"], "sh", "python"):
        text = block.text.replace("127.0.0.1:8080", address)
        match block.mark:
            case "run":
                script.append(text)
            case "run: server":
                script.append(text.strip() + " &\nserver=$!\ntrap 'kill $server' EXIT")
                script.append(until_ready(address))
            case "parsed":
                pass
            case "run: python":
                script.append(f'"{sys.executable}" - <<"END"\n{text}\nEND')
            case mark:
                raise AssertionError(f"what is to be done with {mark!r}?")
    assert "Alice says: Let me look." in run_lines(tmp_path, script, address)
