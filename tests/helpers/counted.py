"""A list that counts what is taken out of it: who looks no further than needed takes no more."""

from collections.abc import Iterator


class Counted(list[object]):
    """Counts what is taken out of it, one by one."""

    taken = 0

    def __iter__(self) -> Iterator[object]:
        for one in super().__iter__():
            self.taken += 1
            yield one
