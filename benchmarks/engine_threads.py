"""How much faster two threads are than one: wall time of interleaved pairs of runs, with the machine's load beside it.

    python benchmarks/engine_threads.py FOLDER [--patients 400] [--pairs 6] [--threads 2]

On a machine that others use too, a pair tells something only where its runs got their cores to themselves: CPU time
over wall time close to the number of threads. The share is printed with each pair.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import numpy as np
from engine_own import doses, load
from engine_workloads import read


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--patients", type=int, default=400)
    parser.add_argument("--pairs", type=int, default=6)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    work = read(args.folder)
    model, columns = load(args.folder, work)
    table, initial = np.ascontiguousarray(work.table[: args.patients][:, columns]), work.initial[: args.patients]
    given = doses(work, args.patients)

    def run(threads: int) -> tuple[float, float]:
        begin, begin_cpu = time.perf_counter(), time.process_time()
        model.solve(table, work.times, initial=initial, doses=given, rtol=1e-5, atol=1e-8, threads=threads)
        return time.perf_counter() - begin, time.process_time() - begin_cpu

    run(1)
    ratios: list[float] = []
    for _ in range(args.pairs):
        load_now = os.getloadavg()[0]
        (one, one_cpu), (many, many_cpu) = run(1), run(args.threads)
        ratios.append(one / many)
        print(
            f"load {load_now:.1f}: 1 thread {one:.2f} s (had {one_cpu / one:.0%} of a core), {args.threads} threads "
            f"{many:.2f} s (had {many_cpu / many:.0%}); {ratios[-1]:.2f} times as fast in wall time; "
            f"CPU time {one_cpu:.2f} and {many_cpu:.2f} s: {args.threads * one_cpu / many_cpu:.2f} on free cores"
        )
    print(f"best of {args.pairs} interleaved pairs {max(ratios):.2f}, median {np.median(ratios):.2f}")


if __name__ == "__main__":
    main()
