"""The npm package in an empty project: installed without a network, imported, type-checked."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

import hatch_build
from router import __version__
from tests.helpers.pages import built_pages

pytestmark = pytest.mark.process

PROGRAMS = Path(__file__).parent / "npm"
PROJECT = {"name": "shop", "version": "1.0.0", "private": True, "type": "module"}
COMPILER = {
    "module": "NodeNext",
    "target": "ES2022",
    "lib": ["ES2022", "DOM"],
    "types": [],
    "strict": True,
    "noEmit": True,
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / "package.json").write_text(json.dumps(PROJECT))
    tarball = str(built_pages() / "client.tgz")
    _npm(folder, "install", "--offline", "--no-audit", "--no-fund", tarball)
    return folder


def _npm(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    npm, environment = hatch_build.find_npm()
    done = subprocess.run(
        [npm, *command], cwd=folder, env=environment, capture_output=True, text=True, timeout=60
    )
    if command[0] == "install":
        assert done.returncode == 0, done.stderr
    return done


def _types(project: Path, program: str) -> str:
    """What the compiler says of a program."""
    tsc = hatch_build.WEB / "node_modules" / "typescript" / "bin" / "tsc"
    if not tsc.exists():
        pytest.skip("no TypeScript here: the pages came ready-made")
    (project / "tsconfig.json").write_text(
        json.dumps({"compilerOptions": COMPILER, "files": ["main.ts"]})
    )
    (project / "main.ts").write_text((PROGRAMS / program).read_text())
    done = subprocess.run(
        ["node", str(tsc), "--pretty", "false"],
        cwd=project,
        env=hatch_build.find_npm()[1],
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stdout


def test_the_package_is_of_the_servers_version_and_brings_nothing_along(project: Path) -> None:
    installed = project / "node_modules"
    assert [one.name for one in installed.iterdir() if not one.name.startswith(".")] == [
        "@fairline"
    ]
    manifest = json.loads((installed / "@fairline/client/package.json").read_text())
    assert manifest["version"].split("-")[0] == __version__.split("rc")[0].split(".dev")[0]
    assert "dependencies" not in manifest


def test_it_is_imported_in_node_where_there_is_no_page(project: Path) -> None:
    shutil.copy(PROGRAMS / "runs.mjs", project)
    done = subprocess.run(
        ["node", "runs.mjs"],
        cwd=project,
        env=hatch_build.find_npm()[1],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(done.stdout.splitlines()) == ["token() has to give a text, the JWT", "true lost"]


def test_where_there_is_no_web_socket_it_says_which_node_has_one(project: Path) -> None:
    shutil.copy(PROGRAMS / "bare.mjs", project)
    node = ["node", "bare.mjs"]
    environment = hatch_build.find_npm()[1]
    done = subprocess.run(
        node, cwd=project, env=environment, capture_output=True, text=True, timeout=30
    )
    assert (done.returncode, done.stderr) == (0, "")
    flag = "--experimental-websocket"
    assert "Node 22 or newer" in done.stdout
    assert flag in done.stdout
    package = project / "node_modules/@fairline/client"
    oldest = json.loads((package / "package.json").read_text())["engines"]["node"]
    told = (package / "README.md").read_text()
    assert oldest.removeprefix(">=") in told
    assert flag in told


def test_its_types_know_messages_and_options(project: Path) -> None:
    assert _types(project, "uses.ts") == ""


def test_its_types_find_what_is_wrong(project: Path) -> None:
    said = _types(project, "mistakes.ts")
    lines = [int(line.split("(")[1].split(",")[0]) for line in said.splitlines() if "error" in line]
    assert lines == [3, 4, 5, 7], said
    assert "tenant" in said


def test_it_cannot_be_published_by_mistake(project: Path) -> None:
    package = project / "node_modules/@fairline/client"
    assert json.loads((package / "package.json").read_text())["private"] is True
    done = _npm(package, "publish", "--dry-run", "--offline")
    assert done.returncode != 0
    assert "not published" in done.stderr
