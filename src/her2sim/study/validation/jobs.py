"""The work of a validation: one trial after another, kept when done, taken up where it was stopped."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from her2sim.core.errors import Her2SimError
from her2sim.core.progress import Progress
from her2sim.jobs.plan import Chunk, ChunkPlan
from her2sim.jobs.running import run_chunks
from her2sim.record.types import TrialRecord
from her2sim.study.validation.figures import Key
from her2sim.study.validation.interval import Predicted
from her2sim.study.validation.prediction import TrialPrediction, posterior_draws, predict_trial
from her2sim.study.validation.settings import Settings

Table = Any  # pyarrow ships no types
TEXT, NUMBERS = "text", "predictions"


@dataclass(frozen=True)
class Job:
    """A protocol and the figures asked of it."""

    protocol: TrialRecord
    keys: tuple[Key, ...]


@dataclass(frozen=True)
class Done:
    """What became of a job: a prediction, or why there is none."""

    job: Job
    prediction: TrialPrediction
    failure: str = ""


def patients_of(settings: Settings) -> int:
    """Patients per arm that one trial takes."""
    return settings.patients + len_draws(settings) * min(settings.patients_per_draw, settings.patients)


def len_draws(settings: Settings) -> int:
    """How many draws there are to simulate."""
    from her2sim.model.frozen import load_frozen

    frozen = load_frozen()
    return min(settings.draws, len(frozen.draws)) if frozen is not None else 0


def predict_all(
    jobs: Sequence[Job],
    settings: Settings,
    folder: Path,
    *,
    without: Sequence[str] = (),
    workers: int = 1,
    on_progress: Callable[[Progress], None] | None = None,
) -> list[Done]:
    """Predict every job that is not done yet; a trial that cannot be simulated is counted, not fatal.

    Main arguments:
        jobs: what to predict, in order.
        settings: sizes.
        folder: where finished trials are kept.

    Other arguments:
        without: mechanisms to remove.
        workers: processes; changes no number.
        on_progress: called as work goes on.
    """
    if not jobs:
        return []
    size = patients_of(settings)
    plan = ChunkPlan(patients=size, replicates=len(jobs), chunk_size=size)
    work = _Work(tuple(jobs), settings, tuple(without))
    done = run_chunks(plan, work, folder=folder, workers=workers, on_progress=on_progress)
    return [_read(folder / chunk.name, jobs[chunk.replicate], settings) for chunk in done]


@dataclass(frozen=True)
class _Work:
    """What a worker does with a chunk, which is a trial. Pickles with its jobs."""

    jobs: tuple[Job, ...]
    settings: Settings
    without: tuple[str, ...]

    def __call__(self, chunk: Chunk) -> Mapping[str, Table]:
        import pyarrow as pa

        job = self.jobs[chunk.replicate]
        failure = ""
        try:
            found = predict_trial(job.protocol, job.keys, self.settings, without=self.without)
        except Her2SimError as error:
            found, failure = TrialPrediction(job.protocol.id, (), 0, 0), error.text()
        content = {
            "simulated": found.simulated,
            "failed": found.failed,
            "failure": failure,
            "figures": [asdict(each) for each in found.figures],
        }
        row = {"replicate": [chunk.replicate], "patient": [chunk.first], TEXT: [json.dumps(content)]}
        return {NUMBERS: pa.table(row)}


def _read(folder: Path, job: Job, settings: Settings) -> Done:
    import pyarrow.parquet as pq

    content = json.loads(pq.read_table(folder / f"{NUMBERS}.parquet")[TEXT][0].as_py())
    figures = tuple(_figures(content["figures"]))
    draws = tuple(posterior_draws(job.protocol, settings.draws))
    found = TrialPrediction(job.protocol.id, figures, content["simulated"], content["failed"], draws)
    return Done(job, found, content["failure"])


def _figures(rows: Sequence[Mapping[str, Any]]) -> Iterator[Predicted]:
    for row in rows:
        told: dict[str, Any] = {**row, "key": Key(**row["key"]), "draws": tuple(row["draws"])}
        yield Predicted(**told)
