"""``fairline journal`` as an operator types it."""

import json
from pathlib import Path

import pytest

from router.server.cli import main
from tests.server.test_inspecting import COMMANDS, filled

SETTINGS = """
[server]
data = "data"
journal = "{journal}"
[tenants.acme]
keys = [{{kid = "main", alg = "HS256", secret = "a secret of thirty-two bytes or more"}}]
[[tenants.acme.policy.queues]]
id = "support"
"""


@pytest.fixture
def config(tmp_path: Path) -> str:
    file = tmp_path / "fairline.toml"
    file.write_text(SETTINGS.format(journal="file"), encoding="utf-8")
    filled(tmp_path / "data" / "journal").close()
    return str(file)


def failed(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 1
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    return said.out, said.err


def test_show_prints_lines_or_objects(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["journal", "show", "--config", config, "--limit", "2"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[3] for line in lines] == ["SetPolicy", "Connect"]
    main(["journal", "show", "--config", config, "--after", "5", "--json", "--bodies"])
    objects = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["position"] for each in objects] == [6, 7]
    assert objects[0]["fields"]["body"] == "a secret"
    main(["journal", "show", "--config", config, "--limit", "0", "--tenant", "acme"])
    assert len(capsys.readouterr().out.splitlines()) == len(COMMANDS)


def test_verify_says_fine_or_what_is_wrong(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["journal", "verify", "--config", config])
    said = capsys.readouterr().out
    assert f"{len(COMMANDS)} entries; commands: acme {len(COMMANDS)}" in said
    assert said.endswith("fine\n")
    path = min((tmp_path / "data" / "journal").glob("*.segment"))
    path.write_bytes(b"rubbish" + path.read_bytes()[7:])
    out, _ = failed(["journal", "verify", "--config", config], capsys)
    assert f"{path}, byte 0: The segment's header is damaged. Restore this file" in out
    assert out.rstrip().endswith("problems") or out.rstrip().endswith("1 problem")
    out, _ = failed(["journal", "verify", "--config", config, "--json"], capsys)
    assert str(path) in json.loads(out)["problems"][0]


def test_backup_says_what_it_copied(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["journal", "backup", str(tmp_path / "copy"), "--config", config])
    assert f"commands: acme {len(COMMANDS)}" in capsys.readouterr().out
    _, err = failed(["journal", "backup", str(tmp_path / "copy"), "--config", config], capsys)
    assert err.startswith("fairline: ")
    assert "is there already" in err


def test_skip_says_what_is_left_out(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["journal", "skip", "6", "--config", config])
    assert capsys.readouterr().out == "acme 6: left out from the next start on\n"
    main(["journal", "show", "--config", config, "--after", str(len(COMMANDS))])
    assert "SkipCommand  position=6" in capsys.readouterr().out
    main(["journal", "verify", "--config", config])
    assert capsys.readouterr().out.endswith("fine\n")
    _, err = failed(["journal", "skip", "99", "--config", config], capsys)
    assert "there is no 99" in err


def test_mistakes_are_sentences(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, err = failed(["journal", "show", "--config", config, "--tenant", "acmee"], capsys)
    assert "did you mean" in err
    memory = tmp_path / "memory.toml"
    memory.write_text(SETTINGS.format(journal="memory"), encoding="utf-8")
    _, err = failed(["journal", "verify", "--config", str(memory)], capsys)
    assert '"memory" keeps nothing' in err


@pytest.mark.parametrize("command", ["show", "verify", "backup", "skip"])
def test_each_has_help_with_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["journal", command, "--help"])
    assert f"Example:  fairline journal {command}" in capsys.readouterr().out
