"""Marks for the compiler of the core, which do nothing as Python (docs/speed.md).

Owns: the marks themselves where the compiler's package is not installed. Does not know: who uses
them. Invariant: what is marked is what it was (tests/test_marks.py). Never compiled itself.

``@mypyc_attr(acyclic=True)`` says that nothing of a class can be in a cycle: it holds no other
record, or refers to others by id alone. The collector of the compiled form need not look at it.

``i64`` is a whole number that surely fits into 64 bits: for counting in loops that run often.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

__all__ = ["i64", "mypyc_attr"]

_Class = TypeVar("_Class")

if TYPE_CHECKING:
    from mypy_extensions import i64 as i64
    from mypy_extensions import mypyc_attr as mypyc_attr
else:
    i64 = int

    def mypyc_attr(**_: bool) -> Callable[[_Class], _Class]:
        """The compiler reads the mark, and nothing else does."""
        return lambda marked: marked
