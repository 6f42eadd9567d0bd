"""What the columns of a patient table mean: unit, range, kind. Read from ``data/populations/columns.yaml``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml
from numpy.typing import NDArray

from her2sim.core.errors import InputError, did_you_mean
from her2sim.core.paths import data_dir

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
ID_COLUMN = "patient"


@dataclass(frozen=True)
class ColumnRule:
    """What a column may hold. ``whole`` columns take whole numbers only (flags, counts, codes)."""

    name: str
    unit: str
    low: float
    high: float
    whole: bool
    description: str


PATIENT = ColumnRule(ID_COLUMN, "dimensionless", 0, 2.0**53, True, "number of the patient")


@cache
def column_rules() -> Mapping[str, ColumnRule]:
    """The dictionary of covariate columns, by name."""
    content: dict[str, dict[str, Any]] = yaml.safe_load((data_dir("populations") / "columns.yaml").read_text())
    return {
        name: ColumnRule(
            name=name,
            unit=str(entry["unit"]),
            low=float(entry["low"]),
            high=float(entry["high"]),
            whole=bool(entry.get("whole", False)),
            description=str(entry["description"]),
        )
        for name, entry in content["columns"].items()
    }


def check_columns(
    frame: pd.DataFrame, traits: Collection[str], origin: str, *, also: Collection[ColumnRule] = ()
) -> dict[str, Floats]:
    """The columns of a user's table as numbers.

    Main arguments:
        frame: the table without its id column.
        traits: names of model parameters; they may be any finite number.
        origin: name of the table in messages.

    Other arguments:
        also: further columns that the table may have.

    Raises:
        InputError: unknown or repeated column; missing, non-numeric or out-of-range cell.
    """
    rules = {**column_rules(), **{rule.name: rule for rule in also}}
    out: dict[str, Floats] = {}
    for position, name in enumerate(map(str, frame.columns)):
        rule = rules.get(name)
        if name in out:
            raise InputError("the column is there twice", where=f"{origin}, column {name}")
        if rule is None and name not in traits:
            raise InputError(
                "unknown column.",
                where=f"{origin}, column {name}",
                why="Names carry their unit, so a column without it cannot be trusted.",
                hint=did_you_mean(name, [*rules, *traits]),
            )
        out[name] = _numbers(frame.iloc[:, position], name, rule, origin)
    return out


def _numbers(series: pd.Series[Any], name: str, rule: ColumnRule | None, origin: str) -> Floats:
    import pandas as pd

    values = np.asarray(pd.to_numeric(series, errors="coerce"), dtype=np.float64)
    unit = f" {rule.unit}" if rule and rule.unit != "dimensionless" else ""
    bad = ~np.isfinite(values)
    expected = "a number"
    if rule is not None:
        kind = "a whole number" if rule.whole else "a number"
        expected = f"{kind} from {rule.low:g} to {rule.high:g}{unit}"
        bad |= (values < rule.low) | (values > rule.high)
        if rule.whole:
            bad |= values != np.round(values)
    if bad.any():
        row = int(np.argmax(bad))
        raise InputError(
            f"{series.iloc[row]!r} where {expected} is expected",
            where=f"{origin}, row {row + 1}, column {name}",
            hint=f"{int(bad.sum())} of {len(values)} cells of this column are affected." if bad.sum() > 1 else "",
        )
    return values
