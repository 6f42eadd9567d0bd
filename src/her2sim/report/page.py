"""The report: one HTML file that needs no network and no script, made from the files of a run folder alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from her2sim.core.durable import write_text
from her2sim.report.content import (
    agreement_sentence,
    answers,
    baseline_table,
    failure_rows,
    first_rows,
    how_rows,
    limitations,
    provenance_rows,
    size_sentence,
)
from her2sim.report.environment import page_environment
from her2sim.report.figures import draw_figures
from her2sim.report.pairing import paired
from her2sim.report.protocol_words import population_lines, question
from her2sim.report.run_files import RunFiles, read_run_files
from her2sim.report.words import spaced

REPORT = "report.html"
TEMPLATE = "report.html.j2"


def write_report(folder: Path) -> Path:
    """Make ``report.html`` and ``figures/`` of a run folder anew; returns the path of the report.

    Main arguments:
        folder: a run folder with at least ``record.yaml`` and ``manifest.json``.

    Raises:
        InputError: a file that is needed is absent or cannot be read.
    """
    files = read_run_files(folder)
    path = folder / REPORT
    write_text(path, render(files))
    return path


def render(files: RunFiles) -> str:
    """The page of a run; also draws its figures."""
    environment = page_environment()
    environment.filters["web_address"] = web_address
    environment.filters["name"] = lambda text: held_together(spaced(str(text)))
    return environment.get_template(TEMPLATE).render(**_names(files)) + "\n"


def held_together(text: str) -> str:
    """Text whose hyphens are no places to break a line: T-DXd is one word."""
    return text.replace("-", "\N{NON-BREAKING HYPHEN}")


def web_address(text: object) -> str:
    """An address that may be put into a link, or nothing.

    >>> web_address("https://doi.org/10.1056/x"), web_address("javascript:alert(1)")
    ('https://doi.org/10.1056/x', '')
    """
    address = str(text)
    return address if address.startswith(("https://", "http://")) else ""


def _names(files: RunFiles) -> dict[str, Any]:
    found = paired(files.record, files.published)
    pairs = (*found.contrasts, *found.arms)
    figures = draw_figures(files, pairs)
    header, baseline = baseline_table(files)
    sources = files.published.sources if files.published else {}
    return {
        "record": files.record,
        "question": held_together(question(files.record)),
        "population": population_lines(files.record),
        "answers": answers(found.contrasts),
        "arm_names": [arm.name for arm in files.record.arms],
        "first_rows": first_rows(found.arms, [arm.name for arm in files.record.arms]),
        "agreement": agreement_sentence(pairs),
        "size": size_sentence(files),
        "replicates": int(files.manifest.get("settings", {}).get("replicates", 1)),
        "has_pi90": any(pair.simulated and pair.simulated.pi90 for pair in pairs),
        "figures": {place: [f for f in figures if f.place == place] for place in {f.place for f in figures}},
        "baseline_header": header,
        "baseline": baseline,
        "pairs": pairs,
        "only_published": found.only_published,
        "failures": failure_rows(files),
        "failed": int(files.manifest.get("patients_failed", 0)),
        "simulated": files.manifest.get("patients_simulated"),
        "defaults": list(files.manifest.get("defaults_taken", [])),
        "model": list(files.manifest.get("model", {}).get("summary", [])),
        "provenance": provenance_rows(files),
        "how": how_rows(files),
        "sources": sources,
        "removed": list(files.manifest.get("mechanisms_removed", {}).get("sentences", [])),
        "limitations": limitations(files),
        "finished": files.manifest.get("state") == "finished",
    }
