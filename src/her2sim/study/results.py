"""From the tables of a run to the figures of a trial record: the same endpoints, under the same names, as published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from her2sim.analysis.arm_results import ArmEndpoints, arm_results
from her2sim.analysis.contrasts import arm_contrasts
from her2sim.analysis.replicates import combine_contrasts, combine_results
from her2sim.core.errors import SimulationError
from her2sim.endpoints.response import LABELS
from her2sim.endpoints.time_to_event import TimeToEvent
from her2sim.record.types import Contrast, Result, TrialRecord
from her2sim.study.laboratory.results import TABLE, her2_loss
from her2sim.study.plan import ASSESSORS
from her2sim.study.validation.widening import with_discrepancy

if TYPE_CHECKING:
    import pandas as pd

SOURCE = "simulated"


def simulated_record(record: TrialRecord, folder: Path, replicates: int) -> TrialRecord:
    """The record with simulated results in the place of published ones.

    Main arguments:
        record: the protocol (published results in it are dropped).
        folder: run folder with the finished tables.
        replicates: how many were simulated; ``pi90`` is given from 2 on. It holds chance, uncertain parameters and
            what the model was seen to miss (``her2sim.study.validation.widening``).
    """
    patients, events = _read(folder, "patients"), _read(folder, "events")
    names = [arm.name for arm in record.arms]
    confirmed = record.assessment.confirmed
    results: dict[str, list[Result]] = {name: [] for name in names}
    contrasts: list[Contrast] = []
    for who in _ordered(record.assessment.assessor):
        sets = [_endpoints(patients, events, replicate, names, who) for replicate in range(replicates)]
        for name in names:
            found = [arm_results(one[name], confirmed=confirmed) for one in sets]
            results[name] += _new(results[name], combine_results(found))
        for arm, reference in _pairs(names):
            found_pairs = [arm_contrasts(one[arm], one[reference], confirmed=confirmed) for one in sets]
            contrasts += _new_contrasts(contrasts, combine_contrasts(found_pairs))
    if (folder / f"{TABLE}.parquet").exists():
        table = _read(folder, TABLE)
        for name in names:
            results[name] += combine_results([her2_loss(table, number, name) for number in range(replicates)])
    arms = tuple(replace(arm, results=tuple(_signed(r) for r in results[arm.name])) for arm in record.arms)
    simulated = replace(
        record,
        arms=arms,
        contrasts=tuple(replace(c, source=SOURCE, read=True) for c in contrasts),
        subgroups=(),
        status="simulated",
        sources=dict(record.sources)
        | {SOURCE: {"citation": "simulated with her2sim; see manifest.json beside this file", "read": True}},
    )
    return with_discrepancy(simulated)


def _ordered(first: str) -> tuple[str, ...]:
    return (first, *(who for who in ASSESSORS if who != first))


def _pairs(names: Sequence[str]) -> list[tuple[str, str]]:
    """Each arm against the last one, which records list as the reference; then the others against each other."""
    last = len(names) - 1
    pairs = [(i, last) for i in range(last)]
    pairs += [(i, j) for i in range(last) for j in range(i + 1, last)]
    return [(names[i], names[j]) for i, j in pairs]


def _signed(result: Result) -> Result:
    return replace(result, source=SOURCE, read=True)


def _new(known: Sequence[Result], found: Sequence[Result]) -> list[Result]:
    keys = {(r.endpoint, r.assessor, r.confirmed) for r in known}
    return [r for r in found if (r.endpoint, r.assessor, r.confirmed) not in keys]


def _new_contrasts(known: Sequence[Contrast], found: Sequence[Contrast]) -> list[Contrast]:
    keys = {(c.endpoint, c.assessor, c.arm, c.reference) for c in known}
    return [c for c in found if (c.endpoint, c.assessor, c.arm, c.reference) not in keys]


def _read(folder: Path, name: str) -> pd.DataFrame:
    import pandas as pd

    return pd.read_parquet(folder / f"{name}.parquet")


def _endpoints(
    patients: pd.DataFrame, events: pd.DataFrame, replicate: int, names: Sequence[str], who: str
) -> dict[str, ArmEndpoints]:
    codes = {label: code for code, label in enumerate(LABELS)}
    own = patients[(patients["replicate"] == replicate) & (patients["status"] == "done")]
    seen = events[events["replicate"] == replicate]
    out: dict[str, ArmEndpoints] = {}
    for name in names:
        rows = own[own["arm"] == name]
        if not len(rows):
            raise _nobody_left(patients, replicate, name)
        ids = rows["patient"].to_numpy()
        mine = seen[seen["arm"] == name]
        out[name] = ArmEndpoints(
            name=name,
            assessor=who,
            confirmed=np.array([codes[word] for word in rows[f"bor_{who}"]], dtype=np.int8),
            unconfirmed=np.array([codes[word] for word in rows[f"bor_unconfirmed_{who}"]], dtype=np.int8),
            pfs=_times(mine, "PFS", who, ids),
            os=_times(mine, "OS", "", ids),
            dor=_times(mine, "DOR", who, ids),
            dor_unconfirmed=_times(mine, "DOR_UNCONFIRMED", who, ids),
        )
    return out


def _nobody_left(patients: pd.DataFrame, replicate: int, arm: str) -> SimulationError:
    failed = patients[(patients["replicate"] == replicate) & (patients["arm"] == arm)]
    blamed = ", ".join(sorted({str(state) for state in failed["fail_state"] if state})[:3])
    return SimulationError(
        f"none of the {len(failed)} patients of arm {arm} could be simulated in replicate {replicate}",
        where=blamed and f"states {blamed}",
        why=f"Most often: {failed['status'].mode().iat[0]}.",
        hint="patients.parquet in the run folder tells each patient's day and state.",
    )


def _times(events: pd.DataFrame, endpoint: str, who: str, ids: NDArray[np.int64]) -> TimeToEvent:
    rows = events[(events["endpoint"] == endpoint) & (events["assessor"] == who)].set_index("patient")
    rows = rows.reindex(ids)
    time = rows["time_days"].to_numpy(dtype=np.float64)
    event = rows["event"].fillna(False).to_numpy(dtype=bool)
    reason = np.array([str(word) for word in rows["reason"].fillna("")])
    return TimeToEvent(time, event, reason)
