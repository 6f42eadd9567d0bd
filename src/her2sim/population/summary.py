"""Tables that say who the virtual patients are: beside the published baseline, and on their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from her2sim.population.columns import column_rules
from her2sim.population.patients import Patients
from her2sim.population.specification import Specification
from her2sim.population.targets import read_targets

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class BaselineRow:
    """One line of the baseline table. ``simulated`` is in the unit of ``published``: percent or that of the median."""

    name: str
    published: float
    simulated: float
    unit: str


def baseline_table(
    patients: Patients, baseline: Mapping[str, Any], specification: Specification
) -> tuple[BaselineRow, ...]:
    """Published baseline figures beside those of the virtual patients, for every key that has a meaning.

    Main arguments:
        patients: those of one trial.
        baseline: figures by the keys of the evidence format.
        specification: the population that they were drawn from.
    """
    rows: list[BaselineRow] = []
    for key, (name, class_name) in read_targets(specification, baseline, {}).keys.items():
        covariate = specification.covariate(name)
        if class_name:
            code = covariate.codes[covariate.classes.index(class_name)]
            simulated, unit = 100.0 * float(np.mean(patients[name] == code)), "percent"
        else:
            simulated, unit = float(np.median(patients[name])), covariate.unit
        rows.append(BaselineRow(key, float(baseline[key]), simulated, unit))
    return tuple(rows)


def describe(patients: Patients) -> pd.DataFrame:
    """A summary of every column: unit, n, mean, SD, percentiles 5, 50 and 95, least and greatest value.

    Main arguments:
        patients: at least one.
    """
    import pandas as pd

    rules = column_rules()
    rows: dict[str, dict[str, Any]] = {}
    for name, values in patients.columns.items():
        x = np.asarray(values, dtype=np.float64)
        p5, p50, p95 = np.percentile(x, [5, 50, 95])
        rows[name] = {
            "unit": rules[name].unit if name in rules else "",
            "n": len(x),
            "mean": x.mean(),
            "sd": x.std(ddof=1) if len(x) > 1 else 0.0,
            "p5": p5,
            "median": p50,
            "p95": p95,
            "min": x.min(),
            "max": x.max(),
        }
    return pd.DataFrame.from_dict(rows, orient="index")
