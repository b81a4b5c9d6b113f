"""The command line: whole runs with their exit codes, and what wrong calls get."""

import io
import json
import tomllib
from pathlib import Path

import pytest
import trio

from loadtest.__main__ import _shower, main, progress_line
from loadtest.replay import Progress
from tests.helpers.bank_logs import DAY, twenty_calls, with_long_shifts, write_log
from tests.helpers.scripted_server import SECRET, Flaw, scripted_server

PROGRESS = Progress(
    day_s=36_061.5,
    arrived=3,
    of=20,
    in_line=1,
    in_service=1,
    served=1,
    abandoned=0,
    errors=0,
)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return write_log(tmp_path / "log.csv", with_long_shifts(twenty_calls()))


async def replay(log: Path, flaw: Flaw, *more: str) -> int:
    """Runs the command in a thread, with the server in this one."""
    async with scripted_server(head_start_s=0.09, flaw=flaw) as server:
        words = ["replay", str(log), "--day", DAY, "--speed", "1000", "--url", server.url]
        words += ["--until", "11:00"]
        with trio.fail_after(20):
            return await trio.to_thread.run_sync(main, [*words, "--secret", SECRET, *more])


async def test_a_clean_run_exits_with_0_and_writes_its_report(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "report.json"

    code = await replay(log, Flaw.NONE, "--report-json", str(out))

    assert code == 0
    figures = json.loads(out.read_text())
    assert figures["run"]["requested"] == 20
    assert figures["has_failed"] is False
    assert capsys.readouterr().out.endswith("passed\n")


@pytest.mark.parametrize("flaw", [Flaw.DROPS_ONE, Flaw.OFFERS_TWICE])
async def test_a_server_that_fails_somebody_exits_with_1(
    log: Path, flaw: Flaw, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await replay(log, flaw) == 1
    assert capsys.readouterr().out.endswith("FAILED\n")


def test_config_prints_what_replay_can_take_its_key_from(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["config", str(log), "--day", DAY, "--speed", "60"]) == 0

    tenant = tomllib.loads(capsys.readouterr().out)["tenants"]["bank"]
    assert len(tenant["keys"][0]["secret"]) >= 32
    assert [agent["id"] for agent in tenant["policy"]["agents"]] == ["A01", "A02", "A03"]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"--day": "2001-01-01"}, "no call of 2001-01-01"),
        ({"--secret": "short"}, "fewer than 32 bytes"),
        ({"LOG": "absent.csv"}, "absent.csv"),
    ],
)
def test_a_wrong_call_exits_with_2_and_says_why(
    log: Path, change: dict[str, str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = {"--day": DAY, "--speed": "60", "--secret": SECRET, **change}
    path = words.pop("LOG", str(log))

    code = main(["config", path, *(word for pair in words.items() for word in pair)])

    assert code == 2
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize(("option", "value"), [("--speed", "0"), ("--until", "noon")])
def test_a_value_out_of_range_is_refused(log: Path, option: str, value: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["config", str(log), "--day", DAY, "--speed", "60", option, value])


def test_replay_without_a_key_says_how_to_name_one(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["replay", str(log), "--day", DAY, "--speed", "60", "--url", "ws://127.0.0.1:9/"]

    assert main(words) == 2
    assert "--key-file" in capsys.readouterr().err


def test_progress_is_one_line_with_the_days_clock() -> None:
    assert progress_line(PROGRESS) == (
        "10:01:01 arrived 3/20 waiting 1 in service 1 served 1 abandoned 0 errors 0"
    )


def test_progress_without_a_terminal_is_a_plain_line_now_and_then() -> None:
    stream = io.StringIO()
    show = _shower(stream)
    for _ in range(40):
        show(PROGRESS)

    assert stream.getvalue() == f"{progress_line(PROGRESS)}\n" * 2
