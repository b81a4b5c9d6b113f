"""Examines a running server from outside, step by step.

Owns: which steps there are, in which order, what counts as a warning, and the mend of each.
Does not know: the command line, how a finding is printed, the play (``router.server.probe``).

Invariants (tests/server/test_doctor.py): nothing of a tenant is changed; a step that could not be
taken is skipped, never passed; a server that is down, starting, draining, out of time or behind a
proxy that passes no sockets on is told apart.
"""

import json
import ssl
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx
import msgspec
import trio

from router.changes import changes, spoken
from router.policy import Policy
from router.server.ailments import ailments
from router.server.findings import STEP_S, Finding, Findings, Ill, Report, Said
from router.server.probe import STEPS, open_stream, rehearse
from router.server.rehearsal import Lent
from router.server.top_figures import read_page
from router.server.trusting import trusting

__all__ = ["Patient", "examine"]

CLOCK_WARN_MS = 1_000
CLOCK_FAIL_MS = 30_000
"""A token may be so much ahead of the server (``auth.LEEWAY_S``)."""
CERTIFICATE_WARN_S = 14 * 86_400

Mint = Callable[[], str]
"""Makes a token of a service; raises ``SettingsError`` where it cannot."""


class Patient(NamedTuple):
    """Who is examined, and with what.

    ``mint`` is None where no token can be had; ``ops_url`` is where metrics are, if not at ``url``;
    ``ca_file`` is a certificate to trust, ``checks_host`` whether it must name the host; ``tenant``
    whose lines are looked at, all of them if empty; ``told`` is the policy that the settings have
    for the tenant of the token, if that is known.
    """

    url: str
    ops_url: str = ""
    mint: Mint | None = None
    ca_file: Path | None = None
    checks_host: bool = True
    tenant: str = ""
    told: Policy | None = None


async def examine(
    patient: Patient, tell: Callable[[Finding], None], before: tuple[Finding, ...] = ()
) -> Report:
    """Takes every step and returns what was found; ``before`` was found already.

    Raises:
        SettingsError: the certificate to trust cannot be read.
    """
    findings = Findings(tell)
    for finding in before:
        findings.add(finding)
    context = _context(patient)
    trust = context if context is not None else False  # never asked for without TLS
    async with httpx.AsyncClient(verify=trust, timeout=STEP_S, trust_env=False) as client:
        round_ = _Round(patient, client, context, findings)
        await round_.go()
    lent = round_.lent
    return Report(
        ok=findings.is_fine,
        url=patient.url,
        version=lent.version if lent is not None else "",
        node=lent.node if lent is not None else "",
        findings=tuple(findings.all),
    )


def _context(patient: Patient) -> ssl.SSLContext | None:
    if urlsplit(patient.url).scheme != "https":
        return None
    return trusting(patient.ca_file, checks_host=patient.checks_host)


class _Round:
    """One examination under way."""

    def __init__(
        self,
        patient: Patient,
        client: httpx.AsyncClient,
        context: ssl.SSLContext | None,
        findings: Findings,
    ) -> None:
        self._patient = patient
        self._client = client
        self._context = context
        self._findings = findings
        self._token = ""
        self.lent: Lent | None = None
        self._asked_ms = 0.0
        self._answered_ms = 0.0

    async def go(self) -> None:
        """Takes the steps."""
        step = self._findings.step
        up = "start the server, or name its address with --url"
        if not await step("port", self._port, mend=up):
            self._skip_rest()
            return
        if self._context is not None:
            await step("certificate", self._certificate, needs=["port"])
        await step("livez", self._livez, needs=["port"], mend="is this a Fairline server at all?")
        await step("readyz", self._readyz, needs=["livez"])
        await step("metrics", self._metrics, mend="name the address of server.ops_bind: --ops-url")
        if self._patient.mint is None:
            self._findings.skip("token", "give --config, --token-file or FAIRLINE_TOKEN")
        else:
            await step("token", self._mint)
        await step("signs in", self._sign_in, needs=["readyz", "token"])
        if self._patient.told is not None:
            await step("policy", partial(self._policy, self._patient.told), needs=["signs in"])
        await step("players", self._lend, needs=["signs in"])
        await step("clock", self._clock, needs=["players"])
        await self._rehearse()

    def _skip_rest(self) -> None:
        policy = () if self._patient.told is None else ("policy",)
        first = ("livez", "readyz", "metrics", "token", "signs in", *policy, "players", "clock")
        for name in (*first, *STEPS):
            self._findings.skip(name, "needs port")

    async def _port(self) -> Said:
        parts = urlsplit(self._patient.url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        stream = await trio.open_tcp_stream(parts.hostname or "", port)
        await stream.aclose()
        return Said(f"{parts.hostname}:{port}")

    async def _certificate(self) -> Said:
        stream = await open_stream(self._patient.url, self._context)
        assert isinstance(stream, trio.SSLStream)
        try:
            await stream.do_handshake()
            told = stream.getpeercert()
        except (trio.BrokenResourceError, ssl.SSLError) as error:
            cause = error.__cause__ or error
            raise Ill(
                f"not trusted: {cause}", "trust its issuer with --ca-file, or renew it"
            ) from None
        finally:
            await trio.aclose_forcefully(stream)
        left_s = ssl.cert_time_to_seconds(told["notAfter"]) - time.time()
        days = f"{left_s / 86_400:.0f} days left"
        return Said(days, "renew it" if left_s < CERTIFICATE_WARN_S else "")

    async def _livez(self) -> Said:
        answer = await self._get_ops("/livez")
        if answer.status_code != 200:
            raise Ill(f"answered {answer.status_code}")
        return Said()

    async def _readyz(self) -> Said:
        answer = await self._get_ops("/readyz")
        reasons = "; ".join(answer.text.split("\n")).strip("; ")
        if answer.status_code == 503:
            is_standby = reasons.startswith("standby: ")
            mend = "examine the node that serves" if is_standby else "see runbook not-ready"
            raise Ill(reasons, mend)
        if answer.status_code != 200:
            raise Ill(f"answered {answer.status_code}")
        return Said()

    async def _metrics(self) -> Said:
        answer = await self._get_ops("/metrics")
        if answer.status_code != 200 or "fairline_connections" not in answer.text:
            raise Ill(f"answered {answer.status_code}")
        wrong = list(ailments(read_page(answer.text, 0.0), self._patient.tenant))
        if wrong:
            sentences, mends = zip(*wrong, strict=True)
            return Said("; ".join(sentences), "; ".join(mends))
        return Said(f"{answer.text.count(chr(10))} lines")

    async def _get_ops(self, path: str) -> httpx.Response:
        return await self._client.get((self._patient.ops_url or self._patient.url) + path)

    async def _mint(self) -> Said:
        assert self._patient.mint is not None
        self._token = self._patient.mint()
        return Said()

    async def _sign_in(self) -> Said:
        answer = await self._client.get(f"{self._patient.url}/v1/queues", headers=self._headers())
        _check(answer)
        return Said(f"{len(answer.json()['queues'])} queues")

    async def _policy(self, told: Policy) -> Said:
        """A policy that was set by hand stays in force: whoever changes the file should know."""
        answer = await self._client.get(f"{self._patient.url}/v1/policy", headers=self._headers())
        _check(answer)
        try:
            found = changes(told, msgspec.json.decode(answer.content, type=Policy))
        except msgspec.DecodeError as error:
            raise Ill(f"of another version: {error}", "examine with the server's own") from None
        if not found:
            return Said("the file's")
        mend = "see fairline policy diff; take into the file what is to stay, or fairline reload"
        return Said(f"not the file's: {spoken(found[:1])}, {len(found)} in all", mend)

    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self._token}"}

    async def _lend(self) -> Said:
        self._asked_ms = time.time() * 1000
        answer = await self._client.post(
            f"{self._patient.url}/v1/rehearsals", headers=self._headers()
        )
        self._answered_ms = time.time() * 1000
        _check(answer)
        self.lent = msgspec.json.decode(answer.content, type=Lent)
        return Said(f"version {self.lent.version}")

    async def _clock(self) -> Said:
        assert self.lent is not None
        ahead_ms = self.lent.at - (self._asked_ms + self._answered_ms) / 2
        told = f"the server is {abs(ahead_ms):.0f} ms {'ahead' if ahead_ms > 0 else 'behind'}"
        mend = "have both machines keep time (NTP): tokens end and begin by the server's clock"
        if abs(ahead_ms) > CLOCK_FAIL_MS:
            raise Ill(told, mend)
        return Said(told, mend if abs(ahead_ms) > CLOCK_WARN_MS else "")

    async def _rehearse(self) -> None:
        if self.lent is None or not self._findings.has("players"):
            for name in STEPS:
                self._findings.skip(name, "needs players")
            return
        url = f"ws{self._patient.url.removeprefix('http')}/v1/socket"
        await rehearse(self._findings, url, self.lent, self._context)


def _check(answer: httpx.Response) -> None:
    """Passes a 2xx on.

    Raises:
        Ill: with the server's own words.
    """
    if answer.is_success:
        return
    try:
        said = str(answer.json()["err"]["msg"])
    except (json.JSONDecodeError, KeyError, TypeError):
        said = answer.text[:200]
    mends = {
        401: "the token is signed with another key than the server's, or one of the clocks is off",
        403: "the token must be a service's or a supervisor's",
        404: "is the server older than this command?",
        429: "others examine it at the same time; try again",
    }
    raise Ill(f"{answer.status_code}: {said}", mends.get(answer.status_code, ""))
