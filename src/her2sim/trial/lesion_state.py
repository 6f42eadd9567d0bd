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


def carried_states(state: Mapping[str, Floats]) -> dict[str, Floats]:
    """States that a patient takes from one line into the next besides her lesions: waning of drug effects.

    What is left of a drug itself is not among them: it has been washed out when the next line takes effect.
    """
    return {name: values for name, values in state.items() if name.startswith("W_")}


def lesion_states(state: Mapping[str, Floats]) -> dict[str, Floats]:
    """The volumes among the states of a patient."""
    return {name: values for name, values in state.items() if name.startswith("V_")}


def slot_diameters_mm(total_mL: Floats) -> dict[str, Floats]:
    """Slot -> (n_patients, n_times) diameters, from total volumes (n_patients, n_times, n_slots)."""
    return {slot.name: diameter_mm(total_mL[..., index]) for index, slot in enumerate(SLOTS)}
