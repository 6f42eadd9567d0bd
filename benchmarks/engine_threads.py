"""How much faster two threads are than one, and how much faster the machine lets two separate programs be.

    python benchmarks/engine_threads.py FOLDER [--patients 1000] [--rounds 6]

Each round runs the same patients four ways, one after another: in one thread; in two threads; in two processes at
once, half of the patients each, which share nothing; and in those processes one after the other. Processes at once
against one after the other is the ceiling of the machine: what its cores lose to each other in clock, cache and memory
before any code of ours has a say. On a machine that others use too, a round tells something about wall time only where
its runs got their cores to themselves: the share is printed with it. CPU time is disturbed less.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from engine_own import doses, load
from engine_workloads import read

Run = Callable[[], tuple[float, float]]
"""A run gives its wall time and its CPU time."""
CORES = 2


class Separate:
    """A process of its own, bound to one core, that runs when told to."""

    def __init__(self, core: int, run: Run) -> None:
        context = get_context("fork")
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=self._serve, args=(other, core, run), daemon=True)
        self.process.start()

    @staticmethod
    def _serve(pipe: Connection, core: int, run: Run) -> None:
        os.sched_setaffinity(0, {core})
        while pipe.recv():
            pipe.send(run())

    def begin(self) -> None:
        self.pipe.send(True)

    def end(self) -> tuple[float, float]:
        wall, cpu = self.pipe.recv()
        return wall, cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--patients", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=6)
    args = parser.parse_args()
    work = read(args.folder)
    model, columns = load(args.folder, work)
    table, initial = np.ascontiguousarray(work.table[: args.patients][:, columns]), work.initial[: args.patients]
    given = doses(work, args.patients)

    def solving(first: int, stop: int, threads: int) -> Run:
        part, start, dosed = (
            np.ascontiguousarray(table[first:stop]),
            initial[first:stop],
            given.of_patients(first, stop),
        )

        def run() -> tuple[float, float]:
            begin, begin_cpu = time.perf_counter(), time.process_time()
            model.solve(part, work.times, initial=start, doses=dosed, rtol=1e-5, atol=1e-8, threads=threads)
            return time.perf_counter() - begin, time.process_time() - begin_cpu

        return run

    one, many = solving(0, args.patients, 1), solving(0, args.patients, CORES)
    one()
    edges = np.linspace(0, args.patients, CORES + 1).astype(int)
    cores = sorted(os.sched_getaffinity(0))[:CORES]
    parts = [Separate(core, solving(edges[i], edges[i + 1], 1)) for i, core in enumerate(cores)]

    def together() -> tuple[float, float]:
        begin = time.perf_counter()
        for part in parts:
            part.begin()
        cpu = sum(part.end()[1] for part in parts)
        return time.perf_counter() - begin, cpu

    def in_turn() -> tuple[float, float]:
        found: list[tuple[float, float]] = []
        for part in parts:
            part.begin()
            found.append(part.end())
        return sum(wall for wall, _ in found), sum(cpu for _, cpu in found)

    together()
    rows: list[tuple[float, ...]] = []
    for _ in range(args.rounds):
        load_now = os.getloadavg()[0]
        (t1, c1), (t2, c2), (tp, cp), (ts, cs) = one(), many(), together(), in_turn()
        rows.append((t1 / t2, CORES * c1 / c2, ts / tp, CORES * cs / cp, c2 / t2, cp / tp))
        wall, cpu, ceiling, ceiling_cpu, had, ceiling_had = rows[-1]
        print(
            f"load {load_now:.1f}: threads {wall:.2f} times as fast by wall time (had {had:.0%} of a core), "
            f"{cpu:.2f} by CPU time; processes {ceiling:.2f} (had {ceiling_had:.0%}), {ceiling_cpu:.2f} by CPU time; "
            f"1 thread {t1:.2f} s",
            flush=True,
        )
    middle, best = np.median(rows, axis=0), np.max(rows, axis=0)
    print(f"threads: wall time median {middle[0]:.2f}, best {best[0]:.2f}; CPU time median {middle[1]:.2f}")
    print(f"ceiling (processes): wall time median {middle[2]:.2f}, best {best[2]:.2f}; CPU time median {middle[3]:.2f}")
    free = [row for row in rows if min(row[4], row[5]) > 1.9]
    if free:
        print(
            f"{len(free)} rounds with both cores free: {np.median([r[0] for r in free]):.2f} by wall time, of ", end=""
        )
        print(f"{np.median([r[2] for r in free]):.2f} that the machine allows")


if __name__ == "__main__":
    main()
