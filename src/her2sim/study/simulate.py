"""Any SBML or Antimony model for a population: model file, parameter table, dose table, times -> trajectories.

Without events the compiled engine solves all patients together; with events, delays or factorials the event-aware
simulator solves them one at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from her2sim.core.errors import InputError, did_you_mean
from her2sim.engine import OK, STATUS_TEXT, CompiledModel, compile_model
from her2sim.engine.hybrid import HybridModel
from her2sim.engine.interface import Floats, Solution
from her2sim.engine.nonmem import Dosing, read_doses
from her2sim.exchange.report import ModelRefused
from her2sim.exchange.sbml_read import Imported, needs_events, read_model
from her2sim.model.expression import sym, walk
from her2sim.model.system import OdeSystem, Parameter

if TYPE_CHECKING:
    import pandas as pd

RTOL, ATOL = 1e-7, 1e-10
MOST_TIMES = 10_000_000


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
    system: OdeSystem,
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
        system: the model, for example ``read_model("model.xml").system``.
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
    observed = checked_times(times)
    patients, values, names = _parameter_table(parameters, system)
    ready = _with_initial_columns(system, names)
    varying = tuple(_initial_name(name) if name in system.state_names else name for name in names)
    reported = tuple(outputs) or system.state_names
    if not reported:
        reported = tuple(a.name for a in system.assignments)
    dosing = _dosing(doses, patients, system)
    by_events = needs_events(system)
    model: CompiledModel
    if by_events:
        model = HybridModel(ready, varying, reported, seed)
    else:
        model = compile_model(ready, varying=varying, outputs=reported)
    found = np.full((len(patients), len(observed), len(reported)), np.nan)
    failures: list[Failure] = []
    for start in np.unique(dosing.start):
        rows = np.flatnonzero(dosing.start == start)
        solution = _solve(model, values[rows], observed, dosing, rows, float(start), rtol, atol, threads)
        found[rows] = solution.values
        failures += _failures(solution, [patients[row] for row in rows], system)
    return Simulated(_long(patients, observed, found, reported), tuple(failures), "events" if by_events else "compiled")


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


def checked_times(times: Sequence[float] | Floats) -> Floats:
    """Observation times as an array.

    Raises:
        InputError: they are empty, not finite, negative or not ascending.
    """
    observed = np.asarray(times, dtype=np.float64).reshape(-1)
    if not len(observed) or not np.isfinite(observed).all() or (np.diff(observed) < 0).any() or observed[0] < 0:
        raise InputError("observation times must be ascending numbers, 0 or later", where="times")
    return observed


def times_of(text: str) -> Floats:
    """Observation times from ``start:stop:step`` or a list ``0,1,7``.

    Raises:
        InputError: the text is neither.

    >>> times_of("0:21:7").tolist()
    [0.0, 7.0, 14.0, 21.0]
    """
    try:
        if ":" in text:
            start, stop, step = (float(word) for word in text.split(":"))
            count = (stop - start) / step
            if not 0 <= count <= MOST_TIMES:
                raise ValueError
            return checked_times([start + step * i for i in range(int(count + 1e-9) + 1)])
        return checked_times([float(word) for word in text.split(",") if word.strip()])
    except (ValueError, ZeroDivisionError, OverflowError):
        raise InputError(
            f"{text!r} is no list of times", where="times", hint="Write start:stop:step or 0,1,7."
        ) from None


def read_table(path: Path, what: str) -> pd.DataFrame:
    """A CSV or Parquet file as a table, column names stripped of spaces.

    Raises:
        InputError: the file is missing, empty or not such a file.
    """
    import pandas as pd

    try:
        table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, skipinitialspace=True)
    except (OSError, ValueError, UnicodeDecodeError) as error:  # pandas' and pyarrow's own errors are ValueErrors
        raise InputError(f"the {what} cannot be read: {error}", where=str(path)) from error
    table.columns = [str(name).strip() for name in table.columns]
    doubled = table.columns[table.columns.duplicated()]
    if len(doubled):
        raise InputError(f"column {doubled[0]!r} is there twice", where=str(path))
    return table


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write Parquet or CSV, by the file's ending.

    Raises:
        InputError: another ending, or the file cannot be written.
    """
    try:
        if path.suffix == ".parquet":
            table.to_parquet(path, index=False)
        elif path.suffix == ".csv":
            table.to_csv(path, index=False)
        else:
            raise InputError(f"{path.name} ends neither in .parquet nor in .csv", where="--out")
    except OSError as error:
        raise InputError(f"the file cannot be written: {error}", where=str(path)) from error


def _parameter_table(table: pd.DataFrame | None, system: OdeSystem) -> tuple[list[object], Floats, tuple[str, ...]]:
    if table is None:
        return [1], np.zeros((1, 0)), ()
    if not len(table):
        raise InputError("the parameter table has no rows", where="parameter table")
    ids = [name for name in table.columns if str(name).strip().upper() == "ID"]
    patients: list[object] = list(table[ids[0]]) if ids else list(range(1, len(table) + 1))
    if len(set(map(str, patients))) < len(patients):
        raise InputError("an ID occurs twice", where="parameter table")
    names = tuple(str(name) for name in table.columns if name not in ids)
    known = (*system.parameter_names, *system.state_names)
    for name in names:
        if name not in known:
            raise InputError(
                f"column {name!r} is no parameter and no state", where="parameter table", hint=did_you_mean(name, known)
            )
    values = np.empty((len(table), len(names)))
    for column, name in enumerate(names):
        for row, given in enumerate(table[name]):
            values[row, column] = _finite(given, name, patients[row])
    return patients, values, names


def _finite(given: object, name: str, patient: object) -> float:
    try:
        value = float(str(given))
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise InputError(f"{name} is {given!r}, not a finite number", where=f"parameter table, patient {patient}")
    return value


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


def _dosing(table: pd.DataFrame | None, patients: Sequence[object], system: OdeSystem) -> Dosing:
    columns = {} if table is None else {str(name): list(table[name]) for name in table.columns}
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
