import subprocess
import sys
from pathlib import Path

import pytest

from router import __version__
from router.server.auth import Authenticator
from router.server.clock import Clock
from router.server.settings import load
from tests.helpers.commands import Ended

COMMANDS = ("serve", "demo", "init", "check", "token", "bench")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def config(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    assert Ended(capsys, "init", str(tmp_path)).code == 0
    return str(tmp_path / "fairline.toml")


def test_every_command_has_help_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    overview = Ended(capsys, "--help")
    for command in COMMANDS:
        assert command in overview.out
        shown = Ended(capsys, command, "--help")
        assert shown.code == 0
        assert f"fairline {command}" in shown.out.partition("Example:")[2]


def test_the_version_is_the_package_s(capsys: pytest.CaptureFixture[str]) -> None:
    assert Ended(capsys, "--version").out == f"fairline {__version__}\n"


def test_init_writes_a_file_that_check_accepts(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    checked = Ended(capsys, "check", "--config", config)
    assert (checked.code, checked.err) == (0, "")
    assert checked.out == f"{config}: fine (1 tenant)\n"


def test_init_never_overwrites(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    again = Ended(capsys, "init", str(Path(config).parent))
    assert (again.code, again.out) == (1, "")
    assert "there already" in again.err


def test_check_lists_all_errors_and_fails(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = tmp_path / "more.toml"
    more.write_text('[server]\nbind = "nowhere"\nlog = "loud"\n')
    checked = Ended(capsys, "check", "--config", config, "--config", str(more))
    assert (checked.code, checked.out) == (1, "")
    assert [line.split(": ")[:2] for line in checked.err.splitlines()] == [
        [f"{more}:3", "server.log"],
        [f"{more}:2", "server.bind"],
    ]


def test_check_looks_at_key_files_too(
    tmp_path: Path, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "key.pem").write_text("no key")
    more = tmp_path / "more.toml"
    more.write_text(
        '[tenants.main]\nkeys = [{kid = "a", alg = "EdDSA", public_key_file = "key.pem"}]'
    )
    checked = Ended(capsys, "check", "--config", config, "--config", str(more))
    assert checked.code == 1
    assert "tenants.main.keys[0].public_key_file" in checked.err


def test_a_token_counts_where_it_was_made_for(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    made = Ended(
        capsys, "token", "--config", config, "--tenant", "main", "--role", "agent",
        "--sub", "alice", "--ttl", "60", "skills.support=80", "languages.en=100", "name=Alice",
    )  # fmt: skip
    assert (made.code, made.err) == (0, "")
    authenticator = Authenticator(load([Path(config)], {}))
    identity = authenticator.verify(made.out.strip(), Clock().wall_ms())
    assert (identity.subject, identity.role, identity.tenant) == ("alice", "agent", "main")
    assert identity.claims.skills == {"support": 80}
    assert identity.expires_at_ms - identity.issued_at_ms == 60_000


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--tenant", "mian", "--role", "agent"], 'did you mean "main"'),
        (["--tenant", "main", "--role", "agent", "--ttl", "99999"], "longer than 3600 s"),
        (["--tenant", "main", "--role", "agent", "skills.a=900"], "the claims are wrong: skills"),
        (["--tenant", "main", "--role", "agent", "nmae=x"], 'did you mean "name"'),
    ],
)
def test_a_token_that_would_not_count_is_not_made(
    config: str, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    made = Ended(capsys, "token", "--config", config, "--sub", "alice", *arguments)
    assert (made.code, made.out) == (1, "")
    assert words in made.err
    assert "Traceback" not in made.err


@pytest.mark.parametrize(
    "arguments", [["init"], ["frobnicate"], ["token", "--role", "boss"], ["demo", "--port", "x"]]
)
def test_a_wrong_command_line_ends_with_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    ended = Ended(capsys, *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err


def test_a_missing_file_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    ended = Ended(capsys, "check", "--config", "nowhere.toml")
    assert ended.code == 1
    assert ended.err.startswith("fairline: nowhere.toml: cannot be read")
    assert "Traceback" not in ended.err


def test_no_command_lists_all_with_a_sentence_each(capsys: pytest.CaptureFixture[str]) -> None:
    shown = Ended(capsys, "--help")
    assert (shown.code, shown.err) == (0, "")
    assert "Runs a node until SIGTERM" in shown.out
    assert "Shows, verifies, copies and mends the journal." in shown.out
    assert Ended(capsys).out == shown.out


def test_the_module_runs_like_the_command_and_refuses_to_run_without_assertions() -> None:
    run = [sys.executable, "-m", "router", "--version"]
    shown = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (shown.returncode, shown.stdout) == (0, f"fairline {__version__}\n")
    run.insert(1, "-O")
    refused = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert refused.returncode == 1
    assert "python -O" in refused.stderr
