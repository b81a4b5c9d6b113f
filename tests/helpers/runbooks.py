"""What runbooks say of their alerts; ``python -m tests.helpers.runbooks`` renews it in them.

Owns: reading ``alerts.yml`` as it is written, and what a page and the list say of an alert.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "runbooks"
ALERTS = ROOT / "config" / "prometheus" / "alerts.yml"
BEGINS, ENDS = "\n| alert | severity | after |\n", "\n## Confirm\n"
_ALERT = re.compile(
    r"^      - alert: (?P<name>\w+)\n        expr: (?:>-\n          )?(?P<expression>.*)\n"
    r"(?:        for: (?P<lasts>\w+)\n)?        labels:\n          severity: (?P<severity>\w+)\n"
    r"(?:.*\n)*?          runbook_url: \S+/(?P<page>[\w-]+)\.html$",
    re.MULTILINE,
)


class Alert(NamedTuple):
    """One alert as its file has it."""

    name: str
    expression: str
    lasts: str
    severity: str
    page: str


def alerts() -> list[Alert]:
    """All of them, in the order of the file."""
    found = _ALERT.finditer(ALERTS.read_text("utf-8"))
    return [
        Alert(**{key: value or "0m" for key, value in one.groupdict().items()}) for one in found
    ]


def facts_of(page: str) -> str:
    """What a page says of its alerts: severity, how long, the expression with its thresholds."""
    mine = [alert for alert in alerts() if alert.page == page]
    rows = "".join(f"| `{one.name}` | {one.severity} | {one.lasts} |\n" for one in mine)
    blocks = "".join(f"```promql\n{_in_lines(one.expression)}\n```\n" for one in mine)
    return f"{BEGINS}|---|---|---|\n{rows}\n## Fires when\n\n{blocks}"


def listed() -> str:
    """The list of all pages, by what is wrong, with their alerts."""
    lines = []
    for file in sorted(FOLDER.glob("*.md")):
        if file.stem != "index":
            title = file.read_text("utf-8").partition("\n")[0].removeprefix("# ")
            mine = (f"`{one.name}`, {one.severity}" for one in alerts() if one.page == file.stem)
            lines.append(f"- [{title}]({file.name}): {'; '.join(mine)}\n")
    return "".join(lines)


def renewed() -> Iterator[tuple[Path, str]]:
    """Every page as it should be."""
    for file in sorted(FOLDER.glob("*.md")):
        text = file.read_text("utf-8")
        if file.stem == "index":
            yield file, text[: text.index("\n- [") + 1] + listed()
        else:
            begin = text.find(BEGINS)
            end = text.index(ENDS)
            yield file, text[: end if begin < 0 else begin] + facts_of(file.stem) + text[end:]


def _in_lines(expression: str) -> str:
    return re.sub(r" (and|or) ", r"\n\1 ", expression)


if __name__ == "__main__":
    for path, text in list(renewed()):
        path.write_text(text, encoding="utf-8")
