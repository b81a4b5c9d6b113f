"""What a conversation costs, out of samples."""

from loadtest.costs import cpu_ms, redis_cores
from loadtest.sampling import RedisSample, Sample

SAMPLES = [Sample(float(at), 0.5, 1.0, 1.0, 0.1, 0.0) for at in range(11)]


def test_only_whole_samples_and_those_who_were_answered_meanwhile_count() -> None:
    answered = [0.5, 2.0, 3.9, 5.0, 5.5]  # the samples from 2 to 5: three seconds, two answers
    assert cpu_ms(SAMPLES, lambda each: each.cpu, answered, 1.5, 5.5) == 1e3 * 3 * 0.5 / 2


def test_nothing_is_said_of_what_was_not_measured() -> None:
    assert cpu_ms(SAMPLES, redis_cores, [2.0], 0.0, 10.0) is None
    assert cpu_ms(SAMPLES, lambda each: each.cpu, [], 0.0, 10.0) is None
    assert cpu_ms([], lambda each: each.cpu, [2.0], 0.0, 10.0) is None


def test_a_redis_counts_by_itself() -> None:
    with_redis = [
        Sample(float(at), 0.5, 1.0, 1.0, 0.1, 0.0, redis=RedisSample(0.25, 1.0, 9.0))
        for at in range(3)
    ]
    assert cpu_ms(with_redis, redis_cores, [0.5], 0.0, 10.0) == 1e3 * 2 * 0.25
