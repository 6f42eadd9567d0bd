"""Tables around a model: parameters and doses in, trajectories out; and observation times from a text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from her2sim.core.errors import InputError, did_you_mean
from her2sim.engine.interface import Floats
from her2sim.model.system import OdeSystem

if TYPE_CHECKING:
    import pandas as pd

MOST_TIMES = 10_000_000


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


def parameter_table(table: pd.DataFrame | None, system: OdeSystem) -> tuple[list[object], Floats, tuple[str, ...]]:
    """Ids of the patients, (n_patients, n_columns) values, and the names of the columns.

    Raises:
        InputError: a column is no parameter and no state, an id occurs twice, or a value is no finite number.
    """
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
