"""libRoadRunner (CVODE) on the her2q workload: patients per second, and reference values for ``engine_her2q.py``.

    python benchmarks/engine_roadrunner.py her2q.ant her2q_ev.ant --patients 10 --rtol 1e-6
    python benchmarks/engine_roadrunner.py her2q.ant her2q_ev.ant --patients 12 --rtol 1e-10 --save reference.npz

``her2q.ant`` gives names and population, ``her2q_ev.ant`` the same model with its doses as events.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import antimony
import numpy as np
import roadrunner
from engine_her2q import OBSERVED, errors, load, population


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("with_events", type=Path)
    parser.add_argument("--patients", type=int, default=10)
    parser.add_argument("--rtol", type=float, default=1e-6)
    parser.add_argument("--save", type=Path)
    parser.add_argument("--reference", type=Path)
    args = parser.parse_args()
    system = load(args.model)
    names, table, initial = population(system, args.patients)
    antimony.clearPreviousLoads()
    antimony.loadAntimonyFile(str(args.with_events))
    begin = time.perf_counter()
    runner = roadrunner.RoadRunner(antimony.getSBMLString("her2q"))
    print(f"set up in {time.perf_counter() - begin:.2f} s, libRoadRunner {roadrunner.__version__}")
    roadrunner.Logger.setLevel(roadrunner.Logger.LOG_ERROR)
    integrator = runner.getIntegrator()
    integrator.relative_tolerance, integrator.absolute_tolerance = args.rtol, 1e-3 * args.rtol
    integrator.maximum_num_steps = 10_000_000
    parameters = list(runner.model.getGlobalParameterIds())
    place = [parameters.index(name) for name in names]
    species = list(runner.model.getFloatingSpeciesIds())
    clones = [species.index(name) for name in ("N1", "N2", "N3", "N4")]
    columns = [system.state_names.index(name) for name in ("N1", "N2", "N3", "N4")]
    runner.timeCourseSelections = [f"[{name}]" for name in system.state_names]
    values = np.empty((args.patients, len(OBSERVED), len(species)))
    begin, begin_cpu = time.perf_counter(), time.process_time()
    for patient in range(args.patients):
        runner.resetAll()
        runner.model.setGlobalParameterValues(place, table[patient])
        # only the clones differ between patients; the others hold what the events at time 0 have given
        runner.model.setFloatingSpeciesConcentrations(clones, initial[patient, columns])
        values[patient] = runner.simulate(0.0, float(OBSERVED[-1]), len(OBSERVED))
    spent, cpu = time.perf_counter() - begin, time.process_time() - begin_cpu
    print(f"rtol {args.rtol:.0e}: {args.patients / spent:.2f} patients/s of wall time")
    print(f"{args.patients / cpu:.2f} patients per CPU second")
    if args.reference:
        reference = np.load(args.reference)["values"][: args.patients]
        found = errors(values[: len(reference)], reference, system.state_names)
        print(f"error median {np.median(found):.1e} max {np.max(found):.1e} over {len(found)} patients")
    if args.save:
        np.savez_compressed(args.save, values=values)


if __name__ == "__main__":
    main()
