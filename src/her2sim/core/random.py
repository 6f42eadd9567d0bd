"""Random streams keyed by (seed, patient, purpose): the only place where random numbers are made.

A draw depends on nothing else: not on the number of workers, the chunk size, the order of patients or what
else was drawn before. Arms of a trial use the same patients, so they see the same draws (common random numbers).
The generator is Philox, a counter-based generator (Salmon et al. 2011, doi:10.1145/2063384.2063405), keyed through
NumPy's SeedSequence.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_Draw = Callable[[np.random.Generator, int], Floats]
# arms share patients, and a fit asks for the same ones at every point: so many tables of draws are kept, none of more
# patients than a chunk of a run may have (256 tables of 1,000 patients and 40 draws: 80 MB)
MOST_KEPT, LARGEST = 256, 1000


def stream(seed: int, patient: int, purpose: str) -> np.random.Generator:
    """The generator of one patient for one purpose.

    Main arguments:
        seed: seed of the study, 0 or more.
        patient: number of the patient, 0 or more.
        purpose: what the draws are for, for example ``"covariates"`` or ``"measurement/BICR"``.

    >>> float(stream(1, 7, "death").random()) == float(stream(1, 7, "death").random())
    True
    """
    words = (seed, patient, zlib.crc32(purpose.encode()), len(purpose))
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(words)))


def normals(seed: int, patients: NDArray[np.int64], purpose: str, count: int) -> Floats:
    """Standard normal draws, shape (n_patients, count); row i belongs to ``patients[i]`` alone."""
    return _table(np.random.Generator.standard_normal, seed, patients, purpose, count)


def uniforms(seed: int, patients: NDArray[np.int64], purpose: str, count: int) -> Floats:
    """Uniform draws on [0, 1), shape (n_patients, count); row i belongs to ``patients[i]`` alone."""
    return _table(np.random.Generator.random, seed, patients, purpose, count)


def _table(draw: _Draw, seed: int, patients: NDArray[np.int64], purpose: str, count: int) -> Floats:
    rows = tuple(patients.tolist())
    if len(rows) > LARGEST:
        return _rows(draw, seed, rows, purpose, count)
    return _kept_rows(draw, seed, rows, purpose, count).copy()


def _rows(draw: _Draw, seed: int, patients: tuple[int, ...], purpose: str, count: int) -> Floats:
    out = np.empty((len(patients), count))
    for row, patient in enumerate(patients):
        out[row] = draw(stream(seed, patient, purpose), count)
    return out


_kept_rows = lru_cache(maxsize=MOST_KEPT)(_rows)
