"""Makes what a release consists of: ``make dist``, ``make wheelhouse``.

Owns: sdist and wheel, the documents of both interfaces, the site as an archive, everything that an
installation without a network needs, and the sums of all of it.
Does not know: what is in any of them; ``hatch_build.py`` has the pages, ``mkdocs.yml`` the site.

    python release.py dist dist                 into the folder ``dist``, new or empty
    python release.py wheelhouse wheelhouse     for this machine's Python; after ``dist``
    python release.py wheelhouse there --platform manylinux2014_x86_64 --python-version 3.13

Invariant (tests/ops/test_install.py): a machine with nothing but Python installs from the
wheelhouse and serves.
"""

import errno
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parent
RUN_LOCK = ROOT / "requirements-run.lock"
DOCUMENTS = (
    "docs/reference/openapi.json", "docs/reference/asyncapi.json",
    "config/fairline.schema.json", "config/policy.schema.json", "CHANGELOG.md",
)  # fmt: skip
SUMS = "SHA256SUMS"


def dist(folder: Path) -> None:
    """Writes a release into a folder, new or empty.

    Raises:
        OSError: there is something in the folder.
        subprocess.CalledProcessError: a step failed; what it said is on the terminal.
    """
    _make_empty(folder)
    for target in ("sdist", "wheel"):
        build(target, folder)
    documents(folder)
    site(folder)
    sums(folder)


def build(target: str, folder: Path) -> Path:
    """Builds an ``sdist`` or a ``wheel`` and returns it."""
    before = set(folder.glob("*"))
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    (built,) = set(folder.glob("*")) - before
    return built


def documents(folder: Path) -> None:
    """Takes along what describes it: both interfaces and the settings as JSON, the changes."""
    for name in DOCUMENTS:
        shutil.copy(ROOT / name, folder)


def site(folder: Path) -> None:
    """Writes the documentation, to be read without a server, as one archive."""
    from router import __version__

    built = folder / "site"
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"]
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    subprocess.run([*command, "--site-dir", str(built.absolute())], cwd=ROOT, env=quiet, check=True)
    name = f"fairline-docs-{__version__}"
    with tarfile.open(folder / f"{name}.tar.gz", "w:gz") as archive:
        archive.add(built, arcname=name)
    shutil.rmtree(built)


def wheelhouse(folder: Path, wheel: Path, more: Sequence[str] = ()) -> None:
    """Writes all that an installation without a network needs: the wheel, and what it needs.

    Args:
        folder: Where to, new or empty.
        wheel: Fairline's own.
        more: For another machine than this: ``--platform``, ``--python-version`` and the like of
            ``pip download``.

    Raises:
        OSError: there is something in the folder.
        subprocess.CalledProcessError: pip could not fetch everything; it said why.
    """
    _make_empty(folder)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    only = ["--only-binary", ":all:", "--require-hashes", "--requirement", str(RUN_LOCK)]
    subprocess.run([*pip, *only, "--dest", str(folder), *more], check=True)
    shutil.copy(wheel, folder)
    shutil.copy(RUN_LOCK, folder)
    sums(folder)


def sums(folder: Path) -> None:
    """Writes what ``sha256sum --check SHA256SUMS`` reads."""
    lines = [
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n"
        for file in sorted(folder.iterdir())
        if file.name != SUMS
    ]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")


def _make_empty(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(errno.ENOTEMPTY, "there is something in the folder", str(folder))


def main(arguments: Sequence[str]) -> None:
    """Runs one of the two."""
    match arguments:
        case ["dist", folder]:
            dist(Path(folder))
        case ["wheelhouse", folder, *more]:
            wheels = list((ROOT / "dist").glob("*.whl"))
            if len(wheels) != 1:
                sys.exit("There is no wheel to take along: make dist")
            wheelhouse(Path(folder), wheels[0], more)
        case _:
            sys.exit("python release.py dist FOLDER, or: python release.py wheelhouse FOLDER")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode or 1)
    except OSError as error:
        sys.exit(f"{error.filename}: {error.strerror}")
