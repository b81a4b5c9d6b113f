"""TOML files of the laboratory, and the sentences about what is wrong in them.

Owns: reading, converting, explaining. Does not know: what a file is for.
"""

import difflib
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from router import policy as policies
from router.errors import SettingsError
from router.policy import Policy

__all__ = ["convert", "read", "read_policy", "refuse"]

T = TypeVar("T", bound=Struct)


def read(file: Path) -> dict[str, Any]:
    """The raw tree of a file.

    Raises:
        SettingsError: where it cannot be read or is not TOML.
    """
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"cannot be read: {error.strerror}", file=str(file)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"is not TOML: {error}", file=str(file)) from None


def convert(tree: object, kind: type[T], file: Path, words: Iterable[type[Struct]] = ()) -> T:
    """The tree as a Struct; the fields of ``words`` are offered for keys that are not known.

    Raises:
        SettingsError: with the file, the key and what is wrong.
    """
    try:
        return msgspec.convert(tree, kind)
    except msgspec.ValidationError as error:
        sentence, _, path = str(error).partition(" - at ")
        key = path.strip("`").removeprefix("$").removeprefix(".")
        raise SettingsError(_explain(sentence, [kind, *words]), file=str(file), key=key) from None


def _explain(sentence: str, kinds: Iterable[type[Struct]]) -> str:
    unknown = re.search(r"unknown field `([^`]*)`", sentence)
    if unknown is None:
        return sentence
    known = sorted({word for kind in kinds for word in kind.__struct_encode_fields__})
    near = difflib.get_close_matches(unknown[1], known, n=1, cutoff=0.6)
    hint = f' (did you mean "{near[0]}"?)' if near else ""
    return f"there is no key {unknown[1]!r} here{hint}"


def refuse(found: Iterable[tuple[str, str]], file: Path) -> None:
    """Raises what was found wrong between values, if anything was.

    Raises:
        SettingsError: with a line for each.
    """
    lines = [f"{key}: {sentence}" for key, sentence in found]
    if lines:
        raise SettingsError("\n".join(lines), file=str(file))


def read_policy(file: Path, tenant: str) -> Policy:
    """A policy of its own file, or that of a tenant in a file of settings.

    Raises:
        SettingsError: where there is none, or it is not right.
    """
    tree = read(file)
    if "tenants" in tree:
        tenants = tree["tenants"]
        if not isinstance(tenants, dict) or "policy" not in tenants.get(tenant, {}):
            raise SettingsError("has no policy of this tenant", file=str(file), key=tenant)
        tree = tenants[tenant]["policy"]
    policy = convert(tree, Policy, file, (policies.Queue, policies.Step, policies.AgentEntry))
    refuse(policies.problems(policy), file)
    return policy
