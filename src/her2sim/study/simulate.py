"""Any SBML or Antimony model for a population: model file, parameter table, dose table, times -> trajectories.

Without events the compiled engine solves all patients together; with events, delays or factorials the event-aware
simulator solves them one at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from her2sim.core.errors import InputError
from her2sim.engine import OK, STATUS_TEXT, CompiledModel, compile_model
from her2sim.engine.hybrid import HybridModel
from her2sim.engine.interface import Floats, Solution
from her2sim.engine.nonmem import Dosing, read_doses
from her2sim.engine.python_source import evaluate
from her2sim.exchange.report import ModelRefused
from her2sim.exchange.sbml_read import Imported, needs_events, read_model
from her2sim.model.derivative import derivative
from her2sim.model.expression import ONE, Expr, substitute, sym, walk
from her2sim.model.system import OdeSystem, Parameter
from her2sim.study.model_tables import checked_times, parameter_table, read_table, times_of, write_table

if TYPE_CHECKING:
    import pandas as pd

    from her2sim.model.mechanisms import Mechanism

__all__ = [
    "Failure", "Simulated", "checked_times", "import_model", "read_table", "simulate", "times_of", "without_mechanisms",
    "write_table",
]  # fmt: skip

RTOL, ATOL = 1e-7, 1e-10


@dataclass(frozen=True)
class Failure:
    """A patient that could not be simulated to the end."""

    patient: object
    time: float
    state: str
    why: str

    def text(self) -> str:
        """The failure as one line."""
        blame = f", state {self.state}" if self.state else ""
        return f"patient {self.patient}: {self.why} at time {self.time:g}{blame}"


@dataclass(frozen=True)
class Simulated:
    """Trajectories of a population.

    Main arguments:
        table: one row per patient and time: ID, time, one column per output; NaN from a failure on.
        failures: patients that failed.
        simulator: ``compiled`` or ``events``: which of the two simulators was used.
    """

    table: pd.DataFrame
    failures: tuple[Failure, ...]
    simulator: str


def simulate(
    model: OdeSystem | Imported,
    times: Sequence[float] | Floats,
    *,
    parameters: pd.DataFrame | None = None,
    doses: pd.DataFrame | None = None,
    outputs: Sequence[str] = (),
    rtol: float = RTOL,
    atol: float = ATOL,
    threads: int = 1,
    seed: int = 1,
) -> Simulated:
    """Simulate a model for every row of a parameter table.

    Main arguments:
        model: a system, or an imported model, for example ``read_model("model.xml")``. Doses of an imported model
            are amounts even where the state is a concentration: they are divided by the patient's compartment size.
        times: observation times, ascending, in the model's time unit, 0 or later.
        parameters: one row per patient. Column ID names patients; other columns are parameters of the model, or
            states, which get that initial value. None simulates one patient with the model's own values.
        doses: dose table with the columns of `her2sim.engine.nonmem.read_doses`, or None.

    Other arguments:
        outputs: states and assigned variables to report; all states if empty.
        rtol, atol: tolerances of a step.
        threads: for the compiled engine.
        seed: order of simultaneous events of equal priority.

    Raises:
        InputError: a table does not fit the model.

    >>> from her2sim.model.expression import ONE, sym
    >>> from her2sim.model.system import State
    >>> decay = OdeSystem("decay", (State("x", ONE, -sym("k") * sym("x")),), (Parameter("k", 0.5),))
    >>> import pandas as pd
    >>> simulate(decay, [0, 2], parameters=pd.DataFrame({"ID": [1, 2], "k": [0.5, 1.0]})).table["x"].round(4).tolist()
    [1.0, 0.3679, 1.0, 0.1353]
    """
    system, amounts = (model.system, model.amounts) if isinstance(model, Imported) else (model, {})
    observed = checked_times(times)
    patients, values, names = parameter_table(parameters, system)
    ready = _with_initial_columns(system, names)
    varying = tuple(_initial_name(name) if name in system.state_names else name for name in names)
    reported = tuple(outputs) or system.state_names
    if not reported:
        reported = tuple(a.name for a in system.assignments)
    dosing = _dosing(doses, patients, system, amounts)
    dosing = _per_compartment(dosing, system, amounts, names, values)
    by_events = needs_events(system)
    solver: CompiledModel
    if by_events:
        solver = HybridModel(ready, varying, reported, seed)
    else:
        solver = compile_model(ready, varying=varying, outputs=reported)
    found = np.full((len(patients), len(observed), len(reported)), np.nan)
    failures: list[Failure] = []
    for start in np.unique(dosing.start):
        rows = np.flatnonzero(dosing.start == start)
        solution = _solve(solver, values[rows], observed, dosing, rows, float(start), rtol, atol, threads)
        found[rows] = solution.values
        failures += _failures(solution, [patients[row] for row in rows], system)
    return Simulated(_long(patients, observed, found, reported), tuple(failures), "events" if by_events else "compiled")


def without_mechanisms(system: OdeSystem, names: Sequence[str]) -> OdeSystem:
    """An exported her2sim model (``her2sim model --format``) without some mechanisms: their parameters set.

    Raises:
        InputError: no mechanism has that name, or the model has none of its parameters.
    """
    from her2sim.model.mechanisms import all_mechanisms, cell_mechanisms, chosen, removed_values

    own = set(system.parameter_names)
    known = {**cell_mechanisms(), **all_mechanisms()}
    held: list[Mechanism] = []
    for name, mechanism in chosen(names, known).items():
        homes = [scale[name].values for scale in (all_mechanisms(), cell_mechanisms()) if name in scale]
        values = {parameter: value for home in homes for parameter, value in home.items() if parameter in own}
        if not values:
            raise InputError(
                f"this model has no parameter of {name}",
                where="--without",
                hint="It works on models that her2sim has written; of others, change parameters with --parameters.",
            )
        held.append(replace(mechanism, values=values))
    values = removed_values(held)
    return replace(system, parameters=tuple(replace(p, value=values.get(p.name, p.value)) for p in system.parameters))


def import_model(path: Path, *, strict_units: bool = False, tell: Callable[[str], object] | None = None) -> Imported:
    """Read a model file, and tell its import report even where the model is refused.

    Raises:
        InputError: the model is refused or cannot be read.
    """
    try:
        imported = read_model(path, strict_units=strict_units)
    except ModelRefused as refusal:
        if tell is not None:
            tell(refusal.report.text())
        raise
    if tell is not None:
        tell(imported.report.text())
    return imported


def _with_initial_columns(system: OdeSystem, names: Sequence[str]) -> OdeSystem:
    """States that the table names start from a parameter of that name; the state itself gets no other change."""
    wanted = set(names) & set(system.state_names)
    if not wanted:
        return system
    states = tuple(replace(s, initial=sym(_initial_name(s.name))) if s.name in wanted else s for s in system.states)
    fresh = tuple(Parameter(_initial_name(name), 0.0) for name in sorted(wanted))
    return replace(system, states=states, parameters=(*system.parameters, *fresh))


def _initial_name(state: str) -> str:
    return f"initial value of {state}"


def _dosing(
    table: pd.DataFrame | None, patients: Sequence[object], system: OdeSystem, amounts: Mapping[str, Expr]
) -> Dosing:
    columns = {} if table is None else {str(name).strip().upper(): list(table[name]) for name in table.columns}
    pools = {name: formula.name for name, formula in amounts.items() if formula.op == "sym"}
    if "CMT" in columns:  # a species in a compartment that changes has its amount as state
        columns["CMT"] = [pools.get(str(given).strip(), given) for given in columns["CMT"]]
    if not columns:
        columns = {"TIME": [], "AMT": []}
    dosing = read_doses(columns, patients, system.state_names, targets=system.dose_targets)
    roots = [s.rate for s in system.states] + [a.expr for a in system.assignments]
    if (dosing.start < 0).any() and (system.events or any(node.op == "time" for node in walk(roots))):
        raise InputError(
            "SS = 1 and doses before time 0 need a run-in, which a model with events or explicit time does not have",
            where="dose table",
        )
    return dosing


def _per_compartment(
    dosing: Dosing, system: OdeSystem, amounts: Mapping[str, Expr], names: Sequence[str], values: Floats
) -> Dosing:
    """Doses into states that are concentrations, divided by the size of the patient's compartment."""
    doses, inline = dosing.doses, system.expanded()
    amount = doses.amount.copy()
    columns = {p.name: np.full(len(values), p.value) for p in system.parameters}
    columns |= {name: values[:, i] for i, name in enumerate(names) if name in columns}
    for target in np.unique(doses.target).tolist():
        state = system.state_names[target]
        size = derivative(substitute([amounts[state]], inline)[0], state) if state in amounts else ONE
        if size is not ONE:
            given = evaluate([size], (), tuple(columns), 0.0, (), list(columns.values()))[0]
            here = doses.target == target
            amount[here] /= np.broadcast_to(given, len(values))[doses.patient[here]]
    if not np.isfinite(amount).all():
        raise InputError("a dose enters a compartment without size", where="dose table")
    return replace(dosing, doses=replace(doses, amount=amount))


def _solve(
    model: CompiledModel,
    values: Floats,
    times: Floats,
    dosing: Dosing,
    rows: np.ndarray[tuple[int], np.dtype[np.int64]],
    start: float,
    rtol: float,
    atol: float,
    threads: int,
) -> Solution:
    place = np.full(len(dosing.start), -1)
    place[rows] = np.arange(len(rows))
    doses = dosing.doses
    keep = place[doses.patient] >= 0
    mine = replace(
        doses,
        patient=place[doses.patient[keep]],
        time=doses.time[keep],
        target=doses.target[keep],
        amount=doses.amount[keep],
        duration=doses.duration[keep],
    )
    return model.solve(values, times, doses=mine, rtol=rtol, atol=atol, threads=threads, start=start)


def _failures(solution: Solution, patients: Sequence[object], system: OdeSystem) -> list[Failure]:
    found: list[Failure] = []
    for row in map(int, np.flatnonzero(solution.status != OK)):
        state = int(solution.fail_state[row])
        name = system.state_names[state] if 0 <= state < len(system.states) else ""
        found.append(
            Failure(patients[row], float(solution.fail_time[row]), name, STATUS_TEXT[int(solution.status[row])])
        )
    return found


def _long(patients: Sequence[object], times: Floats, values: Floats, outputs: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    columns: dict[str, object] = {
        "ID": np.repeat(np.array(patients, dtype=object), len(times)),
        "time": np.tile(times, len(patients)),
    }
    columns |= {name: values[:, :, i].reshape(-1) for i, name in enumerate(outputs)}
    return pd.DataFrame(columns).infer_objects()
