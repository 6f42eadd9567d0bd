"""The numbers that a sensitivity study varies, each over the range of what is believed of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from statistics import NormalDist
from typing import Any

from her2sim.core.calendar import DAYS_PER_MONTH
from her2sim.core.errors import InputError, did_you_mean
from her2sim.core.paths import data_dir
from her2sim.core.quantity import Quantity
from her2sim.evidence.base import load_record
from her2sim.model.assembly import DISEASES, modules_of
from her2sim.model.calibration import FreeNumber, free_numbers
from her2sim.model.drug_file import all_drugs, is_placebo, load_drug
from her2sim.model.frozen import spread_name
from her2sim.model.parameters import load_parameters, read_parameter_folder
from her2sim.study.plan import TrialPlan, make_plan
from her2sim.trial.treatment import treatment_model

AROUND = ("prior", "calibrated")


@dataclass(frozen=True)
class Varied:
    """One number, varied around the value in force.

    Main arguments:
        name: as in the overrides of a plan: a parameter, or ``spread of`` one.
        scale: ``log`` or ``logit``.
        center: the value in force.
        sd: standard deviation of what is believed of it, on that scale.
        low, high: bounds that it never leaves.
        basis: where ``sd`` is from: ``prior``, ``file`` or ``assumed``.
    """

    name: str
    scale: str
    center: float
    sd: float
    low: float
    high: float
    basis: str

    def at(self, share: float) -> float:
        """The value at a share (0 to 1) between its lower and upper percentile.

        >>> round(Varied("x", "log", 2.0, 0.3, 0.0, 9.0, "file").at(0.5), 6)
        2.0
        """
        lower, upper = (float(p) for p in settings()["percentiles"])
        score = NormalDist().inv_cdf(lower + (upper - lower) * share)
        value = FreeNumber(self.name, "value", self.scale, self.center, self.sd).from_score(score)
        return min(max(value, self.low), self.high)


@cache
def settings() -> dict[str, Any]:
    """The settings of the study, ``data/facts/sensitivity.yaml``."""
    import yaml

    return yaml.safe_load((data_dir("facts") / "sensitivity.yaml").read_text())


@cache
def varied(around: str = "prior") -> tuple[Varied, ...]:
    """All numbers that are varied, by name: those of parameter files that the trials looked at depend on, spreads that
    may be calibrated, and the action numbers of the drugs given.

    Other arguments:
        around: ``prior``, the values before any fit, or ``calibrated``, the values in force.

    Raises:
        InputError: ``around`` is neither.
    """
    if around not in AROUND:
        raise InputError(f"--around is {around!r}.", hint=did_you_mean(around, AROUND))
    content = settings()
    priors = {(free.name, free.what): free for free in free_numbers()}
    quantities = dict(load_parameters().quantities)
    if around == "prior":
        quantities = dict(read_parameter_folder(data_dir("parameters")).quantities)
        for (name, what), prior in priors.items():
            changed = {"value": prior.median} if what == "value" else {"spread": prior.median}
            if name in quantities:
                quantities[name] = replace(quantities[name], **changed)
    spreads = {name: quantities[name].spread for name, what in priors if what == "spread"}
    used = frozenset[str]().union(*(model_parameters(plan) for plan in plans(2, 0).values()))
    out_of_sight = every_model_parameter() - used
    unused = set(content["never"]) | out_of_sight | {n for n in quantities if n.startswith(tuple(content["observed"]))}
    quantities = {name: quantity for name, quantity in quantities.items() if name not in unused} | dict(drug_numbers())
    found: dict[str, Varied] = {}
    for name, quantity in quantities.items():
        one = _value(name, quantity, priors.get((name, "value")), float(content["otherwise_sd"]["value"]))
        if one is not None:
            found[name] = one
    for (name, what), prior in priors.items():
        if what == "spread":
            number = spread_name(name)
            found[number] = Varied(number, prior.scale, spreads[name], prior.sd, 0.0, math.inf, "prior")
    return tuple(found[name] for name in sorted(found))


def _value(name: str, quantity: Quantity, prior: FreeNumber | None, otherwise: float) -> Varied | None:
    """The number as it is varied; None for what is no quantity of degree: zero, one as reference, or negative."""
    if prior is not None:
        return Varied(name, prior.scale, quantity.value, prior.sd, quantity.low, quantity.high, "prior")
    if quantity.value <= 0.0 or (quantity.value == 1.0 and quantity.uncertainty == 0.0):
        return None
    share = quantity.spread_distribution == "logitnormal" and quantity.value < 1.0
    sd, basis = (quantity.uncertainty, "file") if quantity.uncertainty > 0.0 else (otherwise, "assumed")
    low, high = quantity.low, quantity.high
    return Varied(name, "logit" if share else "log", quantity.value, sd, low, high, basis)


@cache
def drug_numbers() -> Mapping[str, Quantity]:
    """Action numbers of the drugs in the trials looked at, by their names in the model."""
    found: dict[str, Quantity] = {}
    for plan in plans(2, 0).values():
        regimens = [*(arm.regimen for arm in plan.arms), *(regimen for _, regimen in plan.prior)]
        names = {load_drug(item.drug).id for regimen in regimens for item in regimen if not is_placebo(item.drug)}
        model_names = {
            p.name for arm in regimens for p in treatment_model(plan.record.disease, arm).system.parameters
        }  # fmt: skip
        for drug in sorted(names):
            for action in load_drug(drug).actions:
                for key, quantity in action.values.items():
                    if f"{drug}_{key}" in model_names:
                        found[f"{drug}_{key}"] = quantity
    return found


def plans(patients: int, seed: int) -> dict[str, TrialPlan]:
    """The trials that are looked at, by id, cut to the months of the settings."""
    content = settings()
    trials = dict.fromkeys(row["trial"] for part in ("outputs", "ratios") for row in content[part].values())
    out: dict[str, TrialPlan] = {}
    for trial in trials:
        record = load_record(trial)
        days = min(record.assessment.follow_up_days, float(content["months"]) * DAYS_PER_MONTH)
        record = replace(record, assessment=replace(record.assessment, follow_up_days=days))
        out[trial] = replace(make_plan(record, patients=patients, seed=seed), after_progression=False)
    return out


def relevant(plan: TrialPlan, names: Sequence[str]) -> frozenset[str]:
    """Those of the numbers that can change the result of a trial: all but those of drugs, payloads and kill rates that
    none of its models has.

    A number is left out only if it is a parameter of the model of some trial looked at, and not of this one's.
    """
    mine = model_parameters(plan)
    everywhere = frozenset[str]().union(*(model_parameters(other) for other in plans(2, 0).values()))
    return frozenset(name for name in names if name in mine or name not in everywhere)


def model_parameters(plan: TrialPlan) -> frozenset[str]:
    """Parameters of the models of all lines of therapy of a trial."""
    regimens = [*(arm.regimen for arm in plan.arms), *(regimen for _, regimen in plan.prior)]
    systems = [treatment_model(plan.record.disease, regimen).system for regimen in regimens]
    return frozenset(p.name for system in systems for p in system.parameters)


@cache
def every_model_parameter() -> frozenset[str]:
    """Parameters of the model with all drugs at once, in any disease."""
    drugs = all_drugs()
    routes = {drug.id: drug.pk_for("").route for drug in drugs}
    names: set[str] = set()
    for disease in DISEASES:
        names |= {p.name for module in modules_of(drugs, disease, routes) for p in module.parameters}
    return frozenset(names)
