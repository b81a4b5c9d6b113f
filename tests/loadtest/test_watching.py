"""Movers and watchers with each server: every change reaches everybody who watches."""

import base64
import contextlib
import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest
import trio
import trio.testing
from trio_websocket import (
    ConnectionClosed,
    WebSocketConnection,
    WebSocketRequest,
    serve_websocket,
)

from loadtest.peers import presence
from loadtest.peers.__main__ import TENANT, _serving, main
from loadtest.peers.ejabberd import NOT_INSTALLED, is_installed
from loadtest.peers.presence import Size, Watched, measure_presence
from loadtest.peers.watching import XmppFloor

SMALL = Size(movers=2, watchers=3, changes_per_s=4.0, seconds=2.0)


@pytest.mark.process
@pytest.mark.parametrize("name", ["Fairline", "ejabberd"])
def test_every_change_reaches_every_watcher(name: str) -> None:
    servers = {each.name: each for each in presence._servers(lambda: _serving("memory"), TENANT)}
    if name not in servers:
        pytest.skip(NOT_INSTALLED)
    figures = measure_presence(servers[name], SMALL)
    assert figures["delivered_share"] == pytest.approx(1.0, abs=0.15)  # by the edges of the time
    assert figures["p50_ms"] > 0


class Xmpp:
    """As much of a server as RFC 6120, 6121 and 7395 make of these words."""

    def __init__(self) -> None:
        self.accounts: dict[str, str] = {}
        self.here: dict[str, WebSocketConnection] = {}
        self.watchers: dict[str, list[str]] = defaultdict(list)

    async def serve(self, request: WebSocketRequest) -> None:
        assert request.path == "/ws"
        socket = await request.accept(subprotocol="xmpp")
        with contextlib.suppress(ConnectionClosed):
            await self._log_in(socket)

    async def _log_in(self, socket: WebSocketConnection) -> None:
        await self._open(socket, "<mechanisms/>")
        account = await socket.get_message()
        name = str(re.findall("<username>(.*?)</username>", str(account))[0])
        self.accounts[name] = re.findall("<password>(.*?)</password>", str(account))[0]
        await socket.send_message("<iq xmlns='jabber:client' type='result' id='1'/>")
        secret = re.findall('mechanism="PLAIN">(.*?)</auth>', str(await socket.get_message()))[0]
        assert base64.b64decode(secret).decode() == f"\0{name}\0{self.accounts[name]}"
        await socket.send_message("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>")
        await self._open(socket, "<bind/>")
        assert "xmpp-bind" in str(await socket.get_message())
        jid = f"{name}@localhost/7"
        bound = f"<bind><jid>{jid}</jid></bind>"
        await socket.send_message(f"<iq xmlns='jabber:client' type='result' id='1'>{bound}</iq>")
        self.here[name] = socket
        while True:
            await self._pass_on(name, jid, str(await socket.get_message()))

    async def _open(self, socket: WebSocketConnection, features: str) -> None:
        assert str(await socket.get_message()).startswith("<open ")
        await socket.send_message("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>")
        await socket.send_message(f"<stream:features xmlns:stream='x'>{features}</stream:features>")

    async def _pass_on(self, name: str, jid: str, stanza: str) -> None:
        to = re.search('type="(.*?)" to="(.*?)@localhost"', stanza)
        if to is None:
            told = stanza.replace("<presence", f"<presence from='{jid}'", 1)
            for each in (name, *self.watchers.get(name, ())):
                await self.here[each].send_message(told)
            return
        roster = "<iq xmlns='jabber:client' type='set'><query xmlns='jabber:iq:roster'/></iq>"
        await self.here[name].send_message(roster)
        bare = f"<presence type='{to[1]}' from='{name}@localhost'/>"
        await self.here[to[2]].send_message(bare)
        if to[1] == "subscribed":
            self.watchers[name].append(to[2])
            await self.here[to[2]].send_message(f"<presence from='{jid}'/>")


async def test_the_words_of_xmpp_are_those_of_its_rfcs() -> None:
    heard: Counter[str] = Counter()
    xmpp = Xmpp()
    async with trio.open_nursery() as nursery:
        server = await nursery.start(serve_websocket, xmpp.serve, "127.0.0.1", 0, None)
        async with trio.open_nursery() as readers:
            floor = XmppFloor(readers)
            with trio.fail_after(10):
                await floor.open(server.port, 2, 3, lambda who: heard.update([who]))
                assert {name: len(them) for name, them in xmpp.watchers.items()} == {
                    "mover0": 3,
                    "mover1": 3,
                }
                assert await floor.change(1, 0) == "mover1"
                await floor.change(1, 1)
                while heard["mover1"] < 6:
                    await trio.testing.wait_all_tasks_blocked()
            await floor.close()
        nursery.cancel_scope.cancel()
    assert heard == {"mover1": 6}


def test_it_is_said_loudly_where_there_is_no_ejabberd(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("loadtest.peers.ejabberd.LIBRARIES", tmp_path)
    assert not is_installed()
    figures = {
        "cpu_us_per_change": 30.0,
        "delivered_share": 1.0,
        "p50_ms": 200.0,
        "kib_per_connection": 27.0,
    }
    measured: list[str] = []

    def measure(server: Watched, _: Size) -> dict[str, float]:
        measured.append(server.name)
        return figures

    monkeypatch.setattr(presence, "measure_presence", measure)
    assert main(["presence", "--rounds", "1"]) == 0
    assert measured == ["Fairline"]
    assert NOT_INSTALLED in capsys.readouterr().out
