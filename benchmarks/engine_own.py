"""The engine of her2sim on a workload of ``engine_workloads.py``: patients per second, steps, values.

python benchmarks/engine_own.py FOLDER --patients 200 --rtol 1e-5 [--threads 2] [--lanes 8] [--folded]
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
from engine_workloads import Workload, read

from her2sim.engine import DoseTable
from her2sim.engine.equations import equations_of
from her2sim.engine.vector_model import VectorModel
from her2sim.exchange import read_sbml


def doses(work: Workload, patients: int) -> DoseTable:
    n = len(work.dose_time)
    return DoseTable(
        np.repeat(np.arange(patients), n), np.tile(work.dose_time, patients), np.tile(work.dose_state, patients),
        np.tile(work.dose_amount, patients), np.tile(work.dose_duration, patients),
    )  # fmt: skip


def load(
    folder: Path, work: Workload, *, folded: bool = False, lanes: int | None = None
) -> tuple[VectorModel, list[int]]:
    """The compiled model and the columns of the workload's table that it takes: all, or those that differ."""
    system = read_sbml((folder / "plain.xml").read_text()).system
    free = [i for i, name in enumerate(work.names) if name in system.parameter_names]
    columns = [i for i in free if not folded or np.ptp(work.table[:, i]) > 0.0]
    equations = equations_of(system, work.names[columns].tolist(), work.states.tolist())
    return VectorModel(equations, lanes), columns


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--patients", type=int, default=200)
    parser.add_argument("--rtol", type=float, default=1e-5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--lanes", type=int)
    parser.add_argument("--folded", action="store_true", help="what is alike for all patients becomes a constant")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    work = read(args.folder)
    begin = time.perf_counter()
    model, columns = load(args.folder, work, folded=args.folded, lanes=args.lanes)
    infused = tuple(sorted(set(work.dose_state[work.dose_duration > 0.0].tolist())))
    model.code(infused)
    ready = time.perf_counter() - begin
    given, table, initial = doses(work, args.patients), work.table[: args.patients], work.initial[: args.patients]
    begin, begin_cpu = time.perf_counter(), time.process_time()
    solution = model.solve(
        np.ascontiguousarray(table[:, columns]), work.times, initial=initial, doses=given, rtol=args.rtol,
        atol=1e-3 * args.rtol, threads=args.threads, max_steps=2_000_000,
    )  # fmt: skip
    spent, cpu = time.perf_counter() - begin, time.process_time() - begin_cpu
    if args.out:
        np.savez(args.out, values=solution.values)
    figures = {"patients": args.patients, "wall_s": spent, "cpu_s": cpu, "setup_s": ready}
    figures |= {"steps": float(np.mean(solution.steps)), "refused": float(np.mean(solution.refused))}
    print(json.dumps({**figures, "failed": int(np.sum(solution.status != 0))}))


if __name__ == "__main__":
    main()
