"""The reduced cell against the full reference model: both at rest, over the same cells and doses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from her2sim.core.errors import SimulationError
from her2sim.engine import OK, compile_model
from her2sim.model.cell import CellDrug, QuasiSteady, parameter_table, quasi_steady, reference_model

Floats = NDArray[np.float64]

LONG_DAYS = 40.0
STILL = 1e-4


@dataclass(frozen=True)
class Reduction:
    """Full and reduced model side by side; arrays (n,).

    Main arguments:
        states: number of states of the full model.
        full: ``AKT``, ``ERK``, ``HER2_surface``, ``HER3_surface`` and ``occupancy_<domain>`` of the full model.
        reduced: the same of the reduction.
        rest: all of the reduction.
    """

    states: int
    full: Mapping[str, Floats]
    reduced: Mapping[str, Floats]
    rest: QuasiSteady

    def error(self, name: str) -> Floats:
        """Relative error of the reduction."""
        return self.reduced[name] / self.full[name] - 1.0


def compare_with_reference(
    drugs: Sequence[CellDrug], cells: Mapping[str, Floats], doses: Mapping[str, Floats], *, days: float = LONG_DAYS
) -> Reduction:
    """Integrate the full model until it rests, and reduce the same cells.

    Main arguments:
        drugs: what acts; cells: trait -> (n,); doses: drug id -> (n,) nM.

    Other arguments:
        days: time integrated; half of it again shows whether it rests.

    Raises:
        SimulationError: a cell failed or did not come to rest.
    """
    rest = quasi_steady(cells, drugs, doses)
    system = reference_model(drugs)
    names, table = parameter_table(system, cells, doses, 1.0 - rest.akt_untreated)
    domains = list(rest.occupancy)
    wanted = ["AKT", "ERK", "HER2_surface", "HER3_surface", *(f"occupancy_{domain}" for domain in domains)]
    model = compile_model(system, varying=names, outputs=wanted)
    solved = model.solve(table, np.array([days, 1.5 * days]), rtol=1e-7, atol=1e-7)
    if np.any(solved.status != OK):
        raise SimulationError(f"{int(np.sum(solved.status != OK))} cells of the reference model failed")
    early, late = solved.values[:, 0, :], solved.values[:, 1, :]
    unrest = float(np.max(np.abs(late - early) / (np.abs(late) + 1e-9)))
    if unrest > STILL:
        raise SimulationError(f"the reference model still moves by {unrest:.1e} after {days:g} days")
    reduced = {"AKT": rest.akt, "ERK": rest.erk, "HER2_surface": rest.her2_surface, "HER3_surface": rest.her3_surface}
    reduced |= {f"occupancy_{domain}": rest.occupancy[domain] for domain in domains}
    return Reduction(len(system.states), {name: late[:, i] for i, name in enumerate(wanted)}, reduced, rest)
