from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2sim.jobs.plan import Chunk, ChunkPlan


@given(
    patients=st.integers(1, 60),
    replicates=st.integers(1, 3),
    first_size=st.integers(1, 25),
    second_size=st.integers(1, 25),
    keep=st.integers(0, 1 << 30),
)
def test_after_an_interruption_each_patient_is_covered_exactly_once_whatever_the_chunk_sizes(
    patients: int, replicates: int, first_size: int, second_size: int, keep: int
) -> None:
    before = ChunkPlan(patients, replicates, first_size).chunks()
    finished = [chunk for i, chunk in enumerate(before) if keep >> (i % 30) & 1]
    rest = ChunkPlan(patients, replicates, second_size).chunks(finished)
    covered = [(c.replicate, p) for c in [*finished, *rest] for p in range(c.first, c.stop)]
    assert sorted(covered) == [(r, p) for r in range(replicates) for p in range(patients)]
    assert all(chunk.patients <= second_size for chunk in rest)


@given(st.integers(0, 99_999), st.integers(0, 9_999_998), st.integers(0, 9_999_998))
def test_names_sort_as_chunks_do_and_give_the_chunk_back(replicate: int, a: int, b: int) -> None:
    one, two = Chunk(replicate, a, a + 1), Chunk(replicate, b, b + 1)
    assert Chunk.named(one.name) == one
    assert (one.name < two.name) == (one < two)


def test_foreign_folders_are_no_chunks() -> None:
    assert Chunk.named(".tmp-12-r00000-p0000000-0000010") is None
    assert Chunk.named("figures") is None


def test_a_plan_without_patients_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        ChunkPlan(patients=0)
