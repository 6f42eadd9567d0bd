"""Workloads of the engine benchmarks: the same model, patients, doses and observation times for every simulator.

    python benchmarks/engine_workloads.py her2q FOLDER --model her2q.ant --with-events her2q_ev.ant
    python benchmarks/engine_workloads.py daily FOLDER --model her2q.ant
    python benchmarks/engine_workloads.py petab FOLDER --model model.xml --parameters parameters.tsv --end 9000
    python benchmarks/engine_workloads.py tumor FOLDER

Each writes FOLDER/plain.xml (no doses), FOLDER/events.xml (doses as SBML events, where there are some) and
FOLDER/workload.npz, which is all that a simulator reads.
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
BOLUSES = {"C_A": 900.0, "C_B": 1900.0, "C_D": 390.0}
CV30 = ("CL_", "V1_", "V2_", "Q_", "kg_")
VARYING = (
    *CV30, "Pt_", "R0_", "Vmax_", "kint", "kdeg", "kbind", "krel", "Emax", "EC50", "kct", "kadcc", "kag", "kdc",
    "kact", "kpro", "kmig", "kexh", "vasc0", "kout", "kin", "krec", "PSp", "sens_", "kIFN", "sNK", "kd0", "kpump",
    "konA", "konB", "koffA", "koffB", "ksP", "ksL", "sT", "KT", "kdmg", "Vinc",
)  # fmt: skip


@dataclass(frozen=True)
class Workload:
    """What every simulator is given.

    Main arguments:
        names, table: parameters and their values, (n_patients, n_names).
        states, initial: reported states and their initial values before any dose, (n_patients, n_states).
        free: indices of the states whose initial value is set; the others keep that of the model file.
        times: observation times.
        dose_time, dose_state, dose_amount, dose_duration: one row per dose, alike for all patients.
        off: states left out of the error.
    """

    names: NDArray[np.str_]
    table: Floats
    states: NDArray[np.str_]
    initial: Floats
    free: NDArray[np.int64]
    times: Floats
    dose_time: Floats
    dose_state: NDArray[np.int64]
    dose_amount: Floats
    dose_duration: Floats
    off: NDArray[np.str_]


def read(folder: Path) -> Workload:
    with np.load(folder / "workload.npz") as file:
        return Workload(**{name: file[name] for name in file.files})


def write(folder: Path, workload: Workload, plain: str, events: str | None = None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "workload.npz", **vars(workload))
    (folder / "plain.xml").write_text(plain)
    if events is not None:
        (folder / "events.xml").write_text(events)


def sbml(path: Path) -> str:
    import antimony

    if path.suffix != ".ant":
        return path.read_text()
    antimony.clearPreviousLoads()
    if antimony.loadAntimonyFile(str(path)) < 0:
        raise SystemExit(antimony.getLastError())
    return antimony.getSBMLString(antimony.getModuleNames()[-1])


def lognormal(rng: np.random.Generator, cv: float, n: int) -> Floats:
    sigma = np.sqrt(np.log1p(cv * cv))
    return np.exp(sigma * rng.standard_normal(n) - 0.5 * sigma * sigma)


def her2q(model: Path, dose_days: Floats, observed: Floats) -> Workload:
    """1000 patients of her2q: rates log-normal with mean 1, clones too (NumPy default_rng(7)); all parameters free."""
    from her2sim.exchange import read_sbml

    system = read_sbml(sbml(model)).system
    rng = np.random.default_rng(7)
    names = system.parameter_names
    table = np.tile([p.value for p in system.parameters], (1000, 1))
    for column, name in enumerate(names):
        if name.startswith(VARYING):
            table[:, column] *= lognormal(rng, 0.30 if name.startswith(CV30) else 0.45, 1000)
    states = list(system.state_names)
    initial = np.tile([float(s.initial.value) for s in system.states], (1000, 1))
    clones = np.array([states.index(name) for name in ("N1", "N2", "N3", "N4")])
    for column in clones:
        initial[:, column] *= lognormal(rng, 0.5, 1000)
    given = [(t, states.index(s), a, 0.0) for t in dose_days for s, a in BOLUSES.items()]
    when, where, amount, duration = (np.array(c) for c in zip(*given, strict=True))
    return Workload(
        np.array(names), table, np.array(states), initial, clones, observed, when, where, amount, duration,
        np.array(list(BOLUSES)),
    )  # fmt: skip


def petab(text: str, parameters: Path, end: float, patients: int) -> tuple[Workload, str]:
    """Nominal values of a PEtab problem, every parameter but 0 log-normal with CV 40 %; the file's own initial state.

    Not the conditions of the problem: one plain course. Initial values are those at nominal parameters for everyone, so
    that simulators which evaluate initial assignments once and those which do it per patient solve the same problem.
    """
    import libsbml

    from her2sim.exchange import read_sbml
    from her2sim.trial.treatment import initial_states

    with parameters.open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    document = libsbml.readSBMLFromString(text)
    for row in rows:
        parameter = document.getModel().getParameter(row["parameterId"])
        if parameter is not None and row.get("nominalValue"):
            parameter.setValue(float(row["nominalValue"]))
    text = libsbml.writeSBMLToString(document)
    system = read_sbml(text).system
    sizes = {document.getModel().getCompartment(i).getId() for i in range(document.getModel().getNumCompartments())}
    rng = np.random.default_rng(7)
    nominal = np.array([p.value for p in system.parameters])
    table = np.tile(nominal, (patients, 1))
    for column, name in enumerate(system.parameter_names):
        if nominal[column] != 0.0 and name not in sizes:
            table[:, column] *= lognormal(rng, 0.40, patients)
    initial = np.tile(initial_states(system, nominal[None, :], {}), (patients, 1))
    none, count = np.zeros(0), len(system.states)
    return Workload(
        np.array(system.parameter_names), table, np.array(system.state_names), initial, np.arange(count),
        np.linspace(0.0, end, 27), none, none.astype(np.int64), none, none, np.array([], dtype=str),
    ), text  # fmt: skip


def tumor(patients: int, days: float) -> tuple[Workload, str, str]:
    """Docetaxel, trastuzumab and pertuzumab every 3 weeks in patients of CLEOPATRA; all parameters free.

    Constants that follow from parameters are columns of the table too: other simulators are given them as numbers of
    each patient (the SBML file is in its compact form), ours works them out.
    """
    from her2sim.evidence.base import load_record
    from her2sim.exchange import Dose, to_sbml
    from her2sim.exchange.compact import constant_values
    from her2sim.model.evaluate import evaluate
    from her2sim.population.exposure import individual_pk
    from her2sim.study.cohort import sample_cohort, typical_in_force
    from her2sim.study.plan import make_plan
    from her2sim.trial.treatment import initial_states, parameter_table, treatment_model

    plan = make_plan(load_record("CLEOPATRA"), patients=patients, seed=1)
    arm = next(a for a in plan.record.arms if {"trastuzumab", "pertuzumab", "docetaxel"} <= {i.drug for i in a.regimen})
    model = treatment_model("breast", arm.regimen)
    cohort = sample_cohort(plan, typical_in_force(plan, 0), 0, np.arange(patients))
    columns = cohort.patients.columns
    pk: dict[str, Floats] = {}
    for drug in model.drugs.values():
        pk |= individual_pk(drug, "breast", columns, 1, cohort.patients.ids, route=model.routes[drug.id])
    table = parameter_table(model.system, cohort.typical, columns, pk, patients)
    initial = initial_states(model.system, table, {})
    known = {name: table[:, i] for i, name in enumerate(model.system.parameter_names)}
    following = list(constant_values(model.system))
    for item in model.system.assignments:
        if item.name in following:
            known[item.name] = np.broadcast_to(evaluate([item.expr], known)[0], patients)
    table = np.column_stack(list(known.values()))
    states = list(model.system.state_names)
    cycles, given = np.arange(0.0, days, 21.0), list[Dose]()
    for number, day in enumerate(cycles):  # 70 kg, 1.8 m2; one size for all, so that SBML events can carry it
        given.append(Dose(day, "A1_pertuzumab_mg", 840.0 if number == 0 else 420.0, 60.0 / 1440.0))
        given.append(Dose(day, "A1_trastuzumab_mg", 560.0 if number == 0 else 420.0, 90.0 / 1440.0))
        given.append(Dose(day, "A1_docetaxel_mg", 135.0, 60.0 / 1440.0))
    given = [dose for dose in given if dose.target in states]
    if len(given) != 3 * len(cycles):
        raise SystemExit(f"the drugs' states are not as expected: {states[:20]}")
    workload = Workload(
        np.array(list(known)), table, np.array(states), initial, np.arange(len(states)),
        np.arange(0.0, days + 1.0, 7.0), np.array([d.time for d in given]),
        np.array([states.index(d.target) for d in given]), np.array([d.amount for d in given]),
        np.array([d.duration for d in given]), np.array([], dtype=str),
    )  # fmt: skip
    return workload, to_sbml(model.system), to_sbml(model.system, doses=given)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workload", choices=("her2q", "daily", "petab", "tumor"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--with-events", type=Path)
    parser.add_argument("--parameters", type=Path)
    parser.add_argument("--end", type=float, default=365.0)
    parser.add_argument("--patients", type=int, default=200)
    args = parser.parse_args()
    if args.workload == "her2q":
        days = 21.0 * np.arange(53)
        events = sbml(args.with_events) if args.with_events else None
        write(args.folder, her2q(args.model, days, days[::2]), sbml(args.model), events)
    elif args.workload == "daily":
        write(args.folder, her2q(args.model, np.arange(365.0), 14.0 * np.arange(27)), sbml(args.model))
    elif args.workload == "petab":
        write(args.folder, *petab(sbml(args.model), args.parameters, args.end, args.patients))
    else:
        write(args.folder, *tumor(args.patients, args.end))


if __name__ == "__main__":
    main()
