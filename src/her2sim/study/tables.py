"""The tables of a run folder, made from the course of a chunk: patients, scans, events, and what a laboratory found."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from her2sim.endpoints.response import labels
from her2sim.endpoints.time_to_event import TimeToEvent, duration_of_response
from her2sim.engine.interface import STATUS_TEXT
from her2sim.population.organs import PLACED, UNKNOWN, organ_column, organ_words
from her2sim.study.arm_endpoints import os_of, pfs_of
from her2sim.study.course import ArmCourse, ChunkCourse
from her2sim.study.laboratory.table import laboratory_columns
from her2sim.study.plan import ASSESSORS

Floats = NDArray[np.float64]
ORGANS = tuple(organ_column(slot) for slot in PLACED)
SCANNED = {"target_1_organ": "T1", "target_2_organ": "T2", "target_3_organ": "T3", "nontarget_organ": "NT"}
"""Columns with the organ of the lesions that a scan tells of -> their slots."""
Table = Any  # pyarrow ships no types


def chunk_tables(chunk: ChunkCourse) -> dict[str, Table]:
    """Tables ``patients``, ``scans`` and ``events`` of one chunk, sorted by (replicate, arm, patient, …), and
    ``laboratory`` where the plan asks for it.

    A patient whose simulation failed has a row in ``patients`` that says so, and none in the other tables.
    """
    import pyarrow as pa

    parts: dict[str, list[Table]] = {"patients": [], "scans": [], "events": []}
    for arm in chunk.arms:
        if len(arm.numbers):
            parts["patients"].append(_patients(chunk, arm))
            parts["scans"].append(_scans(chunk, arm))
            parts["events"].append(_events(chunk, arm))
        if len(arm.numbers) and arm.laboratory is not None:
            rows, columns = laboratory_columns(arm.laboratory, chunk.patients.take(_rows(chunk, arm)))
            parts.setdefault("laboratory", []).append(pa.table(_keys(chunk, arm, arm.numbers[rows]) | columns))
    return {name: pa.concat_tables(tables) for name, tables in parts.items()}


def _keys(chunk: ChunkCourse, arm: ArmCourse, numbers: NDArray[np.int64]) -> dict[str, Any]:
    import pyarrow as pa

    count = len(numbers)
    return {
        "replicate": np.full(count, chunk.replicate, dtype=np.int64),
        "arm": pa.array([arm.arm] * count, pa.string()),
        "patient": numbers,
    }


def _rows(chunk: ChunkCourse, arm: ArmCourse) -> NDArray[np.int64]:
    """Rows of the chunk's patients that are in an arm."""
    return np.searchsorted(chunk.numbers, arm.numbers)


def _names(codes: NDArray[np.int8]) -> Any:
    """Codes as text; of none, too, a column of text."""
    import pyarrow as pa

    return pa.array([str(word) for word in labels(codes)], pa.string())


def _known(codes: NDArray[np.int8], arm: ArmCourse) -> Any:
    """Best responses as text, null where the simulation failed: what came before the failure is no result."""
    import pyarrow as pa

    return pa.array([str(word) for word in labels(codes)], pa.string(), mask=arm.status != 0)


def _patients(chunk: ChunkCourse, arm: ArmCourse) -> Table:
    import pyarrow as pa

    rows = _rows(chunk, arm)
    columns = _keys(chunk, arm, arm.numbers)
    columns["status"] = [STATUS_TEXT[int(code)] for code in arm.status]
    columns["failed"] = arm.status != 0
    columns["fail_day"] = arm.fail_day
    columns["fail_state"] = pa.array(list(arm.fail_state), pa.string())
    columns["candidates_tried"] = chunk.attempts[rows]
    for who in ASSESSORS:
        best = arm.judged[who].best
        columns[f"bor_{who}"] = _known(best.confirmed, arm)
        columns[f"bor_unconfirmed_{who}"] = _known(best.unconfirmed, arm)
        columns[f"measurable_{who}"] = arm.judged[who].measurable
    columns["death_day"] = np.where(np.isfinite(arm.death_day), arm.death_day, np.nan)
    for index in range(chunk.prior.shape[1]):
        columns[f"prior_{index + 1}"] = chunk.prior[rows, index]
    for name, values in chunk.patients.columns.items():
        columns.setdefault(name, _organs(values[rows]) if name in ORGANS else values[rows])
    return pa.table(columns)


def _organs(codes: Floats) -> Any:
    """Organs in words of CDISC (TULOC), null where there is no lesion."""
    import pyarrow as pa

    return pa.array(organ_words(codes), pa.string(), mask=codes == UNKNOWN)


def _scans(chunk: ChunkCourse, arm: ArmCourse) -> Table:
    import pyarrow as pa

    ok = np.flatnonzero(arm.status == 0)
    parts: list[Table] = []
    for who in ASSESSORS:
        judged, reading = arm.judged[who], arm.readings[who]
        row, visit = np.nonzero(~np.isnan(judged.day[ok]))
        row = ok[row]
        columns = _keys(chunk, arm, arm.numbers[row])
        columns["assessor"] = pa.array([who] * len(row), pa.string())
        columns["visit"] = visit.astype(np.int64)
        columns["day"] = judged.day[row, visit]
        targets = judged.visits.targets
        columns["sum_mm"] = targets.sum_mm[row, visit]
        columns["nadir_mm"] = targets.nadir_mm[row, visit]
        columns["change_pct"] = targets.change_pct[row, visit]
        for index in range(reading.target_mm.shape[2]):
            columns[f"target_{index + 1}_mm"] = reading.target_mm[row, visit, index]
        for name, slot in SCANNED.items():
            codes = chunk.patients.get(organ_column(slot), UNKNOWN)
            columns[name] = _organs(codes[_rows(chunk, arm)[row]])
        columns["cns_mm"] = reading.cns_mm[row, visit]
        columns["target"] = _names(targets.status[row, visit])
        columns["nontarget"] = _names(judged.visits.nontarget[row, visit])
        columns["new_lesion"] = judged.visits.new_lesion[row, visit]
        columns["overall"] = _names(judged.visits.overall[row, visit])
        parts.append(pa.table(columns))
    return pa.concat_tables(parts)


def _events(chunk: ChunkCourse, arm: ArmCourse) -> Table:
    import pyarrow as pa

    ok = arm.status == 0
    parts: list[Table] = []
    for who in ASSESSORS:
        judged, pfs = arm.judged[who], pfs_of(arm, who)
        parts.append(_event_rows(chunk, arm, who, "PFS", pfs, ok))
        for name, confirmed, day in (
            ("DOR", True, judged.best.confirmed_day),
            ("DOR_UNCONFIRMED", False, judged.best.unconfirmed_day),
        ):
            responder = judged.responders(confirmed=confirmed)
            lasted = duration_of_response(pfs, day, responder)
            parts.append(_event_rows(chunk, arm, who, name, lasted, ok & responder))
    parts.append(_event_rows(chunk, arm, "", "OS", os_of(arm), ok))
    return pa.concat_tables(parts)


def _event_rows(
    chunk: ChunkCourse, arm: ArmCourse, who: str, endpoint: str, times: TimeToEvent, keep: NDArray[np.bool_]
) -> Table:
    import pyarrow as pa

    columns = _keys(chunk, arm, arm.numbers[keep])
    columns["assessor"] = pa.array([who] * int(keep.sum()), pa.string())
    columns["endpoint"] = pa.array([endpoint] * int(keep.sum()), pa.string())
    columns["time_days"] = times.time_days[keep]
    columns["event"] = times.event[keep]
    columns["reason"] = pa.array([str(reason) for reason in times.reason[keep]], pa.string())
    return pa.table(columns)
