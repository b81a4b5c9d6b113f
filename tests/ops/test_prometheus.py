"""Rules, alerts, runbooks and dashboards: by their own tools, and against a server under load."""

import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.helpers.outsider import until
from tests.helpers.real_server import free_port

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "config" / "prometheus"
GRAFANA = ROOT / "config" / "grafana"
PATIENCE_S = 60.0
RUNBOOKS = "http://127.0.0.1:8080/runbooks/"
RE_ALL = re.DOTALL | re.MULTILINE

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def tools() -> dict[str, str]:
    found = {name: shutil.which(name) for name in ("prometheus", "promtool", "amtool")}
    if not all(found.values()):
        sentence = "no prometheus: tests/setup-prometheus.sh says how to get one"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)
    return {name: str(path) for name, path in found.items()}


def _promtool(tools: dict[str, str], *arguments: str) -> None:
    done = subprocess.run(
        [tools["promtool"], *arguments], cwd=CONFIG, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_configuration_and_all_rules_are_accepted(tools: dict[str, str]) -> None:
    _promtool(tools, "check", "config", "prometheus.yml")


def test_every_alert_fires_when_it_should(tools: dict[str, str]) -> None:
    _promtool(tools, "test", "rules", "tests.yml", "tests_long.yml")


def _alerts() -> list[str]:
    return re.findall(r"- alert: (\w+)", (CONFIG / "alerts.yml").read_text("utf-8"))


def test_every_alert_has_a_test_and_a_page_for_three_in_the_morning() -> None:
    tested = "".join(path.read_text("utf-8") for path in CONFIG.glob("tests*.yml"))
    alerts = (CONFIG / "alerts.yml").read_text("utf-8")
    assert [name for name in _alerts() if f"alertname: {name}\n" not in tested] == []
    pages = re.findall(rf"runbook_url: {re.escape(RUNBOOKS)}([\w-]+)\.html\n", alerts)
    assert len(pages) == len(_alerts())
    folder = ROOT / "docs" / "runbooks"
    for page in pages:
        text = (folder / f"{page}.md").read_text("utf-8")
        assert text.startswith("# ")
        assert "\n1. " in text, page
    assert {path.stem for path in folder.glob("*.md")} - {"index"} == set(pages)


def _amtool(tools: dict[str, str], *arguments: str) -> str:
    command = [tools["amtool"], *arguments]
    done = subprocess.run(command, cwd=CONFIG, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def test_a_page_wakes_somebody_and_a_ticket_does_not(tools: dict[str, str]) -> None:
    _amtool(tools, "check-config", "alertmanager.yml")
    route = ("config", "routes", "test", "--config.file=alertmanager.yml")
    alerts = re.findall(
        r"- alert: (\w+)$.*?severity: (\w+)", (CONFIG / "alerts.yml").read_text("utf-8"), RE_ALL
    )
    assert len(alerts) == len(_alerts())
    # One of each kind: a call of the tool takes a while.
    seen = {severity: name for name, severity in alerts}
    assert seen.keys() == {"none", "page", "ticket"}
    for severity, name in seen.items():
        told = _amtool(tools, *route, f"alertname={name}", f"severity={severity}", "job=fairline")
        assert told == ("watchdog" if severity == "none" else severity)


def _builder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_dashboards", GRAFANA / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_dashboards_are_those_that_the_code_makes() -> None:
    for name, text in _builder().rendered().items():
        assert (GRAFANA / name).read_text("utf-8") == text, (
            f"{name}: python config/grafana/build.py"
        )


# -- against a real server and a real Prometheus -----------------------------------------------


def _queries() -> Iterator[tuple[str, str]]:
    """Every recording rule and every panel's query, with Grafana's variables filled in."""
    rules = (CONFIG / "rules.yml").read_text("utf-8")
    for name in re.findall(r"- record: (\S+)", rules):
        yield "rule", name
    for path in sorted(GRAFANA.glob("*.json")):
        for panel in json.loads(path.read_text("utf-8"))["panels"]:
            for target in panel["targets"]:
                expression = re.sub(r"\$(job|instance|tenant|queue)\b", ".*", target["expr"])
                yield path.name, expression.replace("$__rate_interval", "1m")


EMPTY_WHEN_ALL_IS_WELL = re.compile(
    r"abandonment|fairness_jain|occupancy|waits_below_estimate|wait_over_estimate|wait_estimate_error|handle_seconds_sum|wrapup_seconds_sum"
    r"|declined|unanswered|resumes_incomplete|ping_rtt"
)
"""There only after something went wrong, or after a minute or two; these must run without error."""


SETTINGS = """
[server]
bind = "127.0.0.1:{port}"
data = "second"
[tenants.acme]
keys = [{{ kid = "main", secret = "a secret of this test, long enough for all" }}]
webhooks = [{{ id = "crm", url = "http://127.0.0.1:{nobody}/", secret = "whsec_{secret}" }}]
[tenants.acme.policy]
queues = [{{ id = "support" }}]
"""
"""A second node: with a journal on the disk, and a webhook that nobody answers."""


class Watched:
    """The demo and a second node, and a Prometheus that scrapes both with our rules."""

    def __init__(self, tools: dict[str, str], folder: Path) -> None:
        self.port, self.prometheus_port = free_port(), free_port()
        self.processes: list[subprocess.Popen[bytes]] = []
        demo = [sys.executable, "-m", "router", "demo", "--port", str(self.port)]
        self._start([*demo], folder)
        second = free_port()
        settings = folder / "second.toml"
        text = SETTINGS.format(port=second, nobody=free_port(), secret="A" * 44)
        settings.write_text(text, encoding="utf-8")
        serve = [sys.executable, "-m", "router", "serve", "--config", str(settings)]
        self._start(serve, folder)
        config = (CONFIG / "prometheus.yml").read_text("utf-8").replace("15s", "1s")
        both = f'127.0.0.1:{self.port}", "127.0.0.1:{second}'
        config = config.replace("127.0.0.1:8080", both)
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
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
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

    def ask(self, path: str, **parameters: str) -> Any:  # noqa: ANN401 - JSON
        query = urllib.parse.urlencode(parameters)
        address = f"http://127.0.0.1:{self.prometheus_port}/api/v1/{path}?{query}"
        with urllib.request.urlopen(address, timeout=5) as answer:
            return json.load(answer)["data"]

    def is_scraped(self) -> bool:
        """Whether Prometheus got figures of the demo."""
        return self.is_up() and bool(self.result("up == 1"))

    def is_up(self) -> bool:
        """Whether Prometheus answers."""
        try:
            self.ask("rules")
        except OSError:
            return False
        return True

    def result(self, expression: str) -> list[Any]:
        found: list[Any] = self.ask("query", query=expression)["result"]
        return found


@pytest.fixture(scope="module")
def watched(tools: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    found = Watched(tools, tmp_path_factory.mktemp("prometheus"))
    yield found
    found.stop()


def test_every_query_gets_data_from_a_server_under_load(watched: Watched) -> None:
    def silent() -> list[tuple[str, str]]:
        return [
            (where, query)
            for where, query in _queries()
            if not EMPTY_WHEN_ALL_IS_WELL.search(query) and not watched.result(query)
        ]

    until(lambda: watched.is_up() and not silent(), "every query has data", PATIENCE_S, silent)
    for _, query in _queries():
        watched.result(query)  # those that may be empty: at least they run


def test_no_alert_is_broken_and_a_calm_server_fires_none(watched: Watched) -> None:
    def healths() -> dict[str, str]:
        rules = [rule for group in watched.ask("rules")["groups"] for rule in group["rules"]]
        return {rule["name"]: rule["health"] for rule in rules}

    def evaluated() -> bool:
        told = healths()
        return len(told) > 20 and set(told.values()) == {"ok"}

    until(lambda: watched.is_up() and evaluated(), "all rules are evaluated", PATIENCE_S, healths)
    firing = [alert["labels"]["alertname"] for alert in watched.ask("alerts")["alerts"]]
    assert set(firing) & {"FairlineDown", "FairlineInvariantBroken", "FairlineLineStands"} == set()
    assert "FairlineWatchdog" in firing


def test_every_series_of_alerts_is_one_that_the_server_has(watched: Watched) -> None:
    until(watched.is_scraped, "the demo is there", PATIENCE_S)
    with urllib.request.urlopen(f"http://127.0.0.1:{watched.port}/metrics", timeout=5) as answer:
        page = answer.read().decode()
    known = set(re.findall(r"^# TYPE (\S+)", page, re.MULTILINE))
    text = (CONFIG / "alerts.yml").read_text("utf-8") + (CONFIG / "rules.yml").read_text("utf-8")
    named = set(re.findall(r"\bfairline_\w+", text))
    bare = {re.sub(r"_bucket$|_sum$|_count$", "", name) for name in named}
    # The demo has no webhooks, no disk and no certificate: these are looked for in the source.
    server = ROOT / "router" / "server"
    source = "".join(
        (server / f"{name}.py").read_text("utf-8") for name in ("webhooks", "node_figures")
    )
    absent = {name for name in bare - known if name[9:].removesuffix("_total") in source}
    assert sorted(bare - absent - known) == []
