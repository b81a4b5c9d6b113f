"""A line fitted to a stream of pairs: recursive least squares that forgets.

Owns: the weights, and how sure they are; how much an expert erred lately.
Does not know: what the features mean.

Invariant (tests/test_regression.py): with ``FORGETTING`` 1 the weights are those of least squares
over all pairs, drawn to the first weights; the uncertainty stays bounded however little happens.
"""

from collections.abc import Sequence

__all__ = ["FADES", "Regression", "Score"]

FORGETTING = 0.999
UNSURE = 100.0
UNSURE_MAX = 1e6
"""Forgetting inflates what nothing is learnt of; beyond this it begins anew."""
FADES = 0.995
"""What an error still counts after the next one."""


class Regression:
    """Predicts a number from features, and learns from what it became."""

    def __init__(self, weights: Sequence[float], *, forgetting: float = FORGETTING) -> None:
        self.weights = list(weights)
        self._forgetting = forgetting
        self._spread = _diagonal(len(self.weights))

    def predict(self, features: Sequence[float]) -> float:
        """The number that these features lead to."""
        return sum(map(_times, self.weights, features))

    def learn(self, features: Sequence[float], became: float) -> None:
        """Corrects the weights by one pair."""
        spread = self._spread
        reach = [sum(map(_times, row, features)) for row in spread]
        scale = self._forgetting + sum(map(_times, reach, features))
        error = became - self.predict(features)
        gain = [value / scale for value in reach]
        self.weights = [
            weight + step * error for weight, step in zip(self.weights, gain, strict=True)
        ]
        largest = 0.0
        for index, (row, step) in enumerate(zip(spread, gain, strict=True)):
            for other in range(index, len(row)):
                value = (row[other] - step * reach[other]) / self._forgetting
                row[other] = spread[other][index] = value
            largest = max(largest, row[index])
        if largest > UNSURE_MAX:
            self._spread = _diagonal(len(self.weights))


class Score:
    """How much an expert erred lately."""

    __slots__ = ("count", "squares")

    def __init__(self) -> None:
        self.count = 0.0
        self.squares = 0.0

    def add(self, error: float) -> None:
        """Counts one error; those before it fade."""
        self.count = self.count * FADES + 1
        self.squares = self.squares * FADES + error * error

    def mean(self) -> float:
        """The mean squared error; 0 before the first."""
        return self.squares / self.count if self.count else 0.0


def _times(one: float, other: float) -> float:
    return one * other


def _diagonal(size: int) -> list[list[float]]:
    return [[UNSURE if row == column else 0.0 for column in range(size)] for row in range(size)]
