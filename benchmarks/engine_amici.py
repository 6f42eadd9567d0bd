"""AMICI (CVODES with KLU and generated C++) on the her2q workload: patients per second and error.

In the environment of her2sim, write the population and the model with its doses as events:

    python benchmarks/engine_amici.py write her2q.ant her2q_ev.ant folder

In an environment with AMICI, its compiler, SWIG and Boost headers, build the model and run it:

    python engine_amici.py build folder
    python engine_amici.py run folder --rtol 1e-6 --patients 12 --reference reference.npz
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

CLONES, STATES_OFF = ("N1", "N2", "N3", "N4"), ("C_A", "C_B", "C_D")


def write(model: Path, with_events: Path, folder: Path) -> None:
    import antimony
    from engine_her2q import load, population

    system = load(model)
    names, table, initial = population(system, 1000)
    folder.mkdir(exist_ok=True)
    np.savez(folder / "population.npz", names=names, table=table, initial=initial, states=system.state_names)
    antimony.clearPreviousLoads()
    antimony.loadAntimonyFile(str(with_events))
    (folder / "model.xml").write_text(antimony.getSBMLString("her2q"))


def build(folder: Path) -> None:
    from amici import SbmlImporter

    begin = time.perf_counter()
    SbmlImporter(str(folder / "model.xml")).sbml2amici(
        "her2q", str(folder / "build"), verbose=False, generate_sensitivity_code=False
    )
    print(f"built in {time.perf_counter() - begin:.0f} s")


def run(folder: Path, rtol: float, patients: int, reference: Path | None) -> None:
    import amici
    import amici.sim.sundials as sundials

    model = amici.import_model_module("her2q", str(folder / "build")).get_model()
    population = np.load(folder / "population.npz")
    names, states = population["names"].tolist(), population["states"].tolist()
    own_states = list(model.get_state_ids())
    place = [list(model.get_free_parameter_ids()).index(name) for name in names]
    clones = [own_states.index(name) for name in CLONES]
    columns = [states.index(name) for name in CLONES]
    model.set_timepoints(np.arange(0.0, 1093.0, 42.0))
    solver = model.create_solver()
    solver.set_relative_tolerance(rtol)
    solver.set_absolute_tolerance(1e-3 * rtol)
    solver.set_max_steps(10_000_000)
    parameters, initial = np.array(model.get_free_parameters()), np.array(model.get_initial_state())
    values, own_time, begin = [], 0.0, time.process_time()
    for patient in range(patients):
        parameters[place], initial[clones] = population["table"][patient], population["initial"][patient, columns]
        model.set_free_parameters(parameters)
        model.set_initial_state(initial)
        result = sundials.run_simulation(model, solver)
        own_time += result.cpu_time / 1000.0
        values.append(result.x[:, [own_states.index(name) for name in states]])
    cpu = time.process_time() - begin
    print(f"AMICI {amici.__version__}, rtol {rtol:.0e}: {patients / cpu:.2f} patients per CPU second, ", end="")
    print(f"{patients / own_time:.2f} per second of its solver alone")
    if reference is not None:
        exact = np.load(reference)["values"][:patients]
        keep = [i for i, name in enumerate(states) if name not in STATES_OFF]
        found, exact = np.array(values)[: len(exact)][:, :, keep], exact[:, :, keep]
        scale = np.abs(exact) + 1e-4 * np.max(np.abs(exact), axis=1, keepdims=True)
        error = np.max(np.abs(found - exact) / np.where(scale > 0.0, scale, 1.0), axis=(1, 2))
        print(f"error median {np.median(error):.1e} max {np.max(error):.1e} over {len(error)} patients")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    writing = commands.add_parser("write")
    for name in ("model", "with_events", "folder"):
        writing.add_argument(name, type=Path)
    commands.add_parser("build").add_argument("folder", type=Path)
    running = commands.add_parser("run")
    running.add_argument("folder", type=Path)
    running.add_argument("--rtol", type=float, default=1e-6)
    running.add_argument("--patients", type=int, default=12)
    running.add_argument("--reference", type=Path)
    args = parser.parse_args()
    if args.command == "write":
        write(args.model, args.with_events, args.folder)
    elif args.command == "build":
        build(args.folder)
    else:
        run(args.folder, args.rtol, args.patients, args.reference)


if __name__ == "__main__":
    main()
