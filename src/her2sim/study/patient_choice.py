"""Which virtual patient: one of a trial or a population by number, the typical one, or one with traits set by hand."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from her2sim.core.errors import InputError, SimulationError, did_you_mean
from her2sim.model.drug_file import load_drug
from her2sim.model.parameters import load_parameters
from her2sim.population.columns import column_rules
from her2sim.population.patients import Patients
from her2sim.population.plan import SamplingPlan
from her2sim.population.sample import draw_patients, from_scores
from her2sim.record.reading import record_from_mapping, regimen_item
from her2sim.record.types import Arm, PriorTherapy, RegimenItem, TrialRecord
from her2sim.study.cohort import sampling_plan, typical_in_force, without_mechanisms
from her2sim.study.entry import enter
from her2sim.study.model_view import arm_of_trial
from her2sim.study.plan import TrialPlan, make_plan, standard_regimen
from her2sim.trial.selection import ATTEMPTS, Entry
from her2sim.trial.treatment import Cohort

HER2 = "HER2_per_cell"
_ITEM = re.compile(
    r"^(?P<drug>.+?)\s+(?P<dose>(?:\d[\d.]*\s*(?:mg|ug|µg)(?:/kg|/m2)?|AUC\s*\d[\d.]*)(?:\s+bid|\s+tid)?)\s+(?P<schedule>\S.*)$"
)
SETTINGS = ("metastatic-1L", "metastatic-2L", "metastatic-3L+")


@dataclass(frozen=True)
class Choice:
    """What the user asked for.

    Main arguments:
        regimens: drugs joined by ``+``, or ``TRIAL/ARM``; one after another, each until progression.

    Other arguments:
        number: of the patient; ``typical`` asks for the median patient instead.
        seed: of the study.
        disease, setting: of the population where no regimen names a trial; breast, metastatic-2L by default.
        prior: drugs of earlier lines, instead of those of the trial or the setting; ``("none",)`` for none.
        traits: covariate, trait or parameter -> value.
        without: mechanisms to remove.
        days: longest course; that of the trial's follow-up by default.
    """

    regimens: tuple[str, ...]
    number: int = 0
    typical: bool = False
    seed: int = 1
    disease: str = ""
    setting: str = ""
    prior: tuple[str, ...] = ()
    traits: Mapping[str, float] | None = None
    without: tuple[str, ...] = ()
    days: float | None = None


@dataclass(frozen=True)
class ChosenPatient:
    """A patient at the start of her first line.

    Main arguments:
        plan: of the trial that she comes from.
        entry: she and her tumor, as a trial of one patient.
        typical: population-level parameters in force.
        lines: (title, regimen) in the order in which they are given.
        title: who she is, in words.
        others: (title, regimen) of alternatives to the first line.
        median: whether she is the median patient, in a laboratory too.
    """

    plan: TrialPlan
    entry: Entry
    typical: Mapping[str, float]
    lines: tuple[tuple[str, tuple[RegimenItem, ...]], ...]
    title: str
    others: tuple[tuple[str, tuple[RegimenItem, ...]], ...] = ()
    median: bool = False


def choose(choice: Choice, others: Sequence[str] = ()) -> ChosenPatient:
    """The patient asked for, brought through her earlier lines.

    Other arguments:
        others: regimens that might be given instead of the first, kept in ``others`` of the result.

    Raises:
        InputError: an unknown drug, trial, arm, trait or mechanism; a number outside its range; a drug without a
            known dose.
        SimulationError: nobody comes through the earlier lines.
    """
    if not choice.regimens:
        raise InputError("no regimen was given", hint="For example: her2sim patient T-DXd.")
    if choice.number < 0:
        raise InputError(f"there is no patient {choice.number}", where="--number", hint="Numbers start at 0.")
    if choice.days is not None and not 1.0 <= choice.days <= 366.0 * 20:
        raise InputError(
            f"a course of {choice.days:g} days cannot be shown", where="--months", hint="1 day to 20 years."
        )
    lines = tuple((_title(text), _regimen(text)) for text in choice.regimens)
    instead = tuple((_title(text), _regimen(text)) for text in others)
    record = replace(_record(choice), arms=tuple(Arm(title, 1, regimen) for title, regimen in (*lines, *instead)))
    plan = make_plan(record, patients=None, seed=choice.seed, without=choice.without)
    covariates, parameters = _sorted_traits(choice.traits or {}, sampling_plan(record))
    typical = dict(typical_in_force(plan, 0)) | parameters
    entry = _entry(choice, plan, typical, covariates)
    who = "Typical patient" if choice.typical else f"Patient {choice.number}"
    origin = record.id if record.extra.get("own") is None else f"{record.disease} cancer, {record.setting}"
    by_hand = "".join(f", {name} = {value:g}" for name, value in (choice.traits or {}).items())
    title = f"{who} of {origin} (seed {choice.seed}){by_hand}"
    return ChosenPatient(plan, entry, typical, lines, title, instead, choice.typical)


def trait_rows(disease: str = "breast", setting: str = "metastatic-2L") -> list[str]:
    """What ``--set`` takes: covariates and traits of patients, one row each."""
    record = _own_record(disease, setting, ())
    plan = sampling_plan(record)
    rules, quantities = column_rules(), load_parameters().quantities
    rows = [f"  {HER2:<36} HER2 molecules per tumor cell (sets her2_log10_per_cell)"]
    rows += [
        f"  {name:<36} {rules[name].description} [{rules[name].unit}]"
        for name in plan.specification.names
        if name in rules
    ]
    rows += [f"  {name:<36} {quantities[name].description} [{quantities[name].unit}]" for name in plan.traits]
    return rows


def _title(text: str) -> str:
    _, arm = arm_of_trial(text)
    return arm.name if arm is not None else " + ".join(part.strip() for part in text.split("+"))


def _regimen(text: str) -> tuple[RegimenItem, ...]:
    record, arm = arm_of_trial(text)
    if arm is not None:
        return arm.regimen
    if record is not None:
        names = ", ".join(f"{record.id}/{one.name}" for one in record.arms)
        raise InputError(f"{text} is a trial, and a patient is treated in one arm", hint=f"Its arms: {names}.")
    if text.strip().lower() in ("untreated", "none"):
        return ()
    return tuple(_item(part.strip()) for part in text.split("+"))


def _item(text: str) -> RegimenItem:
    """A drug with its dose in words (``T-DXd 5.4 mg/kg q3w``), or with its standard or label dose."""
    found = _ITEM.match(text)
    if found is not None:
        entry = {"drug": load_drug(found["drug"]).inn, "dose": found["dose"], "schedule": found["schedule"]}
        return replace(regimen_item(entry, text), route="")
    drug = load_drug(text)
    try:
        return standard_regimen([text])[0]
    except InputError:
        label = _ITEM.match(f"{drug.inn} {drug.label.dose}")
        if label is None:
            raise InputError(
                f"the dose of {drug.inn} is not known here",
                hint=f"Write it: '{drug.inn} 20 mg/kg q2w', or name an arm of a trial (TRIAL/ARM).",
            ) from None
        entry = {"drug": drug.inn, "dose": label["dose"], "schedule": label["schedule"]}
        return replace(regimen_item(entry, text), route="")


def _record(choice: Choice) -> TrialRecord:
    """The trial that the first regimen names, or one made up for the population."""
    for text in choice.regimens:
        record, _ = arm_of_trial(text)
        if record is not None and not choice.disease and not choice.setting:
            return record if not choice.prior else _with_prior(record, choice.prior)
    return _own_record(choice.disease or "breast", choice.setting or "metastatic-2L", choice.prior)


def _own_record(disease: str, setting: str, prior: Sequence[str]) -> TrialRecord:
    if disease not in ("breast", "gastric"):
        raise InputError(f"no population of {disease!r}", where="--disease", hint="breast or gastric.")
    if setting not in SETTINGS:
        raise InputError(f"no setting {setting!r}", where="--setting", hint=did_you_mean(setting, SETTINGS))
    arm = {"name": "all", "n": 1, "regimen": list[object]()}
    content = {"id": "population", "disease": disease, "setting": setting, "arms": [arm]}
    record = replace(record_from_mapping(content, "population"), extra={"own": True})
    return _with_prior(record, prior) if prior else record


def _with_prior(record: TrialRecord, prior: Sequence[str]) -> TrialRecord:
    none = [text.strip().lower() for text in prior] == ["none"]
    lines = () if none else tuple(
        PriorTherapy(tuple(load_drug(name.strip()).inn for name in text.split("+"))) for text in prior
    )  # fmt: skip
    return replace(record, eligibility=replace(record.eligibility, prior=lines))


def _sorted_traits(traits: Mapping[str, float], plan: SamplingPlan) -> tuple[dict[str, float], dict[str, float]]:
    """Traits of the patient, and parameters of the model, after checking their ranges.

    Raises:
        InputError: an unknown name, or a value outside its range.
    """
    rules, quantities = column_rules(), load_parameters().quantities
    covariates: dict[str, float] = {}
    parameters: dict[str, float] = {}
    for given, amount in traits.items():
        name, value = given, amount
        if given == HER2:
            if amount <= 0.0:
                raise _out_of_range(given, amount, "a number of receptors above 0")
            name, value = "her2_log10_per_cell", math.log10(amount)
        if not math.isfinite(value):
            raise _out_of_range(given, amount, "a finite number")
        if name in plan.specification.names:
            rule = rules.get(name)
            if rule is not None and not rule.low <= value <= rule.high:
                span = f"{rule.low:g} to {rule.high:g} {rule.unit.replace('dimensionless', '')}".strip()
                raise _out_of_range(given, amount, span if given == name else f"10^{rule.low:g} to 10^{rule.high:g}")
            covariates[name] = value
        elif name in plan.traits:
            share = quantities[name].spread_distribution == "logitnormal"
            if not (0.0 <= value < 1.0 if share else value > 0.0):
                raise _out_of_range(given, amount, "0 to 1" if share else "a number above 0")
            covariates[name] = value
        elif name in quantities:
            quantity = quantities[name]
            if not quantity.low <= value <= quantity.high:
                raise _out_of_range(given, amount, f"{quantity.low:g} to {quantity.high:g}")
            parameters[name] = value
        else:
            known = [HER2, *plan.specification.names, *plan.traits, *quantities]
            raise InputError(
                f"a patient has no trait {given!r}",
                where="--set",
                hint=f"{did_you_mean(given, known)} `her2sim patient --traits` lists all.",
            )
    return covariates, parameters


def _out_of_range(name: str, value: float, expected: str) -> InputError:
    return InputError(f"{name} cannot be {value:g}", where="--set", hint=f"Expected {expected}.")


def _entry(choice: Choice, plan: TrialPlan, typical: Mapping[str, float], covariates: Mapping[str, float]) -> Entry:
    sampling = replace(sampling_plan(plan.record), overrides=dict(covariates))

    def sample(candidates: NDArray[np.int64]) -> Cohort:
        if choice.typical:
            drawn = _typical_patient(sampling, candidates, typical, choice.seed)
        else:
            drawn = draw_patients(sampling, seed=choice.seed, ids=candidates, typical=typical).patients
        return without_mechanisms(Cohort(drawn, choice.seed, typical), plan.removed.values)

    try:
        return enter(plan, np.array([choice.number], dtype=np.int64), typical, sample=sample)
    except SimulationError as error:
        tries = 1 if choice.typical else ATTEMPTS
        raise SimulationError(
            f"the patient does not progress on her earlier lines ({tries} tries), so she never comes to this line",
            why=error.why,
            hint="Give other earlier lines with --prior (or --prior none), or another --number.",
        ) from None


def _typical_patient(
    sampling: SamplingPlan, candidates: NDArray[np.int64], typical: Mapping[str, float], seed: int
) -> Patients:
    """The median of every covariate and trait, HER2-positive by the most common class."""
    known: dict[str, float] = {name: typical.get(name, q.value) for name, q in sampling.traits.items()}
    allowed = sampling.targets.shares.get("her2_class")
    if allowed is not None:
        known["her2_class"] = float(np.argmax(allowed))
    known |= sampling.overrides
    given = {name: np.full(len(candidates), value) for name, value in known.items()}
    scores = np.zeros((len(candidates), len(sampling.drawn)))
    return from_scores(sampling, scores, given, seed=seed, ids=candidates, typical=typical).patients
