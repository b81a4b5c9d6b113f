"""What a shell needs to complete the commands."""

import shutil
import subprocess

import pytest

from tests.helpers.commands import Ended


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_knows_every_command_and_what_lies_below(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    made = Ended(capsys, "completion", shell)
    assert made.code == 0
    for word in ("serve", "journal", "backup", "policy", "pull", "customer"):
        assert word in made.out, word
    program = shutil.which(shell)
    if program is not None:
        checked = subprocess.run([program, "-n"], input=made.out, text=True, capture_output=True)
        assert (checked.returncode, checked.stderr) == (0, "")
