"""One line of therapy for many patients: the model for its drugs, the doses, the trajectories of all lesions.

The same function treats earlier lines, the trial's own arm and the lines after progression: they differ only by the
regimen and by the state in which patients enter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from her2sim.engine import compile_model
from her2sim.engine.interface import CompiledModel, DoseTable
from her2sim.model.assembly import assemble_model
from her2sim.model.drug import Drug
from her2sim.model.drug_file import is_placebo, load_drug
from her2sim.model.evaluate import evaluate
from her2sim.model.expression import Expr, substitute, symbols
from her2sim.model.system import OdeSystem
from her2sim.population.exposure import individual_pk
from her2sim.population.patients import Patients
from her2sim.record.types import RegimenItem
from her2sim.trial.dosing import regimen_doses
from her2sim.trial.tolerance import absolute_tolerance

Floats = NDArray[np.float64]
RTOL = 1e-5


@dataclass(frozen=True)
class TreatmentModel:
    """The model assembled and compiled for the drugs of a regimen (and nothing else)."""

    disease: str
    drugs: Mapping[str, Drug]
    routes: Mapping[str, str]
    system: OdeSystem
    compiled: CompiledModel
    initial: tuple[Expr, ...] = ()


@dataclass(frozen=True)
class Cohort:
    """Patients as a line of therapy sees them.

    Main arguments:
        patients: the table of covariates and traits.
        seed: seed of the study.
        typical: values of population-level parameters in force (uncertainty drawn), by name.

    Other arguments:
        rtol: relative tolerance of a step of the solver.
    """

    patients: Patients
    seed: int
    typical: Mapping[str, float]
    rtol: float = RTOL

    def take(self, keep: NDArray[np.bool_] | NDArray[np.int64]) -> Cohort:
        """The cohort of the patients kept."""
        return replace(self, patients=self.patients.take(keep))


@dataclass(frozen=True)
class Trajectory:
    """States of all patients over time.

    Main arguments:
        names: names of the states.
        days: (n_patients, n_times) days since the start of the line.
        values: (n_patients, n_times, n_states); NaN throughout for a failed patient: half a course is no result.
        status: (n_patients,) codes of ``her2sim.engine.interface``.
        fail_day: (n_patients,) day reached by a failed patient, else NaN.
        fail_state: (n_patients,) name of the state to blame, or "".
    """

    names: tuple[str, ...]
    days: Floats
    values: Floats
    status: NDArray[np.int64]
    fail_day: Floats
    fail_state: tuple[str, ...]

    def take(self, rows: NDArray[np.int64]) -> Trajectory:
        """The trajectories of these rows."""
        blamed = tuple(self.fail_state[row] for row in rows)
        return Trajectory(
            self.names, self.days[rows], self.values[rows], self.status[rows], self.fail_day[rows], blamed
        )

    def at(self, when: Floats) -> dict[str, Floats]:
        """The states at day ``when`` (n_patients,), linear between the neighboring times."""
        rows = np.arange(len(self.days))
        right = np.clip((self.days < when[:, None]).sum(axis=1), 1, self.days.shape[1] - 1)
        t0, t1 = self.days[rows, right - 1], self.days[rows, right]
        weight = np.clip((when - t0) / np.where(t1 > t0, t1 - t0, 1.0), 0.0, 1.0)[:, None]
        state = (1.0 - weight) * self.values[rows, right - 1] + weight * self.values[rows, right]
        return {name: state[:, column] for column, name in enumerate(self.names)}


@lru_cache(maxsize=64)
def _model(disease: str, drug_routes: tuple[tuple[str, str], ...]) -> TreatmentModel:
    drugs = {drug_id: load_drug(drug_id) for drug_id, _ in drug_routes}
    routes = dict(drug_routes)
    system = assemble_model(list(drugs.values()), disease, routes)
    compiled = compile_model(system, outputs=system.state_names)
    return TreatmentModel(disease, drugs, routes, system, compiled, initial_formulas(system))


def treatment_model(disease: str, regimen: Sequence[RegimenItem]) -> TreatmentModel:
    """The model for the drugs of a regimen; compiled once per set of drugs and routes."""
    wanted = sorted({(load_drug(item.drug).id, item.route) for item in regimen if not is_placebo(item.drug)})
    return _model(disease, tuple(wanted))


@dataclass(frozen=True)
class Line:
    """A line of therapy ready to be solved: parameters and doses of all patients, and the states in which they enter.

    Main arguments:
        model: the model for the drugs of the regimen.
        table: (n_patients, n_parameters).
        doses: doses of all patients up to the last observation and beyond.
        initial: (n_patients, n_states).
        rtol: relative tolerance of a step.
        atol: (n_states,) absolute tolerance of each state.
    """

    model: TreatmentModel
    table: Floats
    doses: DoseTable
    initial: Floats
    rtol: float
    atol: Floats

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the states."""
        return self.model.system.state_names

    def solve(
        self, rows: NDArray[np.int64], days: Floats, initial: Floats, doses: DoseTable, start: float
    ) -> Trajectory:
        """Solve for some of the patients from a day on.

        Main arguments:
            rows: (n_rows,) their row numbers.
            days: (n_rows, n_times) observation days.
            initial: (n_rows, n_states) states on day ``start``.
            doses: the doses of these rows from that day on, with patients numbered as in ``rows``.
        """
        solution = self.model.compiled.solve(
            self.table[rows], days, initial=initial, doses=doses, rtol=self.rtol, atol=self.atol.tolist(), start=start
        )
        blamed = tuple(self.names[i] if i >= 0 else "" for i in solution.fail_state)
        known = np.where(solution.status[:, None, None] == 0, solution.values, np.nan)
        return Trajectory(self.names, days, known, solution.status, solution.fail_time, blamed)


def treat(
    cohort: Cohort,
    disease: str,
    regimen: Sequence[RegimenItem],
    start: Mapping[str, Floats],
    days: Floats,
) -> Trajectory:
    """Treat all patients with one regimen from their own starting states, to the last day.

    Main arguments:
        start: state name -> (n_patients,) value on day 0; states not named start at the model's initial value.
            Names that the model of this regimen does not have are left out.
        days: (n_patients, n_times) observation days, ascending, the first being 0.
    """
    line = prepare(cohort, disease, regimen, start, days)
    return line.solve(np.arange(len(days)), days, line.initial, line.doses, 0.0)


def prepare(
    cohort: Cohort,
    disease: str,
    regimen: Sequence[RegimenItem],
    start: Mapping[str, Floats],
    days: Floats,
) -> Line:
    """The line that ``treat`` solves; arguments as there."""
    model = treatment_model(disease, regimen)
    given = [item for item in regimen if not is_placebo(item.drug)]
    columns = cohort.patients.columns
    pk: dict[str, Floats] = {}
    for drug in model.drugs.values():
        route = model.routes[drug.id]
        pk |= individual_pk(drug, disease, columns, cohort.seed, cohort.patients.ids, route=route)
    table = parameter_table(model.system, cohort.typical, columns, pk, len(cohort.patients.ids))
    drugs = {item.drug: load_drug(item.drug) for item in given}
    doses = regimen_doses(
        given,
        drugs,
        columns,
        pk,
        state_names=model.system.state_names,
        horizon_days=_dosed_days(float(np.nanmax(days))),
        seed=cohort.seed,
        patients=cohort.patients.ids,
        oral_as_daily_rate=True,
    )
    initial = initial_states(model.system, table, start, model.initial)
    atol = absolute_tolerance(model.system.state_names, given, drugs, cohort.rtol)
    return Line(model, table, doses, initial, cohort.rtol, atol)


def _dosed_days(last: float) -> float:
    """Doses are given beyond the last observation, up to a power of two.

    An inflow that ended with the observations, or had a rate of n times a over n for another n, would let a course
    depend in its last bits on how long it is observed, and so on who shares the chunk.
    """
    return 2.0 ** np.floor(np.log2(max(last, 1.0)) + 1.0)


def parameter_table(
    system: OdeSystem, typical: Mapping[str, float], columns: Mapping[str, Floats], pk: Mapping[str, Floats], n: int
) -> Floats:
    """Parameters of each patient, (n_patients, n_parameters): the patient's own, else the population's.

    A column of the patient table that has the name of a parameter is that patient's value of it.
    """
    table = np.empty((n, len(system.parameters)))
    for index, parameter in enumerate(system.parameters):
        own = pk.get(parameter.name, columns.get(parameter.name))
        table[:, index] = typical.get(parameter.name, parameter.value) if own is None else own
    return table


def initial_formulas(system: OdeSystem) -> tuple[Expr, ...]:
    """The initial value of each state as a formula of parameters alone.

    Made once for a model: putting the assigned variables in takes longer than solving it for a hundred patients.
    """
    roots = [state.initial for state in system.states]
    if symbols(roots) - set(system.parameter_names):
        roots = substitute(roots, system.expanded())
    return tuple(roots)


def initial_states(
    system: OdeSystem, table: Floats, start: Mapping[str, Floats], formulas: Sequence[Expr] = ()
) -> Floats:
    """Starting states (n_patients, n_states): as given by ``start``, else the model's own initial values.

    Other arguments:
        formulas: from ``initial_formulas``, where they are at hand.
    """
    values = {name: table[:, i] for i, name in enumerate(system.parameter_names)}
    roots = list(formulas or initial_formulas(system))
    own = evaluate(roots, values)
    return np.column_stack(
        [np.broadcast_to(start.get(s.name, own[i]), (len(table),)) for i, s in enumerate(system.states)]
    ).astype(np.float64)
