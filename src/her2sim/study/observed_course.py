"""Courses of the model with its observation modules: soluble HER2 and payload in plasma beside everything else.

One typical patient under one drug, or virtual patients before therapy and under trastuzumab and docetaxel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from her2sim.core.errors import SimulationError
from her2sim.engine import compile_model
from her2sim.engine.interface import DoseTable
from her2sim.model.assembly import modules_of
from her2sim.model.drug_file import load_drug
from her2sim.model.evaluate import evaluate
from her2sim.model.expression import substitute
from her2sim.model.module import assemble
from her2sim.model.modules.plasma_payload import plasma_payload
from her2sim.model.modules.soluble_her2 import SOLUBLE_HER2, soluble_her2
from her2sim.model.parameters import load_parameters
from her2sim.model.system import OdeSystem
from her2sim.population.exposure import individual_pk, typical_pk
from her2sim.population.patients import Patients
from her2sim.population.sample import sample_patients
from her2sim.population.specification import load_specification
from her2sim.record.types import Dose, RegimenItem, Schedule, Until
from her2sim.trial.dosing import regimen_doses

Floats = NDArray[np.float64]

CYCLE_DAYS = 21.0
BEFORE_NEXT = 1e-6
"""Days before the next dose at which a trough is read."""
SEED = 1
_TIMES_PER_CYCLE = 160


@dataclass(frozen=True)
class Course:
    """Outputs of one typical patient.

    Main arguments:
        days: (n_times,); values: output -> (n_times,).
    """

    days: Floats
    values: Mapping[str, Floats]

    def at(self, day: float, name: str) -> float:
        """An output at a day, linear between times."""
        return float(np.interp(day, self.days, self.values[name]))

    def peak(self, cycle: int, name: str) -> float:
        """Largest value of an output in a cycle, counted from 1."""
        return float(self._of_cycle(cycle, name)[1].max())

    def mean(self, cycle: int, name: str) -> float:
        """Mean of an output over a cycle, counted from 1, by trapezoids."""
        days, values = self._of_cycle(cycle, name)
        return float(np.sum((values[1:] + values[:-1]) / 2.0 * np.diff(days)) / (days[-1] - days[0]))

    def _of_cycle(self, cycle: int, name: str) -> tuple[Floats, Floats]:
        inside = (self.days >= (cycle - 1) * CYCLE_DAYS) & (self.days < cycle * CYCLE_DAYS)
        return self.days[inside], self.values[name][inside]


def observed_model(drug_ids: Sequence[str], disease: str = "breast") -> OdeSystem:
    """The model of a regimen with soluble HER2 and plasma payload added to it; drugs by vein.

    >>> "soluble_HER2_nM" in observed_model(["trastuzumab"]).state_names
    True
    """
    drugs = [load_drug(name) for name in drug_ids]
    routes = {drug.id: "iv" for drug in drugs}
    modules = [*modules_of(drugs, disease, routes), soluble_her2(drugs), plasma_payload(drugs, disease)]
    return assemble("_".join(["observed", *routes]), [m for m in modules if m.states or m.assignments])


def typical_course(
    drug: str,
    first: str,
    later: str,
    cycles: int,
    outputs: Sequence[str],
    parameters: Mapping[str, float] | None = None,
) -> Course:
    """One drug by vein every three weeks in a typical patient of the weight that its population model refers to.

    Main arguments:
        first, later: doses, for example ``8 mg/kg``.
        cycles: how many; outputs: names of states and variables.

    Other arguments:
        parameters: values instead of those of the data files.
    """
    system = observed_model([drug])
    loaded = load_drug(drug)
    effects = loaded.pk_for("iv").covariates
    weight = next(effect.reference for effect in effects if effect.covariate == "weight_kg")
    covariates = {"weight_kg": np.array([weight])}
    pk = typical_pk(loaded, "breast", covariates, 1)
    item, horizon = _item(drug, later, loading=first), cycles * CYCLE_DAYS
    doses = _doses([item], covariates, pk, system, horizon, 1)
    within = np.linspace(0.0, 1.0, _TIMES_PER_CYCLE) ** 2 * (CYCLE_DAYS - BEFORE_NEXT)
    days = (np.arange(cycles)[:, None] * CYCLE_DAYS + within[None, :]).ravel()
    changed = {name: np.array([value]) for name, value in (parameters or {}).items()}
    solution = _solve(system, {**pk, **changed}, days, doses, outputs)
    return Course(days, {name: solution[0, :, i] for i, name in enumerate(outputs)})


def virtual_patients(setting: str, n: int) -> Patients:
    """Patients of the breast cancer population of a setting, without a trial's baseline table."""
    return sample_patients(load_specification("breast", setting), load_parameters().quantities, seed=SEED, ids=range(n))


def soluble_before(patients: Patients) -> Floats:
    """Ectodomain in ng/mL before any drug, (n,)."""
    system = observed_model([])
    expanded = system.expanded()
    start = {state.name: state.initial for state in system.states}
    expr = substitute([substitute([expanded[SOLUBLE_HER2]], start)[0]], expanded)[0]
    values = {p.name: np.full(len(patients), p.value) for p in system.parameters}
    values |= {name: np.asarray(patients[name], dtype=np.float64) for name in patients if name in values}
    return np.broadcast_to(evaluate([expr], values)[0], (len(patients),)).astype(np.float64)


def soluble_under_treatment(patients: Patients, days: Sequence[float]) -> Floats:
    """Ectodomain in ng/mL under trastuzumab and docetaxel every three weeks, (n, days)."""
    items = [_item("trastuzumab", "6 mg/kg", loading="8 mg/kg"), _item("docetaxel", "75 mg/m2")]
    system = observed_model([item.drug for item in items])
    columns = {name: np.asarray(patients[name], dtype=np.float64) for name in patients}
    pk: dict[str, Floats] = {}
    for item in items:
        pk |= individual_pk(load_drug(item.drug), "breast", columns, SEED, patients.ids)
    doses = _doses(items, columns, pk, system, max(days) + CYCLE_DAYS, len(patients))
    return _solve(system, {**columns, **pk}, np.asarray(days, dtype=np.float64), doses, [SOLUBLE_HER2])[:, :, 0]


def _item(drug: str, dose: str, *, loading: str = "") -> RegimenItem:
    def read(text: str) -> Dose:
        amount, unit = text.split(" ")
        return Dose(float(amount), unit)

    first = read(loading) if loading else None
    return RegimenItem(drug, read(dose), Schedule(CYCLE_DAYS), Until("progression"), "iv", loading=first)


def _doses(
    items: Sequence[RegimenItem],
    columns: Mapping[str, Floats],
    pk: Mapping[str, Floats],
    system: OdeSystem,
    horizon_days: float,
    n: int,
) -> DoseTable:
    drugs = {item.drug: load_drug(item.drug) for item in items}
    return regimen_doses(items, drugs, columns, pk, system.state_names, horizon_days, seed=SEED, patients=np.arange(n))


def _solve(
    system: OdeSystem, columns: Mapping[str, Floats], days: Floats, doses: DoseTable, outputs: Sequence[str]
) -> Floats:
    """(n, n_times, n_outputs); columns that are no parameter of the model are passed over."""
    used = {name: column for name, column in columns.items() if name in system.parameter_names}
    compiled = compile_model(system, varying=tuple(used), outputs=tuple(outputs))
    solution = compiled.solve(np.stack(list(used.values()), axis=1), days, doses=doses)
    if solution.status.any():
        failed = int(np.flatnonzero(solution.status)[0])
        raise SimulationError("the model could not be solved", where=f"{system.name}, patient {failed}")
    return solution.values
