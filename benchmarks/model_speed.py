"""Speed of the model itself: states after assembly for a regimen, and seconds for 1,000 patients over three years.

    python benchmarks/model_speed.py [--patients 500] [--rounds 3]

Prints a Markdown table: the full model of a first-line and a second-line regimen, solved for patients of the trial with
all doses, one thread; the same regimen in a reduced core (one lesion instead of six, and no occult or brain disease);
the model without drugs; and the whole trial arm with earlier lines, scans, readings, response and later lines.
"""

from __future__ import annotations

import argparse
import platform
import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from her2sim.engine import compile_model
from her2sim.evidence.base import load_record
from her2sim.model.assembly import assemble_model
from her2sim.model.drug_file import is_placebo, load_drug
from her2sim.model.expression import symbols
from her2sim.model.system import OdeSystem
from her2sim.population.exposure import individual_pk
from her2sim.study.cohort import sample_cohort, typical_in_force
from her2sim.study.course import simulate_chunk
from her2sim.study.plan import TrialPlan, make_plan
from her2sim.trial.dosing import regimen_doses
from her2sim.trial.tolerance import absolute_tolerance
from her2sim.trial.treatment import RTOL, Cohort, parameter_table

YEARS, SCAN_DAYS = 3.0, 42.0
CASES = (("THP, first line", "CLEOPATRA", 0), ("T-DXd, second line", "DESTINY-Breast03", 0))
KEPT = "T1"
Floats = NDArray[np.float64]


def reduced_core(full: OdeSystem) -> OdeSystem:
    """What the first target lesion depends on, and nothing else: one lesion of six, the same values."""
    rates = {state.name: state.rate for state in full.states} | {a.name: a.expr for a in full.assignments}
    waiting, kept = [s.name for s in full.states if s.name.startswith(f"V_{KEPT}_")], set[str]()
    while waiting:
        name = waiting.pop()
        if name not in kept:
            kept.add(name)
            waiting += [other for other in symbols([rates[name]]) if other in rates]
    started = symbols([state.initial for state in full.states if state.name in kept])
    used = started | symbols([rates[name] for name in kept])
    waiting = [name for name in started if name in rates]
    while waiting:  # what initial values are made from
        name = waiting.pop()
        kept.add(name)
        used |= symbols([rates[name]])
        waiting += [other for other in symbols([rates[name]]) if other in rates and other not in kept]
    return replace(
        full,
        name="reduced_core",
        states=tuple(state for state in full.states if state.name in kept),
        assignments=tuple(a for a in full.assignments if a.name in kept),
        parameters=tuple(p for p in full.parameters if p.name in used),
        dose_targets=tuple(name for name in full.dose_targets if name in kept),
    )


def seconds(system: OdeSystem, plan: TrialPlan, arm: int, cohort: Cohort, rounds: int) -> tuple[float, float, Floats]:
    """Seconds to make the model ready, least CPU seconds of ``rounds`` solutions for the cohort over three years, and
    the (n_patients, n_times) volume of the lesion that every model has."""
    columns, ids = cohort.patients.columns, cohort.patients.ids
    given = [item for item in plan.arms[arm].regimen if not is_placebo(item.drug)]
    pk: dict[str, Floats] = {}
    for item in given:
        pk |= individual_pk(load_drug(item.drug), plan.record.disease, columns, cohort.seed, ids, route=item.route)
    table = parameter_table(system, cohort.typical, columns, pk, len(ids))
    days = np.arange(0.0, YEARS * 365.25 + 1.0, SCAN_DAYS)
    doses, drugs = None, {item.drug: load_drug(item.drug) for item in given}
    atol = absolute_tolerance(system.state_names, given, drugs, RTOL).tolist()
    if any(state.name.startswith("A1_") for state in system.states):
        doses = regimen_doses(
            given, drugs, columns, pk, state_names=system.state_names,
            horizon_days=float(days[-1]), seed=cohort.seed, patients=ids, oral_as_daily_rate=True,
        )  # fmt: skip
    begun = time.perf_counter()
    compiled = compile_model(system, outputs=system.state_names)
    compiled.solve(table[:8], days, doses=None if doses is None else doses.of_patients(0, 8), rtol=RTOL, atol=atol)
    ready, times = time.perf_counter() - begun, list[float]()
    solution = None
    for _ in range(rounds):
        begun = time.process_time()
        solution = compiled.solve(table, days, doses=doses, rtol=RTOL, atol=atol)
        times.append(time.process_time() - begun)
        assert not solution.status.any(), "a patient failed"
    assert solution is not None
    columns_kept = [i for i, name in enumerate(system.state_names) if name.startswith(f"V_{KEPT}_")]
    return ready, min(times), solution.values[:, :, columns_kept].sum(axis=2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    per_thousand = 1000.0 / given.patients
    print("| regimen | model | states | parameters | made ready (s) | CPU s for 1,000 patients, 3 years |")
    print("|---|---|---|---|---|---|")
    for name, trial, arm in CASES:
        record = load_record(trial)
        days = min(record.assessment.follow_up_days, YEARS * 365.25)
        record = replace(record, assessment=replace(record.assessment, follow_up_days=days))
        plan = make_plan(record, patients=given.patients, seed=1)
        typical = typical_in_force(plan, 0)
        cohort = sample_cohort(plan, typical, 0, np.arange(given.patients, dtype=np.int64))
        items = [item for item in plan.arms[arm].regimen if not is_placebo(item.drug)]
        drugs = sorted({load_drug(item.drug).id for item in items})
        routes = {load_drug(item.drug).id: item.route for item in items}
        full = assemble_model([load_drug(d) for d in drugs], record.disease, routes)
        bare = assemble_model([], record.disease, {})
        systems = {"full": full, "reduced core": reduced_core(full), "without drugs": bare}
        volumes: dict[str, Floats] = {}
        for words, system in systems.items():
            ready, spent, volumes[words] = seconds(system, plan, arm, cohort, given.rounds)
            size = f"{len(system.states)} | {len(system.parameters)}"
            print(f"| {name} | {words} | {size} | {ready:.1f} | {spent * per_thousand:.2f} |", flush=True)
        assert np.allclose(volumes["full"], volumes["reduced core"], rtol=0.02, atol=1e-3), "the core differs"
        alone = replace(plan, arms=(plan.arms[arm],))
        begun = time.process_time()
        simulate_chunk(alone, 0, 0, given.patients)
        begun, first = time.process_time(), time.process_time() - begun
        simulate_chunk(alone, 0, 0, given.patients)
        spent = time.process_time() - begun
        made = f"{max(first - spent, 0.0):.1f}"
        print(f"| {name} | whole arm of the trial, all lines | | | {made} | {spent * per_thousand:.2f} |", flush=True)
    print(f"\nOne thread, {platform.machine()}, Python {platform.python_version()}; relative tolerance {RTOL:g}.")


if __name__ == "__main__":
    main()
