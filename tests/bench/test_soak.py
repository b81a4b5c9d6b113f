from pathlib import Path

import pytest

from router.bench.soak import bench_soak, slope


@pytest.mark.process
def test_visits_end_and_memory_is_sampled_throughout(tmp_path: Path) -> None:
    figures = bench_soak(
        tmp_path, minutes=0.08, agents=6, customers=40, visits_per_s=6.0, sample_s=0.5
    )
    assert figures["conversations"] > 0
    assert len(figures["samples"]) >= 8
    assert figures["mib_end"] > 10


def test_the_line_through_samples_has_their_slope() -> None:
    assert slope([(0.0, 5.0), (1.0, 7.0), (2.0, 9.0)]) == 2.0
    assert slope([(0.0, 1.0), (1.0, 2.0), (2.0, 1.0), (3.0, 2.0)]) == pytest.approx(0.2)
    assert slope([(1.0, 3.0)]) == 0.0
