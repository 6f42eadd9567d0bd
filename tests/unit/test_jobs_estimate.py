from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2sim.core.progress import spoken
from her2sim.jobs.estimate import Estimate


def test_nothing_is_promised_before_the_first_chunk_has_finished() -> None:
    assert Estimate().left(patients=10, chunks=1, workers=1, under_way=0) is None


@given(st.integers(1, 4), st.integers(2, 30), st.floats(0.1, 100))
def test_with_chunks_of_equal_length_the_estimate_is_right_within_one_chunk(
    workers: int, chunks: int, seconds: float
) -> None:
    """Simulates workers that begin together and take equally long; compares the promise with what then happens."""
    estimate, done, clock = Estimate(), 0, 0.0
    total_time = -(-chunks // workers) * seconds
    while done < chunks:
        clock += seconds
        for under_way in reversed(range(min(workers, chunks - done))):
            done += 1
            estimate = estimate.after(10, seconds)
            left = estimate.left(
                patients=10 * (chunks - done), chunks=chunks - done, workers=workers, under_way=10 * under_way
            )
            assert left is not None
            assert abs(left - (total_time - clock)) <= seconds * 1.0001


def test_the_estimate_follows_when_later_patients_take_longer() -> None:
    estimate = Estimate()
    for seconds in [1.0] * 10 + [3.0] * 5:
        estimate = estimate.after(1, seconds)
    left = estimate.left(patients=10, chunks=10, workers=1, under_way=0)
    assert left == pytest.approx(30, rel=0.2)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "1 s"), (41, "45 s"), (89, "90 s"), (130, "2 min"), (3599, "1 h 0 min"), (7300, "2 h 2 min")],
)
def test_durations_are_spoken_coarsely(seconds: float, text: str) -> None:
    assert spoken(seconds) == text
