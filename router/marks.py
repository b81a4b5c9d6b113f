"""Marks on classes for the compiler of the core, which do nothing as Python (docs/speed.md).

Owns: the mark itself where the compiler's package is not installed. Does not know: any class.
Invariant: a marked class is the class that it was (tests/test_marks.py). Never compiled itself.

``@mypyc_attr(acyclic=True)`` says that nothing of a class can be in a cycle: it holds no other
record, or refers to others by id alone. The collector of the compiled form need not look at it.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

__all__ = ["mypyc_attr"]

_Class = TypeVar("_Class")

if TYPE_CHECKING:
    from mypy_extensions import mypyc_attr as mypyc_attr
else:

    def mypyc_attr(**_: bool) -> Callable[[_Class], _Class]:
        """The compiler reads the mark, and nothing else does."""
        return lambda marked: marked
