"""What runs beside the server, as files: a unit, proxies, rules, boards, compose.

Owns: which files there are (``config/`` of the source, a part of every wheel), and which of their
words are examples that a centre's own addresses and paths take the place of.
Does not know: what a file means to the program that reads it.

Invariants (tests/server/test_operating.py): nothing is ever overwritten, and where one file is in
the way none is written; every example word is in its file, and none is left in what is written.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from sysconfig import get_path
from typing import NamedTuple

import router
from router import __version__
from router.errors import SettingsError
from router.server.sections import ServerSettings
from router.server.soundness import address
from router.suggestions import did_you_mean

__all__ = [
    "KINDS",
    "Place",
    "chosen",
    "example_folder",
    "files_of",
    "filled",
    "refuse_existing",
    "words_of",
    "write_operating",
]

KINDS: Mapping[str, tuple[str, ...]] = {
    "systemd": ("systemd",),
    "caddy": ("caddy",),
    "nginx": ("nginx",),
    "prometheus": ("prometheus",),
    "grafana": ("grafana",),
    "compose": ("docker", "prometheus", "grafana"),
    "kubernetes": ("kubernetes", "grafana"),
    "examples": (
        "fairline.example.toml", "fairline.schema.json", "policy.schema.json", "scenarios",
        "staffing.toml",
    ),
}  # fmt: skip
"""What can be asked for, and the folders or files of ``config/`` that it consists of."""

_OURS_ALONE = {"build.py", "boards.toml", "tests.yml", "tests_long.yml"}
"""How we make and test the others."""

_NO_GROUPS = (
    "  groups: []  # those of ../prometheus: fairline init DIR --with kubernetes puts them in\n"
)
_RULES = ("rules.yml", "alerts.yml")

_HOMES = ("/home", "/root", "/run/user")
"""What a service does not see with ``ProtectHome=yes``."""

_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - said, not bound


class Place(NamedTuple):
    """Where one centre's server is, as its neighbours have to know it."""

    settings: Path
    server: ServerSettings
    site: str = "chat.example"
    """The name by which browsers reach the proxy."""
    runbooks: str = ""
    """Where alerts find their pages; of the server itself if empty."""

    @property
    def public(self) -> str:
        """Host and port of the door for everybody, as seen from this machine."""
        return _reachable(self.server.bind)

    @property
    def ops(self) -> str:
        """Host and port of the pages for operators."""
        return _reachable(self.server.ops_bind or self.server.bind)

    @property
    def pages(self) -> str:
        """The address before the name of a runbook."""
        scheme = "https" if self.server.tls_cert else "http"
        return (self.runbooks or f"{scheme}://{self.ops}/runbooks").rstrip("/")


def _reachable(bind: str) -> str:
    host, port = address(bind)
    host = _ANYWHERE.get(host, host)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def chosen(words: str) -> tuple[str, ...]:
    """The kinds that were asked for, as ``systemd,caddy``.

    Raises:
        SettingsError: there is no such kind.
    """
    kinds = tuple(dict.fromkeys(word.strip() for word in words.split(",") if word.strip()))
    for kind in kinds:
        if kind not in KINDS:
            hint = did_you_mean(kind, KINDS) or f"; there are {', '.join(KINDS)}"
            raise SettingsError(f"there is no {kind!r}{hint}", key="--with")
    return kinds


def example_folder() -> Path:
    """The folder of all examples: inside an installed package, or beside it in a clone."""
    package = Path(router.__file__).parent
    inside = package / "config"
    return inside if inside.is_dir() else package.parent / "config"


def refuse_existing(folder: Path, kinds: Sequence[str]) -> None:
    """Looks whether any file of the kinds is in the way.

    Raises:
        SettingsError: the first that is.
    """
    for name in files_of(kinds):
        if (folder / name).exists():
            sentence = "it is there already; remove it first, or ask for the others alone"
            raise SettingsError(sentence, file=str(folder / name))


def write_operating(folder: Path, kinds: Sequence[str], place: Place) -> list[Path]:
    """Writes the files of the kinds below a folder, filled in, and returns their paths.

    Raises:
        SettingsError: one is there already (then nothing was written), or cannot be written.
    """
    refuse_existing(folder, kinds)
    texts = {folder / name: filled(name, place) for name in files_of(kinds)}
    for file, text in texts.items():
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            raise SettingsError(f"cannot be written: {error.strerror}", file=str(file)) from None
    return list(texts)


def files_of(kinds: Sequence[str]) -> list[str]:
    """The files of the kinds, each once, by their paths below ``config/``."""
    root = example_folder()
    names = (part for kind in kinds for part in KINDS[kind])
    files = (file for name in names for file in _below(root / name))
    return list(dict.fromkeys(file.relative_to(root).as_posix() for file in files))


def _below(path: Path) -> Iterator[Path]:
    found = [path] if path.is_file() else sorted(path.rglob("*"))
    for file in found:
        if file.is_file() and file.name not in _OURS_ALONE and file.suffix != ".pyc":
            yield file


def filled(name: str, place: Place) -> str:
    """The text of one file with this place's words instead of the examples'.

    Args:
        name: Its path below ``config/``.
        place: Whose words.
    """
    text = (example_folder() / name).read_text(encoding="utf-8")
    for example, own in words_of(name.split("/")[0], place).items():
        text = text.replace(example, own)
    # Pages of alerts have one base in all of them, whatever it is.
    page = r'(runbook_url: |"url": ")\S*?runbooks/'
    return re.sub(page, lambda found: f"{found[1]}{place.pages}/", text)


def words_of(folder: str, place: Place) -> dict[str, str]:
    """The words in a folder of ``config/`` that are examples, and what takes their place."""
    match folder:
        case "systemd":
            own = {
                "/opt/fairline/bin/fairline": Path(get_path("scripts")) / "fairline",
                "/etc/fairline/fairline.toml": place.settings.absolute(),
                "/var/lib/fairline": Path(place.server.data).absolute(),
            }
            at_home = any(path.is_relative_to(home) for path in own.values() for home in _HOMES)
            home = {"ProtectHome=yes": f"ProtectHome={'no' if at_home else 'yes'}"}
            return {example: str(path) for example, path in own.items()} | home
        case "caddy" | "nginx":
            return {"127.0.0.1:8080": place.public, "chat.example": place.site}
        case "prometheus":
            return {"127.0.0.1:8080": place.ops}
        case "kubernetes":
            return {
                "chat.example": place.site,
                "registry.example/fairline:0.1.0": f"registry.example/fairline:{__version__}",
                _NO_GROUPS: f"  groups:\n{_groups()}",
            }
        case "docker":
            return {"build: ../..": "build: ."}
        case _:
            return {}


def _groups() -> str:
    """The groups of rules and alerts, two columns further in, as a ``PrometheusRule`` has them."""
    texts = ((example_folder() / "prometheus" / name).read_text("utf-8") for name in _RULES)
    lines = (line for text in texts for line in text.split("groups:\n", 1)[1].splitlines())
    return "".join(f"  {line}\n" if line else "\n" for line in lines)
