"""The command ``fairline check``: all that is wrong with settings, before a start meets it.

Owns: its arguments and output. Does not know: what is wrong (``settings``, ``trying``).

Invariant (tests/server/test_cli_check.py): the exit code is 1 where anything would fail, and each
finding is said once, with the line that says so where one does.
"""

import os
import sys
from typing import Literal

import msgspec

from router.errors import SettingsError
from router.server.cli_settings import HERE, Config
from router.server.keys import fetch_https
from router.server.settings import Settings, SettingsErrors, read
from router.server.trying import key_sets, try_all

__all__ = ["check"]


class Finding(msgspec.Struct, frozen=True):
    """One thing that was found; ``line`` is 0 where no line says it."""

    level: Literal["error", "warning"]
    file: str
    line: int
    key: str
    message: str


class Report(msgspec.Struct, frozen=True):
    """What ``--json`` prints."""

    ok: bool
    tenants: int
    findings: list[Finding]


def check(*, config: Config = HERE, offline: bool = False, json: bool = False) -> None:
    """Validates everything and lists all errors; exit code 0 or 1.

    Tries what the settings name, too: the certificate and its key, the key files, the key sets that
    are fetched, Redis where it keeps the journal, and what traces need.

    Args:
        config: A TOML file; repeat it to merge several.
        offline: Ask no other machine: key sets are not fetched, and Redis is not asked.
        json: Print one JSON object with all findings.
    """
    errors: list[SettingsError]
    try:
        settings, sources = read(config, os.environ)
    except SettingsErrors as found:
        errors, warnings, count, left_out = list(found.errors), [], 0, ""
    else:
        tried = list(try_all(settings, None if offline else fetch_https))
        errors = [sources.fault(one.key, one.message) for one in tried if one.level == "error"]
        warnings = [sources.fault(one.key, one.message) for one in tried if one.level == "warning"]
        count, left_out = len(settings.tenants), _left_out(settings) if offline else ""
    if json:
        findings = [_finding("error", one) for one in errors]
        findings += [_finding("warning", one) for one in warnings]
        report = Report(ok=not errors, tenants=count, findings=findings)
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n")
        if errors:
            sys.exit(1)
        return
    for one in warnings:
        sys.stderr.write(f"warning: {one.key}: {one}\n")
    if errors:
        raise SettingsErrors(errors)
    names = ", ".join(map(str, config))
    sys.stdout.write(f"{names}: fine ({count} tenant{'s' if count > 1 else ''}{left_out})\n")


def _left_out(settings: Settings) -> str:
    fetched = "; key sets were not fetched" if key_sets(settings) else ""
    return fetched + ("; Redis was not asked" if settings.server.journal == "redis" else "")


def _finding(level: Literal["error", "warning"], error: SettingsError) -> Finding:
    return Finding(level, error.file, error.line, error.key, str(error))
