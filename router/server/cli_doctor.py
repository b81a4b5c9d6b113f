"""The command ``fairline doctor``.

Owns: its arguments, what stands on the screen, its exit code. Does not know: what is looked at.

Exit code 0: nothing failed (warnings and skipped steps are printed); 1: something failed.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from cyclopts import App, Parameter

from router.errors import SettingsError
from router.server import settings as settings_module
from router.server.asking_server import own_address
from router.server.auth import Authenticator, mint
from router.server.cli_lab import tenant_of
from router.server.clock import Clock
from router.server.doctor import Mint, Patient, examine
from router.server.findings import Finding
from router.server.settings import Settings, load

__all__ = ["register"]

FAILED = 1
TOKEN_VARIABLE = "FAIRLINE_TOKEN"  # noqa: S105 - a name
TOKEN_TTL_S = 60
MARKS = {"passed": "ok  ", "warned": "WARN", "failed": "FAIL", "skipped": "skip"}

Config = Annotated[list[Path] | None, Parameter(name=["--config", "-c"], negative=())]


def register(app: App) -> None:
    """Adds the command to ``fairline``."""
    example = "Example:  fairline doctor --config fairline.toml"
    app.command(help_epilogue=example)(doctor)


async def doctor(
    *,
    config: Config = None,
    url: str = "",
    ops_url: str = "",
    tenant: str = "",
    token_file: Path | None = None,
    ca_file: Path | None = None,
    json: bool = False,
) -> None:
    """Examines a running server, with a conversation played through from end to end.

    That conversation is held where nobody sees it: no queue, agent, figure or alert of yours hears
    of it. Exit code 0 where nothing failed, else 1.

    Args:
        config: Settings of the server: its addresses, and a key that can sign.
        url: Where the server is, such as https://chat.example; else server.bind.
        ops_url: Where its /livez, /readyz and /metrics are, if server.ops_bind is set.
        tenant: Whose token to make; any will do.
        token_file: A token of a service or supervisor, in place of a key; or the variable
            FAIRLINE_TOKEN.
        ca_file: A certificate (PEM) to trust.
        json: Print one JSON object for machines.
    """
    tell = _silent if json else _print
    before: list[Finding] = []
    settings: Settings | None = None
    if config:
        settings = _settings(config, before)
    elif not url:
        raise SettingsError("name what to examine: --config FILE, or --url and --token-file")
    patient = Patient("", "", None)
    if settings is not None:
        patient = _of_settings(settings, tenant)
    given = _token(token_file)
    patient = patient._replace(
        url=_address(url, "--url") if url else patient.url,
        ops_url=_address(ops_url, "--ops-url") if ops_url else patient.ops_url,
        mint=(lambda: given) if given else patient.mint,
    )
    if ca_file is not None:
        patient = patient._replace(ca_file=ca_file, checks_host=True)
    report = await examine(patient, tell, tuple(before))
    if json:
        sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
    else:
        failed = sum(one.outcome == "failed" for one in report.findings)
        skipped = sum(one.outcome == "skipped" for one in report.findings)
        verdict = f"{failed} failed" if failed else "nothing failed"
        sys.stdout.write(f"{patient.url}: {verdict}, {skipped} skipped\n")
    if not report.ok:
        sys.exit(FAILED)


def _settings(config: Sequence[Path], before: list[Finding]) -> Settings:
    """Loads the settings; what they warn of is the first finding."""
    settings = load(config, os.environ)
    Authenticator(settings)
    warnings = "; ".join(settings_module.warnings(settings))
    outcome = Finding("settings", "passed")
    if warnings:
        outcome = Finding("settings", "warned", said=warnings, mend="see fairline check")
    before.append(outcome)
    return settings


def _of_settings(settings: Settings, tenant: str) -> Patient:
    server = settings.server
    scheme = "https" if server.tls_cert else "http"
    ops_url = f"{scheme}://{_reachable(server.ops_bind)}" if server.ops_bind else ""
    return Patient(
        f"{scheme}://{_reachable(server.bind)}",
        ops_url,
        _minting(settings, tenant),
        Path(server.tls_cert) if server.tls_cert else None,
        checks_host=False,  # the address is this machine's, the certificate names the site
    )


def _reachable(bind: str) -> str:
    host, port = own_address(bind)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _minting(settings: Settings, tenant: str) -> Mint | None:
    names = [tenant_of(settings, tenant)] if tenant else list(settings.tenants)
    for name in names:
        entry = settings.tenants[name].signing_key
        if entry is not None:
            return lambda: mint(
                entry,
                tenant=name,
                role="service",
                subject="fairline-doctor",
                now_ms=Clock().wall_ms(),
                ttl_s=TOKEN_TTL_S,
            )
    return None


def _token(file: Path | None) -> str:
    if file is None:
        return os.environ.get(TOKEN_VARIABLE, "").strip()
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"cannot be read: {error.strerror}", file=str(file)) from None


def _address(text: str, key: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError("write http://host:port or https://host", key=key)
    return text.rstrip("/")


def _silent(_: Finding) -> None:
    """Nothing stands on the screen until the whole report does."""


def _print(finding: Finding) -> None:
    took = f"{finding.took_ms:8.1f} ms" if finding.outcome != "skipped" else " " * 11
    said = f"  {finding.said}" if finding.said else ""
    sys.stdout.write(f"{MARKS[finding.outcome]} {finding.step:<22}{took}{said}\n")
    if finding.mend:
        sys.stdout.write(f"     -> {finding.mend}\n")
    sys.stdout.flush()
