"""The oldest key against the first one of the dict itself."""

from hypothesis import given
from hypothesis import strategies as st

from router.newest import Newest


@given(st.integers(0, 5), st.lists(st.sampled_from(["add", "bound", "age"]), max_size=60))
def test_the_oldest_is_the_first_of_the_dict(before: int, steps: list[str]) -> None:
    kept = {f"before{number}": None for number in range(before)}
    model, newest = dict(kept), Newest()
    for number, step in enumerate(steps):
        if step == "add":
            kept[f"k{number}"] = model[f"k{number}"] = None
            newest.note(f"k{number}")
        elif kept and step == "bound":
            newest.drop_oldest(kept)
            del model[next(iter(model))]
        elif kept:
            old = list(model)[:2][-1]
            del kept[old], model[old]
            newest.forget(old)
        assert list(kept) == list(model)
