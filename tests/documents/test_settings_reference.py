"""The page of all settings."""

import msgspec

from router.documents.settings_reference import settings_reference
from router.documents.settings_words import WORDS
from router.server.sections import Settings
from router.suggestions import field_types


def test_every_key_of_every_section_is_there_once_with_its_sentence() -> None:
    page = settings_reference()
    tables = page.split("\n## ")[1:]
    told = [
        (line.split("`")[1], line) for table in tables for line in table.splitlines()[4:] if line
    ]
    expected = [
        (key, sentence.replace("|", "&#124;"))
        for struct, words in WORDS.items()
        if struct is not Settings
        for key, sentence in words.items()
    ]
    assert sorted(key for key, _ in told) == sorted(key for key, _ in expected)
    for key, sentence in expected:
        assert any(name == key and line.endswith(f"| {sentence} |") for name, line in told), key
    assert all(line.count("|") == 5 for _, line in told)


def test_kinds_ranges_and_defaults_are_those_of_the_structs() -> None:
    page = settings_reference()
    assert '| `log` | `json` or `console` | `"json"` |' in page
    assert "| `score_band` | whole number, 0 to 1000 | `100` |" in page
    assert "| `after_ms` | whole number, 1 or more | must be there |" in page
    assert "| `retention` | table | as below |" in page
    for struct in WORDS:
        for field in msgspec.structs.fields(struct):
            assert f"| `{field.encode_name}` |" in page or struct is Settings
        assert field_types(struct)
