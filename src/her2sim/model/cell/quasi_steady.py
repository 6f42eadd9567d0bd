"""The reduction of the cell: receptors, ligands, free drugs and mutations -> dimers, AKT, ERK, HER2, at rest.

Nothing is integrated. Sites are in balance of binding, leaving and loss with the receptor, u = kon C / (koff + loss);
dimers are at mass action (four free monomers by Newton's method); pools of receptors at balance of synthesis and loss;
pathways at rest. Loops (feedbacks, turnover) are closed by repeating until nothing moves. The only thing left out
against the reference model is the correlation of two domains of one HER2 that turnover brings in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from her2sim.core.errors import InputError, SimulationError
from her2sim.model.cell.action import KINASES, CellDrug
from her2sim.model.cell.numbers import cell_number, cell_numbers
from her2sim.model.cell.profile import TRAITS
from her2sim.model.cell.structure import KINASES_OF, MAPK_DIMERS, PI3K_DIMERS
from her2sim.model.cell.surface import Surface, solve_surface
from her2sim.model.parameters import ParameterSet

Floats = NDArray[np.float64]

ROUNDS = 2000
CLOSE = 1e-10
DAMPING = 0.5


@dataclass(frozen=True)
class QuasiSteady:
    """The cell at rest; all arrays (n,).

    Main arguments:
        akt, erk: activities A and M, 0 to 1.
        her2_surface, her3_surface: receptors at the surface.
        occupancy: domain -> occupied share of HER2 at the surface.
        dimers: class -> dimers per cell.
        active: kinase -> share without inhibitor.
        internalization: drug -> antibodies taken in per cell and day.
        shedding: HER2 shed per cell and day.
        akt_untreated, erk_untreated: activities of the same cell without drugs.
    """

    akt: Floats
    erk: Floats
    her2_surface: Floats
    her3_surface: Floats
    occupancy: Mapping[str, Floats]
    dimers: Mapping[str, Floats]
    active: Mapping[str, Floats]
    internalization: Mapping[str, Floats]
    shedding: Floats
    akt_untreated: Floats
    erk_untreated: Floats


def quasi_steady(
    cells: Mapping[str, float | Floats],
    drugs: Sequence[CellDrug] = (),
    doses: Mapping[str, float | Floats] | None = None,
    *,
    numbers: ParameterSet | None = None,
) -> QuasiSteady:
    """The cell at rest under constant drug concentrations.

    Main arguments:
        cells: trait -> values (see ``TRAITS``); ``CellProfile.traits`` gives them for a cell line.
        drugs: what acts.
        doses: drug id -> free concentration at the cell, nM; values and traits are broadcast against each other.

    Other arguments:
        numbers: instead of the numbers of the data files.

    Raises:
        InputError: a trait or a dose is missing, negative or not finite.

    >>> from her2sim.model.cell.action import cell_drug
    >>> from her2sim.model.cell.profile import cell_line
    >>> rest = quasi_steady(cell_line("SK-BR-3").traits, [cell_drug("trastuzumab")], {"trastuzumab": [0.0, 100.0]})
    >>> bool(rest.akt[1] < rest.akt[0])
    True
    """
    known = numbers or cell_numbers()
    given = _checked(cells, drugs, doses or {})
    values = {name: cell_number(known, name) for name in known.quantities}
    none = {drug.id: np.zeros_like(given[drug.id]) for drug in drugs}
    untreated = _Rest(values, {**given, **none}, drugs, None)
    untreated.settle()
    treated = _Rest(values, given, drugs, 1.0 - untreated.akt)
    treated.settle()
    surface = treated.surface
    return QuasiSteady(
        akt=treated.akt,
        erk=treated.erk,
        her2_surface=surface.totals["HER2"],
        her3_surface=surface.totals["HER3"],
        occupancy=surface.occupancy,
        dimers=surface.dimers,
        active=treated.active,
        internalization=surface.taken_in,
        shedding=surface.shed,
        akt_untreated=untreated.akt,
        erk_untreated=untreated.erk,
    )


def _checked(
    cells: Mapping[str, float | Floats], drugs: Sequence[CellDrug], doses: Mapping[str, float | Floats]
) -> dict[str, Floats]:
    missing = [name for name in TRAITS if name not in cells] + [drug.id for drug in drugs if drug.id not in doses]
    if missing:
        raise InputError(f"the cell lacks {', '.join(missing)}", hint="Traits are in data/cell/lines.yaml.")
    listed = {**{name: cells[name] for name in TRAITS}, **{drug.id: doses[drug.id] for drug in drugs}}
    arrays = np.broadcast_arrays(*(np.atleast_1d(np.asarray(v, dtype=np.float64)) for v in listed.values()))
    given = dict(zip(listed, arrays, strict=True))
    for name, array in given.items():
        if not np.all(np.isfinite(array)) or np.any(array < 0):
            raise InputError(f"{name} holds a number that is negative or not finite", hint="Give 0 or more.")
    if np.any(given["HER2_per_cell"] < 1) or np.any(given["pten_level"] <= 0):
        raise InputError("HER2_per_cell must be at least 1 and pten_level above 0")
    return given


class _Rest:
    """One search for rest; ``settle`` repeats ``surface`` and pathways until nothing moves."""

    def __init__(
        self, values: Mapping[str, float], given: Mapping[str, Floats], drugs: Sequence[CellDrug], foxo: Floats | None
    ) -> None:
        self.values, self.given, self.drugs, self.foxo_untreated = values, given, drugs, foxo
        size = given["HER2_per_cell"].shape
        self.akt, self.erk = np.full(size, 0.5), np.full(size, 0.3)
        self.active, self.turnover = self._kinases()
        self.surface = Surface.start(values, given, drugs)

    def _kinases(self) -> tuple[dict[str, Floats], Floats]:
        """Free kinases, and how inhibitors change the internalization of HER2."""
        v, factor = self.values, np.ones_like(self.akt)
        active: dict[str, Floats] = {}
        for kinase in KINASES:
            loads: dict[str, Floats] = {}
            for drug in self.drugs:
                for named, pocket in drug.pocket_nM:
                    if named == kinase:
                        ratio = v[f"mutation_ic50_ratio_{'covalent' if drug.covalent else 'reversible'}"]
                        mutated = self.given["kinase_mutated"] if kinase == "HER2" else 0.0
                        load = self.given[drug.id] / (pocket.value * (1.0 + mutated * (ratio - 1.0)))
                        loads[drug.id] = load * (1.0 + self._bonds_per_seat(drug, kinase))
            active[kinase] = 1.0 / (1.0 + sum(loads.values(), np.zeros_like(self.akt)))
            if kinase == "HER2":
                for drug in self.drugs:
                    if drug.id in loads:
                        gain = v[f"endocytosis_gain_{'covalent' if drug.covalent else 'reversible'}"]
                        factor = factor + gain * loads[drug.id] * active[kinase]
        return active, factor

    def _bonds_per_seat(self, drug: CellDrug, kinase: str) -> float:
        """Kinases with a bond over those that hold the drug without one: k_inact over the loss of bonded receptors."""
        if drug.inactivation_per_day is None:
            return 0.0
        v = self.values
        lost, back = v[f"degradation_{kinase}_per_day"], v[f"recycling_{kinase}_per_day"]
        faster = v["endocytosis_gain_covalent"] if kinase == "HER2" else 0.0
        renewal = v["endocytosis_per_day"] * lost / (lost + back) * (1.0 + faster)
        return drug.inactivation_per_day.value / renewal

    def settle(self) -> None:
        """Repeat until the largest relative change is ``CLOSE``."""
        moved = np.inf
        for _ in range(ROUNDS):
            before = (*self.surface.moving(), self.akt, self.erk)
            self.surface = solve_surface(
                self.values, self.given, self.drugs, self.surface, self.turnover, self._her3_synthesis(), DAMPING
            )
            self._pathways()
            after = (*self.surface.moving(), self.akt, self.erk)
            moved = max(
                float(np.max(np.abs(new - old) / (np.abs(new) + 1e-12))) for new, old in zip(after, before, strict=True)
            )
            if moved < CLOSE:
                return
        raise SimulationError(f"the cell found no rest; the last change was {moved:.1e}")

    def _her3_synthesis(self) -> Floats:
        if self.foxo_untreated is None:
            return np.ones_like(self.akt)
        gain = self.values["her3_adaptive_gain"]
        return (1.0 + gain * (1.0 - self.akt)) / (1.0 + gain * self.foxo_untreated)

    def _pathways(self) -> None:
        v, g = self.values, self.given
        phosphorylated: dict[str, Floats] = {}
        for dimer, kinases in KINASES_OF.items():
            amount = self.surface.dimers[dimer]
            if dimer == "HER2_HER3":
                amount = amount + self.surface.dimers["HER2_HER3N"]
            for kinase in kinases:
                amount = amount * self.active[kinase]
            phosphorylated[dimer] = amount
        pi3k = sum((v[f"pi3k_weight_{d}"] * phosphorylated[d] for d in PI3K_DIMERS), np.zeros_like(self.akt))
        mapk = sum((v[f"mapk_weight_{d}"] * phosphorylated[d] for d in MAPK_DIMERS), np.zeros_like(self.akt))
        mutated = g["pik3ca_mutated"]
        others = g["igf1r_drive"] * (1.0 + v["igf1r_feedback"] * (1.0 - self.akt))
        drive = pi3k / v["akt_half_dimers"] * (1.0 + v["pik3ca_gain"] * mutated) + v["pik3ca_basal"] * mutated + others
        steep = (drive / g["pten_level"]) ** v["akt_steepness"]
        self.akt = self.akt + DAMPING * (steep / (1.0 + steep) - self.akt)
        half = v["erk_half_dimers"] * (1.0 - v["mapk_derepression"] * (1.0 - self.akt))
        ras = mapk / (half * (1.0 + v["erk_feedback"] * self.erk)) + g["ras_drive"]
        self.erk = self.erk + DAMPING * (ras / (1.0 + ras) - self.erk)
