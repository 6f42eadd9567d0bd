"""Figures of a trial with each mechanism removed in turn, on the same patients: what carries a prediction."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from her2sim.core.errors import Her2SimError
from her2sim.core.progress import Progress
from her2sim.jobs.plan import Chunk, ChunkPlan
from her2sim.jobs.running import run_chunks
from her2sim.model.mechanisms import mechanisms_of
from her2sim.record.types import TrialRecord
from her2sim.study.course import simulate_chunk
from her2sim.study.knock_outs import drugs_and_routes
from her2sim.study.validation.figures import Key, arms_of, figure, members
from her2sim.study.validation.induction import clock_starts
from her2sim.study.validation.jobs import Job
from her2sim.study.validation.prediction import planned
from her2sim.study.validation.settings import Settings

WHOLE = ""
TEXT, TABLE = "text", "removals"


@dataclass(frozen=True)
class Removed:
    """A figure of a trial with and without a mechanism, same patients.

    Main arguments:
        trial: its id.
        mechanism: what was removed.
        key: the figure.
        whole, without: the figure on its own scale (logit, log, log of the cumulative hazard).
    """

    trial: str
    mechanism: str
    key: Key
    whole: float
    without: float

    @property
    def change(self) -> float:
        """What removing the mechanism does to the figure, on its own scale; NaN where it cannot be told."""
        told = math.isfinite(self.whole) and math.isfinite(self.without)
        return self.without - self.whole if told else math.nan


def mechanisms_in(protocol: TrialRecord) -> tuple[str, ...]:
    """The mechanisms that the arms of a trial contain, by name."""
    regimens = [drugs_and_routes(arm.regimen) for arm in protocol.arms]
    return tuple(sorted(mechanisms_of(regimens, protocol.disease)))


def removals(
    jobs: Sequence[Job],
    settings: Settings,
    folder: Path,
    *,
    workers: int = 1,
    on_progress: Callable[[Progress], None] | None = None,
) -> list[Removed]:
    """Every figure of every job with each mechanism of its arms removed in turn.

    Main arguments:
        jobs: trials and the figures asked of them.
        settings: ``knock_out_patients`` per arm are simulated.
        folder: where finished trials are kept.
    """
    if not jobs:
        return []
    plan = ChunkPlan(settings.knock_out_patients, len(jobs), settings.knock_out_patients)
    done = run_chunks(plan, _Work(tuple(jobs), settings), folder=folder, workers=workers, on_progress=on_progress)
    found: list[Removed] = []
    for chunk in done:
        found += _read(folder / chunk.name, jobs[chunk.replicate])
    return found


@dataclass(frozen=True)
class _Work:
    """One trial with all its mechanisms; a mechanism without which it cannot be simulated is left out."""

    jobs: tuple[Job, ...]
    settings: Settings

    def __call__(self, chunk: Chunk) -> Mapping[str, Any]:
        import pyarrow as pa

        job = self.jobs[chunk.replicate]
        told: dict[str, list[float | None]] = {}
        for mechanism in (WHOLE, *mechanisms_in(job.protocol)):
            try:
                told[mechanism] = [_plain(x) for x in _figures(job, self.settings, mechanism)]
            except Her2SimError:
                continue
        content = json.dumps({"keys": [asdict(key) for key in job.keys], "figures": told})
        return {TABLE: pa.table({"replicate": [chunk.replicate], "patient": [chunk.first], TEXT: [content]})}


def _figures(job: Job, settings: Settings, mechanism: str) -> list[float]:
    few = settings.knock_out_patients
    without = (mechanism,) if mechanism else ()
    survival = any(key.endpoint.startswith("OS") for key in job.keys)
    plan = planned(job.protocol, settings, without=without, survival=survival)
    course = simulate_chunk(plan, 0, 0, few)
    own, start = job.protocol.assessment.assessor, clock_starts(job.protocol)
    by_reader = {who: arms_of(course, who, start) for who in {key.assessor or own for key in job.keys}}
    ones = np.ones((1, few))
    found: list[float] = []
    for key in job.keys:
        arms = by_reader[key.assessor or own]
        told = members(key, arms[key.arm]).any()
        found.append(float(figure(key, arms, ones)[0]) if told else math.nan)
    return found


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _read(folder: Path, job: Job) -> list[Removed]:
    import pyarrow.parquet as pq

    content = json.loads(pq.read_table(folder / f"{TABLE}.parquet")[TEXT][0].as_py())
    figures: Mapping[str, Sequence[float | None]] = content["figures"]
    if WHOLE not in figures:
        return []
    whole = figures[WHOLE]
    return [
        Removed(job.protocol.id, mechanism, Key(**key), _number(whole[place]), _number(values[place]))
        for mechanism, values in figures.items()
        if mechanism != WHOLE
        for place, key in enumerate(content["keys"])
    ]


def _number(value: float | None) -> float:
    return math.nan if value is None else value
