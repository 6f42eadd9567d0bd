"""The table of virtual patients: ids and named columns, all of one length."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from her2sim.core.errors import InputError
from her2sim.population.columns import ID_COLUMN, PATIENT, check_columns

if TYPE_CHECKING:
    import pandas as pd

Column = NDArray[Any]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Patients:
    """Virtual patients as columns of equal length; every operation gives a new table.

    Main arguments:
        ids: (n,) numbers of the patients, 0 or more, unique. A patient's random draws are keyed by this number.
        columns: name -> (n,) values. Names carry units (``weight_kg``); flags are 0 or 1; a trait that is a model
            parameter has the parameter's own name.

    Raises:
        ValueError: columns differ in length, or ids repeat.

    >>> two = Patients(np.arange(2), {"weight_kg": np.array([60.0, 70.0])})
    >>> two.take(np.array([False, True]))["weight_kg"]
    array([70.])
    """

    ids: Ints
    columns: Mapping[str, Column]

    def __post_init__(self) -> None:
        # views, so that the caller's own arrays stay writable
        ids = np.asarray(self.ids, dtype=np.int64).view()
        columns = {name: np.asarray(values).view() for name, values in self.columns.items()}
        for name, values in columns.items():
            if values.shape != ids.shape:
                raise ValueError(f"column {name} has shape {values.shape}, but there are {ids.shape} ids")
        if len(np.unique(ids)) < len(ids):
            raise ValueError("patient ids repeat")
        for values in (ids, *columns.values()):
            values.flags.writeable = False
        object.__setattr__(self, "ids", ids)
        object.__setattr__(self, "columns", MappingProxyType(columns))

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, name: str) -> Column:
        return self.columns[name]

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __reduce__(self) -> tuple[object, ...]:
        return (Patients, (self.ids, dict(self.columns)))

    def get(self, name: str, default: float) -> Column:
        """Column ``name``, or a column of ``default`` if the table has none."""
        return self.columns[name] if name in self.columns else np.full(len(self), default)

    def take(self, rows: ArrayLike) -> Patients:
        """Some of the patients, by a (n,) mask or by row numbers."""
        index = np.asarray(rows)
        return Patients(self.ids[index], {name: values[index] for name, values in self.columns.items()})

    def with_columns(self, columns: Mapping[str, ArrayLike]) -> Patients:
        """The same patients with columns added or replaced."""
        return Patients(self.ids, {**self.columns, **{name: np.asarray(v) for name, v in columns.items()}})

    def to_frame(self) -> pd.DataFrame:
        """The table as a pandas frame with the column ``patient`` first."""
        import pandas as pd

        return pd.DataFrame({ID_COLUMN: self.ids, **self.columns})

    @staticmethod
    def from_frame(frame: pd.DataFrame, *, traits: Collection[str] = (), origin: str = "patient table") -> Patients:
        """Patients from a table of the user's own, checked cell by cell.

        Main arguments:
            frame: one row per patient. The column ``patient`` holds the ids; without it rows are numbered from 0.

        Other arguments:
            traits: names of model parameters that the table may carry besides the covariates of
                ``data/populations/columns.yaml``.
            origin: name of the table in messages, for example its file.

        Raises:
            InputError: an unknown column (the nearest name is offered, for example ``weight_kg`` for ``weight``), a
                repeated id, or a cell that is missing, not a number or out of range; row and column are named.
        """
        if ID_COLUMN in frame.columns:
            numbers = check_columns(frame[[ID_COLUMN]], (), origin, also=(PATIENT,))[ID_COLUMN]
            ids = numbers.astype(np.int64)
            seen: dict[int, int] = {}
            for row, patient in enumerate(ids.tolist()):
                if patient in seen:
                    raise InputError(
                        f"patient {patient} is there twice.",
                        where=f"{origin}, row {row + 1}, column {ID_COLUMN}",
                        why=f"It is also in row {seen[patient] + 1}; draws are keyed by patient number.",
                        hint="Give each patient a number of its own, or leave the column out.",
                    )
                seen[patient] = row
        else:
            ids = np.arange(len(frame), dtype=np.int64)
        others = frame[[name for name in frame.columns if name != ID_COLUMN]]
        return Patients(ids, check_columns(others, traits, origin))


def concat(tables: Sequence[Patients]) -> Patients:
    """Tables under one another; all must have the same columns and no patient twice.

    Raises:
        ValueError: columns differ, or ids repeat, or there is no table.
    """
    if not tables:
        raise ValueError("nothing to concatenate")
    names = set(tables[0].columns)
    for table in tables[1:]:
        if set(table.columns) != names:
            raise ValueError(f"columns differ: {sorted(names ^ set(table.columns))}")
    return Patients(
        np.concatenate([t.ids for t in tables]),
        {name: np.concatenate([t[name] for t in tables]) for name in tables[0].columns},
    )
