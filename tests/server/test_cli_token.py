"""What a token is worth; making one is in test_cli."""

import io
from pathlib import Path

import pytest

from tests.helpers.commands import Ended
from tests.server.test_cli import config

__all__ = ["config"]


def made(capsys: pytest.CaptureFixture[str], config: str, *claims: str) -> str:
    words = ("--role", "agent", "--sub", "alice", "--ttl", "600", *claims)
    return Ended(capsys, "token", "--config", config, *words).out


def test_a_token_that_counts_is_told_with_its_claims_and_its_end(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "token"
    file.write_text(made(capsys, config, "skills.support=80", "name=Alice"))
    told = Ended(capsys, "token", "--config", config, "--verify", str(file))
    assert told.code == 0
    facts = dict(line.split(maxsplit=1) for line in told.out.splitlines())
    assert (facts["tenant"], facts["role"], facts["sub"]) == ("main", "agent", "alice")
    assert (facts["skills"], facts["name"]) == ('{"support":80}', '"Alice"')
    assert 590 <= int(facts["until"].split()[3]) <= 600


def test_it_can_be_piped_in(
    config: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(made(capsys, config)))
    assert Ended(capsys, "token", "--config", config, "--verify", "-").code == 0


def test_one_that_does_not_count_is_told_why_and_never_repeated(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    token = made(capsys, config).strip()
    file = tmp_path / "token"
    for text, said in (
        (f"{token[:-6]}AAAAAA", "the signature is wrong"),
        ("rubbish", "not a signed token"),
    ):
        file.write_text(text)
        told = Ended(capsys, "token", "--config", config, "--verify", str(file))
        assert (told.code, told.out, said in told.err) == (1, "", True)
        assert text not in told.err
    file.write_bytes(b"\xff\xfe")
    assert "is no token" in Ended(capsys, "token", "--config", config, "--verify", str(file)).err
    gone = Ended(capsys, "token", "--config", config, "--verify", str(tmp_path / "gone"))
    assert (gone.code, "cannot be read" in gone.err) == (1, True)


def test_whom_it_is_for_must_be_said(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    for words in ((), ("--role", "agent"), ("--sub", "alice")):
        told = Ended(capsys, "token", "--config", config, *words)
        assert (told.code, "--role and --sub; or --verify FILE" in told.err) == (1, True)
