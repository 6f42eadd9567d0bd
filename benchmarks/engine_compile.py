"""Time to make a model ready: formulas, IR and machine code, and the same from the cache, each in a fresh process.

    python benchmarks/engine_compile.py FOLDER... [--rounds 3] [--copies 2]

Counted from the system of equations (reading the file is given apart) to code that can run, with the imports that this
needs left out. ``--copies 2`` puts two copies of the model side by side in one system, for a larger one.
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


def copies_of(system, copies: int):  # type: ignore[no-untyped-def]
    """The model several times side by side, each with its own states and parameters."""
    from dataclasses import replace

    from her2sim.model.expression import substitute, sym

    if copies == 1:
        return system
    names = [*system.state_names, *system.parameter_names, *(a.name for a in system.assignments)]
    states, parameters, assignments = [], [], []
    for number in range(copies):
        own = {name: sym(f"{name}__{number}") for name in names}
        rates = substitute([s.rate for s in system.states], own)
        starts = substitute([s.initial for s in system.states], own)
        states += [
            replace(s, name=f"{s.name}__{number}", rate=r, initial=i)
            for s, r, i in zip(system.states, rates, starts, strict=True)
        ]
        parameters += [replace(p, name=f"{p.name}__{number}") for p in system.parameters]
        formulas = substitute([a.expr for a in system.assignments], own)
        assignments += [
            replace(a, name=f"{a.name}__{number}", expr=e) for a, e in zip(system.assignments, formulas, strict=True)
        ]
    return replace(system, states=tuple(states), parameters=tuple(parameters), assignments=tuple(assignments))


def once(folder: Path, copies: int) -> None:
    import llvmlite.binding  # noqa: F401

    from her2sim.engine import kernels, vector_model  # noqa: F401
    from her2sim.engine.equations import equations_of
    from her2sim.engine.native import engine_fingerprint, host
    from her2sim.engine.vector_model import VectorModel
    from her2sim.exchange import read_sbml

    begin = time.process_time()
    system = copies_of(read_sbml((folder / "plain.xml").read_text()).system, copies)
    reading = time.process_time() - begin
    host(), engine_fingerprint()
    with np.load(folder / "workload.npz") as work:
        targets = sorted(set(work["dose_state"][work["dose_duration"] > 0.0].tolist())) if copies == 1 else []
    begin, begin_wall = time.process_time(), time.perf_counter()
    VectorModel(equations_of(system, system.parameter_names)).code(tuple(targets))
    figures = {"cpu_s": time.process_time() - begin, "wall_s": time.perf_counter() - begin_wall, "read_s": reading}
    print(json.dumps({**figures, "states": len(system.states), "parameters": len(system.parameters)}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--copies", type=int, default=1)
    parser.add_argument("--once", action="store_true", help="one measurement, as JSON, in this process")
    args = parser.parse_args()
    if args.once:
        once(args.folders[0], args.copies)
        return
    for folder in args.folders:
        made, cached = [], []
        for _ in range(args.rounds):
            with tempfile.TemporaryDirectory() as cache:
                for found in (made, cached):
                    call = [sys.executable, __file__, str(folder), "--once", "--copies", str(args.copies)]
                    text = subprocess.run(
                        call, env={**os.environ, "XDG_CACHE_HOME": cache}, capture_output=True, text=True, check=True
                    ).stdout
                    found.append(json.loads(text))
        of = lambda runs, key: float(np.median([r[key] for r in runs]))  # noqa: E731
        print(
            f"{folder.name} x {args.copies}: {made[0]['states']} states, {made[0]['parameters']} parameters: "
            f"{of(made, 'cpu_s'):.2f} s of CPU time ({of(made, 'wall_s'):.2f} s of wall time), from the cache "
            f"{1000 * of(cached, 'cpu_s'):.0f} ms ({1000 * of(cached, 'wall_s'):.0f} ms); "
            f"reading the SBML file {of(made, 'read_s'):.2f} s; load {os.getloadavg()[0]:.1f}"
        )


if __name__ == "__main__":
    main()
