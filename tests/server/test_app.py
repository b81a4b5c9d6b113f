"""A whole server: start, policies, signals, TLS, and how it refuses to start."""

import os
import signal
import ssl
from pathlib import Path

import msgspec
import pytest
import trio
import trio.testing
import trio_websocket

from router.errors import SettingsError, StorageError
from router.policy import Queue
from router.server.running import Addresses, serve
from router.server.settings import Settings
from tests.helpers.certificates import certificate
from tests.helpers.nodes import (
    POLICY,
    Client,
    RunningNode,
    folder_settings,
    node_settings,
    open_node,
    token,
)
from tests.helpers.raw import wait_until


async def stopped(nursery: trio.Nursery, ended: trio.Event) -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    with trio.fail_after(10):
        await ended.wait()
    nursery.cancel_scope.cancel()


async def test_sighup_puts_a_changed_policy_in_force_and_a_bad_file_changes_nothing() -> None:
    settings = node_settings()
    wider = msgspec.structs.replace(POLICY, queues=(*POLICY.queues, Queue(id="orders")))
    answers: list[Settings | SettingsError] = [
        SettingsError("a mistake", file="fairline.toml", key="server.bind"),
        node_settings(wider),
    ]

    def reload() -> Settings:
        answer = answers.pop(0)
        if isinstance(answer, SettingsError):
            raise answer
        return answer

    ended = trio.Event()

    async def run(task_status: trio.TaskStatus[Addresses]) -> None:
        await serve(settings, reload=reload, task_status=task_status)
        ended.set()

    async with trio.open_nursery() as nursery:
        addresses: Addresses = await nursery.start(run)
        async with trio.open_nursery() as clients:
            node = RunningNode(None, addresses.public[1], clients)  # type: ignore[arg-type]
            sofia = await node.join("supervisor", "sofia")
            os.kill(os.getpid(), signal.SIGHUP)
            with trio.fail_after(5):
                await wait_until(lambda: len(answers) == 1)
            assert len((await sofia.ok("policy.get"))["policy"]["queues"]) == 2
            os.kill(os.getpid(), signal.SIGHUP)
            with trio.fail_after(5):
                while len((await sofia.ok("policy.get"))["policy"]["queues"]) < 3:
                    await trio.testing.wait_all_tasks_blocked(0.05)
            await sofia.drop()
            clients.cancel_scope.cancel()
        await stopped(nursery, ended)


async def test_a_policy_can_be_set_over_the_wire() -> None:
    async with open_node() as node:
        sofia = await node.join("supervisor", "sofia")
        policy = (await sofia.ok("policy.get"))["policy"]
        policy["grace_ms"] = 5_000
        reply = await sofia.ok("policy.set", policy=policy)
        assert reply["changes"] == [{"path": "grace_ms", "old": 120_000, "new": 5_000}]
        assert (await sofia.ok("policy.get"))["policy"]["grace_ms"] == 5_000
        assert await sofia.refused("policy.set", policy={**policy, "queues": []}) == 105
        wrong = {**policy, "grace_ms": "long", "offer_timeuot_ms": 1}
        reply = await sofia.ask("policy.set", policy=wrong)
        assert reply["err"]["code"] == 105
        assert "policy.grace_ms: this must be a whole number" in reply["err"]["msg"]
        assert '(did you mean "offer_timeout_ms"?)' in reply["err"]["msg"]
        again = await node.join("agent", "alice")
        assert again.welcome["grace_ms"] == 5_000


async def test_a_redis_that_is_not_there_ends_a_start_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("router.journal.redis_owner.FIRST_SECONDS", 0.1)
    url = "redis://:hush@127.0.0.1:1"
    with pytest.raises(BaseExceptionGroup) as caught:
        await serve(node_settings(journal="redis", redis_url=url))
    (error,) = _leaves(caught.value)
    assert isinstance(error, StorageError)
    assert "Redis does not answer: redis://127.0.0.1:1" in str(error)
    assert "hush" not in str(error)


async def test_an_address_that_cannot_be_had_is_refused_by_its_key_with_a_mend() -> None:
    async with open_node() as node:
        for settings, key, mend in (
            (node_settings(bind=f"127.0.0.1:{node.port}"), "server.bind", "name another port"),
            (node_settings(ops_bind=f"127.0.0.1:{node.port}"), "server.ops_bind", "is taken"),
            (node_settings(bind="192.0.2.1:0"), "server.bind", "no address of this machine"),
        ):
            with pytest.raises(BaseExceptionGroup) as caught:
                await serve(settings)
            (error,) = _leaves(caught.value)
            assert isinstance(error, SettingsError)
            assert error.key == key
            assert mend in str(error)


async def test_a_certificate_that_is_none_is_refused_by_its_key(tmp_path: Path) -> None:
    file = tmp_path / "cert.pem"
    file.write_text("no certificate", encoding="utf-8")
    with pytest.raises(SettingsError, match="no certificate") as caught:
        await serve(node_settings(tls_cert=str(file), tls_key=str(file)))
    assert caught.value.key == "server.tls_cert"


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    found: list[BaseException] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found


async def test_a_second_server_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    settings = folder_settings(tmp_path)
    ended = trio.Event()

    async def run(task_status: trio.TaskStatus[Addresses]) -> None:
        await serve(settings, task_status=task_status)
        ended.set()

    async with trio.open_nursery() as nursery:
        await nursery.start(run)
        with pytest.raises(StorageError):
            await serve(settings)
        await stopped(nursery, ended)


async def test_sockets_and_pages_work_over_tls(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    async with open_node(node_settings(tls_cert=cert, tls_key=key)) as node:
        context = ssl.create_default_context(cafile=cert)
        context.check_hostname = False
        async with trio_websocket.open_websocket(
            "127.0.0.1",
            node.port,
            "/v1/socket",
            use_ssl=context,
            subprotocols=["fairline.v1.json"],
        ) as socket:
            client = Client(socket, "json")
            await client.hello("agent", "alice", token=token("agent", "alice"))
            await client.ok("presence.set", show="busy")
        stream = await trio.open_ssl_over_tcp_stream(
            "127.0.0.1", node.port, ssl_context=context, https_compatible=True
        )
        async with stream:
            host = f"Host: 127.0.0.1:{node.port}"
            await stream.send_all(f"GET /healthz HTTP/1.1\r\n{host}\r\n\r\n".encode())
            assert (await stream.receive_some()).startswith(b"HTTP/1.1 200")
