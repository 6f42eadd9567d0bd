"""What one assessor wrote down about a patient's lesions: the input of RECIST, and nothing else is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from her2sim.core.errors import InputError
from her2sim.endpoints.response import NONTARGET_CODES, Bools, Floats


@dataclass(frozen=True)
class Readings:
    """The readings of one assessor. The first visit is the baseline.

    Main arguments:
        day: (n_patients, n_visits) days since randomization, increasing; NaN: the visit was not done.
        target_mm: (n_patients, n_visits, n_targets) longest diameter, or short axis of a node, in mm. 0: gone; NaN: not
            evaluated, or there is no such lesion.
        nontarget: (n_patients, n_visits) index into ``NONTARGET_CODES`` (CR, NON_CR_NON_PD, PD, NE, NOT_PRESENT).
        new_lesion: (n_patients, n_visits) bool, a lesion that was not there at baseline has been seen.

    Other arguments:
        is_node: (n_targets,) or (n_patients, n_targets) bool: the target is a lymph node. Default: none is.
        target_exists: (n_patients, n_targets) bool: the patient has this target. Default: those measured at baseline.
        too_small: (n_patients, n_visits, n_targets) bool: seen, but too small to measure. Default: none is.

    A target read as 0 mm at baseline was not there; it is no target, and if it is seen later it is a new lesion.
    """

    day: Floats
    target_mm: Floats
    nontarget: NDArray[np.int64]
    new_lesion: Bools
    is_node: Bools | None = None
    target_exists: Bools | None = None
    too_small: Bools | None = None

    def __post_init__(self) -> None:
        patients, visits, targets = _shape_of(self.target_mm, 3, "target_mm", "(patients, visits, targets)")
        for name, wanted in (
            ("day", (patients, visits)),
            ("nontarget", (patients, visits)),
            ("new_lesion", (patients, visits)),
            ("target_exists", (patients, targets)),
            ("too_small", (patients, visits, targets)),
        ):
            array = getattr(self, name)
            if array is not None and array.shape != wanted:
                raise InputError(f"readings: {name} has shape {array.shape}, expected {wanted}.")
        if self.is_node is not None and self.is_node.shape not in ((targets,), (patients, targets)):
            raise InputError(
                f"readings: is_node has shape {self.is_node.shape}, expected {(targets,)} or {(patients, targets)}."
            )
        if visits == 0:
            raise InputError("readings: there is no visit, not even a baseline.")
        if self.nontarget.size and not (self.nontarget.min() >= 0 and self.nontarget.max() < len(NONTARGET_CODES)):
            raise InputError("readings: nontarget holds an unknown code.", hint=f"Codes index {NONTARGET_CODES}.")
        if bool((self.target_mm < 0.0).any()):
            raise InputError("readings: a diameter is negative.")
        check_days(self.day)

    @property
    def n_patients(self) -> int:
        """Number of patients."""
        return self.day.shape[0]

    @property
    def n_visits(self) -> int:
        """Number of visits, the baseline included."""
        return self.day.shape[1]

    def nodes(self) -> Bools:
        """(n_patients, n_targets): which targets are lymph nodes."""
        shape = (self.n_patients, self.target_mm.shape[2])
        if self.is_node is None:
            return np.zeros(shape, dtype=np.bool_)
        return np.broadcast_to(self.is_node, shape)

    def targets(self) -> Bools:
        """(n_patients, n_targets): which targets the patient has."""
        measured = ~np.isnan(self.target_mm[:, 0, :])
        exists = measured if self.target_exists is None else self.target_exists
        return exists & ~(self.target_mm[:, 0, :] == 0.0)


def check_days(day: Floats) -> None:
    """Refuse visits that are out of order.

    Raises:
        InputError: if the days of a patient, visits not done left out, do not increase.
    """
    latest = np.maximum.accumulate(np.where(np.isnan(day), -np.inf, day), axis=1)
    wrong = (day[:, 1:] <= latest[:, :-1]).any(axis=1)
    if wrong.any():
        raise InputError(
            "visits are out of order: days must increase from visit to visit.",
            where=f"patient row {int(np.flatnonzero(wrong)[0])}",
        )


def _shape_of(array: Floats, dimensions: int, name: str, meaning: str) -> tuple[int, ...]:
    if array.ndim != dimensions:
        raise InputError(f"readings: {name} has {array.ndim} dimensions, expected {dimensions}: {meaning}.")
    return array.shape
