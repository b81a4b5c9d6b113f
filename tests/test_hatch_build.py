"""What builds the pages."""

import os
import shutil
import stat
import sys
import tomllib
from pathlib import Path

import pytest

import hatch_build
from tests.helpers.pages import built_pages


def _node(folder: Path, version: str) -> str:
    program = folder / "node"
    program.write_text(f"#!/bin/sh\necho {version}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return str(program)


@pytest.mark.parametrize(
    ("version", "enough"),
    [("v18.20.1", False), ("v20.18.9", False), ("v20.19.0", True), ("v24.1.0", True)],
)
def test_an_old_node_is_not_taken(tmp_path: Path, version: str, enough: bool) -> None:
    assert hatch_build.is_new_enough(_node(tmp_path, version)) is enough


def test_without_node_the_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("FAIRLINE_NODE", "none")
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(hatch_build.NoNode, match=r"Node 20\.19 or newer .*install it"):
        hatch_build.find_npm()


def test_a_build_that_is_up_to_date_is_left_alone() -> None:
    widget = built_pages() / "widget.js"
    before = widget.stat().st_mtime_ns
    hatch_build.build()
    assert widget.stat().st_mtime_ns == before


def test_any_changed_source_changes_the_fingerprint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "router"
    ignored = shutil.ignore_patterns("node_modules", "dist", "generated", "__pycache__")
    shutil.copytree(hatch_build.ROOT / "router", copy, ignore=ignored)
    monkeypatch.setattr(hatch_build, "ROOT", tmp_path)
    monkeypatch.setattr(hatch_build, "WEB", copy / "web")
    before = hatch_build.fingerprint()
    assert before == hatch_build.fingerprint()
    with (copy / "outgoing.py").open("a") as file:
        file.write(os.linesep)
    assert hatch_build.fingerprint() != before


def test_an_isolated_build_has_what_writes_the_types(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = object.__new__(hatch_build.PagesHook)
    monkeypatch.setattr(hatch_build, "DIST", tmp_path)
    monkeypatch.setattr(hatch_build, "STAMP", tmp_path / ".sources")
    assert hook.dependencies() == [hatch_build.NEEDED], "a clone"
    (tmp_path / "widget.js").touch()
    assert hook.dependencies() == [], "an unpacked sdist"
    project = tomllib.loads((hatch_build.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert hatch_build.NEEDED in project["project"]["dependencies"]
