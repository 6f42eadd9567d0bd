"""What a report is made of: the files of a run folder and nothing else (docs/reference/run-folder.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from her2sim.core.errors import InputError
from her2sim.core.run_folder import read_manifest
from her2sim.record.reading import read_record
from her2sim.record.types import TrialRecord

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class RunFiles:
    """The content of a run folder; what is absent is None or empty.

    Main arguments:
        record: the simulated record.
        published: the published one.
        baseline: rows of the baseline table.
        manifest: how the run was made.
        patients, scans, events: the three tables.
    """

    folder: Path
    record: TrialRecord
    published: TrialRecord | None
    baseline: Sequence[Mapping[str, Any]]
    manifest: Mapping[str, Any]
    patients: pd.DataFrame | None
    scans: pd.DataFrame | None
    events: pd.DataFrame | None


def read_run_files(folder: Path) -> RunFiles:
    """Read all that a report needs.

    Raises:
        InputError: ``record.yaml`` or ``manifest.json`` is absent, or a file cannot be read.
    """
    manifest = read_manifest(folder)
    if not (folder / "record.yaml").exists():
        raise InputError(
            "this run folder has no record.yaml.",
            where=str(folder),
            hint="Finish the run first: run its command again.",
        )
    published = folder / "published.yaml"
    return RunFiles(
        folder=folder,
        record=read_record(folder / "record.yaml"),
        published=read_record(published) if published.exists() else None,
        baseline=_baseline(folder / "baseline.json"),
        manifest=manifest,
        patients=_table(folder / "patients.parquet"),
        scans=_table(folder / "scans.parquet"),
        events=_table(folder / "events.parquet"),
    )


def _table(path: Path) -> pd.DataFrame | None:
    if not path.exists():
        return None
    import pandas as pd

    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise InputError(f"this table cannot be read: {error}.", where=str(path)) from error


def _baseline(path: Path) -> list[Mapping[str, Any]]:
    if not path.exists():
        return []
    try:
        return list(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise InputError(f"this file cannot be read: {error}.", where=str(path)) from error
