"""Import the SBML models of PEtab problems and compare nominal trajectories with libRoadRunner.

    python benchmarks/petab_nominal.py FOLDER [--rtol 1e-5] [--end 100]

FOLDER holds PEtab problems (https://github.com/Benchmarking-Initiative/Benchmark-Models-PEtab), one YAML file each. The
comparison is of the plain trajectory from the SBML file's own initial state, with the nominal values of the parameter
table; the measurement table gives the end time. Error: max over species and times of |x - y| / (|y| + 1e-6 max|y| + a),
where a = 1e-7 keeps values below the absolute tolerance of both solvers (1e-12) from counting.
Exit code 1 if a model is refused or differs by more than the tolerance.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from itertools import pairwise
from pathlib import Path

import libsbml
import numpy as np
import roadrunner
import yaml

from her2sim.engine import OK, STATUS_TEXT, compile_model
from her2sim.engine.hybrid import HybridModel
from her2sim.exchange import read_sbml
from her2sim.model.expression import sym

ATOL = 1e-12


def table(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file, delimiter="\t"))


def at_nominal(path: Path, nominal: dict[str, float]) -> str:
    """The SBML text with the nominal values as parameter values, for both programs."""
    document = libsbml.readSBMLFromFile(str(path))
    for name, value in nominal.items():
        parameter = document.getModel().getParameter(name)
        if parameter is not None:
            parameter.setValue(value)
    return libsbml.writeSBMLToString(document)


def point_by_point(runner: roadrunner.RoadRunner, times: np.ndarray) -> np.ndarray:
    """The reference as far as it comes: Chen's model has a step that CVODE does not cross at tight tolerance."""
    rows = [np.array(runner.simulate(0.0, times[1], 2))]
    try:
        for before, after in pairwise(times[1:]):
            rows.append(np.array(runner.simulate(before, after, 2))[1:])
    except RuntimeError as error:
        print(f"the reference stops: {str(error)[:70]}")
    return np.concatenate(rows)


def compare(problem: Path, end: float | None) -> tuple[str, float]:
    about = yaml.safe_load(problem.read_text())
    parts = about["problems"][0]
    rows = table(problem.parent / about["parameter_file"])
    nominal = {row["parameterId"]: float(row["nominalValue"]) for row in rows if row.get("nominalValue")}
    text = at_nominal(problem.parent / parts["sbml_files"][0], nominal)
    measured = [float(row["time"]) for row in table(problem.parent / parts["measurement_files"][0])]
    times = np.linspace(0.0, end or max(t for t in measured if np.isfinite(t)), 21)
    began = time.perf_counter()
    imported = read_sbml(text, where=parts["sbml_files"][0])
    reading = time.perf_counter() - began
    system, species = imported.system, tuple(imported.concentrations)
    began = time.perf_counter()
    if imported.needs_events:
        model = HybridModel(system, (), species)
    else:
        model = compile_model(system, varying=(), outputs=species)
    compiling = time.perf_counter() - began
    began = time.perf_counter()
    solution = model.solve(np.zeros((1, 0)), times, rtol=1e-8, atol=ATOL)
    solving = time.perf_counter() - began
    if solution.status[0] != OK:
        return f"{STATUS_TEXT[int(solution.status[0])]} at {solution.fail_time[0]}", np.inf
    runner = roadrunner.RoadRunner(text)
    runner.integrator.relative_tolerance, runner.integrator.absolute_tolerance = 1e-10, 1e-13
    runner.integrator.maximum_num_steps = 100_000
    in_amount = {name for name, formula in imported.amounts.items() if formula is sym(name)}
    selections = [name if name in in_amount else f"[{name}]" for name in species]
    runner.timeCourseSelections = selections
    reference = point_by_point(runner, times)
    scale = np.abs(reference) + 1e-6 * np.abs(reference).max(axis=0) + ATOL / 1e-5
    error = np.abs(solution.values[0, : len(reference)] - reference) / scale
    kind = "event-aware" if imported.needs_events else "compiled"
    worst = species[int(np.argmax(error.max(axis=0)))]
    return (
        f"{len(system.states)} states, {len(system.parameters)} parameters, {len(system.events)} events; read in "
        f"{reading:.2f} s, made ready in {compiling:.2f} s, solved ({kind}) to {times[-1]:g} in {solving:.3f} s, "
        f"compared to {times[len(reference) - 1]:g}, worst {worst}"
    ), float(error.max())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rtol", type=float, default=1e-5)
    parser.add_argument("--end", type=float)
    arguments = parser.parse_args()
    bad = 0
    for model in sorted(arguments.folder.rglob("model_*.xml")):
        problem = model.parent / f"{model.parent.name}.yaml"
        words, error = compare(problem, arguments.end)
        bad += error > arguments.rtol
        print(f"{model.parent.name}: {words}; largest relative difference {error:.1e}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
