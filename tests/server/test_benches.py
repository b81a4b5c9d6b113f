from pathlib import Path

import pytest

from router.errors import SettingsError
from router.server.benches import NAMES, is_there, measure, rendered


def test_a_benchmark_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    missing = [name for name in NAMES if not is_there(name)]
    for name in missing:
        with pytest.raises(SettingsError, match=f"no benchmark of the {name}"):
            measure([name], tmp_path)
    assert set(NAMES) == {"core", "journal", "gateway"}


def test_figures_become_one_line_each() -> None:
    figures = {"journal": {"rows": [{"ratio": 1.5, "callers": 16}], "disk": "ext4"}}
    assert rendered(figures, as_json=False).splitlines() == [
        "journal.rows[0].ratio    1.50",
        "journal.rows[0].callers  16",
        "journal.disk             ext4",
    ]
    assert rendered({}, as_json=False) == ""


def test_figures_for_machines_are_json() -> None:
    assert rendered({"core": {"rate": 2}}, as_json=True) == '{\n  "core": {\n    "rate": 2\n  }\n}'
