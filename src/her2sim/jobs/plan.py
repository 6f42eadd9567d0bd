"""The plan: which patients of which replicate are simulated together.

How patients are cut into chunks changes the speed and how much an interruption costs, never a result: random streams
belong to patients, and tables are assembled in an order of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_NAME = re.compile(r"r(\d+)-p(\d+)-(\d+)")


@dataclass(frozen=True, order=True)
class Chunk:
    """Patients ``first`` to ``stop`` - 1 of one replicate, in all arms."""

    replicate: int
    first: int
    stop: int

    @property
    def name(self) -> str:
        """Its folder's name; names sort as chunks do."""
        return f"r{self.replicate:05d}-p{self.first:07d}-{self.stop:07d}"

    @property
    def patients(self) -> int:
        """How many patients it holds."""
        return self.stop - self.first

    @staticmethod
    def named(name: str) -> Chunk | None:
        """The chunk of a folder's name, or None.

        >>> Chunk.named(Chunk(0, 100, 200).name)
        Chunk(replicate=0, first=100, stop=200)
        """
        match = _NAME.fullmatch(name)
        return Chunk(int(match[1]), int(match[2]), int(match[3])) if match else None


@dataclass(frozen=True)
class ChunkPlan:
    """All patients to simulate.

    Main arguments:
        patients: number of patients in one replicate (the largest arm).
        replicates: number of replicates.
        chunk_size: patients per chunk.

    >>> [chunk.patients for chunk in ChunkPlan(patients=5, chunk_size=2).chunks()]
    [2, 2, 1]
    """

    patients: int
    replicates: int = 1
    chunk_size: int = 100

    def __post_init__(self) -> None:
        if min(self.patients, self.replicates, self.chunk_size) < 1:
            raise ValueError(f"a plan needs patients, replicates and a chunk size of at least 1: {self}")

    @property
    def total(self) -> int:
        """Patients over all replicates."""
        return self.patients * self.replicates

    def chunks(self, finished: Iterable[Chunk] = ()) -> tuple[Chunk, ...]:
        """The chunks still to do, sorted; ``finished`` may have been cut in other sizes.

        >>> ChunkPlan(patients=10, chunk_size=4).chunks([Chunk(0, 3, 5)])
        (Chunk(replicate=0, first=0, stop=3), Chunk(replicate=0, first=5, stop=9), Chunk(replicate=0, first=9, stop=10))
        """
        done = sorted(finished)
        found: list[Chunk] = []
        for replicate in range(self.replicates):
            start = 0
            ranges = [(c.first, c.stop) for c in done if c.replicate == replicate]
            for first, stop in [*ranges, (self.patients, self.patients)]:
                found += [
                    Chunk(replicate, low, min(low + self.chunk_size, first))
                    for low in range(start, first, self.chunk_size)
                ]
                start = stop
        return tuple(found)

    def holds(self, chunk: Chunk) -> bool:
        """Whether all patients of ``chunk`` are wanted."""
        return chunk.replicate < self.replicates and 0 <= chunk.first < chunk.stop <= self.patients
