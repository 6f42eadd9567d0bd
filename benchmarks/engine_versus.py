"""The engine against other simulators on one workload: interleaved rounds, speed with the error reached beside it.

    python benchmarks/engine_versus.py FOLDER --amici-python PYTHON \\
        --contenders own:free:1e-5:200 amici:events:1e-6:12 roadrunner:events:1e-6:6 [--rounds 3] [--threads 1]

A contender is simulator, form, rtol and patients; the form is ``free`` or ``folded`` for the engine (all parameters
free, or those alike for all patients as constants), ``events`` or ``plain`` for the others, with ``+less`` behind it
for libRoadRunner's machine code of that kind (``engine_roadrunner.py --code less``). The reference is
FOLDER/reference.npz, of another code at tight tolerance. With --threads 2 the engine takes two threads and each of the
others two processes at the same time. Each run is a process of its own; setting up is not counted, but printed.

Error of a patient: largest |x - ref| / (|ref| + 1e-4 max|ref|) over states and observations.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from engine_workloads import Workload, read

HERE = Path(__file__).parent


def errors(values: np.ndarray, reference: np.ndarray, work: Workload) -> np.ndarray:
    """(n_patients,) worst error over states and observations, without the states that the workload leaves out."""
    keep = [i for i, name in enumerate(work.states) if name not in work.off]
    x, ref = values[:, :, keep], reference[:, :, keep]
    scale = np.abs(ref) + 1e-4 * np.max(np.abs(ref), axis=1, keepdims=True)
    return np.max(np.where(scale > 0.0, np.abs(x - ref) / np.where(scale > 0.0, scale, 1.0), 0.0), axis=(1, 2))


def command(contender: str, folder: Path, amici: str, threads: int, part: int, out: Path) -> list[str]:
    who, form, rtol, count = contender.split(":")
    patients = int(count)
    if who == "own":
        extra = ["--folded"] if form == "folded" else []
        return [
            sys.executable, str(HERE / "engine_own.py"), str(folder), "--rtol", rtol, "--patients",
            str(patients * threads), "--threads", str(threads), "--out", str(out), *extra,
        ]  # fmt: skip
    python, script = (amici, "engine_amici.py") if who == "amici" else (sys.executable, "engine_roadrunner.py")
    verb = ["run"] if who == "amici" else []
    form, _, code = form.partition("+")
    return [
        python, str(HERE / script), *verb, str(folder), form, "--rtol", rtol, "--patients", count, "--first",
        str(part * patients), "--out", str(out), *(["--code", code] if code else []),
    ]  # fmt: skip


def once(contender: str, folder: Path, amici: str, threads: int, spare: Path) -> tuple[dict[str, float], np.ndarray]:
    """Figures of one run, added up over its processes, and the values of its first process."""
    parts = 1 if contender.startswith("own") else threads
    outs = [spare / f"values-{part}.npz" for part in range(parts)]
    started = [
        subprocess.Popen(command(contender, folder, amici, threads, part, out), stdout=subprocess.PIPE, text=True)
        for part, out in enumerate(outs)
    ]
    texts = [process.communicate()[0] for process in started]
    if any(process.returncode for process in started):
        raise SystemExit(f"{contender} failed: {texts}")
    found = [json.loads(text.strip().splitlines()[-1]) for text in texts]
    figures = dict(found[0])
    for name in ("patients", "cpu_s", "solver_s", "failed"):
        if name in figures:
            figures[name] = sum(f[name] for f in found)
    figures["wall_s"] = max(f["wall_s"] for f in found)
    with np.load(outs[0]) as file:
        return figures, file["values"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--contenders", nargs="+", required=True)
    parser.add_argument("--amici-python", default=sys.executable)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    work = read(args.folder)
    with np.load(args.folder / "reference.npz") as file:
        reference = file["values"]
    runs: dict[str, list[dict[str, float]]] = {c: [] for c in args.contenders}
    found: dict[str, np.ndarray] = {}
    loads = [os.getloadavg()[0]]
    with tempfile.TemporaryDirectory() as spare:
        for _ in range(args.rounds):
            for contender in args.contenders:
                figures, found[contender] = once(contender, args.folder, args.amici_python, args.threads, Path(spare))
                runs[contender].append(figures)
                loads.append(os.getloadavg()[0])
    print(f"{args.folder.name}: {time.strftime('%Y-%m-%d %H:%M')}, load {min(loads):.1f} to {max(loads):.1f}, ", end="")
    print(f"{args.threads} core(s), median of {args.rounds} interleaved rounds")
    print("| simulator | form | rtol | patients | per CPU s (rounds) | per s of its solver | per wall s | ", end="")
    print("error median / max | failed | set-up, wall s | ours per CPU s / this |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    base = 0.0
    for contender, rounds in runs.items():
        who, form, rtol, _ = contender.split(":")
        cpu = [r["patients"] / r["cpu_s"] for r in rounds]
        base = base or float(np.median(cpu))
        solver = [r["patients"] / r["solver_s"] for r in rounds if "solver_s" in r]
        wall = [r["patients"] / r["wall_s"] for r in rounds]
        shared = min(len(reference), len(found[contender]))
        error = errors(found[contender][:shared], reference[:shared], work)
        print(
            f"| {who} | {form} | {rtol} | {rounds[0]['patients']:.0f} | "
            f"{np.median(cpu):.4g} ({', '.join(f'{x:.4g}' for x in cpu)}) | "
            f"{f'{np.median(solver):.4g}' if solver else ''} | {np.median(wall):.4g} | "
            f"{np.median(error):.1e} / {np.max(error):.1e} over {shared} | {rounds[0]['failed']:.0f} | "
            f"{np.median([r.get('setup_s', float('nan')) for r in rounds]):.1f} | "
            f"{base / np.median(cpu):.1f} |"
        )


if __name__ == "__main__":
    main()
