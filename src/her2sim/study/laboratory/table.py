"""``laboratory.parquet``: a row for each blood draw of a patient on trial therapy, with the biopsy of that day."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from her2sim.model.lesions import SLOTS
from her2sim.population.patients import Patients
from her2sim.study.her2_reading import CLASSES
from her2sim.study.laboratory.biopsy import NOT_DONE, STATUSES
from her2sim.study.laboratory.visits import ArmLaboratory

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def laboratory_columns(arm: ArmLaboratory, patients: Patients) -> tuple[Ints, dict[str, Any]]:
    """The rows of one arm, sorted by patient and visit: which patient each belongs to, and the columns.

    Columns without ``reported`` are the truth in the patient; those with it what the laboratory tells. What was not
    done, and PIK3CA where it is not mutated, is null.

    Main arguments:
        patients: of the arm, in its order.
    """
    import pyarrow as pa

    row, visit = np.nonzero(~np.isnan(arm.day))
    dna, told = arm.dna, arm.reported
    mutated = np.asarray(patients.get("pik3ca_mutated", 0.0), dtype=np.float64)[row] > 0.5
    columns: dict[str, Any] = {"visit": visit.astype(np.int64), "day": arm.day[row, visit]}
    truth = {
        "tumor_dna_per_mL": dna.tumor_per_mL,
        "background_dna_ng_per_mL": dna.background_ng_per_mL,
        "tumor_fraction": dna.tumor_fraction,
        "vaf": dna.vaf,
        "vaf_pik3ca": dna.vaf_pik3ca,
        "erbb2_plasma_ratio": dna.erbb2_ratio,
        "soluble_her2_ng_per_mL": arm.soluble_her2_ng_per_mL,
    }
    reported = {
        "dna_molecules_reported": told.molecules.astype(np.int64),
        "mutated_molecules_reported": told.mutated.astype(np.int64),
        "tumor_dna_found_reported": told.found,
        "vaf_reported": told.vaf,
        "vaf_pik3ca_reported": told.vaf_pik3ca,
        "erbb2_plasma_ratio_reported": told.erbb2_ratio,
        "erbb2_plasma_amplified_reported": told.erbb2_amplified,
        "soluble_her2_ng_per_mL_reported": told.soluble_her2_ng_per_mL,
        "soluble_her2_raised_reported": told.soluble_her2_raised,
    }
    for name, values in (truth | reported).items():
        picked = values[row, visit]
        columns[name] = pa.array(picked, mask=~mutated) if name.startswith("vaf_pik3ca") else picked
    return row.astype(np.int64), columns | _biopsies(arm, row, visit)


def _biopsies(arm: ArmLaboratory, row: Ints, visit: Ints) -> dict[str, Any]:
    import pyarrow as pa

    n = len(row)
    purposes, lesions = np.full(n, "", dtype=object), np.full(n, "", dtype=object)
    ihc, status = np.full(n, NOT_DONE), np.full(n, NOT_DONE)
    strong, ratio = np.full(n, np.nan), np.full(n, np.nan)
    for purpose, found in arm.biopsies.items():
        at = arm.biopsied[purpose][row, visit]
        whose = row[at]
        purposes[at] = purpose
        lesions[at] = np.array([slot.name for slot in SLOTS], dtype=object)[found.lesion[whose]]
        ihc[at], status[at] = found.ihc[whose], found.status[whose]
        strong[at], ratio[at] = found.strong[whose], found.ish_ratio[whose]
    taken, read = purposes == "", ihc == NOT_DONE
    return {
        "biopsy": pa.array(purposes, pa.string(), mask=taken),
        "biopsy_lesion": pa.array(lesions, pa.string(), mask=taken),
        "ihc_reported": pa.array([CLASSES[code] for code in ihc], pa.string(), mask=read),
        "cells_3plus_pct_reported": pa.array(100.0 * strong, mask=read),
        "ish_ratio_reported": pa.array(ratio, mask=read),
        "her2_status_reported": pa.array([STATUSES[code] for code in status], pa.string(), mask=read),
    }
