"""A patient's course in words: what happened, and why, from what the model did to her clones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from her2sim.core.calendar import DAYS_PER_MONTH
from her2sim.model.lesions import CLONES, SLOTS
from her2sim.population.organs import PLACED, TARGETS, organ_column, organ_words
from her2sim.study.laboratory.told import biopsy_sentence, blood_sentence
from her2sim.study.limitations import unmodeled_actions
from her2sim.study.patient_course import LineCourse, PatientCourse

Floats = NDArray[np.float64]

CLONE_WORDS = {
    "sensitive": "sensitive cells",
    "her2low": "cells with little HER2",
    "bypass": "cells independent of HER2 signals",
    "tolerant": "cells that tolerate cytotoxics",
    "payload_resistant": "payload-resistant cells",
    "kinase_mutated": "kinase-mutated cells",
}
CAUSE_WORDS = {
    "receptor_signal": "loss of the HER2 signal",
    "adcc": "NK cells",
    "payload": "payload",
    "cytotoxic": "chemotherapy",
    "plasma_payload": "payload from plasma",
}
LEAST_RATE = 5e-5
"""Deaths per day below which a cause is not told."""
TRUE_GROWTH = 0.1
"""A progression of a lesion that has truly grown by less is told as one of the reader."""
WINDOW_DAYS = 21.0
"""Rates are told as means over the last three weeks of a line: a dosing interval."""


def clone_words(clone: str) -> str:
    """A clone in plain words."""
    return CLONE_WORDS.get(clone, clone.replace("_", " ") + " cells")


def cause_words(module: str) -> str:
    """What kills, in plain words."""
    return CAUSE_WORDS.get(module, module.replace("_", " "))


def course_lines(course: PatientCourse) -> list[str]:
    """The whole course: who she is, each line with its outcome and the reason, what was removed from the model."""
    lines = [course.patient.title, *_person(course)]
    lines += [f"Without {sentence}" for sentence in course.patient.plan.removed.sentences]
    notes = [*course.patient.plan.removed.remarks, *unmodeled_actions(course.patient.plan)]
    lines += [f"Note: {note}" for note in notes]
    return [*lines, "", *outcome_lines(course)]


def outcome_lines(course: PatientCourse) -> list[str]:
    """Each line with its outcome and the reason."""
    lines: list[str] = []
    for number, line in enumerate(course.lines, start=1):
        lines += ["", *line_sentences(line, number if len(course.patient.lines) > 1 else 0)]
    lines = lines[1:]
    skipped = course.patient.lines[len(course.lines) :]
    if skipped:
        reason = "she died" if course.lines[-1].ended_by == "death" else "the line before did not end"
        lines += ["", f"Not reached, since {reason}: {', '.join(title for title, _ in skipped)}."]
    return lines


def line_sentences(line: LineCourse, number: int = 0) -> list[str]:
    """What happened in one line, and why.

    Main arguments:
        number: of the line, told where it is above 0.
    """
    radiotherapy = "After radiotherapy of the brain. " if line.irradiated else ""
    found = [f"{f'Line {number}: ' if number else ''}{line.title}. {radiotherapy}{_outcome(line)}"]
    found.append(f"HER2 outside the brain: {line.her2.words(0)} at the start, {line.her2.words(-1)} at the end.")
    found += [biopsy_sentence(taken) for taken in line.laboratory.biopsies]
    found.append(blood_sentence(line.laboratory))
    if line.ended_by == "progression":
        found += _reasons(line)
    else:
        found.append(_state_of(line))
    return [sentence for sentence in found if sentence]


def headline(line: LineCourse) -> str:
    """The outcome and its cause in one sentence, for a figure."""
    if line.ended_by != "progression":
        return _outcome(line)
    place = _place(line)
    clone, share, before = _dominant(line, place.slots)
    who = clone_words(clone)[:1].upper() + clone_words(clone)[1:]
    return f"{_outcome(line)} {who} are {share:.0%} of the living tumor {place.words} ({before:.0%} before)."


@dataclass(frozen=True)
class _Place:
    """Where a progression was: words, the lesions there, the one whose rates are told, and its true size in mm."""

    words: str
    slots: tuple[str, ...]
    shown: str
    true_mm: Floats


def _place(line: LineCourse) -> _Place:
    why, series = (line.scans[-1].why if line.scans else ""), line.series
    if "target" in why:
        return _Place("in the target lesions", ("T1", "T2", "T3"), "T1", series["targets_mm"])
    if "other known" in why:
        return _Place("in other known disease", ("NT",), "NT", series["NT_mm"])
    if "outside the brain" in why:
        return _Place("in the new lesion", ("OC",), "OC", series["OC_mm"])
    if "brain" in why:
        hidden = "new lesion in the brain" in why and series["OB_mm"][0] > 0.0
        slot = "OB" if hidden else "CNS"
        return _Place("in the brain", (slot,), slot, series[f"{slot}_mm"])
    return _Place("outside the brain", ("T1", "T2", "T3", "NT", "OC"), "T1", series["targets_mm"])


def _person(course: PatientCourse) -> list[str]:
    columns = course.cohort.patients.columns
    value = {name: float(np.asarray(columns[name])[0]) for name in columns}
    lines = course.patient.plan.prior
    had = [
        " + ".join(line.drugs) for (line, _), given in zip(lines, course.patient.entry.prior[0], strict=True) if given
    ]
    mets = "brain metastases" if value.get("brain_metastases", 0) > 0.5 else "no known brain metastases"
    receptor = "hormone-receptor positive" if value.get("hr_positive", 0) > 0.5 else "hormone-receptor negative"
    mutated = "PIK3CA mutated" if value.get("pik3ca_mutated", 0) > 0.5 else "PIK3CA wild type"
    her2 = 10.0 ** value["her2_log10_per_cell"] if "her2_log10_per_cell" in value else float("nan")
    return [
        f"{value['age_years']:.0f} years, {value['weight_kg']:.0f} kg, {receptor}, {mutated}, {mets}; "
        f"{her2:,.0f} HER2 per cell in her antigen-high clones; target lesions {value['sld_mm']:.0f} mm in all"
        f"{lesion_places(value)}.",
        f"Earlier lines: {'; '.join(had) or 'none'}.",
    ]


def lesion_places(value: Mapping[str, float]) -> str:
    """Where her lesions lie, as the end of a sentence; empty where her table does not say.

    >>> lesion_places({"organ_T1": 1.0, "target_1_mm": 30.2, "organ_NT": 4.0})
    ' (liver 30 mm), other disease in bone'
    """
    words = {slot: str(organ_words(np.array(value.get(organ_column(slot), 0.0)))).lower() for slot in PLACED}
    targets = [
        f"{words[slot]} {value.get(f'target_{index}_mm', 0.0):.0f} mm"
        for index, slot in enumerate(TARGETS, start=1)
        if words[slot]
    ]
    found = f" ({', '.join(targets)})" if targets else ""
    return found + (f", other disease in {words['NT']}" if words["NT"] else "")


def _outcome(line: LineCourse) -> str:
    months = (line.end - line.start) / DAYS_PER_MONTH
    seen = [scan for scan in line.scans if scan.overall != "baseline" and np.isfinite(scan.change_pct)]
    words = {"CR": "Complete response", "PR": "Partial response", "SD": "Stable disease", "PD": "No response"}
    best = words.get(line.best, "No response that can be judged")
    if seen:
        best += f" ({min(scan.change_pct for scan in seen):+.0f} % at best)"
    last = line.scans[-1] if line.scans else None
    if line.ended_by == "progression" and last is not None:
        return f"{best}; progression after {months:.1f} months by {last.why}."
    if line.ended_by == "death":
        return f"{best}; death after {months:.1f} months."
    return f"{best}; no progression in {months:.1f} months."


def _reasons(line: LineCourse) -> list[str]:
    """Which clone progressed, what still killed it, and whether the lesion had truly grown."""
    place = _place(line)
    clone, share, before = _dominant(line, place.slots)
    window, start = line.days >= line.days[-1] - WINDOW_DAYS, line.days <= line.days[0] + WINDOW_DAYS
    net = line.net[place.shown, clone][window]
    pace = float(np.mean(net[np.isfinite(net)])) if np.isfinite(net).any() else 0.0
    found = [
        f"Living tumor {place.words}: {share:.0%} {clone_words(clone)} (before the line {before:.0%}); they "
        f"{'grow' if pace > 0 else 'shrink'} by {100 * abs(pace):.2f} % a day."
    ]
    kills: list[str] = []
    for cause, rate in line.deaths[place.shown, clone].items():
        now, first = float(np.mean(rate[window])), float(np.mean(rate[start]))
        most = float(np.mean(line.deaths[place.shown, "sensitive"][cause][start]))
        if max(now, first, most) > LEAST_RATE:
            others = "" if clone == "sensitive" else f"; sensitive cells {100 * most:.2f}"
            kills.append(f"{cause_words(cause)} {100 * now:.2f} % (at first {100 * first:.2f}{others})")
    if kills:
        found.append(f"What kills them, per day at the end: {'; '.join(kills)}.")
    last, least = float(place.true_mm[-1]), float(np.min(place.true_mm))
    if last < (1.0 + TRUE_GROWTH) * least and "new lesion" not in line.scans[-1].why:
        found.append(
            f"In truth {'they' if place.shown == 'T1' else 'it'} measured {last:.1f} mm then, after {least:.1f} mm at "
            "the smallest: the error of reading made the difference."
        )
    return found


def _state_of(line: LineCourse) -> str:
    clone, share, before = _dominant(line, ("T1", "T2", "T3", "NT", "OC"))
    return f"At the end {share:.0%} of the living tumor are {clone_words(clone)} (at the start {before:.0%})."


def _dominant(line: LineCourse, slots: Sequence[str]) -> tuple[str, float, float]:
    """The clone with the largest part of the living tumor of these lesions at the end, its share then and at first."""
    columns = [index for index, slot in enumerate(SLOTS) if slot.name in slots]
    volume = line.clone_mL[:, columns].sum(axis=1)
    total = np.maximum(volume.sum(axis=1), np.finfo(np.float64).tiny)
    best = int(np.argmax(volume[-1]))
    return CLONES[best], float(volume[-1, best] / total[-1]), float(volume[0, best] / total[0])


def table_lines(course: PatientCourse) -> Iterable[str]:
    """The scans as a small table."""
    yield f"{'day':>6}  {'months':>6}  {'sum, mm':>8}  {'change':>7}  response"
    for line in course.lines:
        for scan in line.scans:
            change = "" if scan.overall == "baseline" else f"{scan.change_pct:+.0f} %"
            words = f"{scan.overall}{': ' + scan.why if scan.why else ''}"
            yield f"{scan.day:6.0f}  {scan.day / DAYS_PER_MONTH:6.1f}  {scan.sum_mm:8.1f}  {change:>7}  {words}"
