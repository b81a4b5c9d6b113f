"""Settings as the server gets them: read, merged, and every mistake of them found at once.

Owns: ``load``, and the form of its report: file and line, key, mend. Does not know: what there is
to set (``sections``), what must be true between values (``soundness``), where values come from
(``sources``).

Invariants (tests/server/test_settings.py): a ``Settings`` that ``load`` returns is right in itself;
no secret is in any error or warning.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from router.errors import SettingsError
from router.mistaken import within
from router.server.sections import (
    DEMO_SECRET,
    KeyEntry,
    ServerSettings,
    Settings,
    Tenant,
)
from router.server.soundness import address, breaches, is_loopback, warnings
from router.server.sources import Sources
from router.suggestions import mistakes, sound

__all__ = [
    "DEMO_SECRET",
    "KeyEntry",
    "ServerSettings",
    "Settings",
    "SettingsErrors",
    "Tenant",
    "address",
    "is_loopback",
    "load",
    "read",
    "warnings",
]


class SettingsErrors(SettingsError):
    """Every mistake of a load, each with its file, key and mend; the text has one a line."""

    def __init__(self, errors: Sequence[SettingsError]) -> None:
        super().__init__(
            "\n".join(_line(error) for error in errors), file=errors[0].file, key=errors[0].key
        )
        self.errors = tuple(errors)


def load(files: Sequence[Path], environment: Mapping[str, str]) -> Settings:
    """The settings of files and environment.

    Raises:
        SettingsErrors: with all mistakes, never only the first.
    """
    return read(files, environment)[0]


def read(files: Sequence[Path], environment: Mapping[str, str]) -> tuple[Settings, Sources]:
    """Reads files in order, lays the environment over them, and checks everything.

    Raises:
        SettingsErrors: with all mistakes, never only the first.
    """
    sources = Sources(Settings)
    sources.add_files(files)
    sources.add_environment(environment)
    errors = list(sources.faults)
    shape = list(mistakes(sources.tree, Settings, ""))
    errors += [sources.fault(path, sentence) for path, sentence in shape]
    if all(error.key for error in errors):  # else a whole file is missing: the rest is noise
        wrong = [error.key for error in errors]
        for path, sentence in breaches(_convert(sound(sources.tree, Settings))):
            # What is said of a key that was left out for its own mistake would be noise.
            if not any(within(path, key) or within(key, path) for key in wrong):
                errors.append(sources.fault(path, sentence))
    if errors:
        raise SettingsErrors(_without_repeats(errors))
    return _convert(sources.tree), sources


def _convert(tree: object) -> Settings:
    return msgspec.convert(tree, Settings)


def _line(error: SettingsError) -> str:
    where = f"{error.file}:{error.line}" if error.line else error.file
    return ": ".join(part for part in (where, error.key, str(error)) if part)


def _without_repeats(errors: Sequence[SettingsError]) -> list[SettingsError]:
    return list({_line(error): error for error in errors}.values())
