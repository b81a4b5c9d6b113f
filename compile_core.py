"""Compiles the core and a message's way through it, where a build asks for it (docs/speed.md).

Owns: which modules are compiled, and how. Does not know: what any of them does.

Unless asked, and wherever there is no C compiler, Fairline is plain Python; what is compiled is the
same files through mypyc, gives the same events and the same digests, and passes the same tests
(tests/test_compiled.py). What holds msgspec Structs stays interpreted, for mypyc cannot make a
class of another metaclass its own.

    python compile_core.py FOLDER [MODULE...]    a copy in FOLDER, compiled quickly, for tests
"""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path  # noqa: TID251 - a build, no part of the core
from typing import Any

ROOT = Path(__file__).parent
MODULES = """
admitting asked asking attendance blocks choices classing closing context conversations core
declaring dispatch fits forgetting forms groups guarding guests handling holding in_force inviting
masks matching newest offering offers opening ops overtaking people placing presence queue quiet
ranks relations replies rights room saying scores serving shortlist skills soft_start standing
states timers world wrapping
deliveries limits measures session turns views
server.appending server.applying server.buckets server.connection server.engine server.flow
server.folds server.hub server.intake server.links server.meter server.outbox server.places
server.shortcut server.socket server.tenants server.tickets server.topics server.traffic
server.writer
"""
"""The modules of behaviour that a command goes through, by name; then those that bring a message in
and what became of it out."""

NEEDED = ("mypy>=2,<3", "setuptools>=65", "msgspec>=0.20,<0.23")
"""What compiling needs beside a C compiler; msgspec, for mypyc reads its types."""

_SETUP = """
import sys
from mypyc.build import mypycify
from setuptools import setup
level, *files = sys.argv[1:]
extensions = mypycify(
    ["--ignore-missing-imports", *files], group_name="router.core", opt_level=level, debug_level="0"
)
setup(name="fairline", ext_modules=extensions, script_args=["--quiet", "build_ext", "--inplace"])
"""


def compile_core(folder: Path, level: str = "3", modules: Sequence[str] = ()) -> list[Path]:
    """Puts a copy of the package into a folder, compiles its core and returns the extensions.

    Args:
        folder: Where to; ``folder/router`` must not exist.
        level: How hard the C compiler tries, 0 to 3.
        modules: Which alone to compile; all that can be where none is named.
    """
    shutil.copytree(
        ROOT / "router", folder / "router", ignore=shutil.ignore_patterns("web", "*.so")
    )
    files = [f"router/{name.replace('.', '/')}.py" for name in modules or MODULES.split()]
    command = [sys.executable, "-c", _SETUP, level, *files]
    done = subprocess.run(  # noqa: S603
        command, cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"the core cannot be compiled:\n{done.stdout}{done.stderr}")
    return sorted((folder / "router").rglob("*.so"))


def add_to_wheel(directory: Path, build_data: dict[str, Any]) -> None:
    """Compiles and puts the extensions into the wheel that hatchling is about to make."""
    folder = directory / "compiled"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for extension in compile_core(folder):
        build_data["force_include"][str(extension)] = str(extension.relative_to(folder))
    build_data["pure_python"] = False
    build_data["infer_tag"] = True


if __name__ == "__main__":
    compile_core(Path(sys.argv[1]), "0", sys.argv[2:])
