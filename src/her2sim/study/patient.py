"""One virtual patient, from the question to the answer: the public face of ``her2sim patient``."""

from __future__ import annotations

from pathlib import Path

from her2sim.core.calendar import DAYS_PER_MONTH
from her2sim.core.errors import InputError
from her2sim.study.cell_words import traits_from
from her2sim.study.patient_choice import Choice, choose, trait_rows
from her2sim.study.patient_course import LineCourse, PatientCourse, Scan, patient_course
from her2sim.study.patient_files import figure_of, write_patient
from her2sim.study.patient_words import course_lines, table_lines

__all__ = [
    "DAYS_PER_MONTH", "Choice", "LineCourse", "PatientCourse", "Scan", "course_lines", "course_of", "figure_of",
    "table_lines", "trait_rows", "traits_from", "write_patient",
]  # fmt: skip


def course_of(choice: Choice, out: Path | None = None) -> PatientCourse:
    """The course of the patient asked for.

    Other arguments:
        out: folder that will be written, checked before anything is simulated.

    Raises:
        InputError: see ``choose``; or ``out`` is a file.
        SimulationError: her course cannot be computed.

    >>> course = course_of(Choice(("trastuzumab",), number=3, prior=("none",), days=90.0))
    >>> course.lines[0].ended_by in ("progression", "death", "end of observation")
    True
    """
    if out is not None and out.exists() and not out.is_dir():
        raise InputError(f"{out} is not a folder", hint="Give a folder with --out.")
    return patient_course(choose(choice), choice.days)
