"""What a change would do, as it is shown."""

import msgspec

from router.previewed import PlacePreview, Preview, SkillsPreview


def test_the_kinds_are_told_apart_and_come_back_as_they_went() -> None:
    for told in (
        SkillsPreview("ann", {"lamps": 5}, {}, True, 2, 3, 1, {"q": (2, 3)}),
        PlacePreview("c", "gold", 3, 1),
    ):
        assert msgspec.json.decode(msgspec.json.encode(told), type=Preview) == told


def test_where_nothing_changes_nothing_is_said_of_it() -> None:
    told = msgspec.to_builtins(SkillsPreview("ann", {}, {}, False, 0, 0))
    assert "stranded" not in told
    assert "queues" not in told
