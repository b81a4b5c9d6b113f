"""Builds what browsers get, so that whoever installs the package needs no Node.

Owns: finding Node, calling npm, leaving a build that is up to date alone, the hook for
wheel and sdist.
``FAIRLINE_COMPILED=1`` has it add the compiled core to a wheel (``compile_core.py``).
Does not know: what a page holds; ``router/web/package.json`` has the steps.

``python hatch_build.py`` does it for a working copy. Node 20.19 or newer is taken from the machine;
where there is none, ``requirements-node.lock`` brings one from PyPI into the running environment.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface as _Hook
except ImportError:  # hatchling is there when a package is built, and not needed for anything else
    _Hook = object  # type: ignore[assignment,misc]

ROOT = Path(__file__).parent
WEB = ROOT / "router" / "web"
DIST = WEB / "dist"
STAMP = DIST / ".sources"
NODE_LEAST = (20, 19)
NEEDED = "msgspec>=0.20,<0.23"
"""What writes the types of the wire for the pages needs nothing else."""
_MADE = {"dist", "node_modules", "generated"}


class NoNode(Exception):
    """Neither the machine nor the environment has a Node that is new enough."""


class PagesHook(_Hook):  # type: ignore[type-arg]
    """Puts the built pages into every wheel and sdist."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Builds, except for an editable installation: that reads the working copy."""
        if version == "editable":
            return
        if _must_build():
            build()
        build_data["artifacts"].append("router/web/dist/**")
        if self.target_name == "wheel" and _wants_compiled():
            _compile_core().add_to_wheel(Path(self.directory), build_data)

    def dependencies(self) -> list[str]:
        """What an isolated build needs on top."""
        needed = list(_compile_core().NEEDED) if _wants_compiled() else []
        return [*needed, NEEDED] if _must_build() else needed


def _must_build() -> bool:
    """An unpacked sdist brings its pages along, and has no lock of Node's to build others with."""
    return not (DIST / "widget.js").exists() or STAMP.exists()


def _wants_compiled() -> bool:
    return os.environ.get("FAIRLINE_COMPILED") == "1"


def _compile_core() -> ModuleType:
    """The module beside this one, which a build's path does not hold."""
    spec = importlib.util.spec_from_file_location("compile_core", ROOT / "compile_core.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def build() -> None:
    """Builds the pages unless nothing has changed since they were built.

    Raises:
        NoNode: there is none and none can be had.
        subprocess.CalledProcessError: a step failed; what it said is on the terminal.
    """
    wanted = fingerprint()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return
    npm, environment = find_npm()
    lock = hashlib.sha256((WEB / "package-lock.json").read_bytes()).hexdigest()
    installed = WEB / "node_modules" / ".lock"
    if not installed.exists() or installed.read_text() != lock:
        _run([npm, "ci", "--no-progress", "--loglevel=error"], environment)
        installed.write_text(lock)
    schema = [sys.executable, "-m", "router.documents.wire_schema", "router/web/client/generated"]
    subprocess.run(schema, cwd=ROOT, check=True)
    _run([npm, "run", "--silent", "build"], environment)
    STAMP.write_text(wanted)


def fingerprint() -> str:
    """Over everything that the pages are made of."""
    digest = hashlib.sha256()
    for path in sorted(_sources()):
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _sources() -> Iterator[Path]:
    for folder, folders, names in os.walk(WEB):
        folders[:] = [name for name in folders if name not in _MADE]
        yield from (Path(folder, name) for name in names)
    # The types of the wire are made from these, and the version of the npm package.
    for name in ("__init__", "cards", "commands", "explained", "incoming", "outgoing", "policy"):
        yield ROOT / "router" / f"{name}.py"


def find_npm() -> tuple[str, dict[str, str]]:
    """The npm to call and the environment in which it finds its Node.

    Raises:
        NoNode: see there.
    """
    beside = Path(sys.executable).parent
    paths = [os.environ.get("PATH", ""), str(beside)]
    for path in paths:
        if is_new_enough(shutil.which("node", path=path)) and (
            npm := shutil.which("npm", path=path)
        ):
            return npm, {**os.environ, "PATH": f"{path}{os.pathsep}{os.environ.get('PATH', '')}"}
    lock = ROOT / "requirements-node.lock"
    if os.environ.get("FAIRLINE_NODE") == "none" or not lock.exists() or (beside / "npm").exists():
        raise NoNode(
            f"The pages need Node {'.'.join(map(str, NODE_LEAST))} or newer to be built: "
            "install it (Debian: apt-get install nodejs npm, where that is new enough)."
        )
    print("No Node on this machine: fetching one into the environment (once, 60 MB)")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "-r", str(lock)], check=True)
    return find_npm()


def is_new_enough(node: str | None) -> bool:
    """Whether this Node can run the build; False where there is none."""
    if node is None:
        return False
    told = subprocess.run([node, "--version"], check=False, capture_output=True, text=True)
    numbers = told.stdout.strip().removeprefix("v").split(".")[:2]
    return told.returncode == 0 and tuple(map(int, numbers)) >= NODE_LEAST


def _run(command: list[str], environment: dict[str, str]) -> None:
    subprocess.run(command, cwd=WEB, env=environment, check=True, stdout=sys.stderr)


if __name__ == "__main__":
    try:
        build()
    except NoNode as error:
        sys.exit(str(error))
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode or 1)
