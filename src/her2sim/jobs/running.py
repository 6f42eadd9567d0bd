"""Do a plan: skip what is finished, do the rest here or in workers, tell how it goes."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from her2sim.core.durable import disk_error
from her2sim.core.progress import Progress
from her2sim.jobs.estimate import Estimate
from her2sim.jobs.plan import Chunk, ChunkPlan
from her2sim.jobs.pool import Work, in_process, in_workers
from her2sim.jobs.store import finished_chunks, sweep


def run_chunks(
    plan: ChunkPlan,
    work: Work,
    *,
    folder: Path,
    workers: int = 1,
    on_progress: Callable[[Progress], None] | None = None,
) -> tuple[Chunk, ...]:
    """Do every chunk of the plan that is not done yet.

    A run that was stopped in any way (Ctrl-C, kill, power) goes on where it was when called again, also with another
    chunk size or number of workers.

    Main arguments:
        plan: the patients to simulate.
        work: chunk to tables (name to table, each with integer columns ``replicate`` and ``patient``); with more
            than one worker it must pickle, and is sent to each worker once.
        folder: where finished chunks are kept; made if missing.

    Other arguments:
        workers: processes to use; 1 works in this process.
        on_progress: called at the start and after each chunk, in this process.

    Returns:
        All chunks of the plan, sorted; they cover each patient once.

    Raises:
        SimulationError: the disk is full or a worker died. Errors of ``work`` come through as they are. In any case
            finished chunks stay.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise disk_error(error, folder) from error
    sweep(folder)
    finished = finished_chunks(folder, plan)
    to_do = plan.chunks(finished)
    resumed = plan.total - sum(chunk.patients for chunk in to_do)
    tell = on_progress or _say_nothing
    begun = time.perf_counter()
    tell(Progress("simulating", resumed, plan.total, resumed=resumed, left_s=None if to_do else 0.0))
    workers = max(1, min(workers, len(to_do)))
    steps = in_workers(work, to_do, folder, workers) if workers > 1 else in_process(work, to_do, folder)
    estimate, done = Estimate(), resumed
    with closing(steps):  # so that workers end with this call, however it ends
        for number, (chunk, seconds, under_way) in enumerate(steps, start=1):
            done += chunk.patients
            estimate = estimate.after(chunk.patients, seconds)
            left = estimate.left(
                patients=plan.total - done, chunks=len(to_do) - number, workers=workers, under_way=under_way
            )
            tell(Progress("simulating", done, plan.total, time.perf_counter() - begun, left, resumed))
    return finished_chunks(folder, plan)


def _say_nothing(progress: Progress) -> None:
    pass
