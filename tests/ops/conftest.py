"""The packages that several files look at, built once a run."""

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.helpers.pages import built_pages

ROOT = Path(__file__).parents[2]


def _build(target: str, source: Path, folder: Path, environment: dict[str, str]) -> Path:
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)],
        cwd=source,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl" if target == "wheel" else "*.tar.gz")
    return built


@pytest.fixture(scope="session")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the working copy, with its pages."""
    built_pages()
    return _build("sdist", ROOT, tmp_path_factory.mktemp("sdist"), dict(os.environ))


@pytest.fixture(scope="session")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the unpacked sdist, on a machine that has no Node."""
    folder = tmp_path_factory.mktemp("wheel")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (source,) = (path for path in folder.iterdir() if path.is_dir())
    environment = {**os.environ, "PATH": "/nowhere", "FAIRLINE_NODE": "none"}
    return _build("wheel", source, folder, environment)
