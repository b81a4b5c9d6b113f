"""The compiled core does what the plain one does: same events, same digests, in both forms.

Compiled are the modules of the decision itself, or with FAIRLINE_COMPILED=1 all that can be (a
minute on a quiet machine).
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.replayed import outcome

ROOT = Path(__file__).parents[1]
SEEDS = range(8)
COMMANDS = 1_500
MODULES = [
    *("blocks", "choices", "fits", "groups", "masks", "matching", "queue", "ranks", "shortlist"),
    *("standing", "states", "timers"),
]
COMPILERS = ("cc", "gcc", "clang")
RUN = f"""
import router.matching
from tests.helpers.replayed import outcome
print(router.matching.__file__)
for seed in range({len(SEEDS)}):
    print(outcome(seed, {COMMANDS}))
"""


def _why_not() -> str:
    """What is missing for compiling here; nothing where all is there."""
    if not any(map(shutil.which, COMPILERS)):
        return "no C compiler: the compiled core is not tested here"
    missing = [name for name in ("mypyc", "setuptools") if importlib.util.find_spec(name) is None]
    return f"no {missing[0]}: the compiled core is not tested here" if missing else ""


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package, its core compiled."""
    if why_not := _why_not():
        pytest.skip(why_not)
    folder = tmp_path_factory.mktemp("compiled")
    some = [] if os.environ.get("FAIRLINE_COMPILED") == "1" else MODULES
    command = [sys.executable, str(ROOT / "compile_core.py"), str(folder), *some]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    shutil.copytree(ROOT / "tests" / "helpers", folder / "tests" / "helpers")
    return folder


def test_the_compiled_core_agrees_with_the_plain_one_on_every_event(compiled: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(compiled)}
    done = subprocess.run(
        [sys.executable, "-c", RUN], cwd=compiled, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    module, *told = done.stdout.split("\n")
    assert module.startswith(str(compiled))
    assert not module.endswith(".py")
    assert told[:-1] == [outcome(seed, COMMANDS) for seed in SEEDS]


def test_modules_with_records_stay_plain(compiled: Path) -> None:
    """They hold msgspec Structs, which a compiled class cannot be."""
    found = {file.name.partition(".")[0] for file in (compiled / "router").glob("*.so")}
    with_structs = {
        file.stem
        for file in (ROOT / "router").glob("*.py")
        if "(Struct" in file.read_text(encoding="utf-8")
    }
    assert found
    assert not found & with_structs
