"""The numbers that a change of code must not move by accident: a few patients of four trials, seen from the inside.

``python tests/golden/baseline.py`` shows what has moved; with ``--renew`` it writes the new numbers. Renew on purpose
only, and say in the changelog why.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml

from her2sim.evidence.base import load_record
from her2sim.model.lesions import SLOTS, volumes
from her2sim.study.cohort import baseline_tumor, sample_cohort, typical_in_force
from her2sim.study.course import simulate_chunk
from her2sim.study.plan import make_plan
from her2sim.trial.lesion_state import lesion_start
from her2sim.trial.selection import ATTEMPTS
from her2sim.trial.treatment import treat

FILE = Path(__file__).parent / "baseline.yaml"
TRIALS = ("CLEOPATRA", "DESTINY-Breast03", "ToGA", "HER2CLIMB")
PATIENTS = 4


def numbers() -> dict[str, float]:
    """Name -> number, for traits, tumor sizes under therapy and times of events."""
    found: dict[str, float] = {}
    for trial in TRIALS:
        plan = replace(make_plan(load_record(trial), patients=PATIENTS, seed=2026), after_progression=False)
        typical = typical_in_force(plan, 0)
        cohort = sample_cohort(plan, typical, 0, np.arange(PATIENTS) * ATTEMPTS)
        disease = plan.record.disease
        for trait in ("age_years", "weight_kg", "growth_patient", "fraction_bypass"):
            for patient, value in enumerate(cohort.patients.columns[trait]):
                found[f"{trial}/{trait}/{patient}"] = float(value)
        tumor = baseline_tumor(cohort, disease)
        start = lesion_start(tumor.volume_mL, {s.name: tumor.shares for s in SLOTS}, tumor.dead_share)
        days = np.broadcast_to(np.array([0.0, 84.0, 252.0]), (PATIENTS, 3)).copy()
        for arm in plan.arms:
            course = treat(cohort, disease, arm.regimen, start, days)
            seen = volumes(course.values, course.names)
            for patient in range(PATIENTS):
                for column, day in ((1, 84), (2, 252)):
                    value = float(seen.viable_mL[patient, column, 0])
                    found[f"{trial}/{arm.name}/T1 living mL day {day}/{patient}"] = value
        for arm_course in simulate_chunk(plan, 0, 0, PATIENTS).arms:
            for patient, day in enumerate(arm_course.judged["INV"].best.unconfirmed_day):
                found[f"{trial}/{arm_course.arm}/first response day/{patient}"] = -1.0 if np.isnan(day) else float(day)
    return {name: float(f"{value:.6g}") for name, value in found.items()}


def moved(old: dict[str, float], new: dict[str, float], tolerance: float = 2e-4) -> list[str]:
    """A line for each number that is new, gone, or differs by more than the tolerance (relative, or 1e-6 mL)."""
    lines = [f"{name}: not in the baseline" for name in new if name not in old]
    lines += [f"{name}: gone" for name in old if name not in new]
    for name in old.keys() & new.keys():
        if abs(new[name] - old[name]) > tolerance * abs(old[name]) + 1e-6:
            lines.append(f"{name}: {old[name]:g} in the baseline, {new[name]:g} now")
    return sorted(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--renew", action="store_true")
    given = parser.parse_args()
    now = numbers()
    before = yaml.safe_load(FILE.read_text()) if FILE.exists() else {}
    print("\n".join(moved(before, now)) or "nothing has moved")
    if given.renew:
        FILE.write_text(yaml.safe_dump(now, sort_keys=True, width=118))
