"""The baseline table of a run: the virtual patients at randomization beside the published ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from her2sim.population.patients import Patients
from her2sim.population.specification import load_specification
from her2sim.population.summary import baseline_table
from her2sim.record.types import TrialRecord


def baseline_rows(folder: Path, record: TrialRecord) -> list[dict[str, Any]]:
    """Rows ``{name, published, simulated, arms}`` for every published baseline figure that has a meaning here.

    Main arguments:
        folder: run folder with ``patients.parquet``.
        record: the trial record with its ``baseline``.
    """
    import pandas as pd

    frame = pd.read_parquet(folder / "patients.parquet")
    specification = load_specification(record.disease, record.setting)
    whole = baseline_table(_patients(frame), record.baseline, specification)
    by_arm = {
        str(arm): {row.name: row.simulated for row in baseline_table(_patients(rows), record.baseline, specification)}
        for arm, rows in frame.groupby("arm", sort=False)
    }
    return [
        {
            "name": row.name,
            "published": row.published,
            "simulated": round(row.simulated, 2),
            "arms": {arm: round(found[row.name], 2) for arm, found in by_arm.items()},
        }
        for row in whole
    ]


def _patients(frame: Any) -> Patients:
    numeric = frame.select_dtypes("number").drop(columns=["replicate", "patient"])
    return Patients(np.arange(len(frame)), {str(name): numeric[name].to_numpy() for name in numeric})
