"""The sentences; that each key has one is in test_settings_schema."""

from router.documents.settings_words import WORDS


def test_sentences_are_short_and_quote_no_default() -> None:
    for words in WORDS.values():
        for key, sentence in words.items():
            assert 0 < len(sentence) <= 90, key
            assert "\n" not in sentence
            assert "default" not in sentence.lower(), key
