"""Chunks done here or in workers, each kept as it is finished.

A chunk is whole on the disk or absent, so that nothing is lost but the chunks under way when a run is stopped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from her2sim.jobs.crew import results
from her2sim.jobs.plan import Chunk
from her2sim.jobs.store import Table, keep_chunk

Work = Callable[[Chunk], Mapping[str, Table]]
Steps = Generator[tuple[Chunk, float, int], None, None]


@dataclass(frozen=True)
class _Kept:
    """Do and keep one chunk; returns the seconds it took."""

    work: Work
    folder: Path

    def __call__(self, chunk: Chunk) -> float:
        begun = time.perf_counter()
        tables = self.work(chunk)
        seconds = time.perf_counter() - begun
        keep_chunk(self.folder, chunk, tables, seconds)
        return seconds


def in_process(work: Work, chunks: Sequence[Chunk], folder: Path) -> Steps:
    """Do the chunks here, one after another; yields (chunk, seconds, patients under way elsewhere)."""
    kept = _Kept(work, folder)
    for chunk in chunks:
        yield chunk, kept(chunk), 0


def in_workers(work: Work, chunks: Sequence[Chunk], folder: Path, workers: int) -> Steps:
    """Do the chunks in ``workers`` processes; yields (chunk, seconds, patients under way) as they finish.

    Raises:
        SimulationError: a worker died, for example for want of memory.
    """
    with closing(results(_Kept(work, folder), chunks, workers)) as each_done:
        for done in each_done:
            yield chunks[done.index], done.result, sum(chunks[index].patients for index in done.under_way)
