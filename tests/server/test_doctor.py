"""The examination, against servers that are well and servers that are not."""

import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from router.errors import SettingsError
from router.server.doctor import Patient, examine
from router.server.findings import Finding, Report
from router.server.probe import STEPS
from tests.helpers.certificates import certificate, issued
from tests.helpers.nodes import POLICY, RunningNode, node_settings, open_node, token

FIRST = ["port", "livez", "readyz", "metrics", "token", "signs in", "players", "clock"]


def of(node: RunningNode, **more: Any) -> Patient:  # noqa: ANN401 - any field
    facts = {"mint": partial(token, "service", "probe"), **more}
    return Patient(**{"url": f"http://127.0.0.1:{node.port}", **facts})


async def look(patient: Patient) -> Report:
    return await examine(patient, lambda _: None)


def found(report: Report) -> dict[str, Finding]:
    by_step = {one.step: one for one in report.findings}
    assert len(by_step) == len(report.findings), "a step is there twice"
    return by_step


async def test_a_server_that_is_well_passes_every_step() -> None:
    async with open_node() as node:
        told: list[Finding] = []
        report = await examine(of(node), told.append)
        assert report.ok
        assert [one.step for one in report.findings] == [*FIRST, *STEPS]
        assert {one.outcome for one in report.findings} == {"passed"}
        assert report.findings == tuple(told)
        assert report.node == node.node.gateway.node


async def test_a_policy_that_was_set_by_hand_is_warned_of() -> None:
    async with open_node() as node:
        steps = found(await look(of(node, told=POLICY)))
        assert (steps["policy"].outcome, steps["policy"].said) == ("passed", "the file's")
        told = msgspec.structs.replace(POLICY, score_band=7, grace_ms=5_000)
        report = await look(of(node, told=told))
        policy = found(report)["policy"]
        assert (report.ok, policy.outcome) == (True, "warned")
        assert policy.said == "not the file's: grace_ms: 5000 -> 120000, 2 in all"
        assert "fairline policy diff" in policy.mend
        node.node.gateway.is_draining = True
        assert found(await look(of(node, told=told)))["policy"].outcome == "skipped"
    gone = await look(of(node, told=told))
    assert found(gone)["policy"].outcome == "skipped"


async def test_where_nobody_listens_everything_else_is_skipped() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        report = await look(Patient(f"http://127.0.0.1:{taken.getsockname()[1]}"))
    first, *rest = report.findings
    assert not report.ok
    assert (first.step, first.outcome, first.mend.split(",")[0]) == (
        "port", "failed", "start the server",
    )  # fmt: skip
    assert {one.outcome for one in rest} == {"skipped"}
    assert [one.step for one in rest] == [*FIRST[1:], *STEPS]


async def test_a_server_that_drains_says_so() -> None:
    async with open_node() as node:
        node.node.gateway.is_draining = True
        report = await look(of(node))
        steps = found(report)
        assert not report.ok
        assert "draining" in steps["readyz"].said
        assert steps["signs in"].outcome == "skipped"


async def test_without_a_token_what_needs_one_is_skipped_and_says_what_to_give() -> None:
    async with open_node() as node:
        report = await look(of(node, mint=None))
        steps = found(report)
        assert report.ok
        assert "--token-file" in steps["token"].said
        assert {steps[name].outcome for name in ("signs in", "players", *STEPS)} == {"skipped"}


async def test_a_token_of_another_key_or_role_is_told_with_its_mend() -> None:
    async with open_node() as node:
        for mint, status, mend in (
            (lambda: "a.b.c", "401", "another key"),
            (partial(token, "agent", "alice"), "403", "service's or a supervisor's"),
        ):
            steps = found(await look(of(node, mint=mint)))
            assert steps["signs in"].outcome == "failed"
            assert steps["signs in"].said.startswith(status)
            assert mend in steps["signs in"].mend


async def test_metrics_on_an_address_of_their_own_are_asked_for_there() -> None:
    async with open_node(node_settings(ops_bind="127.0.0.1:0")) as node:
        blind = found(await look(of(node)))
        assert blind["livez"].outcome == blind["metrics"].outcome == "failed"
        assert "--ops-url" in blind["metrics"].mend
        seeing = await look(of(node, ops_url=f"http://127.0.0.1:{node.ops_port}"))
        assert seeing.ok


@pytest.mark.parametrize(("ahead_s", "outcome"), [(5, "warned"), (-5, "warned"), (40, "failed")])
async def test_a_clock_that_is_off_is_told_by_how_much(
    ahead_s: float, outcome: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_node() as node:
        real = time.time
        monkeypatch.setattr("router.server.doctor.time.time", lambda: real() - ahead_s)
        clock = found(await look(of(node, mint=partial(token, "service", "x", ago_s=-20))))["clock"]
        assert clock.outcome == outcome
        assert "ahead" in clock.said if ahead_s > 0 else "behind" in clock.said
        assert abs(float(clock.said.split()[3]) - abs(ahead_s) * 1000) < 500


@asynccontextmanager
async def deaf_proxy(port: int) -> AsyncIterator[int]:
    """A proxy that knows nothing of sockets: it drops the header that asks for an upgrade."""

    async def pass_on(visitor: trio.SocketStream) -> None:
        async with visitor, await trio.open_tcp_stream("127.0.0.1", port) as server:
            head = await visitor.receive_some()
            await server.send_all(head.replace(b"Upgrade: websocket", b"X-Nothing: here"))
            async with trio.open_nursery() as both:

                async def back() -> None:
                    async for piece in server:
                        await visitor.send_all(piece)
                    both.cancel_scope.cancel()

                both.start_soon(back)
                async for piece in visitor:
                    await server.send_all(piece)
                both.cancel_scope.cancel()

    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, pass_on, [listener])
        yield listener.socket.getsockname()[1]
        nursery.cancel_scope.cancel()


async def test_a_proxy_that_passes_no_sockets_on_is_found() -> None:
    async with open_node() as node, deaf_proxy(node.port) as port:
        steps = found(await look(of(node, url=f"http://127.0.0.1:{port}")))
        assert steps["players"].outcome == "passed"
        assert steps["agent signs in"].outcome == "failed"
        assert "upgrades of /v1/socket" in steps["agent signs in"].mend
        assert steps["agent is available"].outcome == "skipped"


async def test_over_tls_the_certificate_is_looked_at_too(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    async with open_node(node_settings(tls_cert=cert, tls_key=key)) as node:
        url = f"https://127.0.0.1:{node.port}"
        trusting = of(node, url=url, ca_file=Path(cert), checks_host=False)
        report = await look(trusting)
        steps = found(report)
        assert report.ok
        assert steps["certificate"].outcome == "warned"  # a day is left
        assert steps["both leave"].outcome == "passed"
        strange = found(await look(of(node, url=url)))
        assert strange["certificate"].outcome == "failed"
        assert "--ca-file" in strange["certificate"].mend


async def test_a_certificate_of_an_authority_is_trusted_by_the_server_s_own_file(
    tmp_path: Path,
) -> None:
    cert, key = issued(tmp_path)
    async with open_node(node_settings(tls_cert=cert, tls_key=key)) as node:
        url = f"https://127.0.0.1:{node.port}"
        report = await look(of(node, url=url, ca_file=Path(cert), checks_host=False))
        assert report.ok, report.findings
        with pytest.raises(SettingsError, match="cannot be read"):
            await look(of(node, url=url, ca_file=tmp_path / "none"))


async def test_what_the_figures_say_is_wrong_is_a_warning_with_its_runbook() -> None:
    async with open_node() as node:
        node.node.metrics.violated("lost")
        steps = found(await look(of(node)))
        assert steps["metrics"].outcome == "warned"
        assert "1 violations" in steps["metrics"].said
        assert "invariant-broken" in steps["metrics"].mend
