"""Runs ``fairline serve`` as a process on a port and a folder that stay the same, and kills it.

Owns: the process, its settings, tokens for its people, and a shop page on an origin of its own.
Does not know: what anybody does with it.
"""

from __future__ import annotations

import http.server
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["RealServer", "beside_a_shop", "shop_page"]

ROOT = Path(__file__).parents[2]
HOST = "127.0.0.1"
SECRET = "a secret of thirty-two bytes or more"

SETTINGS = """
[server]
bind = "{host}:{port}"
data = "data"
log = "console"
[tenants.acme]
origins = [{origins}]
keys = [{{kid = "main", alg = "HS256", secret = "{secret}"}}]
native_apps = true
[tenants.acme.policy]
{policy}
[[tenants.acme.policy.queues]]
id = "billing"
name = "Billing"
needs = [{{skill = "billing", level = 30}}]
wrap_up_ms = 0
[[tenants.acme.policy.agents]]
id = "alice"
name = "Alice"
skills = {{billing = 80}}
languages = {{en = 100}}
"""


def free_port() -> int:
    """A port that nobody listens on at present."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


class RealServer:
    """One server life after another over the same data folder."""

    def __init__(self, folder: Path, *, origins: tuple[str, ...] = (), policy: str = "") -> None:
        self.port = free_port()
        self.shop_port = 0
        self.address = f"http://{HOST}:{self.port}"
        self.config = folder / "fairline.toml"
        self.config.write_text(
            SETTINGS.format(
                host=HOST,
                port=self.port,
                secret=SECRET,
                origins=", ".join(f'"{origin}"' for origin in origins),
                policy=policy,
            ),
            encoding="utf-8",
        )
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Starts a life and waits until it listens."""
        self.process = subprocess.Popen(
            self._command("serve"),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        said = []
        for line in self.process.stdout:
            said.append(line)
            if "server.listening" in line:
                return
        raise AssertionError(f"the server did not start:\n{''.join(said)}")

    def kill(self) -> None:
        """kill -9: no goodbye to anybody."""
        if self.process is not None:
            assert self.process.stdout is not None
            self.process.kill()
            self.process.wait(10)
            self.process.stdout.close()
            self.process = None

    def token(self, role: str, subject: str, *claims: str) -> str:
        """A token as the operator's command prints it."""
        arguments = ["--tenant", "acme", "--role", role, "--sub", subject, *claims]
        done = subprocess.run(
            [*self._command("token"), *arguments], cwd=ROOT, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def _command(self, name: str) -> list[str]:
        return [sys.executable, "-m", "router", name, "--config", str(self.config)]


PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Shop</title>
<script async src="{server}/widget.js" data-tenant="acme" data-queue="billing"></script>
</head><body><h1>A shop of its own</h1></body></html>"""


@contextmanager
def shop_page(port: int, server: str) -> Iterator[str]:
    """Serves a shop page with the widget on another origin, under a strict policy."""
    page = PAGE.format(server=server).encode()
    socket_origin = server.replace("http", "ws", 1)
    policy = f"default-src 'none'; script-src {server}; connect-src {server} {socket_origin}"

    class Pages(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != "/":
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", policy + "; img-src data:")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            """A test prints nothing."""

    with http.server.ThreadingHTTPServer((HOST, port), Pages) as pages:
        thread = threading.Thread(target=pages.serve_forever)
        thread.start()
        try:
            yield f"http://{HOST}:{port}/"
        finally:
            pages.shutdown()
            thread.join()


@contextmanager
def beside_a_shop(
    folder: Path, *, policy: str = "", wrap_up: str = "wrap_up_ms = 0"
) -> Iterator[RealServer]:
    """A server that a page of another origin may use: ``shop_page(server.shop_port, ...)``."""
    port = free_port()
    server = RealServer(folder, origins=(f"http://{HOST}:{port}",), policy=policy)
    server.config.write_text(server.config.read_text().replace("wrap_up_ms = 0", wrap_up))
    server.shop_port = port
    server.start()
    try:
        yield server
    finally:
        server.kill()
