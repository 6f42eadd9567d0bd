"""Which trials a validation scores: decided by rule from the protocol alone, never by looking at a result or an error.

In scope is an arm of a metastatic breast or gastric trial whose drugs all have a mechanism in the model and whose
regimen can be simulated. Everything else is listed with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from her2sim.analysis.meta.treatments import choices
from her2sim.core.errors import InputError
from her2sim.evidence.roles import Role, role_of
from her2sim.model.assembly import actions_without_mechanism
from her2sim.model.drug_file import is_placebo, load_drug
from her2sim.model.parameters import load_parameters
from her2sim.record.protocol import protocol_of
from her2sim.record.types import Arm, PriorTherapy, TrialRecord
from her2sim.study.plan import make_plan
from her2sim.study.validation.induction import with_induction
from her2sim.study.validation.settings import cohorts


@dataclass(frozen=True)
class Scoped:
    """What the rule says of one trial.

    Main arguments:
        trial: its id.
        role: of the trial.
        protocols: what can be predicted, arms in scope only: one protocol, or one for each arm where arms differ in
            their patients; empty where there is none.
        reasons: why the trial, or some of its arms, are out of scope.
    """

    trial: str
    role: Role
    protocols: tuple[TrialRecord, ...]
    reasons: tuple[str, ...]


def scope_of(record: TrialRecord) -> Scoped:
    """Whether and with which arms a trial can be predicted. Only its protocol is looked at.

    >>> from her2sim.evidence.base import load_record
    >>> scope_of(load_record("KATE2")).reasons
    ('arm T-DM1+atezolizumab: no mechanism in the model for atezolizumab',)
    """
    load_parameters()  # an error in the model's own files is no property of the trial
    protocol = protocol_of(record)
    role = role_of(record.id, str(record.extra.get("part_of", "")))
    whole = _whole_trial(protocol)
    try:
        protocol = protocol if whole else with_induction(protocol)
    except InputError as error:
        whole = error.what
    if whole:
        return Scoped(record.id, role, (), (whole,))
    found = {arm.name: _arm_reason(protocol, arm) for arm in protocol.arms}
    reasons = tuple(f"arm {name}: {reason}" for name, reason in found.items() if reason)
    arms = tuple(arm for arm in protocol.arms if not found[arm.name])
    if not arms:
        return Scoped(record.id, role, (), reasons)
    if _differ_in_patients(arms):
        known = cohorts().get(record.id, {})
        reasons += tuple(
            f"arm {arm.name}: same treatment as another arm, and the record does not tell its patients apart"
            for arm in arms
            if arm.name not in known
        )
        parts = tuple(_cohort(protocol, arm, known[arm.name]) for arm in arms if arm.name in known)
        return Scoped(record.id, role, parts, reasons)
    return Scoped(record.id, role, (replace(protocol, arms=arms),), reasons)


def scopes(records: Iterable[TrialRecord]) -> tuple[Scoped, ...]:
    """``scope_of`` for each record that is a trial of its own: cohorts and collections repeat patients of others."""
    return tuple(scope_of(record) for record in records if record.kind == "trial")


def _whole_trial(record: TrialRecord) -> str:
    if record.disease not in ("breast", "gastric"):
        return "neither breast nor gastric cancer"
    if not record.setting.startswith("metastatic"):
        return f"setting {record.setting} has no module yet"
    return "" if record.arms else "no arms"


def _arm_reason(record: TrialRecord, arm: Arm) -> str:
    if not arm.regimen:
        return "no regimen given"
    if any(word in arm.name.lower() for word in choices().strata):
        return "repeats patients of another arm"
    try:
        drugs = {item.drug: load_drug(item.drug) for item in arm.regimen if not is_placebo(item.drug)}.values()
        without = {drug.inn for drug in drugs if len(actions_without_mechanism([drug])) >= len(drug.actions)}
        if without:
            return f"no mechanism in the model for {', '.join(sorted(without))}"
        make_plan(replace(record, arms=(arm,)), patients=1, seed=0)
    except InputError as error:
        return error.what.rstrip(".")
    return ""


def _differ_in_patients(arms: tuple[Arm, ...]) -> bool:
    regimens = [tuple((item.drug, item.dose, item.schedule, item.until) for item in arm.regimen) for arm in arms]
    return len(set(regimens)) < len(regimens)


def _cohort(protocol: TrialRecord, arm: Arm, who: Mapping[str, Any]) -> TrialRecord:
    rules: dict[str, Any] = {key: value for key, value in who.items() if key != "baseline"}
    if "her2" in rules:
        rules["her2"] = tuple(rules["her2"])
    if "prior" in rules:
        rules["prior"] = tuple(PriorTherapy(tuple(line["drugs"]), float(line["share"])) for line in rules["prior"])
    return replace(
        protocol,
        arms=(arm,),
        eligibility=replace(protocol.eligibility, **rules),
        baseline=dict(protocol.baseline) | dict(who.get("baseline", {})),
    )
