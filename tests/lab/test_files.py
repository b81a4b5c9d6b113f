"""Files of the laboratory."""

from pathlib import Path

import pytest

from router.errors import SettingsError
from router.lab.files import read_policy

POLICY = """
score_band = 50
[[queues]]
id = "help"
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "policy.toml"
    file.write_text(text, "utf-8")
    return file


def test_a_policy_may_stand_alone(tmp_path: Path) -> None:
    assert read_policy(write(tmp_path, POLICY), "any").score_band == 50


def test_a_policy_may_stand_among_settings(tmp_path: Path) -> None:
    inside = POLICY.replace("[[queues]]", "[[tenants.shop.policy.queues]]")
    file = write(tmp_path, f"[tenants.shop.policy]{inside}")
    assert read_policy(file, "shop").score_band == 50
    with pytest.raises(SettingsError, match="no policy of this tenant"):
        read_policy(file, "bank")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (POLICY.replace("score_band", "scoreband"), '(did you mean "score_band"?)'),
        ("score_band = 50", "queues: add at least one"),
        ("score_band = ", "is not TOML"),
    ],
)
def test_what_is_wrong_with_a_policy_is_told(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_policy(write(tmp_path, text), "shop")
    assert sentence in str(caught.value)
