"""Lesions at the start of a line: volumes of the slots shared out among clones and dead tissue."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from her2sim.model.lesions import CLONES, DEAD, SLOTS, diameter_mm, volume_state

Floats = NDArray[np.float64]


def lesion_start(
    volume_mL: Mapping[str, Floats], fractions: Mapping[str, Floats], dead_share: Floats
) -> dict[str, Floats]:
    """Starting values of all volume states.

    Main arguments:
        volume_mL: slot -> (n_patients,) total volume, living and dead.
        fractions: slot -> (n_patients, n_clones) shares of the clones in the living volume.
        dead_share: (n_patients,) share of dead tissue in the total volume.
    """
    start: dict[str, Floats] = {}
    for slot in SLOTS:
        living = volume_mL[slot.name] * (1.0 - dead_share)
        for column, clone in enumerate(CLONES):
            start[volume_state(slot.name, clone)] = living * fractions[slot.name][:, column]
        start[volume_state(slot.name, DEAD)] = volume_mL[slot.name] * dead_share
    return start


def clone_shares(state: Mapping[str, Floats], otherwise: Mapping[str, Floats]) -> dict[str, Floats]:
    """Slot -> (n_patients, n_clones) shares of the clones in a state; ``otherwise`` where a slot has died out."""
    shares: dict[str, Floats] = {}
    for slot in SLOTS:
        living = np.column_stack([np.maximum(state[volume_state(slot.name, clone)], 0.0) for clone in CLONES])
        total = living.sum(axis=1, keepdims=True)
        alive = total > np.finfo(np.float64).tiny
        shares[slot.name] = np.where(alive, living / np.where(alive, total, 1.0), otherwise[slot.name])
    return shares


def first_true_progression(days: Floats, target_mm: Floats, new_lesion: NDArray[np.bool_]) -> Floats:
    """Day of progression by true sizes: +20 % and +5 mm of the target sum over its nadir, or a new lesion; else inf.

    Used where no trial reads the scans: in earlier and later lines. Thresholds are RECIST 1.1's.

    Main arguments:
        days: (n_patients, n_times).
        target_mm: (n_patients, n_times, n_targets) true diameters, NaN where there is no lesion.
        new_lesion: (n_patients, n_times) whether a lesion outside the baseline set is visible.
    """
    total = np.nansum(target_mm, axis=2)
    nadir = np.minimum.accumulate(total, axis=1)
    progressed = ((total >= 1.2 * nadir) & (total >= nadir + 5.0)) | new_lesion
    progressed[:, 0] = False
    first = np.argmax(progressed, axis=1)
    return np.where(progressed.any(axis=1), days[np.arange(len(days)), first], np.inf)


def slot_diameters_mm(total_mL: Floats) -> dict[str, Floats]:
    """Slot -> (n_patients, n_times) diameters, from total volumes (n_patients, n_times, n_slots)."""
    return {slot.name: diameter_mm(total_mL[..., index]) for index, slot in enumerate(SLOTS)}
