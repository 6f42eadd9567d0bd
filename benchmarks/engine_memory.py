"""A large population in pieces: seconds, patients per second, and whether memory grows with the population.

    python benchmarks/engine_memory.py FOLDER --patients 10000 100000 [--threads 2] [--chunk 2048]

Patients of the workload are taken again and again, each with its own doses; every piece is summed up and dropped. Peak
memory is that of a fresh process, whole: interpreter, compiler and parameter tables are in it.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path


def once(folder: Path, patients: int, threads: int, chunk: int) -> None:
    import numpy as np
    from engine_own import doses, load
    from engine_workloads import read

    work = read(folder)
    model, columns = load(folder, work)
    known, base = len(work.table), np.ascontiguousarray(work.table[:, columns])
    failed, steps, total = 0, 0, 0.0
    begin, begin_cpu = time.perf_counter(), time.process_time()
    for first in range(0, patients, chunk):
        rows = np.arange(first, min(first + chunk, patients)) % known
        solution = model.solve(
            base[rows], work.times, initial=work.initial[rows], doses=doses(work, len(rows)), rtol=1e-5, atol=1e-8,
            threads=threads,
        )  # fmt: skip
        failed += int(np.sum(solution.status != 0))
        steps += int(np.sum(solution.steps))
        total += float(np.nansum(solution.values[:, -1]))
    figures = {"patients": patients, "wall_s": time.perf_counter() - begin, "cpu_s": time.process_time() - begin_cpu}
    figures |= {"failed": failed, "steps": steps / patients, "sum": total}
    print(json.dumps({**figures, "peak_MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--patients", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--chunk", type=int, default=2048)
    parser.add_argument("--once", action="store_true", help="one measurement, as JSON, in this process")
    args = parser.parse_args()
    if args.once:
        once(args.folder, args.patients[0], args.threads, args.chunk)
        return
    peaks: list[float] = []
    for patients in args.patients:
        call = [sys.executable, __file__, str(args.folder), "--once", "--patients", str(patients)]
        call += ["--threads", str(args.threads), "--chunk", str(args.chunk)]
        found = json.loads(subprocess.run(call, capture_output=True, text=True, check=True).stdout)
        peaks.append(found["peak_MB"])
        print(
            f"{patients} patients: {found['wall_s']:.1f} s of wall time, {found['cpu_s']:.1f} s of CPU time, "
            f"{patients / found['wall_s']:.0f} patients/s of wall time, "
            f"{patients / found['cpu_s']:.0f} per CPU second, "
            f"{found['steps']:.0f} steps each, {found['failed']} failed, peak memory {found['peak_MB']:.0f} MB, "
            f"load {os.getloadavg()[0]:.1f}",
            flush=True,
        )
    print(f"largest peak over smallest: {max(peaks) / min(peaks):.2f}")


if __name__ == "__main__":
    main()
