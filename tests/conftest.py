"""Fixtures for several kinds of tests: a run folder with plausible random data, made without any simulation."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from her2sim.core.random import stream
from her2sim.core.run_folder import RunSettings, open_run_folder

RECORD = """
id: {name}
nct: NCT03529110
disease: breast
setting: metastatic-2L
population: after trastuzumab and a taxane
eligibility: {{her2: [IHC3+, IHC2+/ISH+], prior: [trastuzumab, taxane], brain_metastases: stable}}
baseline: {{n: 524, median_age: 54, hr_positive_pct: 50}}
arms:
  - name: T-DXd
    n: 261
    regimen: [{{drug: trastuzumab deruxtecan, dose: 5.4 mg/kg, route: iv, schedule: q3w, until: progression}}]
    results: {first}
  - name: T-DM1
    n: 263
    regimen: [{{drug: trastuzumab emtansine, dose: 3.6 mg/kg, route: iv, schedule: q3w, until: progression}}]
    results: {second}
assessment: {{scan_every: 6 weeks, assessor: BICR, confirmed: true, follow_up: 36 months}}
contrasts: {contrasts}
sources: {sources}
"""
PUBLISHED = {
    "first": """
      - {endpoint: ORR, value: 79.7, unit: percent, ci95: [74.3, 84.4], assessor: BICR, source: S1, read: true}
      - {endpoint: PFS_median, value: 28.8, unit: months, ci95: [22.4, 37.9], assessor: BICR, source: S2, read: true}
      - {endpoint: PFS_rate_12mo, value: 75.8, unit: percent, ci95: [69.8, 80.7], source: S1, read: true}
      - {endpoint: OS_median, value: NR, unit: months, ci95: [40.5, NR], source: S2, read: true}
      - {endpoint: grade3plus_AE, value: 56, unit: percent, source: S2, read: true}""",
    "second": """
      - {endpoint: ORR, value: 34.2, unit: percent, ci95: [28.5, 40.3], assessor: BICR, source: S1, read: true}
      - {endpoint: PFS_median, value: 6.8, unit: months, ci95: [5.6, 8.2], assessor: BICR, source: S2, read: false}
      - {endpoint: PFS_rate_12mo, value: 34.1, unit: percent, ci95: [27.7, 40.5], source: S1, read: true}""",
    "contrasts": """
  - {endpoint: PFS, arm: T-DXd, reference: T-DM1, hr: 0.33, ci95: [0.26, 0.43], assessor: BICR, source: S2, read: true}
  - {endpoint: OS, arm: T-DXd, reference: T-DM1, hr: 0.64, ci95: [0.47, 0.87], source: S2, read: true}""",
    "sources": """
  S1: {citation: "Cortés J et al. N Engl J Med 2022;386:1143", url: "https://doi.org/10.1056/NEJMoa2115022", read: true}
  S2: {citation: "Hurvitz SA et al. Lancet 2023;401:105", url: "javascript:alert(1)", read: false}""",
}
SIMULATED = {
    "first": """
      - {endpoint: ORR, value: 77.4, unit: percent, ci95: [71.8, 82.3], pi90: [66.0, 85.9], assessor: BICR}
      - {endpoint: CR, value: 18.0, unit: percent, ci95: [13.5, 23.2], pi90: [9.9, 26.0], assessor: BICR}
      - {endpoint: PFS_median, value: 29.1, unit: months, ci95: [23.7, NR], pi90: [21.0, NR], assessor: BICR}
      - {endpoint: PFS_rate_12mo, value: 72.4, unit: percent, ci95: [66.5, 77.4], pi90: [63.9, 79.0], assessor: BICR}
      - {endpoint: OS_median, value: NR, unit: months, ci95: [38.8, NR], pi90: [36.1, NR]}""",
    "second": """
      - {endpoint: ORR, value: 45.2, unit: percent, ci95: [39.1, 51.5], pi90: [35.0, 54.9], assessor: BICR}
      - {endpoint: PFS_median, value: 8.3, unit: months, ci95: [6.9, 9.7], pi90: [7.1, 11.8], assessor: BICR}
      - {endpoint: PFS_rate_12mo, value: 29.8, unit: percent, ci95: [24.4, 35.5], pi90: [22.0, 37.0], assessor: BICR}
      - {endpoint: OS_median, value: 31.0, unit: months, ci95: [27.0, 36.2], pi90: [25.0, NR]}""",
    "contrasts": """
  - {endpoint: PFS, arm: T-DXd, reference: T-DM1, hr: 0.31, ci95: [0.24, 0.4], pi90: [0.22, 0.45], assessor: BICR}
  - {endpoint: OS, arm: T-DXd, reference: T-DM1, hr: 0.81, ci95: [0.61, 1.07], pi90: [0.55, 1.2]}""",
    "sources": "{}",
}
MAKER = Callable[..., Path]


@pytest.fixture(scope="session")
def make_run_folder() -> MAKER:
    """Makes a run folder of random but plausible data; see ``run_folder``."""
    return run_folder


def run_folder(path: Path, *, name: str = "DESTINY-Breast03", replicates: int = 1, published: bool = True) -> Path:
    """Write a finished run folder without a report into ``path``."""
    settings = RunSettings(name, "a" * 64, None, replicates, 7, "0.1.0", "b" * 64)
    quoted = json.dumps(name)
    with open_run_folder(path, settings) as folder:
        (path / "record.yaml").write_text(RECORD.format(name=quoted, **SIMULATED))
        if published:
            (path / "published.yaml").write_text(RECORD.format(name=quoted, **PUBLISHED))
        patients, scans, events = _tables(replicates)
        patients.to_parquet(path / "patients.parquet")
        scans.to_parquet(path / "scans.parquet")
        events.to_parquet(path / "events.parquet")
        rows = [
            {"name": "n", "published": 524, "simulated": 524, "arms": {"T-DXd": 261, "T-DM1": 263}},
            {"name": "median_age", "published": 54, "simulated": 54.6, "arms": {"T-DXd": 54.2, "T-DM1": 55.0}},
            {"name": "hr_positive_pct", "published": 50.1, "simulated": 50.8, "arms": {"T-DXd": 50.8, "T-DM1": 50.8}},
            {"name": "liver_mets_pct", "published": None, "simulated": 31.0},
        ]
        (path / "baseline.json").write_text(json.dumps(rows))
        folder.finish(
            {
                "command": "her2sim run DESTINY-Breast03 --seed 7",
                "versions": {"her2sim": "0.1.0", "python": "3.11.7"},
                "model": {
                    "summary": ["Each patient carries up to six lesions of four clones."],
                    "states": 42,
                    "parameters": 61,
                },
                "provenance": {"read": 40, "recalled": 10, "assumed": 11},
                "patients_simulated": len(patients),
                "patients_failed": int((patients["status"] != "done").sum()),
                "defaults_taken": ["assessment.brain_imaging: false"],
                "limitations": ["Toxicity is not simulated yet."],
                "seconds": 61.0,
                "patients_per_second": 12.3,
            }
        )
    return path


def _tables(replicates: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    patients: list[dict[str, object]] = []
    scans: list[dict[str, object]] = []
    events: list[dict[str, object]] = []
    for replicate in range(replicates):
        for number, (arm, count, median, best_mean) in enumerate((("T-DXd", 261, 870, -62), ("T-DM1", 263, 230, -25))):
            draws = stream(11, replicate, arm)
            for patient in range(count):
                key = {"replicate": replicate, "arm": arm, "patient": patient}
                best = float(np.clip(draws.normal(best_mean, 38), -100, 90))
                bor = "CR" if best < -97 else "PR" if best < -30 else "SD" if best < 20 else "PD"
                failed = patient == 13 and number == 0 and replicate == 0
                if patient % 50 == 49:
                    bor, best = "NE", float("nan")
                status = "a state or rate became infinite or not a number" if failed else "done"
                patients.append({**key, "status": status, "bor_BICR": bor, "bor_INV": bor})
                if failed:
                    continue
                growth = draws.exponential(median * 1.44)
                progressed = np.ceil(growth / 42) * 42 + draws.integers(-4, 5)
                follow = draws.uniform(500, 1096)
                died = growth + draws.exponential(700)
                for who in ("BICR", "INV"):
                    time, event = min(progressed, follow), progressed <= follow
                    events.append({**key, "assessor": who, "endpoint": "PFS", "time_days": time, "event": event})
                events.append(
                    {**key, "assessor": "", "endpoint": "OS", "time_days": min(died, follow), "event": died <= follow}
                )
                visits = int(min(progressed, follow) // 42) + 1
                for visit in range(1 if bor == "NE" else visits):
                    day = 42.0 * visit
                    change = best * (1 - np.exp(-day / 70)) if visit else 0.0
                    change += max(0.0, day - growth + 80) * 0.6
                    row = {**key, "assessor": "BICR", "visit": visit, "day": day, "change_pct": change}
                    scans.append(row)
    return pd.DataFrame(patients), pd.DataFrame(scans), pd.DataFrame(events)


HEEDS_CTRL_C = (
    "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
)


@pytest.fixture
def as_in_a_terminal() -> Callable[[list[str]], list[str]]:
    """A command line -> one that heeds Ctrl-C, also where the tests themselves run in the background, deaf to it."""
    return lambda line: [sys.executable, "-c", HEEDS_CTRL_C, *line]
