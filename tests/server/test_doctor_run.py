"""From the command line to the screen; a whole run is in test_cli_doctor."""

from pathlib import Path

import msgspec
import pytest

from router.errors import SettingsError
from router.server.doctor_run import Wanted, run_doctor
from router.server.findings import Report
from tests.helpers.nodes import open_node, token


async def test_a_token_from_a_file_is_used_and_what_it_found_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "token"
    file.write_text(f"{token('supervisor', 'sofia')}\n", encoding="utf-8")
    async with open_node() as node:
        capsys.readouterr()  # the server's own log
        wanted = Wanted(url=f"http://127.0.0.1:{node.port}/", token_file=file)
        assert await run_doctor(wanted, json=False)
        lines = capsys.readouterr().out.splitlines()
        assert [line[:4] for line in lines[:-1]] == ["ok  "] * (len(lines) - 1)
        assert lines[-1].endswith("nothing failed, 0 skipped")
        assert await run_doctor(wanted._replace(token_file=None), json=True)
        report = msgspec.json.decode(capsys.readouterr().out.splitlines()[-1], type=Report)
        assert {one.outcome for one in report.findings} == {"passed", "skipped"}


async def test_a_failure_is_printed_with_its_mend(capsys: pytest.CaptureFixture[str]) -> None:
    assert not await run_doctor(Wanted(url="http://127.0.0.1:9"), json=False)
    told = capsys.readouterr().out
    assert "FAIL port" in told
    assert "-> start the server" in told


async def test_what_is_missing_or_wrong_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="name what to examine"):
        await run_doctor(Wanted(), json=False)
    with pytest.raises(SettingsError, match="write http://"):
        await run_doctor(Wanted(url="ftp://x"), json=False)
    with pytest.raises(SettingsError, match="cannot be read"):
        await run_doctor(Wanted(url="http://x", token_file=tmp_path / "none"), json=False)
