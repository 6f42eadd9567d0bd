"""The lesions that a virtual patient can have: a table of slots, their states, and sizes as a scanner sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Site = Literal["systemic", "cns"]
Role = Literal["target", "nontarget", "occult", "cns", "occult_cns"]
SITES: tuple[Site, ...] = ("systemic", "cns")
CLONES = ("sensitive", "her2low", "bypass", "tolerant", "payload_resistant", "kinase_mutated")
DEAD = "dead"
MM3_PER_ML = 1000.0


@dataclass(frozen=True)
class Slot:
    """A place for a lesion: its name in state names, its site class (which drugs reach it how) and its role in RECIST.

    ``occult`` is the largest lesion outside the brain that is too small to see at baseline and may become a new lesion,
    ``occult_cns`` the same in the brain of patients with known brain metastases; the brain of the others holds in
    ``cns`` what is hidden there.
    """

    name: str
    site: Site
    role: Role


SLOTS: tuple[Slot, ...] = (
    Slot("T1", "systemic", "target"),
    Slot("T2", "systemic", "target"),
    Slot("T3", "systemic", "target"),
    Slot("NT", "systemic", "nontarget"),
    Slot("OC", "systemic", "occult"),
    Slot("CNS", "cns", "cns"),
    Slot("OB", "cns", "occult_cns"),
)


def volume_state(slot: str, compartment: str) -> str:
    """Name of a volume state: ``compartment`` is a clone or ``dead``.

    >>> volume_state("T1", "sensitive")
    'V_T1_sensitive_mL'
    """
    return f"V_{slot}_{compartment}_mL"


def clone_states(slot: str) -> tuple[str, ...]:
    """Names of the volume states of the living clones in one slot."""
    return tuple(volume_state(slot, clone) for clone in CLONES)


def volume_states(slots: Sequence[Slot] = SLOTS) -> dict[str, tuple[str, ...]]:
    """Slot name -> its volume states: the clones in the order of ``CLONES``, then the dead volume."""
    return {slot.name: (*clone_states(slot.name), volume_state(slot.name, DEAD)) for slot in slots}


def diameter_mm(volume_mL: Floats) -> Floats:
    """Diameter in mm of a sphere of the given volume in mL: (6 V / pi)^(1/3).

    RECIST measures longest diameters; a sphere is the convention by which volumes and diameters are compared
    (Eisenhauer 2009, doi:10.1016/j.ejca.2008.10.026, appendix: 20 % in diameter is 73 % in volume).

    Main arguments:
        volume_mL: any shape; negative rounding errors count as 0.

    >>> float(np.round(diameter_mm(np.array(0.5235987755982989)), 9))
    10.0
    """
    return np.cbrt(6.0 * MM3_PER_ML * np.maximum(volume_mL, 0.0) / np.pi)


def sphere_volume_mL(diameter: Floats) -> Floats:
    """Volume in mL of a sphere of the given diameter in mm; the inverse of ``diameter_mm``.

    >>> float(np.round(sphere_volume_mL(np.array(10.0)), 6))
    0.523599
    """
    return np.pi / 6.0 * np.asarray(diameter, dtype=np.float64) ** 3 / MM3_PER_ML


@dataclass(frozen=True)
class LesionVolumes:
    """Volumes of all lesions of many patients over time.

    Main arguments:
        slots: the slots, in the order of the last axis.
        viable_mL: (n_patients, n_times, n_slots) living tumor.
        total_mL: (n_patients, n_times, n_slots) living + dead + stroma, what a scanner sees.
        clone_mL: (n_patients, n_times, n_slots, n_clones) living tumor by clone.
    """

    slots: tuple[Slot, ...]
    viable_mL: Floats
    total_mL: Floats
    clone_mL: Floats

    def clone_fractions(self) -> Floats:
        """(n_patients, n_times, n_slots, n_clones) share of each clone in the living volume; NaN in an empty slot."""
        living = self.viable_mL[..., None]
        return np.divide(self.clone_mL, living, out=np.full_like(self.clone_mL, np.nan), where=living > 0.0)


def volumes(
    trajectory: Floats, names: Sequence[str], *, stroma_mL: Floats | None = None, slots: Sequence[Slot] = SLOTS
) -> LesionVolumes:
    """Volumes of the lesions from a trajectory of the model.

    Main arguments:
        trajectory: (n_patients, n_times, n_outputs) values of a solution.
        names: names of the outputs; must contain the volume states of all ``slots``.

    Other arguments:
        stroma_mL: (n_patients, n_slots) tissue that stays when the tumor is gone (scar); 0 by default.
        slots: the slots to read.

    Raises:
        ValueError: a volume state is not among ``names``.
    """
    place = {name: i for i, name in enumerate(names)}
    by_slot = volume_states(slots)
    missing = [name for states in by_slot.values() for name in states if name not in place]
    if missing:
        raise ValueError(f"the trajectory lacks {', '.join(missing)}")
    columns = np.array([[place[name] for name in states] for states in by_slot.values()])
    parts = np.maximum(trajectory[..., columns], 0.0)
    clone_mL = parts[..., :-1]
    viable = clone_mL.sum(axis=-1)
    seen = viable + parts[..., -1]
    if stroma_mL is not None:
        seen = seen + stroma_mL[:, None, :]
    return LesionVolumes(tuple(slots), viable, seen, clone_mL)
