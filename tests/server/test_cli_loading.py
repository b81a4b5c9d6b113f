"""A command loads what it needs and no more: what others need would cost each start its time."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from router.server.starter import FILE_NAME, write_starter

ROOT = Path(__file__).parents[2]
RUN = """\
import contextlib, io, json, sys
from router.server.cli import main
code = 0
with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(out):
    try:
        main(json.loads(sys.argv[1]))
    except SystemExit as left:
        code = left.code
print(json.dumps({"code": code, "said": out.getvalue(), "loaded": sorted(sys.modules)}))
"""
SERVER = {"router.server.app", "router.server.engine", "hypercorn", "starlette", "trio_websocket"}
APART = {"httpx", "jinja2", "markdown_it", "opentelemetry", "rich.live"}
APART |= {f"router.{part}" for part in ("bench", "client", "lab", "documents.openapi")}
LOOP = {"trio", "structlog", "prometheus_client"}
CORE = {"router.core", "redis"}
KEYS = {"joserfc", "cryptography"}


def _loaded(code: str, *arguments: str) -> set[str]:
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["code"] == 0, told["said"]
    return set(told["loaded"])


@pytest.mark.parametrize(
    ("words", "needless"),
    [
        (["--version"], SERVER | APART | LOOP | CORE | KEYS | {"msgspec"}),
        (["--help"], SERVER | APART | LOOP | CORE),
        (["check", "--offline", "--config", "{file}"], SERVER | APART | LOOP | CORE),
        (["config", "show", "--config", "{file}"], SERVER | APART | LOOP | CORE | KEYS),
        (
            ["token", "--config", "{file}", "--role", "agent", "--sub", "alice"],
            SERVER | APART | LOOP | CORE,
        ),
        (["policy", "pull", "--help"], SERVER | APART | LOOP | CORE | KEYS),
        (["secret", "{file}"], SERVER | APART | LOOP | CORE | KEYS),
        (["journal", "show", "--help"], SERVER | APART | LOOP | CORE | KEYS),
        (["runbook", "node-down"], SERVER | APART | LOOP | CORE | KEYS),
    ],
    ids=lambda words: words[0] if isinstance(words, list) else "",
)
def test_a_command_loads_nothing_that_others_need(
    words: list[str], needless: set[str], tmp_path: Path
) -> None:
    write_starter(tmp_path)
    file = tmp_path / FILE_NAME
    arguments = json.dumps([word.format(file=file) for word in words])
    assert _loaded(RUN, arguments) & needless == set()


@pytest.mark.parametrize(
    ("module", "needless"),
    [
        ("router.server.running", APART | {"router.server.cli", "router.server.demo", "cyclopts"}),
        ("router.server.demo", APART | {"router.server.cli", "cyclopts"}),
        ("router.server.snapshotter", SERVER | APART | LOOP | KEYS | {"cyclopts", "rich"}),
    ],
)
def test_a_process_that_stays_loads_nothing_that_it_has_no_use_for(
    module: str, needless: set[str]
) -> None:
    code = f"import {module}, json, sys; print(json.dumps({{'code': 0, 'loaded': [*sys.modules]}}))"
    assert _loaded(code) & needless == set()
