"""What the model gives for a set of numbers, kept in a file so that a stopped study goes on where it was.

All evaluations use the same patients and the same random numbers, so that a difference comes from the numbers alone.
An evaluation is kept by trial, under the values that can change that trial: a number of one drug does not make trials
without it be simulated again.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from her2sim.analysis.hazard_ratio import hazard_ratio
from her2sim.core.calendar import DAYS_PER_MONTH
from her2sim.core.progress import Progress
from her2sim.endpoints.time_to_event import progression_free_survival
from her2sim.jobs.crew import in_order
from her2sim.study.course import simulate_chunk
from her2sim.study.fingerprint import fingerprint
from her2sim.study.sensitivity.numbers import plans, relevant, settings, varied

Outputs = dict[str, float]
LARGEST_LOG_RATIO = 3.0
"""A hazard ratio without estimate, because one arm has no events, counts as e to the power of this or its inverse."""


def output_names() -> tuple[str, ...]:
    """What is looked at: response (percent) and mean log time to progression of arms, log hazard ratios of pairs."""
    content = settings()
    arms = [f"{kind}, {name}" for name in content["outputs"] for kind in ("ORR", "log PFS time")]
    return (*arms, *(f"log PFS HR, {name}" for name in content["ratios"]))


def evaluate(
    points: Sequence[Mapping[str, float]],
    folder: Path,
    *,
    patients: int,
    seed: int,
    workers: int = 1,
    on_progress: Callable[[Progress], None] | None = None,
) -> list[Outputs]:
    """Outputs at each point.

    Main arguments:
        points: number -> value, for all numbers that are varied.
        folder: where evaluations are kept.
        patients, seed: per arm; of all random streams.

    Other arguments:
        workers: processes; changes no result.
        on_progress: told as evaluations are finished, in patients of trials.
    """
    import time

    folder.mkdir(parents=True, exist_ok=True)
    store = folder / "evaluations.jsonl"
    known = _read(store)
    keys = [[(trial, _key(trial, point, patients, seed)) for trial in plans(patients, seed)] for point in points]
    wanted: dict[str, tuple[str, Mapping[str, float], int, int]] = {}
    for point, row in zip(points, keys, strict=True):
        for trial, key in row:
            if key not in known:
                wanted.setdefault(key, (trial, point, patients, seed))
    begun = time.perf_counter()
    with store.open("a", encoding="utf-8") as out:
        results = in_order(_one, list(wanted.values()), workers)
        for done, (key, found) in enumerate(zip(wanted, results, strict=True), 1):
            known[key] = found
            out.write(json.dumps({"key": key, "outputs": found}) + "\n")
            out.flush()
            if on_progress is not None:
                took = time.perf_counter() - begun
                left = took * (len(wanted) - done) / done
                on_progress(Progress("simulating", done * patients, len(wanted) * patients, took, left))
    return [{name: value for _, key in row for name, value in known[key].items()} for row in keys]


def _one(asked: tuple[str, Mapping[str, float], int, int]) -> Outputs:
    trial, point, patients, seed = asked
    plan = replace(_plans(patients, seed)[trial], overrides=dict(point))
    chunk, who = simulate_chunk(plan, 0, 0, patients), plan.record.assessment.assessor
    arms = {arm.arm: arm for arm in chunk.arms}
    well = np.all([arm.status == 0 for arm in chunk.arms], axis=0)
    pfs = {
        name: progression_free_survival(a.judged[who].day, a.judged[who].visits.overall, a.follow_up[who]).of(well)
        for name, a in arms.items()
    }
    out: Outputs = {}
    content = settings()
    for name, row in content["outputs"].items():
        if row["trial"] == trial:
            response = arms[row["arm"]].judged[who].responders(confirmed=plan.record.assessment.confirmed)[well]
            out[f"ORR, {name}"] = 100.0 * float(response.mean())
            out[f"log PFS time, {name}"] = float(np.log(pfs[row["arm"]].time_days / DAYS_PER_MONTH).mean())
    for name, row in content["ratios"].items():
        if row["trial"] == trial:
            arm, reference = pfs[row["arm"]], pfs[row["reference"]]
            found = hazard_ratio(
                np.concatenate([arm.time_days, reference.time_days]),
                np.concatenate([arm.event, reference.event]),
                np.repeat([True, False], [len(arm.event), len(reference.event)]),
            )
            fewer = arm.event.sum() < reference.event.sum()
            bound = -LARGEST_LOG_RATIO if fewer else LARGEST_LOG_RATIO
            log_ratio = bound if found.value is None else math.log(found.value)
            out[f"log PFS HR, {name}"] = min(max(log_ratio, -LARGEST_LOG_RATIO), LARGEST_LOG_RATIO)
    return out


@cache
def _plans(patients: int, seed: int) -> dict[str, Any]:
    return plans(patients, seed)


@cache
def _relevant(trial: str) -> frozenset[str]:
    return relevant(plans(2, 0)[trial], [number.name for number in varied()])


def _key(trial: str, point: Mapping[str, float], patients: int, seed: int) -> str:
    mine = _relevant(trial)
    values = sorted((name, f"{value:.12g}") for name, value in point.items() if name in mine)
    return sha256(json.dumps([trial, values, patients, seed, fingerprint()]).encode()).hexdigest()[:24]


def _read(store: Path) -> dict[str, Outputs]:
    if not store.exists():
        return {}
    known: dict[str, Outputs] = {}
    for line in store.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
            known[row["key"]] = row["outputs"]
        except (ValueError, KeyError):
            continue  # a line that was half written when the computer stopped: evaluated again
    return known
