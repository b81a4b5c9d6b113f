"""Remarks go to the log, or to whoever asked for them; without one no log is loaded."""

import subprocess
import sys

import pytest
from structlog.testing import capture_logs

from router.journal.remarks import heard_by, remark


def test_a_remark_is_a_warning_in_the_log_or_what_else_is_said() -> None:
    with capture_logs() as said:
        remark("fairline.journal", "journal.torn_end_cut", cut_bytes=7)
        remark("fairline.journal", "worse", level="error")
    assert said == [
        {"event": "journal.torn_end_cut", "cut_bytes": 7, "log_level": "warning"},
        {"event": "worse", "log_level": "error"},
    ]


def test_whoever_asked_for_them_hears_them_in_place_of_the_log_until_it_ends() -> None:
    outer: list[tuple[str, dict[str, object]]] = []
    inner: list[tuple[str, dict[str, object]]] = []
    with capture_logs() as said:
        with heard_by(lambda event, fields: outer.append((event, fields))):
            with heard_by(lambda event, fields: inner.append((event, fields))):
                remark("fairline.journal", "first", error="why")
            remark("fairline.journal", "second")
        with pytest.raises(KeyError), heard_by(lambda *_: None):
            raise KeyError
        remark("fairline.journal", "third")
    assert inner == [("first", {"error": "why"})]
    assert outer == [("second", {})]
    assert [each["event"] for each in said] == ["third"]


def test_no_log_is_loaded_before_there_is_something_to_say() -> None:
    code = (
        "import sys\n"
        "from router.journal.remarks import heard_by, remark\n"
        "with heard_by(lambda event, fields: print(event)):\n"
        "    remark('fairline.journal', 'heard')\n"
        "assert 'structlog' not in sys.modules\n"
        "remark('fairline.journal', 'logged')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert said[0] == "heard"
    assert "logged" in said[1]
