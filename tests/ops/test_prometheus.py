"""Rules, alerts, runbooks and dashboards: by their own tools, and against a server under load."""

import importlib.util
import itertools
import json
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.helpers.busy_day import BusyDay
from tests.helpers.outsider import until
from tests.helpers.programs import PROMETHEUS, program
from tests.helpers.runbooks import FOLDER
from tests.helpers.scraped import Scraped

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "config" / "prometheus"
GRAFANA = ROOT / "config" / "grafana"
PATIENCE_S = 60.0
LATE_S = 180.0
RUNBOOKS = "http://127.0.0.1:8080/runbooks/"
RE_ALL = re.DOTALL | re.MULTILINE

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def tools() -> dict[str, str]:
    return {name: program(name, PROMETHEUS) for name in ("prometheus", "promtool", "amtool")}


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
    for name in _alerts():
        cases = re.findall(rf"alertname: {name}\b[\s,]+exp_alerts:(.*)$", tested, re.MULTILINE)
        never = [case for case in cases if "exp_labels" not in case and "[]" in case]
        assert len(cases) > len(never), f"nothing shows that {name} fires"
        assert never or name == "FairlineWatchdog", f"nothing shows that {name} keeps quiet"
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


VARIABLES = re.compile(r"\$(job|instance|tenant|queue)\b")


def _filled(expression: str) -> str:
    """A board's query with Grafana's variables as they are at first."""
    expression = VARIABLES.sub(".*", expression)
    return expression.replace("$__rate_interval", "1m").replace("$__range", "5m")


def _queries() -> Iterator[tuple[str, str]]:
    """Every recording rule, every panel's query, and what every variable offers."""
    for name in re.findall(r"- record: (\S+)", (CONFIG / "rules.yml").read_text("utf-8")):
        yield "rule", name
    for path in sorted(GRAFANA.glob("*.json")):
        board = json.loads(path.read_text("utf-8"))
        for panel in board["panels"]:
            for target in panel.get("targets", ()):
                yield path.name, _filled(target["expr"])
        for mark in board["annotations"]["list"]:
            yield f"{path.name}: {mark['name']}", _filled(mark["expr"])
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                query = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"])
                assert query is not None, variable["query"]
                yield f"{path.name}: ${query[2]}", f"count by ({query[2]}) ({_filled(query[1])})"


def _confirming(page: Path) -> list[str]:
    """The queries of a runbook with which somebody makes sure."""
    found = re.search(r"^## Confirm\n\n```promql\n(.*?)\n```", page.read_text("utf-8"), RE_ALL)
    return found[1].splitlines() if found else []


def _is_answer(found: list[Any], where: str) -> bool:
    """Whether there is a number; of a variable, whether there is a name."""
    if "$" in where:
        return all(any(one["metric"].values()) for one in found) and bool(found)
    return any(one["value"][1] != "NaN" for one in found)


NO_NUMBER_YET = {
    "ping_rtt": "a first ping is answered within 40 s",
    'of="load"': "of two who were there for a minute",
}
"""What is no number soon after a start, and why; it is asked for at the end."""

NEAR_HERE = {
    "FairlineJournalSlow": "the disk is shared with other tests",
    "FairlineLoopSlow": "so are the cores",
    "FairlineDegraded": "so are the cores",
    "FairlineAbandonsHigh": "customers of the busy day leave",
    "FairlineNobodyAvailable": "its agents go home before the last customer",
    "FairlineOffersDeclined": "they decline more than people do",
    "FairlineServiceLevelBurnsFast": "who left was not answered in time",
    "FairlineServiceLevelBurnsSlowly": "who left was not answered in time",
}
"""What a busy day on a busy machine leads to, and why; nothing else may be near."""

SELECTOR = re.compile(r"\b((?:fairline|process)[_:][\w:]+|up)\b(?:\{([^}]*)\})?(?![\w:(])")
MATCHER = re.compile(r'(\w+)(=~|!=|!~|=)"([^"]*)"')
NAMES = {"job", "instance", "tenant", "queue", "hook"}
"""Labels whose values are a site's own."""
NOT_YET = {'fairline_fairness_jain{of="load"}'}
"""Series that come after a minute; what is made of them is asked for at the end."""


def _selectors(name: str) -> Iterator[str]:
    """The series that a file of rules, alerts or their tests names, one for each value."""
    text = (CONFIG / name).read_text("utf-8")
    told = re.sub(
        r"^ *(- )?(summary|description|runbook_url|alert|record|alertname):.*$",
        "",
        text,
        flags=re.MULTILINE,
    )
    for metric, inside in SELECTOR.findall(re.sub(r"#.*", "", told)):
        chosen: list[list[str]] = []
        for label, relation, value in MATCHER.findall(inside):
            if label in NAMES:
                continue
            values = value.split("|") if "~" in relation else [value]
            chosen.append([f'{label}="{one}"' for one in values])
        for labels in itertools.product(*chosen):
            yield f"{metric}{{{','.join(labels)}}}" if labels else metric


def test_what_a_selector_asks_for_is_taken_apart() -> None:
    """Else a renamed value might go unnoticed because nothing was asked for."""
    found = set(_selectors("rules.yml")) | set(_selectors("alerts.yml"))
    assert 'fairline_offers_total{outcome="expired"}' in found
    assert 'fairline_offers_total{outcome="undelivered"}' in found
    assert 'fairline_resumes_total{result="replayed"}' in found
    assert 'fairline:disconnects:rate5m{code="4103"}' in found
    assert "fairline_command_oldest_seconds" in found
    assert len(found) > 50


@pytest.fixture(scope="module")
def watched(tools: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scraped]:
    found = Scraped(tools, tmp_path_factory.mktemp("prometheus"))
    try:
        until(found.is_scraped, "Prometheus has figures of all nodes", PATIENCE_S)
        with BusyDay(found.second_port).open() as day:
            day.play()
            yield found
    finally:
        found.stop()


def test_every_query_gets_data_from_servers_at_work(watched: Scraped) -> None:
    def silent() -> list[tuple[str, str]]:
        return [
            (where, query)
            for where, query in _queries()
            if not any(name in query for name in NO_NUMBER_YET)
            and not _is_answer(watched.result(query), where)
        ]

    until(lambda: not silent(), "every query has data", PATIENCE_S, silent)
    for _, query in _queries():
        watched.result(query)  # those that may be empty: at least they run
    asked = [query for page in FOLDER.glob("*.md") for query in _confirming(page)]
    assert len(asked) > 80
    for query in asked:
        watched.result(query)  # as somebody asks them at night, when they have data


def test_the_page_is_one_that_promtool_approves_of(watched: Scraped, tools: dict[str, str]) -> None:
    """After a day with every kind of event: names, types, help, no series twice."""
    command, page = [tools["promtool"], "check", "metrics"], b""
    for port in (watched.port, watched.second_port):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            page = answer.read()
        assert page.count(b"# TYPE fairline_") > 90
        done = subprocess.run(command, input=page, capture_output=True, check=False)
        assert (done.returncode, done.stdout + done.stderr) == (0, b"")
    broken = page + b"# TYPE fairline_wrong counter\nfairline_wrong 1\n"
    done = subprocess.run(command, input=broken, capture_output=True, check=False)
    assert done.returncode != 0, "it looks at nothing"


def test_every_series_that_a_rule_or_an_alert_selects_is_there(watched: Scraped) -> None:
    def unmet() -> list[str]:
        asked = {*_selectors("rules.yml"), *_selectors("alerts.yml")} - NOT_YET
        return sorted(one for one in asked if not watched.result(one))

    until(lambda: not unmet(), "every selector finds a series", PATIENCE_S, unmet)


def test_what_the_rules_are_tested_with_looks_like_what_a_server_says(watched: Scraped) -> None:
    def unreal() -> list[str]:
        asked = {*_selectors("tests.yml"), *_selectors("tests_long.yml")} - NOT_YET
        return sorted(one for one in asked if not watched.result(one))

    until(lambda: not unreal(), "every series of tests.yml is real", PATIENCE_S, unreal)


def test_no_alert_is_broken_and_a_calm_server_fires_none(watched: Scraped) -> None:
    def healths() -> dict[str, str]:
        rules = [rule for group in watched.ask("rules")["groups"] for rule in group["rules"]]
        return {rule["name"]: rule["health"] for rule in rules}

    def evaluated() -> bool:
        told = healths()
        return len(told) > 20 and set(told.values()) == {"ok"}

    until(evaluated, "all rules are evaluated", PATIENCE_S, healths)
    fired = watched.result('max_over_time(ALERTS{alertstate="firing"}[10m])')
    names = {one["metric"]["alertname"] for one in fired}
    assert names - NEAR_HERE.keys() == {"FairlineWatchdog"}

    def uneasy() -> set[str]:
        told = {alert["labels"]["alertname"] for alert in watched.ask("alerts")["alerts"]}
        return told - {"FairlineWatchdog"} - NEAR_HERE.keys()

    until(lambda: not uneasy(), "no alert is about to fire", PATIENCE_S, uneasy)


@pytest.mark.parametrize("name", NO_NUMBER_YET)
def test_what_takes_a_minute_is_there_after_one(watched: Scraped, name: str) -> None:
    """Behind the others, for which it need not have passed."""
    late = [(where, query) for where, query in _queries() if name in query]
    assert late

    def silent() -> list[tuple[str, str]]:
        return [one for one in late if not _is_answer(watched.result(one[1]), one[0])]

    until(lambda: not silent(), "every late query has data", LATE_S, silent)


def test_every_late_series_is_there_then(watched: Scraped) -> None:
    until(lambda: all(map(watched.result, NOT_YET)), "what rules ask for", PATIENCE_S)
