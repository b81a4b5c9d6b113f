"""A machine with nothing but Python: installed from a wheelhouse without a network, and served.

The lines that install are those of the Dockerfile, so the image is made of what is tried here.
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import release
from tests.helpers.real_server import free_port

ROOT = Path(__file__).parents[2]
EVERY_MODULE = """
import importlib, pkgutil, router
for one in pkgutil.walk_packages(router.__path__, "router."):
    if not one.name.endswith("__main__"):
        importlib.import_module(one.name)
print(router.__file__)
"""

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def wheelhouse(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``make wheelhouse`` makes: the one step here that may use a registry."""
    folder = tmp_path_factory.mktemp("wheelhouse")
    try:
        release.wheelhouse(folder, wheel)
    except subprocess.CalledProcessError:
        sentence = "NOT TESTED: pip cannot fetch the wheels of requirements-run.lock"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)
    return folder


def _offline(wheelhouse: Path) -> dict[str, str]:
    """No network, nothing of the repository, nothing of the development environment."""
    return {"PATH": "/nowhere", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheelhouse)}


def _lines_of_the_image(wheelhouse: Path, wheel: Path) -> Iterator[list[str]]:
    text = (ROOT / "Dockerfile").read_text("utf-8").rpartition("FROM ")[2]
    text = text.replace("\\\n", " ").replace("/tmp/wheels/*.whl", str(wheel))
    text = text.replace("/tmp/requirements-run.lock", str(wheelhouse / "requirements-run.lock"))
    for line in re.findall(r"\bpip install ([^&]+)", text):
        yield shlex.split(line)


@pytest.fixture(scope="module")
def bin_folder(wheel: Path, wheelhouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a new environment that was installed by the image's lines."""
    folder = tmp_path_factory.mktemp("new") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    into = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python")]
    pip = [*into, "install", "--no-compile"]  # what is used is compiled when it is
    lines = list(_lines_of_the_image(wheelhouse, wheel))
    assert len(lines) == 2
    for line in lines:
        done = subprocess.run(
            [*pip, *line], env=_offline(wheelhouse), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    return folder / "bin"


def _run(bin_folder: Path, folder: Path, *words: str, bind: str = "") -> str:
    done = subprocess.run(
        [bin_folder / words[0], *words[1:]],
        cwd=folder,
        env={"PATH": "/nowhere", **({"FAIRLINE_SERVER__BIND": bind} if bind else {})},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_what_is_installed_serves_and_the_doctor_is_content(
    bin_folder: Path, tmp_path: Path
) -> None:
    bind = f"127.0.0.1:{free_port()}"
    config = ["--config", "centre/fairline.toml"]
    _run(bin_folder, tmp_path, "fairline", "init", "centre")
    assert "fine (1 tenant)" in _run(bin_folder, tmp_path, "fairline", "check", *config)
    server = subprocess.Popen(
        [bin_folder / "fairline", "serve", *config],
        cwd=tmp_path,
        env={"PATH": "/nowhere", "FAIRLINE_SERVER__BIND": bind},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stderr is not None
        said = iter(server.stderr.readline, "")
        assert any('"server.listening"' in line for line in said)
        told = _run(bin_folder, tmp_path, "fairline", "doctor", *config, bind=bind)
        assert "conversation" in told
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=30)
        assert server.returncode == 0
    finally:
        server.kill()
        server.communicate()


# -- the newcomer's path, as its page has it ---------------------------------------------------

PATH_PAGE = ROOT / "docs" / "how-to" / "first-alert.md"
MARKED = re.compile(r"<!-- run(?:: (.+?))? -->\n```sh\n(.*?)```", re.DOTALL)
UNTIL = """
end=$((SECONDS + 40))
until seen=$({command}) && grep -q -- {wanted} <<<"$seen"; do
    [ $SECONDS -lt $end ] || {{ echo "not seen: "{wanted}", but: $seen"; exit 1; }}
    sleep 0.1
done"""


def _script(text: str) -> Iterator[str]:
    """The page's blocks as one script, which ends whatever it starts."""
    yield "set -e; servers=(); trap 'kill \"${servers[@]}\"; wait' EXIT"
    for mark, block in MARKED.findall(text):
        if mark == "server":
            yield f'{block.strip()} & servers+=("$!")'
        elif mark.startswith("until "):
            yield UNTIL.format(command=block.strip(), wanted=shlex.quote(mark[6:]))
        else:
            yield block


def test_the_way_to_the_first_alert_leads_there(bin_folder: Path, tmp_path: Path) -> None:
    """As a newcomer types it, but for the ports, and for how often Prometheus looks."""
    tools = {name: shutil.which(name) for name in ("prometheus", "promtool", "curl")}
    if not all(tools.values()):
        sentence = "NOT TESTED: no prometheus, promtool or curl (tests/setup-prometheus.sh)"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)
    bind, watcher = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    text = PATH_PAGE.read_text("utf-8").replace("127.0.0.1:8080", bind)
    first, *rest = list(_script(text.replace("127.0.0.1:9095", watcher)))
    assert len(rest) >= 6
    often = "sed -i s/15s/1s/ my-centre/prometheus/prometheus.yml"
    done = subprocess.run(
        ["bash", "-c", "\n".join((first, rest[0], often, *rest[1:]))],
        cwd=tmp_path,
        env={"PATH": f"{bin_folder}:{os.environ['PATH']}", "FAIRLINE_SERVER__BIND": bind},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_module_of_the_wheel_finds_what_it_imports(bin_folder: Path, tmp_path: Path) -> None:
    where = _run(bin_folder, tmp_path, "python", "-P", "-c", EVERY_MODULE)
    assert Path(where.strip()).is_relative_to(bin_folder.parent)


def test_a_wheelhouse_has_the_wheel_the_lock_and_the_sums_of_all(wheelhouse: Path) -> None:
    names = {file.name for file in wheelhouse.iterdir()}
    assert "requirements-run.lock" in names
    assert [name for name in names if name.startswith("fairline-")]
    command = ["sha256sum", "--check", "--strict", "--quiet", release.SUMS]
    done = subprocess.run(command, cwd=wheelhouse, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    summed = (wheelhouse / release.SUMS).read_text("utf-8").splitlines()
    assert {line.split("  ")[1] for line in summed} == names - {release.SUMS}


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")
    with pytest.raises(FileExistsError):
        release.dist(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["mine"]


def test_a_release_has_both_documents_and_both_schemas(tmp_path: Path) -> None:
    release.documents(tmp_path)
    release.sums(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {
        "openapi.json", "asyncapi.json", "fairline.schema.json", "policy.schema.json",
        "CHANGELOG.md", release.SUMS,
    }  # fmt: skip
    schema = (ROOT / "config" / "fairline.schema.json").read_bytes()
    assert (tmp_path / "fairline.schema.json").read_bytes() == schema


# -- the lock of what runs ---------------------------------------------------------------------


def _pins(name: str) -> dict[str, str]:
    text = (ROOT / name).read_text("utf-8")
    entries = re.split(r"\n(?=[a-z0-9])", text.strip())
    return {entry.partition("==")[0]: entry for entry in entries}


def test_what_runs_is_pinned_as_what_is_tested() -> None:
    runs, all_of_it = _pins("requirements-run.lock"), _pins("requirements.lock")
    assert {name: entry for name, entry in runs.items() if all_of_it.get(name) != entry} == {}
    assert "pytest" not in runs


def test_the_lock_of_what_runs_has_all_that_the_package_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lists = (project["dependencies"], *project["optional-dependencies"].values())
    names = {re.split(r"[^a-z0-9-]", line)[0] for asked in lists for line in asked}
    assert len(names) > 15
    assert names - _pins("requirements-run.lock").keys() == set()
