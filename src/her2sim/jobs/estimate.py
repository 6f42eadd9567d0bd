"""How long is left, told honestly: from what finished chunks took, and nothing before the first has finished."""

from __future__ import annotations

from dataclasses import dataclass, replace

MEMORY = 0.7  # weight that the past keeps at each new chunk, so that the estimate follows a change within some chunks


@dataclass(frozen=True)
class Estimate:
    """Seconds per patient of one worker, smoothed over finished chunks.

    >>> Estimate().after(patients=10, seconds=20.0).left(patients=30, chunks=3, workers=1, under_way=0)
    60.0
    """

    seconds: float = 0.0
    patients: float = 0.0

    def after(self, patients: int, seconds: float) -> Estimate:
        """The estimate once a chunk has finished: a running ratio in which older chunks fade."""
        return replace(self, seconds=self.seconds * MEMORY + seconds, patients=self.patients * MEMORY + patients)

    def left(self, *, patients: int, chunks: int, workers: int, under_way: int) -> float | None:
        """Seconds until the last chunk is done.

        Main arguments:
            patients: not finished, those under way included.
            chunks: not finished, those under way included.
            workers: how many work at once.
            under_way: patients of chunks that were begun and are not finished; half done on average.
        """
        if self.patients <= 0:
            return None
        if chunks == 0:
            return 0.0
        per_patient = self.seconds / self.patients
        return per_patient * (patients - under_way / 2) / min(workers, chunks)
