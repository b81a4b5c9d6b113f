from pathlib import Path

import pytest

from router.server.demo_desk import demo_settings
from router.server.demo_talk import TALKS, Talk, small_talk


@pytest.mark.parametrize("talk", TALKS, ids=lambda talk: talk.topic)
def test_a_talk_goes_by_turns_and_the_agent_has_the_last_word(talk: Talk) -> None:
    assert len(talk.customer) == len(talk.agent) >= 3
    assert all(0 < len(line.encode()) < 500 for line in (*talk.customer, *talk.agent))


def test_talks_are_told_apart_by_topic_and_fit_the_demo_s_queues(tmp_path: Path) -> None:
    assert len({talk.topic for talk in TALKS}) == len(TALKS)
    policy = demo_settings(tmp_path, 1).tenants["demo"].policy
    assert {talk.queue for talk in TALKS} == {queue.id for queue in policy.queues}
    assert {talk.language for talk in TALKS} == {"en", "de", "fr"}


def test_small_talk_comes_in_the_customer_s_language() -> None:
    assert small_talk(("de-AT", "en"))[0].startswith("Guten Tag")
    assert small_talk(("xx", "fr"))[0].startswith("Bonjour")
    assert small_talk(()) == small_talk(("en",))
