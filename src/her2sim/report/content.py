"""What stands in the report, in words and rows, before it is laid out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from her2sim.core.progress import spoken
from her2sim.report.pairing import HAZARD, Pair
from her2sim.report.run_files import RunFiles
from her2sim.report.words import baseline_words, number

ENOUGH_REPLICATES = 100
FIRST = ("ORR", "pCR", "PFS_median", "OS_median")
FIRST_PREFIXES = ("EFS_rate", "iDFS_rate", "DFS_rate")
HARMS = {"PFS": "progression or death", "OS": "death", "EFS": "an event", "iDFS": "relapse or death", "DFS": "relapse"}
OWN_LIMITS = (
    "A simulated trial shows what follows from the model and its parameters. It is not evidence from patients.",
    "Intervals cover chance and, where predictive intervals are given, uncertain parameters and what the model was "
    "seen to miss in trials left out of its fit; not what it may miss in trials unlike those.",
)


@dataclass(frozen=True)
class Answer:
    """A hazard ratio told as an answer."""

    value: str
    label: str
    sentence: str
    pair: Pair


@dataclass(frozen=True)
class Row:
    """A row of a two-column list."""

    name: str
    value: str


def answers(contrasts: Sequence[Pair]) -> list[Answer]:
    """The simulated hazard ratios, each with a sentence."""
    found: list[Answer] = []
    for pair in contrasts:
        shown = pair.simulated
        if shown is None or not pair.endpoint.endswith(HAZARD):
            continue
        found.append(Answer(shown.words, f"{pair.label}, {pair.group}", hazard_sentence(pair), pair))
    return found


def hazard_sentence(pair: Pair) -> str:
    """A hazard ratio in words, with care for chance."""
    shown = pair.simulated
    if shown is None:
        return ""
    arm, _, reference = pair.group.partition(" against ")
    harm = HARMS.get(pair.endpoint.removesuffix(HAZARD), "the event")
    change = 100 * (1 - shown.value)
    if abs(change) < 0.5:
        said = f"The hazard of {harm} is the same with {arm} as with {reference}"
    else:
        said = f"{arm} {'lowers' if change > 0 else 'raises'} the hazard of {harm} by {abs(change):.0f}%"
    interval = shown.interval
    if interval and None not in interval:
        low, high = interval
        if low is not None and high is not None and low <= 1 <= high:
            return said + "; a trial of this size could as well show no difference."
    return said + "."


def first_rows(pairs: Sequence[Pair], arms: Sequence[str]) -> list[tuple[str, list[Pair | None]]]:
    """The main endpoints with one cell per arm, for the first screen."""
    names = dict.fromkeys(pair.endpoint for pair in pairs if pair.simulated)
    wanted = [e for e in FIRST if e in names] + [e for e in names if e.startswith(FIRST_PREFIXES)]
    table = {(pair.endpoint, pair.group): pair for pair in pairs}
    labels = {pair.endpoint: pair.label for pair in pairs}
    return [(labels[e], [table.get((e, arm)) for arm in arms]) for e in wanted]


def agreement_sentence(pairs: Sequence[Pair]) -> str:
    """How many published values lie within the simulated intervals."""
    judged = [pair for pair in pairs if pair.agreement]
    if not judged:
        return "No published figure to compare with."
    inside = sum(pair.agreement == "inside" for pair in judged)
    return f"{inside} of {len(judged)} published figures lie within the simulated interval."


def baseline_table(files: RunFiles) -> tuple[list[str], list[list[str]]]:
    """Header and rows of the baseline table, in words."""
    arms = [arm.name for arm in files.record.arms if any(arm.name in row.get("arms", {}) for row in files.baseline)]
    rows: list[list[str]] = []
    for row in files.baseline:
        name = str(row.get("name", ""))
        by_arm: Mapping[str, Any] = row.get("arms") or {}
        cells = [row.get("published"), row.get("simulated"), *(by_arm.get(arm) for arm in arms)]
        rows.append([str(row.get("label") or baseline_words(name)), *(_cell(cell, name) for cell in cells)])
    return ["", "Published", "Simulated", *arms], rows


def failure_rows(files: RunFiles) -> list[Row]:
    """Why patients could not be simulated, and how many for each reason."""
    if files.patients is not None:
        reasons = Counter(str(word) for word in files.patients["status"] if word != "done")
    else:
        reasons = Counter(str(row.get("reason")) for row in files.manifest.get("failures", []))
    return [Row(reason, str(count)) for reason, count in sorted(reasons.items(), key=lambda item: (-item[1], item[0]))]


def how_rows(files: RunFiles) -> list[Row]:
    """How the run was made."""
    manifest = files.manifest
    settings: Mapping[str, Any] = manifest.get("settings", {})
    model: Mapping[str, Any] = manifest.get("model", {})
    patients = settings.get("patients")
    versions = ", ".join(f"{name} {text}" for name, text in dict(manifest.get("versions", {})).items())
    rows = [
        Row("Command", str(manifest.get("command", "–"))),
        Row("Seed", str(settings.get("seed", "–"))),
        Row("Patients per arm", "the trial's own numbers" if patients is None else str(patients)),
        Row("Replicates", str(settings.get("replicates", "–"))),
        Row("Patients simulated", str(manifest.get("patients_simulated", "–"))),
        Row("Time", _time(manifest)),
        Row("Versions", versions or "–"),
        Row("Model", f"{model.get('states', '–')} states, {model.get('parameters', '–')} parameters"),
        Row("Hash of model and parameters", str(settings.get("model_sha256", "–"))),
        Row("Hash of the record", str(settings.get("record_sha256", "–"))),
    ]
    return [row for row in rows if row.value != "–"]


def size_sentence(files: RunFiles) -> str:
    """How many patients and trials were simulated, which need not be the trial's own numbers."""
    settings: Mapping[str, Any] = files.manifest.get("settings", {})
    replicates, patients = int(settings.get("replicates", 1)), settings.get("patients")
    per_arm = "with the trial's own numbers of patients" if patients is None else f"with {patients} patients per arm"
    return f"Simulated here: {'one trial' if replicates == 1 else f'{replicates} trials'} {per_arm}."


def provenance_rows(files: RunFiles) -> list[tuple[str, int, float]]:
    """Origin of the parameters: words, count, percent."""
    words = {
        "read": "read at their source",
        "recalled": "from a named source, not read again",
        "calibrated": "fitted to trials set apart for fitting",
        "assumed": "assumed within stated ranges",
    }
    counts: Mapping[str, Any] = files.manifest.get("provenance", {})
    total = sum(int(count) for count in counts.values())
    return [
        (words.get(name, name), int(count), 100 * int(count) / total) for name, count in counts.items() if int(count)
    ]


def limitations(files: RunFiles) -> list[str]:
    """What the reader must keep in mind."""
    own = [str(text) for text in files.manifest.get("limitations", [])]
    replicates = int(files.manifest.get("settings", {}).get("replicates", 1))
    if replicates == 1:
        own.append(
            "A single trial was simulated, so no interval covers the uncertainty of the parameters (--replicates)."
        )
    elif replicates < ENOUGH_REPLICATES:
        own.append(
            f"Prediction intervals from {replicates} simulated trials are rough; {ENOUGH_REPLICATES} give firm ones."
        )
    failed = int(files.manifest.get("patients_failed", 0))
    if failed:
        own.append(f"{failed} simulated patients could not be completed and are missing from all results.")
    return [*own, *OWN_LIMITS]


def _cell(value: object, name: str) -> str:
    if value is None:
        return "–"
    if isinstance(value, int | float):
        return f"{value:.0f}" if name in ("n", "median_age") else number(float(value))
    return str(value)


def _time(manifest: Mapping[str, Any]) -> str:
    if "seconds" not in manifest:
        return "–"
    text = spoken(float(manifest["seconds"]))
    if manifest.get("patients_per_second"):
        text += f"; {manifest['patients_per_second']} patients per second and worker"
    return text
