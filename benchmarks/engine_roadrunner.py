"""libRoadRunner (CVODE) on a workload of ``engine_workloads.py``, and reference values at tight tolerance.

    python benchmarks/engine_roadrunner.py FOLDER plain|events --patients 10 --rtol 1e-6
    python benchmarks/engine_roadrunner.py FOLDER events --patients 12 --rtol 1e-10 --out FOLDER/reference.npz
    python benchmarks/engine_roadrunner.py FOLDER events --code none    # loads a model of many assigned variables

``--code``: how hard libRoadRunner's LLVM works on the machine code: its default, or its newer compiler (LLJIT) with no,
little or its usual optimization. libRoadRunner writes assigned variables out wherever they are used, so optimizing the
her2sim model takes it minutes.
``events``: the doses are SBML events. ``plain``: one call of ``simulate`` per dose interval, the dose added in between.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import roadrunner
from engine_amici import segments
from engine_workloads import Workload, read

CODES = {"default": None, "none": "NONE", "less": "LESS", "usual": "DEFAULT"}


def choose_code(name: str) -> None:
    """Set how libRoadRunner makes machine code, before a model is loaded."""
    config = roadrunner.Config
    if CODES[name] is not None:
        config.setValue(config.LLVM_BACKEND, config.LLJIT)
        config.setValue(config.LLJIT_OPTIMIZATION_LEVEL, getattr(config, CODES[name]))


class Runner:
    """One model instance and the places of the workload's names in its vectors."""

    def __init__(self, folder: Path, form: str, rtol: float, work: Workload) -> None:
        roadrunner.Logger.setLevel(roadrunner.Logger.LOG_ERROR)
        self.runner = roadrunner.RoadRunner(str(folder / f"{form}.xml"))
        integrator = self.runner.getIntegrator()
        integrator.relative_tolerance, integrator.absolute_tolerance = rtol, 1e-3 * rtol
        integrator.maximum_num_steps = 10_000_000
        self.model, self.work = self.runner.model, work
        parameters, species = list(self.model.getGlobalParameterIds()), list(self.model.getFloatingSpeciesIds())
        self.known = [i for i, name in enumerate(work.names) if name in parameters]
        self.places = [parameters.index(work.names[i]) for i in self.known]
        self.by_rule = work.states[0] in parameters  # states that are parameters with rate rules
        self.of_state = [(parameters if self.by_rule else species).index(name) for name in work.states]
        self.selections = [str(name) if self.by_rule else f"[{name}]" for name in work.states]
        self.runner.timeCourseSelections = self.selections

    def set_states(self, which: np.ndarray, values: np.ndarray) -> None:
        places = [self.of_state[i] for i in which]
        if self.by_rule:
            self.model.setGlobalParameterValues(places, values)
        else:
            self.model.setFloatingSpeciesConcentrations(places, values)

    def course(self, row: int, form: str) -> np.ndarray:
        work = self.work
        self.runner.resetAll()
        self.model.setGlobalParameterValues(self.places, work.table[row, self.known])
        # only these differ between patients; the others hold what the events at time 0 have given
        self.set_states(work.free, work.initial[row, work.free])
        if form == "events" or not len(work.dose_time):
            return self.runner.simulate(0.0, float(work.times[-1]), len(work.times))
        values = np.empty((len(work.times), len(work.states)))
        for start, end, doses in segments(work):
            for dose in doses:
                state = work.dose_state[dose]
                now = self.runner[self.selections[state]]
                self.set_states(np.array([state]), np.array([now + work.dose_amount[dose]]))
            seen = np.flatnonzero((work.times > start) & (work.times <= end))
            found = np.asarray(
                self.runner.simulate(times=[start, *work.times[seen], *([] if end in work.times[seen] else [end])])
            )
            values[seen] = found[1 : len(seen) + 1]
            if start == 0.0:
                values[0] = found[0]
        return values


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("form", choices=("plain", "events"))
    parser.add_argument("--rtol", type=float, default=1e-6)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--patients", type=int, default=10)
    parser.add_argument("--code", choices=tuple(CODES), default="default")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    work = read(args.folder)
    choose_code(args.code)
    begin = time.perf_counter()
    runner = Runner(args.folder, args.form, args.rtol, work)
    ready = time.perf_counter() - begin
    values = np.full((args.patients, len(work.times), len(work.states)), np.nan)
    begin, begin_cpu, failed = time.perf_counter(), time.process_time(), 0
    for row in range(args.patients):
        try:
            values[row] = runner.course(args.first + row, args.form)
        except RuntimeError:
            failed += 1
    spent, cpu = time.perf_counter() - begin, time.process_time() - begin_cpu
    if args.out:
        np.savez_compressed(args.out, values=values)
    figures = {"version": roadrunner.__version__, "patients": args.patients, "wall_s": spent, "cpu_s": cpu}
    print(json.dumps({**figures, "setup_s": ready, "failed": failed}))


if __name__ == "__main__":
    main()
