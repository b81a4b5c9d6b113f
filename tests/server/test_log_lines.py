"""Every line that the source can log: a stable name, listed fields, nothing that was said.

What a line looks like is in test_logs.
"""

import ast
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import trio

from router.server import log_limits, logs
from router.server.clock import Clock
from tests.helpers.nodes import node_settings, open_node, token

ROOT = Path(__file__).parents[2] / "router"
LEVELS = {"debug", "info", "warning", "error", "critical", "exception"}
NAME = re.compile(r"[a-z]+(_[a-z]+)*(\.[a-z]+(_[a-z]+)*)+")
SECRET = "a secret that somebody wrote"


class Line(NamedTuple):
    where: str
    level: str
    event: ast.expr
    fields: tuple[str, ...]


def lines() -> Iterator[Line]:
    """Every call of a logger; what libraries and doors log plainly is in test_logs."""
    for file in sorted(ROOT.rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        is_speaking = "structlog" in text or "remark(" in text
        for node in ast.walk(ast.parse(text)) if is_speaking else ():
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "remark":
                told = {one.arg: one.value for one in node.keywords if one.arg is not None}
                level = ast.literal_eval(told.pop("level", ast.Constant("warning")))
                yield Line(f"{file.name}:{node.lineno}", level, node.args[1], tuple(told))
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in LEVELS
                and ast.unparse(node.func.value) in ("_LOG", "self._log", "log")
            ):
                fields = tuple(one.arg for one in node.keywords if one.arg is not None)
                where = f"{file.name}:{node.lineno}"
                yield Line(where, node.func.attr, node.args[0], fields)


def test_every_line_has_a_name_of_its_own_that_no_value_is_part_of() -> None:
    found = list(lines())
    assert len(found) > 40
    for line in found:
        assert isinstance(line.event, ast.Constant), f"{line.where}: a name made of values"
        name = line.event.value
        assert isinstance(name, str), line.where
        assert NAME.fullmatch(name), f"{line.where}: {name}"


def test_the_documentation_lists_every_line_with_its_fields() -> None:
    text = (ROOT.parent / "docs" / "reference" / "log.md").read_text("utf-8")
    rows = re.findall(r"^\| `([a-z_.]+)` \| (\w+) \| ([^|]*) \| [^|]+ \|$", text, re.MULTILINE)
    told = {name: (level, set(re.findall(r"`(\w+)`", fields))) for name, level, fields in rows}
    found: dict[str, tuple[str, set[str]]] = {}
    for line in lines():
        assert isinstance(line.event, ast.Constant)
        assert isinstance(line.event.value, str)
        _, fields = found.setdefault(line.event.value, (line.level, set()))
        fields |= set(line.fields)
    assert sorted(found.keys() ^ told.keys()) == []
    for name, (level, fields) in found.items():
        assert told[name][0] == {"exception": "error"}.get(level, level), name
        assert fields <= told[name][1], name
    for name in logs._OUR_DOORS.values():
        assert f"`{name}`" in text


def test_every_field_of_every_line_is_shown() -> None:
    for line in lines():
        for field in line.fields:
            shown = field in logs.FIELDS or field.endswith(logs._MEASURES)
            assert shown or field == "exc_info", f"{line.where}: {field} would be withheld"


async def test_a_day_of_a_server_is_json_and_tells_nothing_of_what_was_said() -> None:
    stream = io.StringIO()
    logs.configure("json", Clock(), stream)
    async with open_node(node_settings()) as node:
        alice = await node.join("agent", "alice")
        await alice.ok("presence.set", show="available", reason=SECRET)
        carl = await node.join("customer", "carl")
        reply = await carl.ok("conversation.request", op="o", channel="chat", body=SECRET)
        offer = await alice.until("offer.new")
        await alice.ok("offer.accept", offer=offer["offer"])
        name = reply["conversation"]
        note = {"conversation": name, "op": "n", "body": SECRET, "kind": "note"}
        await alice.send_frame({"t": "message.send", "id": 1_000, **note})
        await alice.until("reply", id=1_000, ok=True)
        await carl.ok("message.send", conversation=name, op="m", body=SECRET)
        assert await carl.refused("message.send", conversation="other", op="m2", body=SECRET)
        await carl.send_raw(json.dumps({"t": "message.send", "id": SECRET, "body": SECRET}))
        sofia = await node.join("supervisor", "sofia")
        policy = (await sofia.ok("policy.get"))["policy"]
        await sofia.ok("policy.set", policy={**policy, "grace_ms": 60_000})
        stranger = await node.socket()
        bad = token("agent", "alice")[:-4] + "AAAA"
        who = {"name": SECRET, "version": "1"}
        assert await stranger.refused("hello", token=bad, role="agent", client=who)
        await node.get("/v1/queues", f"Authorization: Bearer {bad}")
        await alice.send_frame({"t": "conversation.end", "id": 1_001, "conversation": name})
        await alice.until("reply", id=1_001, ok=True)
        await carl.ok("rate", conversation=name, score=1, comment=SECRET)
        await trio.testing.wait_all_tasks_blocked(0.05)
    text = stream.getvalue()
    found: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
    events = {line["event"] for line in found}
    assert {"server.listening", "policy.changed", "token.refused"} <= events
    assert all(list(line)[:3] == ["at", "level", "event"] for line in found)
    assert SECRET not in text
    assert bad not in text


async def test_refused_sign_ins_are_logged_but_not_for_ever() -> None:
    stream = io.StringIO()
    logs.configure("json", Clock(), stream)
    async with open_node() as node:
        for _ in range(3 * log_limits.LINES_PER_WINDOW):
            await node.get("/v1/queues", "Authorization: Bearer a.b.c")
    said = [line for line in stream.getvalue().splitlines() if '"token.refused"' in line]
    assert len(said) == log_limits.LINES_PER_WINDOW
