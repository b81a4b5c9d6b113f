"""Three nodes of the kinds that there are, and a real Prometheus that scrapes them with our rules.

Owns: their settings, the processes, the questions to Prometheus. Does not know: what is asked.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from tests.helpers import busy_day
from tests.helpers.certificates import certificate
from tests.helpers.real_server import free_port
from tests.helpers.redis_server import RedisServer

__all__ = ["Scraped"]

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "config" / "prometheus"
SETTINGS = """
[server]
bind = "127.0.0.1:{port}"
data = "second"
snapshot_ms = 2000
[tenants.acme]
webhooks = [{{ id = "crm", url = "http://127.0.0.1:{nobody}/", secret = "whsec_{secret}" }}]
{people}
"""
"""A second node: with a journal on the disk, a webhook that nobody answers."""
THIRD = """
[server]
bind = "127.0.0.1:{port}"
data = "third"
journal = "redis"
redis_url = "{redis}"
tls_cert = "{cert}"
tls_key = "{key}"
traces = true
[tenants.acme]
{people}
"""
"""A third one: with its journal in Redis, with TLS, with traces that go nowhere."""
HTTPS = """
      - targets: ["127.0.0.1:{port}"]
        labels: {{__scheme__: https}}
    tls_config: {{insecure_skip_verify: true}}
"""


class Scraped:
    """The demo and two more nodes, and a Prometheus that scrapes all three with our rules."""

    def __init__(self, tools: dict[str, str], folder: Path) -> None:
        self.port, self.prometheus_port = free_port(), free_port()
        self.second_port, third_port = free_port(), free_port()
        self.redis = RedisServer(folder / "redis", options=("maxmemory", "1gb")).start()
        self.processes: list[subprocess.Popen[bytes]] = []
        demo = [sys.executable, "-m", "router", "demo", "--port", str(self.port)]
        self._start([*demo], folder)
        settings = folder / "second.toml"
        text = SETTINGS.format(
            port=self.second_port,
            nobody=free_port(),
            secret="A" * 44,
            people=busy_day.SETTINGS,
        )
        settings.write_text(text, encoding="utf-8")
        serve = [sys.executable, "-m", "router", "serve", "--config", str(settings)]
        self._start(serve, folder)
        cert, key = certificate(folder, days=90)
        text = THIRD.format(
            port=third_port,
            redis=self.redis.url,
            cert=cert,
            key=key,
            people=busy_day.SETTINGS,
        )
        settings = folder / "third.toml"
        settings.write_text(text, encoding="utf-8")
        self._start([*serve[:-1], str(settings)], folder)
        config = (CONFIG / "prometheus.yml").read_text("utf-8").replace("15s", "1s")
        both = f'127.0.0.1:{self.port}", "127.0.0.1:{self.second_port}'
        config = config.replace("127.0.0.1:8080", both).rstrip() + HTTPS.format(port=third_port)
        for name in ("rules.yml", "alerts.yml"):
            shutil.copy(CONFIG / name, folder / name)
        (folder / "prometheus.yml").write_text(config, encoding="utf-8")
        self._start(
            [
                tools["prometheus"],
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{self.prometheus_port}",
            ],
            folder,
        )

    def _start(self, command: list[str], folder: Path) -> None:
        log = (folder / f"{len(self.processes)}.log").open("wb")
        quiet = {**os.environ, "OTEL_TRACES_EXPORTER": "none"}
        process = subprocess.Popen(
            command, cwd=ROOT, env=quiet, stdout=log, stderr=subprocess.STDOUT
        )
        log.close()
        self.processes.append(process)

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.redis.close()

    def ask(self, path: str, **parameters: str) -> Any:  # noqa: ANN401 - JSON
        query = urllib.parse.urlencode(parameters)
        address = f"http://127.0.0.1:{self.prometheus_port}/api/v1/{path}?{query}"
        with urllib.request.urlopen(address, timeout=5) as answer:
            return json.load(answer)["data"]

    def is_scraped(self) -> bool:
        """Whether Prometheus got figures of all nodes."""
        try:
            return len(self.result("up == 1")) == 3
        except OSError:
            return False

    def result(self, expression: str) -> list[Any]:
        found: list[Any] = self.ask("query", query=expression)["result"]
        return found
