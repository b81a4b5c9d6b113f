"""The examples for proxies: accepted by the proxies, and people get through them over TLS."""

import json
import os
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx
import pytest
import trio
import trio_websocket

from router.server.operating import Place, filled
from router.server.sections import ServerSettings
from tests.helpers.certificates import certificate
from tests.helpers.nodes import Client, RunningNode, node_settings, open_node
from tests.helpers.programs import program
from tests.helpers.real_server import free_port

PATIENCE_S = 15.0
SITE = "localhost"
SHOP = {"Origin": "https://shop.example"}

pytestmark = pytest.mark.process


class Proxy:
    """One of the examples, with ports and a certificate of this test in it."""

    def __init__(self, kind: str, node: RunningNode, folder: Path) -> None:
        self.port, self.plain_port = free_port(), free_port()
        self.folder = folder
        self.certificate, self._key = certificate(folder)
        bind = f"127.0.0.1:{node.port}"
        self._place = Place(folder / "fairline.toml", ServerSettings(bind=bind), SITE)
        self.config = folder / "config"
        self.check, self.run = self._nginx() if kind == "nginx" else self._caddy()
        self.address = f"https://{SITE}:{self.port}"

    def _nginx(self) -> tuple[list[str], list[str]]:
        words = {
            "listen 443 ssl": f"listen 127.0.0.1:{self.port} ssl",
            "listen 80": f"listen 127.0.0.1:{self.plain_port}",
            "listen [::]:443 ssl;": "",
            "listen [::]:80;": "",
            f"/etc/letsencrypt/live/{SITE}/fullchain.pem": self.certificate,
            f"/etc/letsencrypt/live/{SITE}/privkey.pem": self._key,
        }
        (self.folder / "site.conf").write_text(self._with("nginx/fairline.conf", words), "utf-8")
        paths = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        folders = "".join(f"{name}_temp_path {self.folder / name};" for name in paths)
        self.config.write_text(
            f"daemon off; pid {self.folder / 'pid'}; error_log stderr; events {{}}\n"
            f"http {{ access_log off; {folders} include {self.folder / 'site.conf'}; }}\n",
            "utf-8",
        )
        command = [program("nginx"), "-p", str(self.folder), "-c", str(self.config)]
        return [*command, "-t"], command

    def _caddy(self) -> tuple[list[str], list[str]]:
        ours = f"\tbind 127.0.0.1\n\ttls {self.certificate} {self._key}"
        words = {f"{SITE} {{": f"{SITE}:{self.port} {{\n{ours}"}
        ports = (
            f"{{\n\tadmin off\n\tauto_https disable_redirects\n\thttp_port {self.plain_port}\n}}\n"
        )
        self.config.write_text(ports + self._with("caddy/Caddyfile", words), "utf-8")
        file = ["--config", str(self.config), "--adapter", "caddyfile"]
        command = program("caddy")
        return [command, "validate", *file], [command, "run", *file]

    def _with(self, name: str, words: dict[str, str]) -> str:
        text = filled(name, self._place)
        for example, own in words.items():
            assert example in text, example
            text = text.replace(example, own)
        return text

    @property
    def context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.certificate)

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        environment = {**os.environ, "HOME": str(self.folder), "XDG_DATA_HOME": str(self.folder)}
        checked = subprocess.run(self.check, env=environment, capture_output=True, text=True)
        assert checked.returncode == 0, checked.stderr
        with (self.folder / "log").open("wb") as log:
            process = subprocess.Popen(self.run, env=environment, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(10)

    async def answers(self, process: subprocess.Popen[bytes]) -> None:
        with trio.fail_after(PATIENCE_S):
            while True:
                assert process.poll() is None, (self.folder / "log").read_text("utf-8")
                try:
                    stream = await trio.open_tcp_stream("127.0.0.1", self.port)
                except OSError:
                    await trio.sleep(0.02)
                else:
                    await stream.aclose()
                    return


@asynccontextmanager
async def _behind(kind: str, folder: Path) -> AsyncIterator[tuple[RunningNode, Proxy]]:
    async with open_node(node_settings(proxies=("127.0.0.1",))) as node:
        proxy = Proxy(kind, node, folder)
        with proxy.running() as process:
            await proxy.answers(process)
            yield node, proxy


@pytest.mark.parametrize("kind", ["nginx", "caddy"])
async def test_people_get_through_over_tls_and_operators_pages_do_not(
    kind: str, tmp_path: Path
) -> None:
    async with _behind(kind, tmp_path) as (node, proxy), trio.open_nursery() as nursery:
        socket = await trio_websocket.connect_websocket_url(
            nursery,
            f"wss://{SITE}:{proxy.port}/v1/socket",
            ssl_context=proxy.context,
            subprotocols=["fairline.v1.json"],
        )
        alice = Client(socket, "json")
        await alice.hello("agent", "alice")
        await alice.ok("presence.set", show="available")
        async with httpx.AsyncClient(verify=proxy.context, base_url=proxy.address) as http:
            assert (await http.get("/widget.js")).status_code == 200
            for page in ("/metrics", "/metrics/detailed", "/readyz", "/runbooks/node-down.html"):
                assert (await http.get(page)).status_code == 404, page
        assert (await node.get("/metrics"))[0] == 200
        await alice.drop()
        nursery.cancel_scope.cancel()


async def test_nginx_says_who_the_client_is_and_sends_plain_http_to_tls(tmp_path: Path) -> None:
    async with _behind("nginx", tmp_path) as (_, proxy), httpx.AsyncClient(
        verify=proxy.context, base_url=proxy.address, headers=SHOP
    ) as http:  # fmt: skip
        ask = json.dumps({"tenant": "acme"}).encode()

        async def visit(client: str) -> int:
            said = {"X-Forwarded-For": client}
            return (await http.post("/v1/visitors", content=ask, headers=said)).status_code

        assert {await visit(f"203.0.113.{n}") for n in range(8)} == {200}
        assert 429 in [await visit("203.0.113.99") for _ in range(8)]
        plain = await http.get(f"http://{SITE}:{proxy.plain_port}/desktop")
        assert (plain.status_code, plain.headers["location"]) == (301, f"https://{SITE}/desktop")
