"""What is compiled does what the plain form does: same events, same digests, the same tests pass.

Compiled are the modules of the decision itself and the quick ones of a message's way, or with
FAIRLINE_COMPILED=1 all that can be (three minutes on a quiet machine).
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
    *("limits", "turns", "session", "server.flow", "server.intake", "server.links"),
    *("server.meter", "server.outbox", "server.shortcut", "server.writer"),
]
WAY = ["test_limits", "test_turns", "test_session"]
"""The tests of those that bring a message in and out; none of them changes a module's names."""
WAY += ["server/test_flow", "server/test_intake", "server/test_links", "server/test_meter"]
WAY += ["server/test_outbox", "server/test_shortcut", "server/test_writer"]
WHOLE_WAY = ["test_measures", "server/test_connection", "server/test_gateway", "server/test_hub"]
WHOLE_WAY += ["server/test_places", "server/test_socket", "server/test_topics"]
IS_WHOLE = os.environ.get("FAIRLINE_COMPILED") == "1"
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
    some = [] if IS_WHOLE else MODULES
    command = [sys.executable, str(ROOT / "compile_core.py"), str(folder), *some]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    shutil.copytree(
        ROOT / "tests", folder / "tests", ignore=shutil.ignore_patterns("web", "__pycache__")
    )
    shutil.copy(ROOT / "pyproject.toml", folder)
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


def test_the_tests_of_a_messages_way_pass_in_the_compiled_form(compiled: Path) -> None:
    names = [*WAY, *(WHOLE_WAY if IS_WHOLE else [])]
    files = [f"tests/{name}.py" for name in names if (ROOT / "tests" / f"{name}.py").is_file()]
    assert len(files) == len(names)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files],
        cwd=compiled,
        env={**os.environ, "PYTHONPATH": str(compiled)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-4_000:]
    assert sorted((compiled / "router" / "server").glob("outbox.*.so"))


def test_modules_with_records_stay_plain(compiled: Path) -> None:
    """They hold msgspec Structs, which a compiled class cannot be."""
    package = compiled / "router"
    found = {file.relative_to(package).as_posix().split(".")[0] for file in package.rglob("*.so")}
    with_structs = {
        file.relative_to(ROOT / "router").with_suffix("").as_posix()
        for place in (ROOT / "router", ROOT / "router" / "server")
        for file in place.glob("*.py")
        if "(Struct" in file.read_text(encoding="utf-8")
    }
    assert {"session", "server/outbox"} <= found
    assert not found & with_structs
