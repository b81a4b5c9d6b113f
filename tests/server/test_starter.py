import stat
from pathlib import Path

import pytest

from router.errors import SettingsError
from router.server.settings import load, warnings
from router.server.starter import write_starter


def test_the_first_file_is_sound_without_a_change(tmp_path: Path) -> None:
    settings = load([write_starter(tmp_path / "new" / "centre")], {})
    assert warnings(settings) == []
    assert "http://localhost:8000" in settings.tenants["main"].origins
    assert settings.tenants["main"].identity_secret
    assert [queue.id for queue in settings.tenants["main"].policy.queues] == ["support"]


def test_each_first_file_has_a_secret_of_its_own_that_only_its_owner_reads(tmp_path: Path) -> None:
    files = [write_starter(tmp_path / name) for name in ("a", "b")]
    secrets = {load([file], {}).tenants["main"].keys[0].secret for file in files}
    assert len(secrets) == 2
    assert min(len(secret) for secret in secrets) >= 32
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_file_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    first = write_starter(tmp_path).read_text()
    with pytest.raises(SettingsError, match="there already"):
        write_starter(tmp_path)
    assert (tmp_path / "fairline.toml").read_text() == first


def test_a_folder_that_cannot_be_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(SettingsError, match=r"file is there already"):
        write_starter(tmp_path / "file")
    with pytest.raises(SettingsError, match="cannot be written"):
        write_starter(tmp_path / "file" / "below")
