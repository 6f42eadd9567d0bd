"""What a run will simulate: the record turned into regimens, calendars and earlier lines. Frozen, sent to workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from her2sim.core.errors import InputError
from her2sim.core.paths import data_dir
from her2sim.model.drug_file import is_placebo, load_drug
from her2sim.record.types import Arm, PriorTherapy, RegimenItem, TrialRecord
from her2sim.trial.calendar import planned_scans
from her2sim.trial.next_lines import Policy, make_policy

ASSESSORS = ("INV", "BICR")
MOST_PATIENTS = 1_000_000


@dataclass(frozen=True)
class ArmPlan:
    """One arm: how many patients, which regimen, which drugs."""

    name: str
    n: int
    regimen: tuple[RegimenItem, ...]
    drugs: tuple[str, ...]


@dataclass(frozen=True)
class TrialPlan:
    """Everything that workers need to simulate any patient of any replicate.

    Main arguments:
        record: the trial record; its published results are not used.
        arms: the arms that are simulated.
        planned: (n_visits,) planned scan days.
        prior: earlier lines with the regimen of each.
        policy: therapy after progression.
        seed: seed of the study.
        overrides: values of population-level parameters that replace those of the data files.
        after_progression: whether patients are followed through the next lines; a fit to response and PFS needs not.
    """

    record: TrialRecord
    arms: tuple[ArmPlan, ...]
    planned: NDArray[np.float64]
    prior: tuple[tuple[PriorTherapy, tuple[RegimenItem, ...]], ...]
    policy: Policy
    seed: int
    overrides: Mapping[str, float]
    after_progression: bool = True

    @property
    def patients(self) -> int:
        """Patients of one replicate: those of the largest arm, since arms share patients."""
        return max(arm.n for arm in self.arms)


def make_plan(
    record: TrialRecord, *, patients: int | None, seed: int, overrides: Mapping[str, float] | None = None
) -> TrialPlan:
    """Turn a record into a plan, refusing what cannot be simulated before anything is written.

    Raises:
        InputError: the setting cannot be simulated yet, a drug is unknown, a regimen has unparsed parts, or the
            number of patients is absurd.
    """
    if record.disease not in ("breast", "gastric") or not record.setting.startswith("metastatic"):
        raise InputError(
            f"{record.disease} cancer, setting {record.setting}, cannot be simulated yet.",
            where=record.id,
            hint="Simulated today: breast and gastric cancer in the settings metastatic-1L, -2L and -3L+.",
        )
    if patients is not None and not 1 <= patients <= MOST_PATIENTS:
        raise InputError(
            f"--patients {patients} is outside 1 to {MOST_PATIENTS}.", hint="Typical trials have 50 to 500 per arm."
        )
    return TrialPlan(
        record=record,
        arms=tuple(_arm(record, arm, patients) for arm in record.arms),
        planned=planned_scans(record.assessment.scan_every_days, 1.3 * record.assessment.follow_up_days),
        prior=tuple((line, standard_regimen(line.drugs)) for line in record.eligibility.prior),
        policy=make_policy(_file("next_lines"), record.disease, standard_regimen),
        seed=seed,
        overrides=dict(overrides or {}),
    )


def standard_regimen(drugs: Sequence[str]) -> tuple[RegimenItem, ...]:
    """A regimen of standard doses, for lines of which only the drugs are known.

    Raises:
        InputError: a drug has no standard dose in ``data/regimens/standard.yaml``.
    """
    from her2sim.record.reading import regimen_item

    content = _file("standard")
    items: list[RegimenItem] = []
    for name in drugs:
        known = content["aliases"].get(name.lower(), name.lower())
        if known not in content["items"]:
            known = load_drug(known).inn
        if known not in content["items"]:
            raise InputError(
                f"{name} has no standard dose.",
                where="data/regimens/standard.yaml",
                hint=f"Known: {', '.join(content['items'])}.",
            )
        entry = {k: v for k, v in content["items"][known].items() if k not in ("source", "read")}
        items.append(regimen_item({"drug": known} | entry, f"data/regimens/standard.yaml: {known}"))
    return tuple(items)


def _arm(record: TrialRecord, arm: Arm, patients: int | None) -> ArmPlan:
    n = patients if patients is not None else arm.n
    if n is None:
        raise InputError(f"arm {arm.name} says no number of patients.", where=record.id, hint="Give --patients N.")
    for item in arm.regimen:
        if not is_placebo(item.drug) and (item.dose is None or item.schedule is None):
            raise InputError(
                f"arm {arm.name}: {item.drug} has no dose and schedule that can be simulated.",
                where=record.id,
                hint="Write dose (for example 6 mg/kg) and schedule (for example q3w).",
            )
    drugs = tuple(sorted({load_drug(item.drug).id for item in arm.regimen if not is_placebo(item.drug)}))
    return ArmPlan(arm.name, n, arm.regimen, drugs)


@cache
def _file(name: str) -> dict[str, Any]:
    import yaml

    return yaml.safe_load((data_dir("regimens") / f"{name}.yaml").read_text())
