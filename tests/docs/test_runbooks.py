"""Whatever a runbook names is there: alerts as they are, metrics, lines of the log, commands."""

import inspect
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from router.policy import Policy, Queue, ServiceLevel
from router.server.cli import app
from router.server.sections import ServerSettings
from tests.helpers.programs import PROMETHEUS, program
from tests.helpers.runbooks import FOLDER, ROOT, alerts, renewed

PAGES = {path.stem: path.read_text("utf-8") for path in FOLDER.glob("*.md") if path.stem != "index"}
SECTIONS = ("Fires when", "Confirm", "Log", "Within five minutes", "Causes", "Escalate")
OF_A_TENANT = {"archive", "audit", "policy", "replay", "token", "webhooks"}
"""Commands that ask whose, unless there is one tenant alone."""
FILES = {"md", "py", "sqlite", "toml", "yml"}


def section(page: str, name: str) -> str:
    (found,) = re.findall(
        rf"^## {name}\n\n(.*?)(?=\n## |\Z)", PAGES[page], re.DOTALL | re.MULTILINE
    )
    return str(found)


def spoken(text: str) -> Iterator[str]:
    """What stands in backquotes within sentences."""
    sentences = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    yield from re.findall(r"`([^`]+)`", re.sub(r"\s*\n\s*", " ", sentences))


def told_in(name: str, row: str) -> set[str]:
    return set(re.findall(row, (ROOT / "docs/reference" / name).read_text("utf-8"), re.MULTILINE))


def test_every_alert_is_read() -> None:
    text = (ROOT / "config/prometheus/alerts.yml").read_text("utf-8")
    found = alerts()
    assert [one.name for one in found] == re.findall(r"- alert: (\w+)", text)
    assert {one.page for one in found} == PAGES.keys()
    assert {one.severity for one in found} == {"none", "page", "ticket"}
    stands = next(one for one in found if one.name == "FairlineLineStands")
    assert stands.lasts == "1m"
    assert stands.expression.endswith("fairline_last_offer_timestamp_seconds > 60")


def test_every_page_says_its_alerts_as_they_are() -> None:
    for path, text in renewed():
        assert path.read_text("utf-8") == text, (
            f"{path.name} has another expression, threshold or time than alerts.yml. "
            "One command makes them anew:  python -m tests.helpers.runbooks"
        )


@pytest.mark.parametrize("page", sorted(PAGES))
def test_every_page_has_what_is_wanted_at_night(page: str) -> None:
    assert tuple(re.findall(r"^## (.+)$", PAGES[page], re.MULTILINE)) == SECTIONS
    title, impact, *_ = PAGES[page].split("\n\n")
    assert title.startswith("# ")
    assert len(impact) > 60
    assert "```promql\n" in section(page, "Confirm")
    log = section(page, "Log")
    assert log.startswith("None") or list(spoken(log))
    assert section(page, "Within five minutes").startswith("1. ")
    assert "\n2. " in section(page, "Within five minutes")
    assert section(page, "Causes").startswith("- ")
    assert section(page, "Escalate").strip()


@pytest.mark.parametrize("page", sorted(PAGES))
def test_every_metric_of_a_page_is_one(page: str) -> None:
    known = told_in("metrics.md", r"^\| `(fairline_\w+)`")
    known |= {f"{name}_{part}" for name in known for part in ("bucket", "sum", "count")}
    rules = (ROOT / "config/prometheus/rules.yml").read_text("utf-8")
    recorded = set(re.findall(r"- record: (\S+)", rules))
    named = set(re.findall(r"\bfairline(?:_\w+|:[\w:]+)", PAGES[page]))
    assert named - known - recorded == set()


def settings() -> set[str]:
    server = {f"server.{one.encode_name}" for one in msgspec.structs.fields(ServerSettings)}
    level = {f"service_level.{one.name}" for one in msgspec.structs.fields(ServiceLevel)}
    plain = {one.encode_name for kind in (Policy, Queue) for one in msgspec.structs.fields(kind)}
    return server | level | plain


@pytest.mark.parametrize("page", sorted(PAGES))
def test_every_line_of_the_log_and_every_key_of_a_page_is_one(page: str) -> None:
    events = told_in("log.md", r"`([a-z_]+\.[a-z_]+)`")
    dotted = {word for word in spoken(PAGES[page]) if re.fullmatch(r"[a-z_]+\.[a-z_]+", word)}
    dotted = {word for word in dotted if word.rpartition(".")[2] not in FILES}
    assert dotted - events - settings() == set()
    lines = {word for word in spoken(section(page, "Log")) if "." in word}
    assert lines - events <= {"server.log_events"}


def test_every_command_of_a_page_is_one() -> None:
    commands = {
        word for text in PAGES.values() for word in spoken(text) if word.startswith("fairline ")
    }
    assert len(commands) > 8
    for command in commands:
        _, *words = shlex.split(command)
        if words[-1] != "--help":
            done, bound, _ = app.parse_args(words, exit_on_error=False, print_error=False)
            if words[0] in OF_A_TENANT and "tenant" in inspect.signature(done).parameters:
                assert bound.arguments.get("tenant"), f"{command}: whose, where there are several?"


def test_every_query_of_a_page_is_one(tmp_path: Path) -> None:
    promtool = program("promtool", PROMETHEUS)
    lines = ["groups:", "  - name: pages", "    rules:"]
    for page in sorted(PAGES):
        for block in re.findall(r"```promql\n(.*?)\n```", section(page, "Confirm"), re.DOTALL):
            for query in block.splitlines():
                lines += [f"      - record: {page.replace('-', '_')}", "        expr: >-"]
                lines += [f"          {query}"]
    file = tmp_path / "pages.yml"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = subprocess.run(
        [promtool, "check", "rules", "--lint=none", str(file)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
