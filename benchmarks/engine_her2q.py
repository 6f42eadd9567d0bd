"""Patients per second and error of the engine on the her2q workload.

    python benchmarks/engine_her2q.py her2q.ant [--patients 200] [--rtol 1e-5] [--threads 1] [--reference file.npz]

Workload: 0 to 1092 days; every 21 days (53 times) boluses of 900, 1900 and 390 into C_A, C_B and C_D; the state is
observed at every second dose time. Rates vary log-normally between patients, see ``population``.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from her2sim.engine import DoseTable
from her2sim.engine.interface import CompiledModel, Floats, Solution
from her2sim.model.system import OdeSystem

STATES_OFF = ("C_A", "C_B", "C_D")
BOLUSES = {"C_A": 900.0, "C_B": 1900.0, "C_D": 390.0}
DOSE_TIMES = 21.0 * np.arange(53)
OBSERVED = DOSE_TIMES[::2]
CV30 = ("CL_", "V1_", "V2_", "Q_", "kg_")
VARYING = (
    *CV30, "Pt_", "R0_", "Vmax_", "kint", "kdeg", "kbind", "krel", "Emax", "EC50", "kct", "kadcc", "kag", "kdc",
    "kact", "kpro", "kmig", "kexh", "vasc0", "kout", "kin", "krec", "PSp", "sens_", "kIFN", "sNK", "kd0", "kpump",
    "konA", "konB", "koffA", "koffB", "ksP", "ksL", "sT", "KT", "kdmg", "Vinc",
)  # fmt: skip


def load(path: Path) -> OdeSystem:
    import antimony

    from her2sim.exchange.sbml_read import read_sbml

    antimony.clearPreviousLoads()
    if antimony.loadAntimonyFile(str(path)) < 0:
        raise SystemExit(antimony.getLastError())
    return read_sbml(antimony.getSBMLString("her2q")).system


def varying_names(system: OdeSystem) -> list[str]:
    return [p.name for p in system.parameters if p.name.startswith(VARYING)]


def population(system: OdeSystem, patients: int) -> tuple[list[str], Floats, Floats]:
    """Varying names, parameter table and initial values of the workload (NumPy default_rng(7))."""
    names = varying_names(system)
    value = {p.name: p.value for p in system.parameters}
    rng = np.random.default_rng(7)
    table = np.empty((1000, len(names)))
    for column, name in enumerate(names):
        cv = 0.30 if name.startswith(CV30) else 0.45
        table[:, column] = value[name] * lognormal(rng, cv)
    start = np.array([constant(s.initial) for s in system.states])
    initial = np.tile(start, (1000, 1))
    for name in ("N1", "N2", "N3", "N4"):
        initial[:, system.state_names.index(name)] *= lognormal(rng, 0.5)
    return names, np.maximum(table[:patients], 0.0), initial[:patients]


def constant(expr: object) -> float:
    return float(expr.value)  # type: ignore[attr-defined]


def lognormal(rng: np.random.Generator, cv: float) -> Floats:
    sigma = np.sqrt(np.log1p(cv * cv))
    return np.exp(sigma * rng.standard_normal(1000) - 0.5 * sigma * sigma)


def doses(system: OdeSystem, patients: int) -> DoseTable:
    columns = [
        (p, t, system.state_names.index(s), a) for p in range(patients) for t in DOSE_TIMES for s, a in BOLUSES.items()
    ]
    patient, when, target, amount = (np.array(c) for c in zip(*columns, strict=True))
    return DoseTable(patient.astype(np.int64), when, target.astype(np.int64), amount, np.zeros(len(when)))


def errors(values: Floats, reference: Floats, names: tuple[str, ...]) -> Floats:
    """(n_patients,) worst error over states and observations, central drug compartments left out."""
    keep = [i for i, name in enumerate(names) if name not in STATES_OFF]
    x, ref = values[:, :, keep], reference[:, :, keep]
    scale = np.abs(ref) + 1e-4 * np.max(np.abs(ref), axis=(1,), keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.nanmax(np.where(scale > 0, np.abs(x - ref) / scale, 0.0), axis=(1, 2))


def solve(
    model: CompiledModel, table: Floats, initial: Floats, given: DoseTable, rtol: float, threads: int
) -> Solution:
    return model.solve(table, OBSERVED, initial=initial, doses=given, rtol=rtol, atol=1e-3 * rtol, threads=threads)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--patients", type=int, default=200)
    parser.add_argument("--rtol", type=float, nargs="+", default=[1e-5])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--lanes", type=int, nargs="+", default=[0])
    parser.add_argument("--all-free", action="store_true", help="leave all parameters free, as other simulators do")
    parser.add_argument("--reference", type=Path, help="npz with values (patients, times, states) of another code")
    args = parser.parse_args()

    from her2sim.engine.equations import equations_of
    from her2sim.engine.vector_model import VectorModel

    system = load(args.model)
    names, table, initial = population(system, args.patients)
    if args.all_free:
        value = {p.name: p.value for p in system.parameters}
        full = np.tile([value[n] for n in system.parameter_names], (args.patients, 1))
        full[:, [system.parameter_names.index(n) for n in names]] = table
        names, table = list(system.parameter_names), full
    given = doses(system, args.patients)
    reference = np.load(args.reference)["values"] if args.reference else None
    for lanes in args.lanes:
        model = VectorModel(equations_of(system, names), lanes or None)
        begin = time.perf_counter()
        model.code()
        print(f"lanes {lanes or 'auto'}: code in {time.perf_counter() - begin:.2f} s; {len(names)} parameters vary")
        for rtol in args.rtol:
            begin, begin_cpu = time.perf_counter(), time.process_time()
            solution = solve(model, table, initial, given, rtol, args.threads)
            spent, cpu = time.perf_counter() - begin, time.process_time() - begin_cpu
            line = f"rtol {rtol:.0e}: {args.patients / spent:.1f} patients/s of wall time, "
            line += f"{args.patients / cpu:.1f} per CPU second, "
            line += f"{np.mean(solution.steps):.0f} + {np.mean(solution.refused):.0f} steps, "
            line += f"{1e6 * cpu / np.sum(solution.steps):.2f} us/step, failed {np.sum(solution.status != 0)}"
            if reference is not None:
                shared = min(len(reference), args.patients)
                found = errors(solution.values[:shared], reference[:shared], system.state_names)
                line += f", error median {np.median(found):.1e} max {np.max(found):.1e} over {shared}"
            print(line)


if __name__ == "__main__":
    main()
