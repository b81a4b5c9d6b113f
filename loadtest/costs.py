"""What a conversation costs in processor time, out of samples that were taken second by second.

Owns: which samples count, and what they are held against. Does not know: who took the samples.

Invariant (tests/loadtest/test_costs.py): only whole samples between two moments count, and only the
conversations that were answered while they were taken.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from loadtest.sampling import Sample

__all__ = ["cpu_ms", "redis_cores"]


def redis_cores(sample: Sample) -> float | None:
    """What Redis took in a sample; None where there is none."""
    return sample.redis.cpu if sample.redis is not None else None


def cpu_ms(
    samples: Sequence[Sample],
    cores: Callable[[Sample], float | None],
    answered: Iterable[float],
    begins: float,
    ends: float,
) -> float | None:
    """Milliseconds of CPU for each conversation that was answered; None where nothing is known.

    Args:
        samples: In their order, in seconds from the beginning of the run.
        cores: What of a sample is counted.
        answered: When each conversation was answered, in the same seconds.
        begins: Samples that start before it do not count.
        ends: Nor do those that end after it.
    """
    spans = [
        (earlier.at, later.at, took * (later.at - earlier.at))
        for earlier, later in pairwise(samples)
        if begins <= earlier.at and later.at <= ends and (took := cores(later)) is not None
    ]
    if not spans:
        return None
    count = sum(spans[0][0] <= at < spans[-1][1] for at in answered)
    return 1e3 * sum(cpu_s for _, _, cpu_s in spans) / count if count else None
