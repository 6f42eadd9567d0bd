"""The trial record: one schema for published trials, protocols and simulated trials.

A record without results is a protocol; running it gives the same record with results. All objects are frozen.
Text that the grammar of ``her2sim.record.grammar`` made structured keeps its original wording beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Disease = Literal["breast", "gastric", "other"]
SETTINGS = (
    "metastatic-1L",
    "metastatic-2L",
    "metastatic-3L+",
    "neoadjuvant",
    "adjuvant",
    "post-neoadjuvant",
    "brain-metastases",
)
NOT_REACHED = "NR"


@dataclass(frozen=True)
class Dose:
    """An amount in protocol words; resolved to mg for each patient and visit by ``her2sim.trial``.

    Main arguments:
        amount: the number, in ``unit``.
        unit: ``mg``, ``mg/kg``, ``mg/m2``, ``AUC`` (mg·min/mL, Calvert), ``ug``, ``cells``, ``cells/kg``, ``cells/m2``.
        per_day: administrations per dosing day (2 for ``bid``).
        cap_mg: largest single amount in mg, or None.
        text: the words that were parsed.
    """

    amount: float
    unit: str
    per_day: int = 1
    cap_mg: float | None = None
    text: str = ""


@dataclass(frozen=True)
class Schedule:
    """Dosing days within a repeating cycle: ``q3w`` is days (1,) of a 21-day cycle; ``daily`` is (1,) of 1.

    Main arguments:
        cycle_days: length of the cycle in days.
        days: dosing days within the cycle, the first day being 1.
        per_day: administrations per dosing day.
        text: the words that were parsed.
    """

    cycle_days: float
    days: tuple[int, ...] = (1,)
    per_day: int = 1
    text: str = ""


@dataclass(frozen=True)
class Until:
    """When a drug is stopped by protocol.

    ``kind`` is ``progression``, ``cycles``, ``days`` or ``surgery``; ``value`` counts cycles or days.
    """

    kind: Literal["progression", "cycles", "days", "surgery"]
    value: float | None = None
    text: str = ""


@dataclass(frozen=True)
class RegimenItem:
    """One drug of an arm.

    Main arguments:
        drug: name as the record gives it; names are resolved to drug files by ``her2sim.model``.
        dose, schedule: None where the source does not give them (shown, but not simulated).
        until: protocol stop; progression stops a drug in any case.

    Other arguments:
        route: ``iv``, ``po``, ``sc`` …; empty where the record is silent: the route of the drug's label.
        loading: first dose, where it differs.
        escalate_to: dose that it may be raised to; ``reductions``: steps down for toxicity, largest first.
        start_day: study day of the first dose, the first day being 0.
        share: fraction of patients who get this drug (alternatives within an arm).
        unparsed: key to words that the grammar does not know, kept as the source gives them.
        note: what a hand made of the source's words; ``text`` keeps those words.

    Administrations per dosing day stand in ``dose.per_day`` and ``schedule.per_day`` alike: the reader sets both to
    the same number, so use one of them, never their product.
    """

    drug: str
    dose: Dose | None
    schedule: Schedule | None
    until: Until
    route: str = "iv"
    loading: Dose | None = None
    escalate_to: Dose | None = None
    start_day: float = 0.0
    share: float = 1.0
    unparsed: Mapping[str, str] = field(default_factory=dict[str, str])
    note: str = ""
    reductions: tuple[Dose, ...] = ()
    text: str = ""


@dataclass(frozen=True)
class Result:
    """One figure of an arm, published or simulated.

    ``value`` is None where the source gives only an interval or a comparison; ``not_reached`` marks ``NR``.
    """

    endpoint: str
    value: float | None
    unit: str
    ci95: tuple[float | None, float | None] | None = None
    pi90: tuple[float | None, float | None] | None = None
    not_reached: bool = False
    assessor: str = ""
    confirmed: bool | None = None
    n_evaluated: int | None = None
    data_cut: str = ""
    note: str = ""
    source: str = ""
    read: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Contrast:
    """A comparison of two arms: a hazard ratio, odds ratio, difference or p value."""

    endpoint: str
    arm: str
    reference: str
    hr: float | None = None
    odds_ratio: float | None = None
    difference: float | None = None
    p_value: float | None = None
    ci95: tuple[float | None, float | None] | None = None
    pi90: tuple[float | None, float | None] | None = None
    assessor: str = ""
    data_cut: str = ""
    note: str = ""
    source: str = ""
    read: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Arm:
    """One arm: its regimen and, if known or simulated, its results."""

    name: str
    n: int | None
    regimen: tuple[RegimenItem, ...]
    results: tuple[Result, ...] = ()
    note: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class PriorTherapy:
    """An earlier line that a share of the patients has had; simulated as selection before the trial starts."""

    drugs: tuple[str, ...]
    share: float = 1.0
    setting: Literal["metastatic", "adjuvant"] = "metastatic"
    source: str = ""
    read: bool = False
    note: str = ""


@dataclass(frozen=True)
class Eligibility:
    """Structured eligibility; the free text stays in ``TrialRecord.population``."""

    her2: tuple[str, ...] = ("IHC3+", "IHC2+/ISH+")
    rebiopsy: bool = False
    prior: tuple[PriorTherapy, ...] = ()
    hormone_receptor: Literal["any", "positive", "negative"] = "any"
    brain_metastases: Literal["excluded", "stable", "active", "required"] = "stable"
    pdl1: str = "any"
    after_induction: str = ""
    residual_disease: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Assessment:
    """How and when tumors were read.

    ``scan_every_days`` holds (from_day, interval_days) steps: ((0, 42), (336, 84)) scans 6-weekly until week 48, then
    12-weekly. ``criteria``: RECIST 1.1 (1.0 is read as it), or those of the WHO in trials from before 2000.
    """

    scan_every_days: tuple[tuple[float, float], ...] = ((0.0, 42.0),)
    assessor: Literal["BICR", "INV"] = "INV"
    confirmed: bool = True
    follow_up_days: float = 1096.0
    brain_imaging: bool = False
    pcr_definition: str = ""
    note: str = ""
    criteria: Literal["RECIST 1.1", "WHO"] = "RECIST 1.1"


@dataclass(frozen=True)
class TrialRecord:
    """A trial: design, published or simulated figures, sources.

    Main arguments:
        id: common acronym, or the registry number.
        disease, setting: as in the contract.
        arms: at least one.

    Other arguments:
        status: ``completed``, ``ongoing``, ``terminated``, or ``withheld`` where results are kept back.
        defaults_taken: keys that the record left out and the documented default that was used instead.
        baseline: figures of the baseline table, by the names of the evidence format (``n``, ``hr_positive_pct``, …).
        sources: source key to its citation, address and read flag.
        origin: file (and files merged) that the record came from.
        kind: ``trial``; ``cohort`` (a stratum of a trial that ``extra["part_of"]`` names); ``collection`` (pooled,
            observational or biomarker figures: not a trial, arms may be missing).
    """

    id: str
    disease: Disease
    setting: str
    arms: tuple[Arm, ...]
    nct: str = ""
    phase: str = ""
    status: str = ""
    population: str = ""
    eligibility: Eligibility = field(default_factory=Eligibility)
    baseline: Mapping[str, Any] = field(default_factory=dict[str, Any])
    assessment: Assessment = field(default_factory=Assessment)
    contrasts: tuple[Contrast, ...] = ()
    subgroups: tuple[Mapping[str, Any], ...] = ()
    sources: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    notes: str = ""
    defaults_taken: tuple[str, ...] = ()
    origin: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])
    kind: Literal["trial", "cohort", "collection"] = "trial"
