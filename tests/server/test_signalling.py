"""Which process serves a folder: told by the lock, and never anybody else."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from os import getpid
from pathlib import Path
from types import FrameType

import msgspec
import pytest

from router.core import CORE_VERSION
from router.errors import SettingsError
from router.journal.file_ops import DiskOps
from router.journal.log import SegmentLog
from router.server import signalling
from router.server.signalling import server_of, tell
from tests.helpers.nodes import folder_settings


@contextmanager
def served(folder: Path) -> Iterator[None]:
    log = SegmentLog.open(folder / "journal", core_version=CORE_VERSION, ops=DiskOps())
    yield
    log.close()


def test_whoever_has_the_journal_is_the_server_and_after_it_nobody(tmp_path: Path) -> None:
    settings = folder_settings(tmp_path)
    assert server_of(settings) is None
    with served(tmp_path):
        assert server_of(settings) == getpid()
        assert server_of(folder_settings(tmp_path / "elsewhere")) is None
    assert server_of(settings) is None


def test_it_is_told(tmp_path: Path) -> None:
    heard: list[int] = []

    def hear(number: int, _: FrameType | None) -> None:
        heard.append(number)

    before = signal.signal(signal.SIGHUP, hear)
    try:
        with served(tmp_path):
            assert tell(folder_settings(tmp_path), signal.SIGHUP) == getpid()
    finally:
        signal.signal(signal.SIGHUP, before)
    assert heard == [signal.SIGHUP]
    with pytest.raises(SettingsError, match="no server runs in"):
        tell(folder_settings(tmp_path), signal.SIGHUP)


def test_a_process_that_has_not_the_folder_open_is_not_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system's list of locks is by a number that two disks may both have given."""
    with served(tmp_path):
        monkeypatch.setattr(DiskOps, "holder", lambda *_: 1)
        monkeypatch.setattr(signalling, "PROC", tmp_path / "proc")
        folder = tmp_path / "proc" / "1" / "fd"
        folder.mkdir(parents=True)
        (tmp_path / "proc" / "locks").touch()
        (folder / "3").symlink_to(tmp_path)
        (folder / "4").symlink_to(tmp_path / "gone")
        assert server_of(folder_settings(tmp_path)) is None
        (folder / "5").symlink_to(tmp_path / "journal")
        assert server_of(folder_settings(tmp_path)) == 1


def test_where_it_cannot_be_known_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = folder_settings(tmp_path)
    memory = msgspec.structs.replace(settings.server, journal="memory")
    with pytest.raises(SettingsError, match="send the signal yourself"):
        server_of(msgspec.structs.replace(settings, server=memory))
    monkeypatch.setattr(signalling, "PROC", tmp_path / "no-such-system")
    with pytest.raises(SettingsError, match="this system does not tell"):
        server_of(settings)
