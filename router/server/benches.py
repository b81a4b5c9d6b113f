"""Finds the benchmarks and prints what they measured.

Owns: which benchmark lies where, and how figures become lines. Does not know: what is measured.

A benchmark is a function ``bench_<name>(folder) -> figures``; the folder is on the disk to be
measured, and what is written there is gone afterwards.
"""

import importlib
import importlib.util
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from router.errors import SettingsError

__all__ = ["NAMES", "measure", "rendered"]

_MODULES = {
    "core": "router.server.bench_core",
    "journal": "router.journal.bench",
    "gateway": "router.server.bench_gateway",
}
NAMES = tuple(_MODULES)


def is_there(name: str) -> bool:
    """Whether this version has the benchmark."""
    module = _MODULES[name]
    package = module.rpartition(".")[0]
    return bool(importlib.util.find_spec(package) and importlib.util.find_spec(module))


def measure(names: Sequence[str], folder: Path) -> dict[str, Any]:
    """Runs benchmarks one after the other; with no names, all that this version has.

    Raises:
        SettingsError: where a named one is not in this version.
    """
    for name in names:
        if not is_there(name):
            raise SettingsError(f"this version has no benchmark of the {name}")
    chosen = names or [name for name in NAMES if is_there(name)]
    return {name: _run(name, folder) for name in chosen}


def _run(name: str, folder: Path) -> object:
    bench = getattr(importlib.import_module(_MODULES[name]), f"bench_{name}")
    figures: object = bench(folder)
    return figures


def rendered(figures: Mapping[str, Any], *, as_json: bool) -> str:
    """Figures as JSON, or as one ``path  value`` a line."""
    if as_json:
        return json.dumps(figures, indent=2)
    rows = list(_rows(figures, ""))
    width = max((len(path) for path, _ in rows), default=0)
    return "\n".join(f"{path:<{width}}  {value}" for path, value in rows)


def _rows(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _rows(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _rows(inner, f"{path}[{index}]")
    else:
        yield path, f"{value:,.2f}" if isinstance(value, float) else f"{value}"
