"""From protocol words to a dose table: which patient gets how many milligrams, when, over how long, into which state.

Everything is arrays over patients: a dose is an amount per patient times a list of times, so that 1,000 patients with
three years of tablets take well under a second.

``oral_as_daily_rate``: tablets taken on consecutive days can be given to the solver as one constant inflow per
treatment interval (days 1-14 of a 21-day cycle: one 14-day inflow into the depot; daily without pause: one inflow).
The mean concentration is unchanged; the swing within a day, which tumors do not resolve, is lost. Without it every
tablet is a dose, which pharmacokinetic checks use.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from her2sim.core.errors import InputError, did_you_mean
from her2sim.core.random import uniforms
from her2sim.engine.interface import DoseTable
from her2sim.model.drug import Drug
from her2sim.model.drug_file import is_placebo, load_drug
from her2sim.model.pharmacokinetics import dose_state
from her2sim.population.exposure import derived_covariates
from her2sim.record.types import Dose, RegimenItem, Schedule

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_OVER = re.compile(r"over\s+(\d+(?:\.\d+)?)\s*(min|h|hours?|days?)\b", re.IGNORECASE)
_DAYS = {"m": 1.0 / 1440.0, "h": 1.0 / 24.0, "d": 1.0}
_WHOLE = 0.999


@dataclass(frozen=True)
class Course:
    """When one drug is given, the same for all patients: one entry per administration, ascending.

    Main arguments:
        time: (k,) days from the start of the trial.
        number: (k,) administration day, counted from 0 (all doses of a day share it).
        cycle: (k,) cycle, counted from 0.
    """

    time: Floats
    number: Ints
    cycle: Ints


def course_of(item: RegimenItem, horizon_days: float) -> Course:
    """The administrations of a regimen item before the horizon and before its protocol end.

    Raises:
        InputError: the item has no schedule, or a schedule without length or with a day outside its cycle.

    >>> from her2sim.record.types import Until
    >>> item = RegimenItem("x", Dose(1, "mg"), Schedule(21, (1, 8)), Until("cycles", 2))
    >>> course_of(item, 365).time.tolist()
    [0.0, 7.0, 21.0, 28.0]
    """
    schedule = item.schedule
    if schedule is None:
        raise InputError(f"{item.drug}: the regimen says no schedule", hint="For example schedule: q3w.")
    _check_schedule(item, schedule)
    end = max(horizon_days - item.start_day, 0.0)
    if item.until.kind == "days" and item.until.value is not None:
        end = min(end, item.until.value)
    cycles = int(np.ceil(end / schedule.cycle_days))
    if item.until.kind == "cycles" and item.until.value is not None:
        cycles = min(cycles, int(np.ceil(item.until.value)))
    per_day = doses_per_day(item)
    cycle, day, part = np.meshgrid(
        np.arange(cycles), np.array(sorted(schedule.days)), np.arange(per_day), indexing="ij"
    )
    time = (cycle * schedule.cycle_days + (day - 1) + part / per_day).ravel()
    number = np.repeat(np.arange(cycles * len(schedule.days)), per_day)
    keep = time < end
    return Course(item.start_day + time[keep], number[keep], cycle.ravel()[keep])


def doses_per_day(item: RegimenItem) -> int:
    """Administrations per dosing day: ``bid`` may stand with the dose or with the schedule, and counts once."""
    of_dose = item.dose.per_day if item.dose is not None else 1
    of_schedule = item.schedule.per_day if item.schedule is not None else 1
    return max(of_dose, of_schedule, 1)


def amount_mg(dose: Dose, drug: Drug, covariates: Mapping[str, Floats], n: int) -> Floats:
    """One administration in mg for each patient, shape (n,).

    mg/kg takes the weight, mg/m2 the body surface area (Mosteller), AUC the Calvert formula
    AUC x (creatinine clearance + non-renal clearance) with the constants of the drug's label.

    Main arguments:
        dose: amount and unit (mg, ug, mg/kg, mg/m2, AUC) and, if any, its cap.
        covariates: columns ``weight_kg``, ``height_cm`` (or ``bsa_m2``), ``creatinine_clearance_mL_per_min``.
        n: number of patients.

    Raises:
        InputError: an unknown unit, or a covariate that the unit needs is not given.
    """
    known = derived_covariates(covariates)

    def column(name: str) -> Floats:
        if name not in known:
            raise InputError(
                f"{drug.inn}: a dose in {dose.unit} needs {name}", where="patients", hint="Give this column."
            )
        return known[name]

    if dose.unit in ("mg", "ug"):
        amount = np.full(n, dose.amount * (1.0 if dose.unit == "mg" else 1e-3))
    elif dose.unit == "mg/kg":
        amount = dose.amount * column("weight_kg")
    elif dose.unit == "mg/m2":
        amount = dose.amount * column("bsa_m2")
    elif dose.unit == "AUC":
        label = drug.label.values
        if "calvert_nonrenal_mL_per_min" not in label:
            raise InputError(f"{drug.inn} is not dosed by AUC", hint="Give mg/m2 or mg/kg.")
        renal = np.minimum(column("creatinine_clearance_mL_per_min"), label["calvert_gfr_cap_mL_per_min"].value)
        amount = dose.amount * (renal + label["calvert_nonrenal_mL_per_min"].value)
    else:
        units = ("mg", "ug", "mg/kg", "mg/m2", "AUC")
        raise InputError(f"{drug.inn}: no amount in mg from unit {dose.unit!r}", hint=did_you_mean(dose.unit, units))
    return amount if dose.cap_mg is None else np.minimum(amount, dose.cap_mg)


def infusion_days(item: RegimenItem, drug: Drug) -> float:
    """Length of one infusion: the words "over 46 h" or "bolus" of the record, else the label's.

    >>> from her2sim.model.drug_file import load_drug
    >>> from her2sim.record.types import Until
    >>> dose = Dose(2400, "mg/m2", text="2400 mg/m2 over 46 h")
    >>> round(infusion_days(RegimenItem("5-FU", dose, None, Until("progression")), load_drug("5-FU")) * 24, 6)
    46.0
    """
    if drug.pk_for(item.route).depot_routes:
        return 0.0
    words = " ".join([item.dose.text if item.dose else "", item.schedule.text if item.schedule else "", item.note])
    found = _OVER.search(words)
    if found:
        return float(found[1]) * _DAYS[found[2][0].lower()]
    return 0.0 if re.search(r"\bbolus\b", words, re.IGNORECASE) else drug.pk_for(item.route).infusion_days


def share_slots(regimen: Sequence[RegimenItem]) -> tuple[tuple[int, float, float], ...]:
    """Which part of a uniform draw gives each item: (group, from, to); group -1 for items that all patients get.

    Items with a share below 1 are alternatives. They fill the interval 0 to 1 in their order; when it is full, the
    next item opens a new group with a draw of its own. Entries of one drug with one share (a bolus and an infusion)
    are given together.

    >>> from her2sim.record.types import Until
    >>> def item(drug, share): return RegimenItem(drug, None, None, Until("progression"), share=share)
    >>> share_slots([item("cisplatin", 1.0), item("capecitabine", 0.87), item("fluorouracil", 0.13)])
    ((-1, 0.0, 1.0), (0, 0.0, 0.87), (0, 0.87, 1.0))
    """
    slots: list[tuple[int, float, float]] = []
    seen: dict[tuple[str, float], tuple[int, float, float]] = {}
    group, filled = 0, 0.0
    for item in regimen:
        key = (item.drug.lower(), item.share)
        if item.share >= 1.0:
            slots.append((-1, 0.0, 1.0))
            continue
        if key not in seen:
            if filled + item.share > 2.0 - _WHOLE:
                group, filled = group + 1, 0.0
            seen[key] = (group, filled, 1.0 if filled + item.share >= _WHOLE else filled + item.share)
            filled += item.share
        slots.append(seen[key])
    return tuple(slots)


def dose_rows(
    item: RegimenItem,
    drug: Drug,
    covariates: Mapping[str, Floats],
    pk: Mapping[str, Floats],
    target: int,
    horizon_days: float,
    *,
    takes: NDArray[np.bool_],
    escalates: NDArray[np.bool_],
    stop_days: Floats | None = None,
    oral_as_daily_rate: bool = False,
) -> DoseTable:
    """The doses of one regimen item for all patients.

    The loading dose replaces the first administration; ``escalate_to`` replaces the dose from the second cycle on.
    An inflow that is running at ``stop_days`` ends there with its share of the amount.

    Main arguments:
        item, drug: the regimen item and its drug.
        covariates: name -> (n,) for doses by weight, surface or kidney function.
        pk: name -> (n,); ``F_<drug>`` multiplies the dose, ``tlag_<drug>_day`` delays it (1 and 0 where missing).
        target: index of the state that takes the dose.
        horizon_days: end of the simulation.

    Other arguments:
        takes: (n,) whether the patient gets this item at all.
        escalates: (n,) whether an allowed escalation is made.
        stop_days: (n,) no administration at or after this day (progression, toxicity), or None.
        oral_as_daily_rate: see the module's text; acts on depot routes only.
    """
    n = len(takes)
    if item.dose is None:
        raise InputError(f"{item.drug}: the regimen says no dose", hint="For example dose: 6 mg/kg.")
    patients = np.flatnonzero(takes).astype(np.int64)
    course = course_of(item, horizon_days)
    if patients.size == 0 or course.time.size == 0:
        return DoseTable.empty()
    per_day = doses_per_day(item)
    scale = pk.get(f"F_{drug.id}", np.ones(n))
    usual = amount_mg(item.dose, drug, covariates, n) * scale
    raised = usual if item.escalate_to is None else amount_mg(item.escalate_to, drug, covariates, n) * scale
    later = np.where(escalates, raised, usual)
    first = usual if item.loading is None else amount_mg(item.loading, drug, covariates, n) * scale
    # which of the three amounts an administration has: 0 loading, 1 usual, 2 escalated
    is_loading = (course.number == 0) & (item.loading is not None)
    kind = np.where(is_loading, 0, np.where((course.cycle > 0) & (item.escalate_to is not None), 2, 1))
    amounts = np.stack([first, usual, later])
    time, kind, count, length = course.time, kind, np.ones(len(kind)), np.full(len(kind), infusion_days(item, drug))
    if oral_as_daily_rate and drug.pk_for(item.route).depot_routes:
        time, kind, count, length = _intervals(time, kind, per_day)
    amount = (amounts[kind][:, patients] * count[:, None]).T
    starts = time[None, :] + np.zeros((patients.size, 1))
    lengths = np.broadcast_to(length, starts.shape).copy()
    if stop_days is not None:
        left = stop_days[patients][:, None] - starts
        with np.errstate(invalid="ignore", divide="ignore"):
            part = np.where(lengths > 0.0, np.clip(left / lengths, 0.0, 1.0), left > 0.0)
        amount, lengths = amount * part, np.minimum(lengths, np.maximum(left, 0.0))
    starts = starts + pk.get(f"tlag_{drug.id}_day", np.zeros(n))[patients][:, None]
    keep = (amount > 0.0).ravel()
    who = np.repeat(patients, time.size)[keep]
    return DoseTable(
        patient=who,
        time=starts.ravel()[keep],
        target=np.full(who.size, target, dtype=np.int64),
        amount=amount.ravel()[keep],
        duration=lengths.ravel()[keep],
    )


def regimen_doses(
    regimen: Sequence[RegimenItem],
    drugs: Mapping[str, Drug],
    covariates: Mapping[str, Floats],
    pk: Mapping[str, Floats],
    state_names: Sequence[str],
    horizon_days: float,
    *,
    seed: int,
    patients: Ints,
    stop_days: Floats | None = None,
    oral_as_daily_rate: bool = False,
) -> DoseTable:
    """The dose table of a whole regimen for all patients.

    Main arguments:
        regimen: items of an arm; the drug of each must be a key of ``drugs``.
        drugs: the words of the record -> drug.
        covariates: name -> (n,), as in ``individual_pk``.
        pk: name -> (n,), the individual parameters of all drugs together.
        state_names: states of the model, in the order of the engine.
        horizon_days: end of the simulation.

    Other arguments:
        seed, patients: seed of the study and (n,) patient numbers, for who gets which alternative and whose dose is
            escalated: draws "share/<group>" and "escalation/<drug>", alike in every arm.
        stop_days: (n,) no administration at or after this day, or None.
        oral_as_daily_rate: tablets as constant inflow per treatment interval (module text).

    Raises:
        InputError: a drug is not in ``drugs``, the model has no state for it, or a dose cannot be turned to mg.
    """
    tables: list[DoseTable] = []
    states = {name: index for index, name in enumerate(state_names)}
    for item, (group, low, high) in zip(regimen, share_slots(regimen), strict=True):
        if item.drug not in drugs:
            raise InputError(f"no drug given for {item.drug!r}", hint=did_you_mean(item.drug, drugs))
        drug = drugs[item.drug]
        target = dose_state(drug, item.route)
        if target not in states:
            raise InputError(f"the model has no state {target}", why=f"{drug.inn} cannot be dosed by {item.route}.")
        takes = _takes(group, low, high, seed, patients)
        escalates = _escalates(item, drug, seed, patients)
        tables.append(
            dose_rows(
                item,
                drug,
                covariates,
                pk,
                states[target],
                horizon_days,
                takes=takes,
                escalates=escalates,
                stop_days=stop_days,
                oral_as_daily_rate=oral_as_daily_rate,
            )
        )
    return joined(tables)


def drugs_given(regimen: Sequence[RegimenItem], seed: int, patients: Ints) -> list[frozenset[str]]:
    """Drug ids that each patient gets of a regimen with alternatives, by the draws that also make her doses.

    Main arguments:
        regimen: items of an arm.
        seed, patients: seed of the study and (n,) patient numbers.
    """
    given: list[set[str]] = [set() for _ in patients]
    for item, (group, low, high) in zip(regimen, share_slots(regimen), strict=True):
        if is_placebo(item.drug):
            continue
        for row in np.flatnonzero(_takes(group, low, high, seed, patients)):
            given[row].add(load_drug(item.drug).id)
    return [frozenset(drugs) for drugs in given]


def _takes(group: int, low: float, high: float, seed: int, patients: Ints) -> NDArray[np.bool_]:
    """Who gets an item of ``share_slots``, (n,)."""
    if group < 0:
        return np.ones(len(patients), dtype=np.bool_)
    draw = uniforms(seed, patients, f"share/{group}", 1)[:, 0]
    return (draw >= low) & (draw < high)


def joined(tables: Sequence[DoseTable]) -> DoseTable:
    """Several dose tables as one."""
    if not tables:
        return DoseTable.empty()
    return DoseTable(
        patient=np.concatenate([t.patient for t in tables]),
        time=np.concatenate([t.time for t in tables]),
        target=np.concatenate([t.target for t in tables]),
        amount=np.concatenate([t.amount for t in tables]),
        duration=np.concatenate([t.duration for t in tables]),
    )


def _check_schedule(item: RegimenItem, schedule: Schedule) -> None:
    outside = [day for day in schedule.days if not 1 <= day < schedule.cycle_days + 1]
    if schedule.cycle_days <= 0 or not schedule.days or outside:
        raise InputError(
            f"{item.drug}: days {list(schedule.days)} do not fit a cycle of {schedule.cycle_days:g} days",
            where=schedule.text,
            hint="Days count from 1 to the length of the cycle.",
        )


def _escalates(item: RegimenItem, drug: Drug, seed: int, patients: Ints) -> NDArray[np.bool_]:
    share = drug.label.values.get("escalated_share")
    if item.escalate_to is None or share is None:
        return np.ones(len(patients), dtype=np.bool_)
    return uniforms(seed, patients, f"escalation/{drug.id}", 1)[:, 0] < share.value


def _intervals(time: Floats, kind: Ints, per_day: int) -> tuple[Floats, Ints, Floats, Floats]:
    """Runs of administrations at most a day apart, with one amount each: (start, kind, doses, length in days)."""
    step = 1.0 / per_day
    breaks = np.flatnonzero((np.diff(time) > 1.0 + 1e-9) | (np.diff(kind) != 0)) + 1
    begin = np.concatenate([[0], breaks]).astype(np.int64)
    end = np.concatenate([breaks, [len(time)]]).astype(np.int64)
    count = (end - begin).astype(np.float64)
    return time[begin], kind[begin], count, time[end - 1] - time[begin] + step
