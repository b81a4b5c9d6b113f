"""One examination from what was said on the command line to what stands on the screen.

Owns: whom to examine by which settings or address, with whose token, and the printed lines.
Does not know: the command line, what is looked at (``router.server.doctor``).
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from router.errors import SettingsError
from router.server import settings as settings_module
from router.server.asking_server import address_given, own_address, token_given
from router.server.auth import Authenticator, mint
from router.server.cli_lab import tenant_of
from router.server.clock import Clock
from router.server.doctor import Mint, Patient, examine
from router.server.findings import Finding
from router.server.settings import Settings, load

__all__ = ["Wanted", "run_doctor"]

TOKEN_TTL_S = 60
MARKS = {"passed": "ok  ", "warned": "WARN", "failed": "FAIL", "skipped": "skip"}


class Wanted(NamedTuple):
    """What was said on the command line."""

    config: Sequence[Path] = ()
    url: str = ""
    ops_url: str = ""
    tenant: str = ""
    token_file: Path | None = None
    ca_file: Path | None = None


async def run_doctor(wanted: Wanted, *, json: bool) -> bool:
    """Examines, prints, and says whether nothing failed.

    Raises:
        SettingsError: it is not said whom to examine, or the settings have mistakes.
    """
    tell = _silent if json else _print
    before: list[Finding] = []
    settings: Settings | None = None
    if wanted.config:
        settings = _settings(wanted.config, before)
    elif not wanted.url:
        raise SettingsError("name what to examine: --config FILE, or --url and --token-file")
    patient = Patient("", "", None)
    if settings is not None:
        patient = _of_settings(settings, wanted.tenant)
    given = token_given(wanted.token_file)
    patient = patient._replace(
        url=address_given(wanted.url, "--url") if wanted.url else patient.url,
        ops_url=address_given(wanted.ops_url, "--ops-url") if wanted.ops_url else patient.ops_url,
        mint=(lambda: given) if given else patient.mint,
        tenant=wanted.tenant,
        told=None if given else patient.told,
    )
    if wanted.ca_file is not None:
        patient = patient._replace(ca_file=wanted.ca_file, checks_host=True)
    report = await examine(patient, tell, tuple(before))
    if json:
        sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
    else:
        failed = sum(one.outcome == "failed" for one in report.findings)
        skipped = sum(one.outcome == "skipped" for one in report.findings)
        verdict = f"{failed} failed" if failed else "nothing failed"
        sys.stdout.write(f"{patient.url}: {verdict}, {skipped} skipped\n")
    return report.ok


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
    name = _signing(settings, tenant)
    return Patient(
        f"{scheme}://{_reachable(server.bind)}",
        ops_url,
        None if name is None else _minting(settings, name),
        Path(server.tls_cert) if server.tls_cert else None,
        checks_host=False,  # the address is this machine's, the certificate names the site
        told=None if name is None else settings.tenants[name].policy,
    )


def _reachable(bind: str) -> str:
    host, port = own_address(bind)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _signing(settings: Settings, tenant: str) -> str | None:
    """The tenant that is named, or the first one with a key that can sign."""
    names = [tenant_of(settings, tenant)] if tenant else settings.tenants
    return next((name for name in names if settings.tenants[name].signing_key is not None), None)


def _minting(settings: Settings, name: str) -> Mint | None:
    entry = settings.tenants[name].signing_key
    assert entry is not None, "whoever signs has a key"
    return lambda: mint(
        entry,
        tenant=name,
        role="service",
        subject="fairline-doctor",
        now_ms=Clock().wall_ms(),
        ttl_s=TOKEN_TTL_S,
    )


def _silent(_: Finding) -> None:
    """Nothing stands on the screen until the whole report does."""


def _print(finding: Finding) -> None:
    took = f"{finding.took_ms:8.1f} ms" if finding.outcome != "skipped" else " " * 11
    said = f"  {finding.said}" if finding.said else ""
    sys.stdout.write(f"{MARKS[finding.outcome]} {finding.step:<22}{took}{said}\n")
    if finding.mend:
        sys.stdout.write(f"     -> {finding.mend}\n")
    sys.stdout.flush()
