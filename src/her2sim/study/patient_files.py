"""What ``her2sim patient`` writes: a figure, tables of days, scans, blood and biopsies, and the explanation as text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from her2sim.core.durable import write_text
from her2sim.core.errors import InputError
from her2sim.model.drug_file import load_drug
from her2sim.model.lesions import CLONES, SLOTS
from her2sim.model.modules.soluble_her2 import SOLUBLE_HER2
from her2sim.plots.alternatives import Alternative, alternatives_figure
from her2sim.plots.patient import LinePanel, PatientFigure, ScanPoint, Tube, patient_figure
from her2sim.study.her2_reading import CLASSES, edges_per_cell
from her2sim.study.laboratory.plasma import COPIES
from her2sim.study.laboratory.told import biopsies_csv, blood_csv
from her2sim.study.patient_course import LineCourse, PatientCourse
from her2sim.study.patient_words import clone_words, course_lines, headline

FIGURE = "patient"


def write_patient(course: PatientCourse, out: Path) -> list[Path]:
    """Write the course into folder ``out``; returns the paths.

    Raises:
        InputError: ``out`` is a file.
    """
    from her2sim.plots.saving import save_figure

    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is not a folder", hint="Give a folder with --out.")
    out.mkdir(parents=True, exist_ok=True)
    svg, png = save_figure(patient_figure(figure_of(course)), out, FIGURE)
    texts = {
        "course.csv": _course_csv(course),
        "scans.csv": _scans_csv(course),
        "blood.csv": blood_csv([line.laboratory for line in course.lines]),
        "biopsies.csv": biopsies_csv([line.laboratory for line in course.lines]),
        "why.txt": "\n".join(course_lines(course)) + "\n",
    }
    for name, text in texts.items():
        write_text(out / name, text)
    return [svg, png, *(out / name for name in texts)]


def write_alternatives(courses: Sequence[PatientCourse], out: Path) -> list[Path]:
    """Draw the same patient under alternative regimens, and write each course into a folder of its own.

    Main arguments:
        courses: of one patient, the first line of each being an alternative.
    """
    from her2sim.plots.saving import save_figure

    out.mkdir(parents=True, exist_ok=True)
    removed = courses[0].patient.plan.without
    figure = alternatives_figure(
        [_alternative(course.lines[0]) for course in courses],
        title=courses[0].patient.title,
        subtitle=f"without {', '.join(removed)}" if removed else "",
    )
    paths = list(save_figure(figure, out, "alternatives"))
    for number, course in enumerate(courses, start=1):
        paths += write_patient(course, out / f"{number}-{_plain(course.lines[0].title)}")
    return paths


def _alternative(line: LineCourse) -> Alternative:
    body = [index for index, slot in enumerate(SLOTS) if slot.site == "systemic"]
    brain = [index for index, slot in enumerate(SLOTS) if slot.site == "cns"]
    return Alternative(
        title=line.title,
        sentence=headline(line),
        days=line.days,
        living_mL=line.clone_mL[:, body].sum(axis=(1, 2)),
        brain_mL=line.clone_mL[:, brain].sum(axis=(1, 2)),
        sum_mm=line.series["targets_mm"],
        her2_per_cell=line.her2.per_cell,
        progression_day=line.end if line.ended_by == "progression" else None,
    )


def _plain(text: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in text).strip("-")


def figure_of(course: PatientCourse) -> PatientFigure:
    """The figure's data, by what is in the course."""
    removed = course.patient.plan.without
    subtitle = f"without {', '.join(removed)}" if removed else ""
    return PatientFigure(
        title=course.patient.title,
        subtitle=subtitle,
        sentences=tuple(_numbered(course)),
        lines=tuple(_panel(line) for line in course.lines),
        clones={clone: clone_words(clone) for clone in CLONES},
        ihc_edges=tuple(float(edge) for edge in edges_per_cell()),
        ihc_classes=CLASSES,
        death_day=course.death_day,
    )


def _numbered(course: PatientCourse) -> list[str]:
    many = len(course.lines) > 1
    return [f"{f'{i}. ' if many else ''}{line.title}: {headline(line)}" for i, line in enumerate(course.lines, start=1)]


def _panel(line: LineCourse) -> LinePanel:
    series = line.series
    drugs = {inn: series[name] for inn in line.drugs if (name := f"C_{load_drug(inn).id}_mg_per_L") in series}
    systemic = [i for i, slot in enumerate(SLOTS) if slot.site == "systemic"]
    brain = [i for i, slot in enumerate(SLOTS) if slot.site == "cns"]
    return LinePanel(
        title=line.title,
        start=line.start,
        end=line.end,
        ended_by=line.ended_by,
        days=line.days,
        drugs_mg_per_L=drugs,
        blocked={words: values for words, values in _blocked(line).items()},
        signal={clone: series[f"signal_{clone}_systemic"] for clone in CLONES if f"signal_{clone}_systemic" in series},
        net_per_day={clone: line.net["T1", clone] for clone in CLONES},
        clone_mL={clone: line.clone_mL[:, systemic, i].sum(axis=1) for i, clone in enumerate(CLONES)},
        brain_mL={clone: line.clone_mL[:, brain, i].sum(axis=1) for i, clone in enumerate(CLONES)},
        sum_mm=series["targets_mm"],
        brain_mm=series["CNS_mm"],
        scans=tuple(ScanPoint(s.day, s.sum_mm, s.overall, s.why) for s in line.scans),
        her2_per_cell=line.her2.per_cell,
        biopsies=tuple((taken.day, taken.report.short_words(0)) for taken in line.laboratory.biopsies),
        soluble_ng_per_mL=series.get(SOLUBLE_HER2),
        irradiated=line.irradiated,
        tumor_dna_pct=100.0 * line.laboratory.dna.tumor_fraction,
        blood=_tubes(line),
        erbb2_plasma_ratio=line.laboratory.dna.erbb2_ratio,
    )


def _tubes(line: LineCourse) -> tuple[Tube, ...]:
    """Tubes of blood; a truncal mutation is on one of two copies, so twice its share is that of the tumor."""
    told = line.laboratory.reported
    rows = zip(line.laboratory.draw_day, told.vaf[0], told.found[0], strict=True)
    return tuple(Tube(float(day), 100.0 * COPIES * float(vaf), bool(found)) for day, vaf, found in rows)


def _blocked(line: LineCourse) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
    """What the drugs hold: covered domains and blocked kinases, by site."""
    words = {"systemic": "", "cns": ", brain"}
    found: dict[str, np.ndarray] = {}  # type: ignore[type-arg]
    for site, where in words.items():
        for name, values in line.series.items():
            if name.startswith("theta_") and name.endswith(f"_{site}"):
                epitope = name.removeprefix("theta_").removesuffix(f"_{site}").replace("_", " ")
                found[f"{epitope} covered{where}"] = values
            elif name == f"active_HER2_{site}":
                found[f"HER2 kinase blocked{where}"] = 1.0 - values
    return {name: values for name, values in found.items() if float(np.max(values)) > 1e-3}


def _course_csv(course: PatientCourse) -> str:
    columns = sorted({name for line in course.lines for name in line.series})
    volumes = [f"V_{slot.name}_{clone}_mL" for slot in SLOTS for clone in CLONES]
    rows = [",".join(("day", "line", *columns, *volumes, "her2_per_cell", "ihc", "ish_ratio"))]
    for number, line in enumerate(course.lines, start=1):
        for i, day in enumerate(line.days):
            cells = [f"{float(line.series[name][i]):.6g}" if name in line.series else "" for name in columns]
            cells += [f"{float(v):.6g}" for v in line.clone_mL[i].ravel()]
            her2 = line.her2
            read = (f"{her2.per_cell[i]:.6g}", CLASSES[int(her2.ihc[i])], f"{her2.ish_ratio[i]:.4g}")
            cells += read if her2.ihc[i] >= 0 else ("", "", "")
            rows.append(",".join((f"{float(day):.4g}", str(number), *cells)))
    return "\n".join(rows) + "\n"


def _scans_csv(course: PatientCourse) -> str:
    rows = ["day,line,sum_mm,change_pct,target_1_mm,target_2_mm,target_3_mm,cns_mm,response,why"]
    for number, line in enumerate(course.lines, start=1):
        for scan in line.scans:
            numbers = [scan.sum_mm, scan.change_pct, *scan.target_mm, scan.cns_mm]
            cells = [f"{value:.4g}" if np.isfinite(value) else "" for value in numbers]
            rows.append(",".join((f"{scan.day:.4g}", str(number), *cells, scan.overall, scan.why)))
    return "\n".join(rows) + "\n"
