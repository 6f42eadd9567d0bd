"""The same trial gives the same bytes: whatever the workers, the chunks, the stops on the way, and the company.

Follow-up of the small trial is long enough for most patients to progress, take later lines and die, so that every part
of a course is compared.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from her2sim import load_record, run
from her2sim.model.parameters import load_parameters
from her2sim.report import page
from her2sim.study.course import simulate_chunk
from her2sim.study.plan import make_plan

Command = Callable[..., "Outcome"]  # noqa: F821  (the class lives in conftest.py)
Listing = Callable[[Path], dict[str, tuple[int, int]]]
TABLES = ("patients.parquet", "scans.parquet", "events.parquet")
ALL = (*TABLES, "record.yaml", "baseline.json")
posix = pytest.mark.skipif(os.name == "nt", reason="signals to a group of processes")


def assert_same_files(folder: Path, other: Path) -> None:
    for name in ALL:
        assert (folder / name).read_bytes() == (other / name).read_bytes(), f"{name} differs"


def table(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_parquet(folder / f"{name}.parquet")


@pytest.fixture
def no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves the report out: it is drawn from the files that are compared here."""
    monkeypatch.setattr(page, "write_report", lambda folder: folder / "report.html")


@pytest.mark.parametrize(("chunk_size", "workers"), [(3, 1), (7, 1), (3, 2)])
@pytest.mark.usefixtures("no_report")
def test_neither_chunks_nor_workers_change_a_byte(
    small_trial: Path, small_run: Path, tmp_path: Path, chunk_size: int, workers: int
) -> None:
    run(small_trial, out=tmp_path / "out", chunk_size=chunk_size, workers=workers)
    assert_same_files(tmp_path / "out", small_run)


@pytest.mark.parametrize("follow_up_days", [100.0, 300.0])
def test_a_death_near_the_cut_off_does_not_depend_on_who_shares_the_chunk(
    small_trial: Path, follow_up_days: float
) -> None:
    """Short follow-up and many deaths: a grid of times that ends with the chunk's longest patient is found out."""
    record = load_record(small_trial)
    record = replace(record, assessment=replace(record.assessment, follow_up_days=follow_up_days))
    rate = "death_rate_at_reference_burden_per_day"
    plan = make_plan(record, patients=60, seed=1, overrides={rate: 30.0 * load_parameters()[rate].value})
    together = simulate_chunk(plan, 0, 0, 60)
    for first in range(0, 60, 4):
        few = simulate_chunk(plan, 0, first, first + 4)
        for arm, whole in zip(few.arms, together.arms, strict=True):
            np.testing.assert_array_equal(arm.death_day, whole.death_day[first : first + 4])
    assert all(0.2 < np.isfinite(arm.death_day).mean() < 0.9 for arm in together.arms)


@pytest.mark.usefixtures("no_report")
def test_a_patient_is_the_same_in_a_trial_of_any_size(small_trial: Path, small_run: Path, tmp_path: Path) -> None:
    run(small_trial, patients=5, out=tmp_path / "out")
    for name in ("patients", "scans", "events"):
        large = table(small_run, name)
        expected = large[large["patient"] < 5].reset_index(drop=True)
        pd.testing.assert_frame_equal(table(tmp_path / "out", name), expected, check_exact=True)


@pytest.mark.usefixtures("no_report")
def test_an_arm_is_the_same_whatever_it_is_compared_with(small_trial: Path, small_run: Path, tmp_path: Path) -> None:
    text = small_trial.read_text()
    alone = text[: text.index("  - name: trastuzumab\n")] + text[text.index("assessment:") :]
    (tmp_path / "alone.yaml").write_text(alone)
    run(tmp_path / "alone.yaml", out=tmp_path / "out")
    for name in ("patients", "scans", "events"):
        both = table(small_run, name)
        expected = both[both["arm"] == "T-DM1"].reset_index(drop=True)
        pd.testing.assert_frame_equal(table(tmp_path / "out", name), expected, check_exact=True)


@pytest.mark.usefixtures("no_report")
def test_replicate_0_of_many_is_the_single_run_and_the_others_differ(
    small_trial: Path, small_run: Path, tmp_path: Path
) -> None:
    run(small_trial, replicates=2, chunk_size=5, out=tmp_path / "out")
    for name in ("patients", "scans", "events"):
        found = table(tmp_path / "out", name)
        first = found[found["replicate"] == 0].reset_index(drop=True)
        pd.testing.assert_frame_equal(first, table(small_run, name), check_exact=True)
    patients = table(tmp_path / "out", "patients")
    ages = [set(rows["age_years"]) for _, rows in patients.groupby("replicate")]
    assert not ages[0] & ages[1]


@pytest.mark.usefixtures("no_report")
def test_another_seed_gives_other_patients(small_trial: Path, small_run: Path, tmp_path: Path) -> None:
    run(small_trial, seed=2, patients=2, out=tmp_path / "out")
    assert not set(table(tmp_path / "out", "patients")["age_years"]) & set(table(small_run, "patients")["age_years"])


def test_arms_share_their_patients(small_run: Path) -> None:
    patients = table(small_run, "patients")
    outcome = {"arm", "status", "failed", "fail_day", "fail_state", "death_day"}
    shared = [c for c in patients if c not in outcome and not c.startswith(("bor_", "measurable_"))]
    first, second = (rows[shared].reset_index(drop=True) for _, rows in patients.groupby("arm"))
    assert {"age_years", "weight_kg", "hr_positive", "candidates_tried"} <= set(shared)
    pd.testing.assert_frame_equal(first, second, check_exact=True)
    scans = table(small_run, "scans").query("visit == 0").pivot(
        index=["patient", "assessor"], columns="arm", values="sum_mm"
    )  # fmt: skip
    assert (scans["T-DM1"] == scans["trastuzumab"]).all()  # the same lesions, read with the same error


def test_a_finished_run_does_nothing_when_run_again(
    command: Command, small_trial: Path, small_run: Path, listing: Listing
) -> None:
    before = listing(small_run)
    done = command("run", small_trial, "--out", small_run, "--workers", "2", "--chunk-size", "3")
    assert done.code == 0
    assert "Median PFS" in done.out
    assert listing(small_run) == before


@pytest.fixture
def start(as_in_a_terminal: Callable[[list[str]], list[str]]) -> Callable[..., subprocess.Popen[str]]:
    """Starts a run in processes of its own, which can be stopped as a group, as a terminal does."""

    def started(record: Path, out: Path, *words: str) -> subprocess.Popen[str]:
        line = [sys.executable, "-m", "her2sim", "run", str(record), "--out", str(out), "--chunk-size", "1", *words]
        pipe = subprocess.PIPE
        return subprocess.Popen(as_in_a_terminal(line), stdout=pipe, stderr=pipe, text=True, start_new_session=True)

    return started


def wait_for_a_chunk(process: subprocess.Popen[str], out: Path) -> None:
    """Until the first chunk lies finished; the run must still be under way then."""
    until = time.monotonic() + 120.0
    while not list(out.glob("chunks/r*")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until, "no chunk was finished in two minutes"
        time.sleep(0.005)


@posix
def test_a_run_killed_in_the_middle_goes_on_to_the_same_bytes(
    start: Callable[..., subprocess.Popen[str]], command: Command, small_trial: Path, small_run: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    process = start(small_trial, out, "--workers", "2")
    wait_for_a_chunk(process, out)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    kept = sorted(path.name for path in out.glob("chunks/r*"))
    assert kept
    assert '"running"' in (out / "manifest.json").read_text()
    (out / ".tmp-1-scans.parquet").write_text("half a table, as a kill may leave it")
    done = command("run", small_trial, "--out", out)
    assert done.code == 0, done.err
    assert f"{len(kept)} of them done earlier" in done.err
    assert_same_files(out, small_run)
    assert sorted(path.name for path in out.iterdir()) == sorted(path.name for path in small_run.iterdir())


@posix
@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_keeps_what_is_finished_and_says_how_to_go_on(
    start: Callable[..., subprocess.Popen[str]],
    command: Command,
    small_trial: Path,
    small_run: Path,
    tmp_path: Path,
    workers: str,
) -> None:
    out = tmp_path / "out"
    process = start(small_trial, out, "--workers", workers, "--quiet")
    wait_for_a_chunk(process, out)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert err == "Stopped. What was finished is kept; the same command goes on from there.\n"
    kept = {path: path.stat().st_mtime_ns for path in out.glob("chunks/r*")}
    assert kept
    done = command("run", small_trial, "--out", out)
    assert done.code == 0, done.err
    assert f"{len(kept)} of them done earlier" in done.err
    assert_same_files(out, small_run)
