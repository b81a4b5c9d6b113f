"""``fairline check`` as an operator and as a machine runs it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.certificates import certificate
from tests.helpers.commands import Ended
from tests.helpers.real_server import free_port

SOUND = """
[server]
data = "data"
{server}
[tenants.acme]
keys = [
  {{ kid = "main", alg = "HS256", secret = "a secret of thirty-two bytes or more" }},
  {keys}
]
[tenants.acme.policy]
queues = [{{ id = "support" }}]
"""


def file_of(folder: Path, *, server: str = "", keys: str = "") -> str:
    file = folder / "fairline.toml"
    file.write_text(SOUND.format(server=server, keys=keys), encoding="utf-8")
    return str(file)


def report(ended: Ended) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ended.out)
    assert ended.err == ""
    return found


def test_what_is_fine_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = file_of(tmp_path)
    ended = Ended(capsys, "check", "--config", file)
    assert (ended.code, ended.out, ended.err) == (0, f"{file}: fine (1 tenant)\n", "")
    told = report(Ended(capsys, "check", "--config", file, "--json"))
    assert told == {"ok": True, "tenants": 1, "findings": []}


def test_a_key_set_that_nobody_serves_fails_unless_nobody_is_to_be_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"https://127.0.0.1:{free_port()}/jwks.json"
    file = file_of(tmp_path, keys=f'{{ jwks_url = "{url}" }},')
    ended = Ended(capsys, "check", "--config", file)
    assert (ended.code, ended.out) == (1, "")
    told = ended.err.removeprefix("fairline: ")
    assert told.startswith(f"{file}:8: tenants.acme.keys[1].jwks_url: {url} cannot be fetched")
    offline = Ended(capsys, "check", "--config", file, "--offline")
    assert (offline.code, offline.err) == (0, "")
    assert offline.out == f"{file}: fine (1 tenant; key sets were not fetched)\n"


def test_a_redis_that_is_not_there_is_told_by_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"redis://:hush@127.0.0.1:{free_port()}"
    file = file_of(tmp_path, server=f'journal = "redis"\nredis_url = "{url}"')
    ended = Ended(capsys, "check", "--config", file)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith(f"fairline: {file}:5: server.redis_url: redis://127.0.0.1:")
    assert "hush" not in ended.err
    offline = Ended(capsys, "check", "--config", file, "--offline")
    assert (offline.code, offline.out) == (0, f"{file}: fine (1 tenant; Redis was not asked)\n")


def test_a_wrong_pair_and_warnings_are_told_with_their_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cert, _ = certificate(tmp_path, days=5)
    (tmp_path / "other").mkdir()
    _, key = certificate(tmp_path / "other")
    server = f'tls_cert = "{cert}"\ntls_key = "{key}"\ninsecure = true'
    file = file_of(tmp_path, server=server)
    ended = Ended(capsys, "check", "--config", file)
    assert ended.code == 1
    warning, error = ended.err.splitlines()
    assert warning.startswith("warning: server.insecure: ")
    assert error.removeprefix("fairline: ").startswith(f"{file}:5: server.tls_key: ")
    machine = Ended(capsys, "check", "--config", file, "--json")
    assert machine.code == 1
    told = report(machine)
    assert told["ok"] is False
    assert [(one["level"], one["line"], one["key"]) for one in told["findings"]] == [
        ("error", 5, "server.tls_key"), ("warning", 6, "server.insecure"),
    ]  # fmt: skip
    assert {one["file"] for one in told["findings"]} == {file}


def test_mistakes_that_keep_all_else_from_being_tried_are_findings_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = file_of(tmp_path, server='log = "loud"')
    ended = Ended(capsys, "check", "--config", file, "--json")
    assert ended.code == 1
    told = report(ended)
    assert (told["ok"], told["tenants"]) == (False, 0)
    (found,) = told["findings"]
    assert (found["key"], found["line"], found["file"]) == ("server.log", 4, file)
    assert ended.out.count("\n") > 1


def test_a_hook_without_a_name_and_a_rule_without_an_end_have_a_line_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = file_of(tmp_path)
    with Path(file).open("a", encoding="utf-8") as more:
        more.write('rules = [{ id = "vip" }]\n')
        more.write('[[tenants.acme.webhooks]]\nurl = "https://crm.example"\n')
    lines = Ended(capsys, "check", "--config", file).err.splitlines()
    missing = "this key is missing; add it"
    assert {line.partition(": ")[2] for line in lines if missing in line} == {
        f"tenants.acme.{key}: {missing}"
        for key in ("webhooks[0].id", "webhooks[0].secret", "policy.rules[0].then")
    }
