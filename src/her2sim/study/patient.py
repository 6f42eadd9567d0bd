"""One virtual patient, from the question to the answer: the public face of ``her2sim patient``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from her2sim.core.calendar import DAYS_PER_MONTH
from her2sim.core.errors import InputError
from her2sim.study.cell_words import traits_from
from her2sim.study.laboratory.course import Wanted, wanted_biopsy
from her2sim.study.patient_choice import Choice, choose, trait_rows
from her2sim.study.patient_course import LineCourse, PatientCourse, Scan, patient_course
from her2sim.study.patient_files import figure_of, write_alternatives, write_patient
from her2sim.study.patient_words import course_lines, outcome_lines, table_lines

__all__ = [
    "DAYS_PER_MONTH", "Choice", "LineCourse", "PatientCourse", "Scan", "Wanted", "alternatives_of", "course_lines",
    "course_of", "figure_of", "outcome_lines", "table_lines", "trait_rows", "traits_from", "wanted_biopsy",
    "write_alternatives", "write_patient",
]  # fmt: skip


def course_of(choice: Choice, out: Path | None = None, biopsies: Sequence[Wanted] = ()) -> PatientCourse:
    """The course of the patient asked for.

    Other arguments:
        out: folder that will be written, checked before anything is simulated.
        biopsies: to take besides those at the start of the first line and at progression.

    Raises:
        InputError: see ``choose``; or ``out`` is a file.
        SimulationError: her course cannot be computed.

    >>> course = course_of(Choice(("trastuzumab",), number=3, prior=("none",), days=90.0))
    >>> course.lines[0].ended_by in ("progression", "death", "end of observation")
    True
    """
    if out is not None and out.exists() and not out.is_dir():
        raise InputError(f"{out} is not a folder", hint="Give a folder with --out.")
    return patient_course(choose(choice), choice.days, biopsies)


def alternatives_of(
    choice: Choice, others: Sequence[str], out: Path | None = None, biopsies: Sequence[Wanted] = ()
) -> list[PatientCourse]:
    """The same patient under the first regimen of ``choice`` and, instead of it, under each of ``others``.

    Main arguments:
        choice: with one regimen; a trial that it names is the one that she comes from, whatever the others name.

    Raises:
        InputError: see ``choose``; or several lines were given.
        SimulationError: a course cannot be computed.
    """
    if len(choice.regimens) != 1:
        raise InputError("alternatives are of one line", where="--instead", hint="Give one regimen before --instead.")
    if out is not None and out.exists() and not out.is_dir():
        raise InputError(f"{out} is not a folder", hint="Give a folder with --out.")
    first = choose(choice, others)
    both = (first, *(replace(first, lines=(line,)) for line in first.others))
    return [patient_course(one, choice.days, biopsies) for one in both]
