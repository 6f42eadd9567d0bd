"""One trial from its record to a run folder: plan, simulate in chunks, assemble, summarize, report."""

from __future__ import annotations

import json
import math
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from numbers import Integral
from pathlib import Path
from typing import Any

from her2sim.core.durable import write_text
from her2sim.core.errors import InputError
from her2sim.core.progress import Progress
from her2sim.core.run_folder import RunFolder, RunSettings, check_run_folder, open_run_folder, read_manifest, text_hash
from her2sim.evidence.base import load_record
from her2sim.jobs.assembly import assemble
from her2sim.jobs.plan import Chunk, ChunkPlan
from her2sim.jobs.running import run_chunks
from her2sim.jobs.store import drop_chunks, seconds_worked, sweep
from her2sim.record.reading import is_record_path, place_in
from her2sim.record.types import TrialRecord
from her2sim.record.writing import record_yaml
from her2sim.study.fingerprint import fingerprint
from her2sim.study.limitations import limitations, unmodeled_actions
from her2sim.study.plan import MOST_PATIENTS, TrialPlan, make_plan, place_in_record

TABLES = {
    "patients": ("arm",),
    "scans": ("arm", "assessor", "visit"),
    "events": ("arm", "assessor", "endpoint"),
}
LABORATORY = {"laboratory": ("arm", "visit")}
MOST_SIMULATED = 100_000_000
LIMITS = {
    "patients": (1, MOST_PATIENTS),
    "replicates": (1, 100_000),
    "seed": (0, 2**63 - 1),
    "workers": (1, 4096),
    "chunk_size": (1, MOST_PATIENTS),
}
PACKAGES = ("numpy", "scipy", "pandas", "pyarrow", "llvmlite", "statsmodels", "matplotlib")


@dataclass(frozen=True)
class RunResult:
    """A finished run: its folder, the record with simulated results, the report and the manifest."""

    folder: Path
    record: TrialRecord
    report: Path
    manifest: Mapping[str, Any]


def run(
    record: TrialRecord | str | Path,
    *,
    patients: int | None = None,
    replicates: int = 1,
    seed: int = 1,
    workers: int = 1,
    out: str | Path | None = None,
    chunk_size: int = 100,
    on_progress: Callable[[Progress], None] | None = None,
    without: Sequence[str] = (),
    laboratory: bool = False,
) -> RunResult:
    """Simulate a trial and write its run folder; the same call again resumes, or does nothing when all is done.

    Main arguments:
        record: a record, the id of a built-in trial, or a YAML file.
        patients: per arm; the trial's own numbers by default.
        replicates: how many times the trial is simulated; from 2 on, parameters are drawn within their uncertainty
            (replicate 0 has the point values) and results carry ``pi90``.
        seed: seed of all random streams.

    Other arguments:
        workers: processes; changes no result.
        out: run folder; ``runs/<id>-<patients>-s<seed>`` by default.
        chunk_size: patients per unit of work; changes no result.
        on_progress: called as work goes on.
        without: mechanisms to remove from the model, for every line of therapy (``her2sim model --mechanisms``).
        laboratory: also write ``laboratory.parquet``, blood and biopsies of every patient on trial therapy; changes no
            other table.

    Raises:
        InputError: the record, the numbers or the folder are wrong; nothing was written.
        SimulationError: the simulation could not be completed; finished chunks are kept.
    """
    from her2sim.report.page import write_report
    from her2sim.study.rehearsal import rehearse
    from her2sim.study.results import simulated_record

    begun = time.perf_counter()
    _check_numbers(patients=patients, replicates=replicates, seed=seed, workers=workers, chunk_size=chunk_size)
    loaded = record if isinstance(record, TrialRecord) else load_record(str(record))
    in_file = not isinstance(record, TrialRecord) and is_record_path(str(record))
    place = partial(place_in, Path(str(record))) if in_file else partial(place_in_record, loaded)
    plan = make_plan(loaded, patients=patients, seed=seed, place=place, without=without, laboratory=laboratory)
    if plan.patients * replicates > MOST_SIMULATED:
        raise InputError(
            f"{plan.patients} patients times {replicates} replicates are more than {MOST_SIMULATED}.",
            hint="Lower --patients or --replicates.",
        )
    chunks = ChunkPlan(plan.patients, replicates, chunk_size)
    settings = replace(
        _settings(loaded, patients, replicates, seed), without=",".join(plan.without), laboratory=laboratory
    )
    path = Path(out) if out is not None else Path("runs") / _folder_name(loaded, settings)
    found = check_run_folder(path, settings)
    if found == "finished":
        if not (path / "report.html").exists():  # stopped after the last table and before the report
            with open_run_folder(path, settings) as folder:
                write_report(path)
                drop_chunks(folder.chunks)
        return RunResult(path, load_record(path / "record.yaml"), path / "report.html", read_manifest(path))
    if found == "new":
        rehearse(plan, place)
    with open_run_folder(path, settings) as folder:
        for place in (path, folder.figures):
            sweep(place)
        tell = on_progress or _say_nothing
        done = run_chunks(
            chunks, _Work(plan), folder=folder.chunks, workers=workers, on_progress=on_progress
        )  # fmt: skip
        tell(Progress("writing the report", chunks.total, chunks.total))
        for name, keys in (TABLES | (LABORATORY if laboratory else {})).items():
            assemble(folder.chunks, done, name, path / f"{name}.parquet", keys=keys)
        simulated = _marked(simulated_record(loaded, path, replicates), plan)
        write_text(path / "record.yaml", record_yaml(simulated))
        if any(arm.results for arm in loaded.arms) or loaded.contrasts:
            write_text(path / "published.yaml", record_yaml(loaded))
        facts = _facts(folder, plan, chunks, workers, time.perf_counter() - begun)
        write_text(path / "baseline.json", json.dumps(_baseline(path, loaded), indent=1, ensure_ascii=False) + "\n")
        manifest = folder.finish(facts)
        report = write_report(path)
        drop_chunks(folder.chunks)
    return RunResult(path, simulated, report, manifest)


@dataclass(frozen=True)
class _Work:
    """What a worker does with a chunk. Pickles with its plan."""

    plan: TrialPlan

    def __call__(self, chunk: Chunk) -> Mapping[str, Any]:
        from her2sim.study.course import simulate_chunk
        from her2sim.study.tables import chunk_tables

        return chunk_tables(simulate_chunk(self.plan, chunk.replicate, chunk.first, chunk.stop))


def _check_numbers(**given: int | None) -> None:
    """Whole numbers within reason, for whoever calls ``run`` from Python; the command line checks its own."""
    for name, value in given.items():
        low, high = LIMITS[name]
        if value is None and name == "patients":
            continue
        if isinstance(value, bool) or not isinstance(value, Integral) or not low <= value <= high:
            option = f"--{name.replace('_', '-')}"
            raise InputError(f"{option} is {value}.", hint=f"Expected a whole number from {low} to {high}.")


def _say_nothing(progress: Progress) -> None:
    pass


def _marked(record: TrialRecord, plan: TrialPlan) -> TrialRecord:
    """A record simulated without some mechanisms says so itself, wherever it is carried."""
    extra = {key: value for key, value in record.extra.items() if key != "without"}
    return replace(record, extra=extra | ({"without": list(plan.without)} if plan.without else {}))


def _settings(record: TrialRecord, patients: int | None, replicates: int, seed: int) -> RunSettings:
    from her2sim import __version__

    protocol = replace(record, arms=tuple(replace(arm, results=()) for arm in record.arms), contrasts=(), subgroups=())
    return RunSettings(
        record_id=record.id,
        record_sha256=text_hash(record_yaml(protocol)),
        patients=patients,
        replicates=replicates,
        seed=seed,
        version=__version__,
        model_sha256=fingerprint(),
    )


def _folder_name(record: TrialRecord, settings: RunSettings) -> str:
    plain = "".join(c if c.isalnum() or c in "-_." else "-" for c in record.id)
    many = f"-r{settings.replicates}" if settings.replicates > 1 else ""
    less = f"-without-{settings.without.replace(',', '-')}" if settings.without else ""
    looked = "-laboratory" if settings.laboratory else ""
    return f"{plain}-{settings.patients or 'own-n'}{many}-s{settings.seed}{less}{looked}"


def _facts(folder: RunFolder, plan: TrialPlan, chunks: ChunkPlan, workers: int, seconds: float) -> dict[str, Any]:
    import pyarrow.parquet as pq

    columns = ["replicate", "arm", "patient", "status", "fail_day", "fail_state"]
    table = pq.read_table(folder.path / "patients.parquet", columns=columns)
    status = table.column("status").to_pylist()
    failed = [i for i, word in enumerate(status) if word != "done"]
    rows = table.take(failed[:50]).to_pylist() if failed else []
    worked = seconds_worked(folder.chunks, chunks)
    return {
        "command": " ".join(["her2sim", *sys.argv[1:]]) if Path(sys.argv[0]).stem == "her2sim" else "her2sim.run(...)",
        "versions": _versions(),
        "model": _model_facts(plan),
        "provenance": _provenance(),
        "patients_simulated": table.num_rows,
        "patients_failed": len(failed),
        "failures": [_failure(row) for row in rows],
        "defaults_taken": list(plan.record.defaults_taken),
        "mechanisms_removed": _removed_facts(plan),
        "limitations": limitations(plan),
        "without_effect": unmodeled_actions(plan),
        "workers": workers,
        "chunk_size": chunks.chunk_size,
        "seconds": round(seconds, 1),
        "seconds_worked": round(worked, 1),
        "patients_per_second": round(table.num_rows / worked, 2) if worked else None,
    }


def _removed_facts(plan: TrialPlan) -> dict[str, Any]:
    removed = plan.removed
    return {
        "names": list(removed.names),
        "parameters": dict(removed.values),
        "sentences": list(removed.sentences),
        "remarks": list(removed.remarks),
    }


def _failure(row: Mapping[str, Any]) -> dict[str, Any]:
    day = row["fail_day"]
    return {key: row[key] for key in ("replicate", "arm", "patient")} | {
        "reason": row["status"],
        "day": None if day is None or math.isnan(day) else round(day, 3),
        "state": row["fail_state"],
    }


def _versions() -> dict[str, str]:
    from her2sim import __version__

    found = {"her2sim": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def _model_facts(plan: TrialPlan) -> dict[str, Any]:
    from her2sim.trial.treatment import treatment_model

    systems = [treatment_model(plan.record.disease, arm.regimen).system for arm in plan.arms]
    return {
        "summary": [
            "Each patient carries up to six lesions: three targets, the other known disease, one lesion too small "
            "to be seen, and the brain. Each lesion holds four clones: sensitive, HER2-low, independent of HER2 "
            "signals, and tolerant of cytotoxic drugs.",
            "Drugs follow published population pharmacokinetics. Antibodies bind HER2 domain II or IV and block "
            "dimers, kinase inhibitors block the kinase, payloads and chemotherapy kill, and effector cells kill "
            "what antibodies cover. Combinations get no effect beyond these.",
            "Earlier lines are simulated before the trial and later lines after progression, with the same model.",
        ],
        "states": max(len(system.states) for system in systems),
        "parameters": max(len(system.parameters) for system in systems),
        "sha256": systems[0].hash(),
    }


def _provenance() -> dict[str, int]:
    from her2sim.model.parameters import load_parameters

    quantities = load_parameters().quantities.values()
    calibrated = sum(q.calibrated for q in quantities)
    read = sum(q.read and not q.calibrated for q in quantities)
    assumed = sum(q.source == "assumed" and not q.read and not q.calibrated for q in quantities)
    recalled = len(quantities) - read - assumed - calibrated
    return {"read": read, "recalled": recalled, "assumed": assumed, "calibrated": calibrated}


def _baseline(path: Path, record: TrialRecord) -> list[dict[str, Any]]:
    from her2sim.study.baseline import baseline_rows

    return baseline_rows(path, record)


__all__ = ["RunResult", "run"]
