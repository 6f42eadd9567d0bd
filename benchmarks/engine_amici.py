"""AMICI (CVODES with KLU and generated C++) on a workload of ``engine_workloads.py``; runs in AMICI's own environment.

    python engine_amici.py build FOLDER plain|events
    python engine_amici.py run FOLDER plain|events --rtol 1e-6 --patients 12 --out result.npz

``events``: the doses are SBML events and a patient is one simulation. ``plain``: a model without events, one simulation
per dose interval with the state passed on; what SBML events cost AMICI is thus left out.
"""

from __future__ import annotations

import argparse
import json
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from engine_workloads import Workload, read


def build(folder: Path, form: str) -> None:
    from amici import SbmlImporter

    begin = time.perf_counter()
    SbmlImporter(str(folder / f"{form}.xml")).sbml2amici(
        f"{folder.name}_{form}", str(folder / f"amici_{form}"), verbose=False, generate_sensitivity_code=False
    )
    (folder / f"amici_{form}.json").write_text(json.dumps({"build_s": time.perf_counter() - begin}))


def load(folder: Path, form: str, rtol: float) -> tuple[Any, Any]:
    import amici

    built = (folder / f"amici_{form}").resolve()  # a link where two workloads have the same model
    model = amici.import_model_module(f"{built.parent.name}_{form}", str(built)).get_model()
    solver = model.create_solver()
    solver.set_relative_tolerance(rtol)
    solver.set_absolute_tolerance(1e-3 * rtol)
    solver.set_max_steps(10_000_000)
    return model, solver


def run(folder: Path, form: str, rtol: float, first: int, patients: int, out: Path | None) -> None:
    import amici
    from amici.sim.sundials import run_simulation

    work = read(folder)
    model, solver = load(folder, form, rtol)
    ids, own = list(model.get_free_parameter_ids()), list(model.get_state_ids())
    known = [i for i, name in enumerate(work.names) if name in ids]  # a compartment's size is no parameter of AMICI
    place = [ids.index(work.names[i]) for i in known]
    states = np.array([own.index(name) for name in work.states])
    parameters, untouched = np.array(model.get_free_parameters()), np.array(model.get_initial_state())
    values, solver_s = np.full((patients, len(work.times), len(states)), np.nan), 0.0
    halts = segments(work) if form == "plain" else [(0.0, float(work.times[-1]), [])]
    begin, begin_cpu = time.perf_counter(), time.process_time()
    for row in range(patients):
        parameters[place] = work.table[first + row, known]
        model.set_free_parameters(parameters)
        state = untouched.copy()
        state[states[work.free]] = work.initial[first + row, work.free]
        for start, end, doses in halts:
            for dose in doses:
                state[states[work.dose_state[dose]]] += work.dose_amount[dose]
            seen = np.flatnonzero((work.times > start) & (work.times <= end))
            if start == 0.0:
                seen = np.flatnonzero(work.times <= end)
            model.set_t0(start)
            model.set_initial_state(state)
            model.set_timepoints(np.append(work.times[seen], end) if form == "plain" else work.times[seen])
            result = run_simulation(model, solver)
            if result.status != 0:
                break
            solver_s += result.cpu_time / 1000.0
            values[row, seen] = result.x[: len(seen)][:, states]
            state = np.array(result.x[-1])
    spent, cpu = time.perf_counter() - begin, time.process_time() - begin_cpu
    if out is not None:
        np.savez(out, values=values)
    figures = {"version": amici.__version__, "patients": patients, "wall_s": spent, "cpu_s": cpu, "solver_s": solver_s}
    figures["failed"] = int(np.isnan(values).any(axis=(1, 2)).sum())
    print(json.dumps(figures))


def segments(work: Workload) -> list[tuple[float, float, list[int]]]:
    """Start, end and doses at the start of each interval between doses; boluses only."""
    if np.any(work.dose_duration > 0.0):
        raise SystemExit("infusions are not cut into intervals here; use the form with events")
    halts = np.unique(np.concatenate([[0.0, work.times[-1]], work.dose_time[work.dose_time < work.times[-1]]]))
    return [(float(a), float(b), np.flatnonzero(work.dose_time == a).tolist()) for a, b in pairwise(halts)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("build", "run"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("form", choices=("plain", "events"))
    parser.add_argument("--rtol", type=float, default=1e-6)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--patients", type=int, default=12)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    if args.command == "build":
        build(args.folder, args.form)
    else:
        run(args.folder, args.form, args.rtol, args.first, args.patients, args.out)


if __name__ == "__main__":
    main()
