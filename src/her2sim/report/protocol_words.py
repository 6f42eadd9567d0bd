"""A protocol in plain words: who, what, how often, judged how."""

from __future__ import annotations

from her2sim.core.calendar import DAYS_PER_WEEK, months
from her2sim.record.types import Arm, Assessment, Dose, RegimenItem, TrialRecord
from her2sim.report.words import spaced

DISEASES = {"breast": "breast cancer", "gastric": "gastric cancer", "other": "cancer"}
SETTINGS = {
    "metastatic-1L": "metastatic, first line",
    "metastatic-2L": "metastatic, second line",
    "metastatic-3L+": "metastatic, third line or later",
    "neoadjuvant": "before surgery",
    "adjuvant": "after surgery",
    "post-neoadjuvant": "after surgery that followed earlier treatment",
    "brain-metastases": "brain metastases",
}
ASSESSORS = {"BICR": "an independent central review", "INV": "the investigators"}
NO_BREAK = "\N{NO-BREAK SPACE}"


def question(record: TrialRecord) -> str:
    """The question that the trial asks, in one sentence."""
    disease = f"HER2-positive {DISEASES[record.disease]} ({SETTINGS.get(record.setting, record.setting)})"
    names = [spaced(arm.name) for arm in record.arms]
    if len(names) == 1:
        return f"In {disease}: what would {names[0]} achieve?"
    return f"In {disease}: how would {names[0]} fare against {' and '.join(names[1:])}?"


def population_lines(record: TrialRecord) -> list[str]:
    """Who is enrolled."""
    e = record.eligibility
    lines = [f"HER2-positive {DISEASES[record.disease]}, {SETTINGS.get(record.setting, record.setting)}"]
    lines.append(f"HER2: {' or '.join(e.her2)}{', tested again after earlier therapy' if e.rebiopsy else ''}")
    lines.append(f"Hormone receptor: {e.hormone_receptor}; brain metastases: {e.brain_metastases}")
    if e.pdl1 != "any":
        lines.append(f"PD-L1: {e.pdl1}")
    if e.prior:
        lines.append("Earlier therapy: " + "; ".join(_prior(p.drugs, p.share) for p in e.prior))
    if e.after_induction:
        lines.append(f"Without progression after induction with {e.after_induction}")
    return lines


def assessment_lines(assessment: Assessment) -> list[str]:
    """How it is judged."""
    confirmed = "responses confirmed by a second scan" if assessment.confirmed else "responses not confirmed"
    lines = [
        f"Scans {scan_words(assessment)}, read by {ASSESSORS[assessment.assessor]}; {assessment.criteria}, {confirmed}",
        f"Follow-up {months(assessment.follow_up_days):.0f} months",
    ]
    if assessment.brain_imaging:
        lines.append("Brain scanned at each visit")
    if assessment.pcr_definition:
        lines.append(f"Pathological complete response: {assessment.pcr_definition}")
    return lines


def scan_words(assessment: Assessment) -> str:
    """The scan calendar in words.

    >>> scan_words(Assessment(scan_every_days=((0.0, 42.0), (336.0, 84.0))))
    'every 6 weeks, from week 48 every 12 weeks'
    """
    steps = [
        (f"from week {start / DAYS_PER_WEEK:.0f} " if start > 0 else "") + f"every {_weeks(every)}"
        for start, every in assessment.scan_every_days
    ]
    return ", ".join(steps)


def drug_lines(arm: Arm) -> tuple[str, ...]:
    """One line per drug of an arm."""
    return tuple(drug_words(item) for item in arm.regimen)


def drug_words(item: RegimenItem) -> str:
    """A drug with dose, route, schedule and stop."""
    dose = _dose(item.dose)
    if item.loading is not None:
        dose += f" (first {_dose(item.loading)})"
    parts = [item.drug.replace("_", " "), dose, item.route]
    if item.schedule is not None:
        parts.append(
            item.schedule.text or f"days {', '.join(map(str, item.schedule.days))} of {item.schedule.cycle_days:g}"
        )
    if item.until.kind == "progression":
        parts.append("until progression")
    elif item.until.text:
        parts.append(f"for {item.until.text}" if item.until.text[:1].isdigit() else f"until {item.until.text}")
    elif item.until.value is not None:
        parts.append(f"for {item.until.value:g} {item.until.kind}")
    if item.start_day > 0:
        parts.append(f"from day {item.start_day:g}")
    if item.share < 1:
        parts.append(f"({100 * item.share:.0f}% of patients)")
    return " ".join(part for part in parts if part)


def _dose(dose: Dose | None) -> str:
    if dose is None:
        return ""
    return (dose.text or f"{dose.amount:g} {dose.unit}").replace(" ", NO_BREAK)


def _prior(drugs: tuple[str, ...], share: float) -> str:
    names = " + ".join(drug.replace("_", " ") for drug in drugs)
    return names if share >= 1 else f"{names} ({100 * share:.0f}%)"


def _weeks(days: float) -> str:
    weeks = days / DAYS_PER_WEEK
    if abs(weeks - round(weeks)) < 1e-6:
        return "week" if round(weeks) == 1 else f"{weeks:.0f} weeks"
    return f"{days:g} days"
