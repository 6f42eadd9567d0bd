"""What a run will simulate: the record turned into regimens, calendars and earlier lines. Frozen, sent to workers."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from her2sim.core.errors import InputError
from her2sim.core.paths import data_dir
from her2sim.model.drug_file import is_placebo, load_drug
from her2sim.model.parameters import load_parameters
from her2sim.record.types import Arm, PriorTherapy, RegimenItem, TrialRecord
from her2sim.study.knock_outs import NOTHING, Removal, removal
from her2sim.trial.calendar import planned_scans
from her2sim.trial.policy import Policy, disease_of, make_policy
from her2sim.trial.treatment import RTOL
from her2sim.trial.withdrawal import longest_follow_up_days

ASSESSORS = ("INV", "BICR")
MOST_PATIENTS = 1_000_000
Place = Callable[..., str]
"""Keys of the record, such as ``"arms", 0, "n"`` -> where they stand, for messages."""


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
        earlier: how earlier lines are simulated, ``data/regimens/earlier_lines.yaml``.
        policy: therapy after progression.
        seed: seed of the study.
        overrides: values of population-level parameters that replace those of the data files.
        after_progression: whether patients are followed through the next lines; a fit to response and PFS needs not.
        removed: the mechanisms that every line of therapy goes without.
        rtol: relative tolerance of a step of the solver; a fit needs less than a run.
        laboratory: whether blood and biopsies are looked at (``her2sim.study.laboratory``); changes nobody's course.
    """

    record: TrialRecord
    arms: tuple[ArmPlan, ...]
    planned: NDArray[np.float64]
    prior: tuple[tuple[PriorTherapy, tuple[RegimenItem, ...]], ...]
    earlier: Mapping[str, Any]
    policy: Policy
    seed: int
    overrides: Mapping[str, float]
    after_progression: bool = True
    removed: Removal = NOTHING
    rtol: float = RTOL
    laboratory: bool = False

    @property
    def without(self) -> tuple[str, ...]:
        """Names of the mechanisms removed, sorted."""
        return self.removed.names

    @property
    def patients(self) -> int:
        """Patients of one replicate: those of the largest arm, since arms share patients."""
        return max(arm.n for arm in self.arms)


def make_plan(
    record: TrialRecord,
    *,
    patients: int | None,
    seed: int,
    overrides: Mapping[str, float] | None = None,
    place: Place | None = None,
    without: Sequence[str] = (),
    laboratory: bool = False,
) -> TrialPlan:
    """Turn a record into a plan, refusing what cannot be simulated before anything is written.

    Main arguments:
        record: the trial.
        patients: per arm; None for the record's own numbers.
        seed: seed of the study.

    Other arguments:
        overrides: values of population-level parameters that replace those of the data files.
        place: tells where a key of the record stands; without it, messages name the record's id and the key.
        without: mechanisms to remove, by the names of ``her2sim model --mechanisms``.
        laboratory: whether to look at blood and biopsies.

    Raises:
        InputError: the setting cannot be simulated yet, a drug is unknown or has no dose and schedule, the number
            of patients is absurd, or a mechanism does not exist.
    """
    place = place or partial(place_in_record, record)
    if record.disease not in ("breast", "gastric") or not record.setting.startswith("metastatic"):
        raise InputError(
            f"{record.disease} cancer, setting {record.setting}, cannot be simulated yet.",
            where=place("setting"),
            hint="Simulated today: breast and gastric cancer in the settings metastatic-1L, -2L and -3L+.",
        )
    if patients is not None and not 1 <= patients <= MOST_PATIENTS:
        raise InputError(
            f"--patients {patients} is outside 1 to {MOST_PATIENTS}.", hint="Typical trials have 50 to 500 per arm."
        )
    arms = tuple(_arm(arm, patients, partial(place, "arms", index)) for index, arm in enumerate(record.arms))
    prior = _prior(record, place)
    policy = make_policy(
        _file("next_lines"), disease_of(record), standard_regimen, enrolled=record.extra.get("enrolled")
    )
    other_lines = [*(regimen for _, regimen in prior), *(line.regimen for line in policy.lines), ()]
    return TrialPlan(
        record=record,
        arms=arms,
        planned=_planned(record),
        prior=prior,
        earlier=_file("earlier_lines"),
        policy=policy,
        seed=seed,
        overrides=dict(overrides or {}),
        removed=removal(without, record.disease, [arm.regimen for arm in arms], other_lines),
        laboratory=laboratory,
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
                f"{name} has no standard dose, so an earlier line with it cannot be simulated yet.",
                hint=f"Drugs with one (data/regimens/standard.yaml): {', '.join(content['items'])}.",
            )
        entry = {k: v for k, v in content["items"][known].items() if k not in ("source", "read")}
        items.append(regimen_item({"drug": known} | entry, f"data/regimens/standard.yaml: {known}"))
    return tuple(items)


def place_in_record(record: TrialRecord, *keys: str | int) -> str:
    """Where a key stands in a record that is no file of the user's.

    >>> from her2sim.evidence.base import load_record
    >>> place_in_record(load_record("EMILIA"), "arms", 0, "n")
    'EMILIA: arms[0].n'
    """
    name = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).lstrip(".")
    return f"{record.id}: {name}" if name else record.id


def _planned(record: TrialRecord) -> NDArray[np.float64]:
    """Planned scans up to the latest cut-off of any replicate, whatever spread of the follow-up it draws."""
    widest = load_parameters()["follow_up_spread"].high
    latest = longest_follow_up_days(record.assessment.follow_up_days, {"follow_up_spread": widest})
    return planned_scans(record.assessment.scan_every_days, latest)


def _prior(record: TrialRecord, place: Place) -> tuple[tuple[PriorTherapy, tuple[RegimenItem, ...]], ...]:
    with _placed(partial(place, "eligibility", "prior")):
        return tuple((line, standard_regimen(line.drugs)) for line in record.eligibility.prior)


@contextmanager
def _placed(where: Callable[[], str]) -> Generator[None]:
    """Errors of a drug name get the place where the name stands."""
    try:
        yield
    except InputError as error:
        if error.where:
            raise
        raise InputError(error.what, where=where(), why=error.why, hint=error.hint) from None


def _arm(arm: Arm, patients: int | None, place: Place) -> ArmPlan:
    n = patients if patients is not None else arm.n
    if n is None:
        raise InputError(f"arm {arm.name} says no number of patients.", where=place(), hint="Give --patients N.")
    drugs: set[str] = set()
    for index, item in enumerate(arm.regimen):
        if is_placebo(item.drug):
            continue
        with _placed(partial(place, "regimen", index, "drug")):
            drugs.add(load_drug(item.drug).id)
        if item.dose is None or item.schedule is None:
            raise InputError(
                f"arm {arm.name}: {item.drug} has no dose and schedule that can be simulated.",
                where=place("regimen", index),
                hint="Write dose (for example 6 mg/kg) and schedule (for example q3w).",
            )
        _check_route(item, arm, place, index)
        if item.until.kind == "surgery":
            raise InputError(
                f"arm {arm.name}: {item.drug} is given until surgery, which metastatic settings do not simulate.",
                where=place("regimen", index, "until"),
                hint="Write until: progression, or a number of cycles.",
            )
    return ArmPlan(arm.name, n, arm.regimen, tuple(sorted(drugs)))


def _check_route(item: RegimenItem, arm: Arm, place: Place, index: int) -> None:
    """A route without published pharmacokinetics would be simulated as another one in silence."""
    drug = load_drug(item.drug)
    if item.route and item.route not in drug.pk_by_route:
        raise InputError(
            f"arm {arm.name}: the pharmacokinetics of {drug.inn} by route {item.route} are not known.",
            where=place("regimen", index, "route"),
            hint=f"Known for {drug.inn}: {', '.join(drug.pk_by_route)}.",
        )
    routes = {drug.pk_for(other.route).route for other in arm.regimen if _same_drug(other, drug.id)}
    if len(routes) > 1:
        raise InputError(
            f"arm {arm.name}: {drug.inn} by two routes ({', '.join(sorted(routes))}) cannot be simulated yet.",
            where=place("regimen", index, "route"),
            hint="Choose one route for the whole arm.",
        )


def _same_drug(item: RegimenItem, drug_id: str) -> bool:
    return not is_placebo(item.drug) and load_drug(item.drug).id == drug_id


@cache
def _file(name: str) -> dict[str, Any]:
    import yaml

    return yaml.safe_load((data_dir("regimens") / f"{name}.yaml").read_text())
