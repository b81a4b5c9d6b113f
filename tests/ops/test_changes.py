"""The changelog: every fragment is of a kind that is known, and comes into the release."""

import importlib.util
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "changelog.d"
FRAGMENTS = sorted(FOLDER.glob("*.md"))
OURS = {"README.md", "template.md"}


def _kinds() -> dict[str, str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["towncrier"]
    return {kind["directory"]: kind["name"] for kind in settings["type"]}


def test_every_fragment_has_a_kind_and_a_sentence() -> None:
    wrong = []
    for file in FRAGMENTS:
        name = re.fullmatch(r"[a-z0-9-]+\.([a-z]+)\.md", file.name)
        if file.name not in OURS and (name is None or name[1] not in _kinds()):
            wrong.append(file.name)
        if not file.read_text("utf-8").strip():
            wrong.append(f"{file.name}: empty")
    assert wrong == []


def test_the_changelog_has_a_place_for_the_next_release() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["towncrier"]
    assert (ROOT / "CHANGELOG.md").read_text("utf-8").count(settings["start_string"]) == 1


@pytest.mark.process
def test_a_release_takes_every_fragment_under_its_kind() -> None:
    if importlib.util.find_spec("towncrier") is None:
        sentence = "NOT TESTED: no towncrier in this environment"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)
    command = [sys.executable, "-m", "towncrier", "build", "--draft", "--version", "9.9.9"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^## 9\.9\.9, \d{4}-\d\d-\d\d$", done.stdout, re.MULTILINE)
    parts = re.split(r"^### (.+)$", done.stdout, flags=re.MULTILINE)
    told = dict(zip(parts[1::2], parts[2::2], strict=True))
    for file in FRAGMENTS:
        if file.name not in OURS:
            text = " ".join(file.read_text("utf-8").split())
            under = " ".join(told[_kinds()[file.name.split(".")[-2]]].split())
            assert f"- {text}" in under, file.name
