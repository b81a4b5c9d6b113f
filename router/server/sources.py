"""Brings settings together: files merged in order, then the environment.

Owns: reading TOML, ``..._file`` keys, paths relative to the file that names them, environment
variables, which source said what and in which line. Does not know: whether a value is right, or
what it does.

Invariants: a later source wins key by key, and a list replaces a list; every fault is collected,
none stops the reading; no fault repeats a value.

    FAIRLINE_SERVER__BIND=0.0.0.0:80            server.bind
    FAIRLINE_TENANTS__ACME__KEYS__0__SECRET=x   tenants.acme.keys[0].secret, where that entry is
    FAIRLINE_TENANTS__MY_SHOP__VISITORS=false   tenants.my-shop.visitors, where that tenant is
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from msgspec import Meta, Struct

from router.errors import SettingsError
from router.server.locating import lines_of
from router.suggestions import did_you_mean, field_types, plain

__all__ = ["Sources"]

_PREFIX = "FAIRLINE_"
_SECRET_BYTES_MAX = 65_536
_CONFIG_BYTES_MAX = 4_194_304
_TOML_PLACE = re.compile(r" \(at line (\d+), column (\d+)\)$")

Tree = dict[str, Any]


class Sources:
    """The merged tree of settings, who said what in it, and the faults met on the way."""

    def __init__(self, kind: type[Struct]) -> None:
        self.kind = kind
        self.tree: Tree = {}
        self.faults: list[SettingsError] = []
        self._said_by: dict[str, str] = {}
        self._texts: dict[str, str] = {}
        self._lines: dict[str, dict[str, int]] = {}

    def fault(self, path: str, sentence: str) -> SettingsError:
        """An error about a key, with the file or variable that set it or a part around it."""
        where = path
        while where and where not in self._said_by:
            where = _around(where)
        return self._at(sentence, self._said_by.get(where, self._first()), path)

    def source_of(self, path: str) -> str:
        """The file and line, or the variable, that set a key; empty where nothing did."""
        if not self._is_told(path):
            return ""
        where = path
        while where not in self._said_by:  # what is in a list was set with the whole of it
            where = _around(where)
        told = self._at("", self._said_by[where], path)
        return f"{told.file}:{told.line}" if told.line else told.file

    def _is_told(self, path: str) -> bool:
        node: Any = self.tree
        for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
            try:
                node = node[name] if name else node[int(index)]
            except (KeyError, IndexError, TypeError):
                return False
        return True

    def _at(self, sentence: str, source: str, key: str) -> SettingsError:
        """An error about a key of a source, with its line if the source is a file."""
        if source not in self._lines and source in self._texts:
            self._lines[source] = lines_of(self._texts[source])
        lines = self._lines.get(source, {})
        where = key
        while where and where not in lines and f"{where}_file" not in lines:
            where = _around(where)
        line = lines.get(where) or lines.get(f"{where}_file") or 0
        return SettingsError(sentence, file=source, key=key, line=line)

    def add_files(self, files: Sequence[Path]) -> None:
        """Reads and merges TOML files in order."""
        for file in files:
            tree = self._read_toml(file)
            self._said_by.setdefault("", str(file))
            resolved = self._resolve(tree, self.kind, Path(file).absolute().parent, "", str(file))
            self._merge(self.tree, resolved, "", str(file))

    def add_environment(self, environment: Mapping[str, str]) -> None:
        """Lays ``FAIRLINE_SECTION__KEY`` variables over what the files said."""
        for name in sorted(environment):
            if name.startswith(_PREFIX) and "__" in name:
                self._add_variable(name, environment[name])
            elif name.startswith(_PREFIX):
                self._warn_of_single_underscore(name)

    def _first(self) -> str:
        return self._said_by.get("", "")

    def _read_toml(self, file: Path) -> Tree:
        text = self._read_text(file, _CONFIG_BYTES_MAX, str(file), "")
        if text is None:
            return {}
        self._texts[str(file)] = text
        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            sentence, line = _placed(error)
            fault = SettingsError(f"this is not TOML: {sentence}", file=str(file), line=line)
            self.faults.append(fault)
        except RecursionError:
            self.faults.append(SettingsError("this is nested too deep", file=str(file)))
        return {}

    def _read_text(self, file: Path, bytes_max: int, source: str, key: str) -> str | None:
        named = "" if source == str(file) else f"{file} "  # a fault begins with its source anyway
        try:
            with file.open("rb") as opened:
                content = opened.read(bytes_max + 1)
            if len(content) > bytes_max:
                sentence = f"{file} is larger than {bytes_max} bytes; name another file"
                self.faults.append(self._at(sentence, source, key))
                return None
            return content.decode()
        except OSError as error:
            sentence = f"{named}cannot be read: {error.strerror}"
            if isinstance(error, FileNotFoundError) and not key:
                sentence += "; name yours with --config, or have one written: fairline init DIR"
        except UnicodeDecodeError:
            sentence = f"{named}is not UTF-8 text"
        self.faults.append(self._at(sentence, source, key))
        return None

    def _resolve(self, value: Any, annotation: Any, folder: Path, path: str, source: str) -> Any:  # noqa: ANN401
        """Reads ``..._file`` keys and makes paths absolute, all the way down."""
        kind = plain(annotation)
        if isinstance(value, dict) and isinstance(kind, type) and issubclass(kind, Struct):
            return self._resolve_table(value, kind, folder, path, source)
        if isinstance(value, dict) and get_origin(kind) is dict:
            inner = get_args(kind)[1]
            return {
                key: self._resolve(item, inner, folder, _join(path, key), source)
                for key, item in value.items()
            }
        if isinstance(value, list) and get_origin(kind) is tuple:
            inner = get_args(kind)[0]
            return [
                self._resolve(item, inner, folder, f"{path}[{index}]", source)
                for index, item in enumerate(value)
            ]
        if isinstance(value, str) and value and _is_path(annotation):
            return str(folder / Path(value).expanduser())
        return value

    def _resolve_table(
        self, table: Tree, kind: type[Struct], folder: Path, path: str, source: str
    ) -> Tree:
        fields = field_types(kind)
        resolved: Tree = {}
        for key, value in table.items():
            where = _join(path, key)
            target = _file_target(key, fields)
            if target and isinstance(value, str):
                text = self._read_text(
                    folder / Path(value).expanduser(), _SECRET_BYTES_MAX, source, where
                )
                if target in table:
                    sentence = f"{target} is also set; keep one of the two"
                    self.faults.append(self._at(sentence, source, where))
                resolved[target] = (text or "").rstrip("\r\n")
            else:
                inner = fields.get(key)
                resolved[key] = self._resolve(value, inner, folder, where, source)
        return resolved

    def _merge(self, into: Tree, tree: Tree, path: str, source: str) -> None:
        for key, value in tree.items():
            where = _join(path, key)
            if isinstance(value, dict) and isinstance(into.get(key), dict):
                self._merge(into[key], value, where, source)
            elif isinstance(value, dict):
                into[key] = {}
                self._said_by[where] = source
                self._merge(into[key], value, where, source)
            else:
                into[key] = value
                self._said_by[where] = source

    def _warn_of_single_underscore(self, name: str) -> None:
        # Kubernetes sets FAIRLINE_PORT and the like for a service called "fairline", so a variable
        # without two underscores is ignored unless it is a section's key but for one underscore.
        for section, annotation in field_types(self.kind).items():
            kind = plain(annotation)
            if isinstance(kind, type) and issubclass(kind, Struct):
                for key in field_types(kind):
                    if name == f"{_PREFIX}{section}_{key}".upper():
                        mend = f"{_PREFIX}{section}__{key}".upper()
                        self._fault_of(name, f"this is ignored; write {mend}, two underscores")

    def _fault_of(self, variable: str, sentence: str) -> None:
        self.faults.append(SettingsError(sentence, file="environment", key=variable))

    def _add_variable(self, name: str, text: str) -> None:
        steps = name.removeprefix(_PREFIX).lower().split("__")
        node: Any = self.tree
        annotation: Any = self.kind
        path = ""
        for depth, step in enumerate(steps):
            found = _step(node, annotation, step)
            if isinstance(found, str):
                self._fault_of(name, found)
                return
            key, annotation = found
            path = f"{path}[{key}]" if isinstance(key, int) else _join(path, key)
            if depth < len(steps) - 1:
                node = node[key] if isinstance(key, int) else node.setdefault(key, {})
                if not isinstance(node, dict | list):
                    self._fault_of(name, f"{path} is not a table; it has no keys below it")
                    return
            else:
                self._set(node, key, text, annotation, name, path)

    def _set(
        self,
        node: Any,  # noqa: ANN401
        key: str | int,
        text: str,
        annotation: Any,  # noqa: ANN401
        name: str,
        path: str,
    ) -> None:
        value = self._resolve(_parse(text, annotation), annotation, Path.cwd(), path, name)
        if isinstance(key, str) and annotation is _FILE:
            read = self._read_text(Path(text).expanduser(), _SECRET_BYTES_MAX, "environment", name)
            key = key.removesuffix("_file")
            path = path.removesuffix("_file")
            value = (read or "").rstrip("\r\n")
        node[key] = value
        self._said_by[path] = f"environment {name}"


_FILE = object()
"""Stands for the annotation of a ``..._file`` key, which no Struct has."""


def _placed(error: tomllib.TOMLDecodeError) -> tuple[str, int]:
    """What is wrong, and in which line (0: at the end), which every other fault begins with."""
    placed = _TOML_PLACE.search(str(error))
    if placed is None:
        return str(error), 0
    return f"{str(error)[: placed.start()]} (column {placed[2]})", int(placed[1])


def _around(path: str) -> str:
    """What holds the key or the entry; nothing around the whole."""
    return path[: max(path.rfind("."), path.rfind("["), 0)]


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _is_path(annotation: Any) -> bool:  # noqa: ANN401
    if get_origin(annotation) is not Annotated:
        return False
    metas = [meta for meta in get_args(annotation)[1:] if isinstance(meta, Meta)]
    return any((meta.extra or {}).get("path") for meta in metas)


def _file_target(key: str, fields: Mapping[str, Any]) -> str:
    """The text key that a ``..._file`` key reads in, or nothing."""
    target = key.removesuffix("_file")
    readable = key not in fields and key != target and plain(fields.get(target)) is str
    return target if readable else ""


def _step(node: Any, annotation: Any, step: str) -> tuple[str | int, Any] | str:  # noqa: ANN401
    """One step of a variable's name down the tree: the key and its annotation, or a fault."""
    kind = plain(annotation)
    if isinstance(kind, type) and issubclass(kind, Struct):
        fields = field_types(kind)
        if step in fields:
            return step, fields[step]
        if _file_target(step, fields):
            return step, _FILE
        return f'there is no such key as "{step}"{did_you_mean(step, fields)}'
    if get_origin(kind) is dict and isinstance(node, dict):
        same = [key for key in node if key.lower().replace("-", "_") == step]
        return (same[0] if same else step), get_args(kind)[1]
    if get_origin(kind) is tuple and isinstance(node, list):
        if re.fullmatch("[0-9]{1,6}", step) and int(step) < len(node):
            return int(step), get_args(kind)[0]
        return f'"{step}" is not the number of an entry; there are {len(node)}, counted from 0'
    return f'"{step}" leads below a single value'


def _parse(text: str, annotation: Any) -> Any:  # noqa: ANN401
    """Reads a variable as TOML where the setting is not text."""
    if annotation is _FILE or plain(annotation) is str:
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
