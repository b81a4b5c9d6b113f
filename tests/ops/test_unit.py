"""The unit of systemd and its user, judged by systemd's own programs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from router.server.announcing import EXTEND_EVERY_S
from router.server.operating import Place, filled
from router.server.sections import ServerSettings
from tests.helpers.programs import program

EXPOSURE_MAX = 2.0
"""Of 10, as ``systemd-analyze security`` counts; 9.6 is a service that asks for nothing."""

pytestmark = pytest.mark.process


def _judge(name: str, *arguments: str) -> str:
    done = subprocess.run([program(name), *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """As ``fairline init --with systemd`` writes it, with a program that is there."""
    place = Place(tmp_path / "fairline.toml", ServerSettings(data="/var/lib/fairline"))
    text = filled("systemd/fairline.service", place)
    file = tmp_path / "fairline.service"
    file.write_text(re.sub(r"(=)\S+/bin/fairline ", rf"\1{sys.executable} ", text), "utf-8")
    return file


def test_systemd_finds_nothing_wrong_with_the_unit(unit: Path) -> None:
    assert _judge("systemd-analyze", "verify", "--man=no", str(unit)) == ""


def test_the_service_is_shut_in_as_far_as_it_can_be(unit: Path) -> None:
    told = _judge("systemd-analyze", "security", "--offline=true", "--no-pager", str(unit))
    (level,) = re.findall(r"Overall exposure level for \S+: ([\d.]+)", told)
    assert float(level) <= EXPOSURE_MAX


def test_the_unit_waits_for_what_the_server_says(unit: Path) -> None:
    settings = dict(re.findall(r"^(\w+)=(.*)$", unit.read_text("utf-8"), re.MULTILINE))
    assert settings["Type"] == "notify"
    assert int(settings["WatchdogSec"]) >= 30
    assert EXTEND_EVERY_S < 90 / 2  # systemd's own patience with a start
    assert settings["User"] == settings["Group"] == "fairline"


def test_the_user_of_the_unit_is_made_by_its_own_file(tmp_path: Path) -> None:
    file = tmp_path / "fairline.conf"
    place = Place(tmp_path / "fairline.toml", ServerSettings(data="/srv/desk/data"))
    file.write_text(filled("systemd/fairline.sysusers", place), "utf-8")
    (tmp_path / "root" / "etc").mkdir(parents=True)
    _judge("systemd-sysusers", f"--root={tmp_path / 'root'}", str(file))
    made = (tmp_path / "root/etc/passwd").read_text("utf-8").split(":")
    assert (made[0], made[5]) == ("fairline", "/srv/desk/data")
