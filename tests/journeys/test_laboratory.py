"""Blood and biopsies from the command line: of a trial and of one patient."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

Command = Callable[..., "Outcome"]  # noqa: F821  (the class lives in conftest.py)
SMALL_TRIAL = Path(__file__).parent / "records" / "small-trial.yaml"
TABLES = ("patients", "scans", "events")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory, her2sim: Command) -> dict[str, Path]:
    """The small trial with a laboratory, at two chunk sizes."""
    home = tmp_path_factory.mktemp("laboratory")
    for name, size in (("whole", 100), ("cut", 3)):
        done = her2sim("run", SMALL_TRIAL, "--out", home / name, "--laboratory", "--chunk-size", size, "--quiet")
        assert done.code == 0, done.err
    return {name: home / name for name in ("whole", "cut")}


def test_a_trial_is_looked_at_without_moving_a_byte(folders: dict[str, Path], small_run: Path) -> None:
    for name in TABLES:
        assert (folders["whole"] / f"{name}.parquet").read_bytes() == (small_run / f"{name}.parquet").read_bytes()
    assert not (small_run / "laboratory.parquet").exists()


def test_chunks_change_no_byte_of_the_laboratory(folders: dict[str, Path]) -> None:
    for name in ("laboratory.parquet", "record.yaml"):
        assert (folders["whole"] / name).read_bytes() == (folders["cut"] / name).read_bytes()


def test_the_table_has_a_row_for_each_visit_and_a_biopsy_at_both_ends(folders: dict[str, Path]) -> None:
    table = pd.read_parquet(folders["whole"] / "laboratory.parquet")
    assert list(table.columns[:5]) == ["replicate", "arm", "patient", "visit", "day"]
    assert not table.duplicated(["replicate", "arm", "patient", "visit"]).any()
    assert (table.groupby(["arm", "patient"])["biopsy"].first() == "start").all()
    assert {"start", "progression"} == set(table["biopsy"].dropna())
    scans = pd.read_parquet(folders["whole"] / "scans.parquet")
    days = scans[scans["assessor"] == "INV"].set_index(["arm", "patient", "visit"])["day"]
    mine = table.set_index(["arm", "patient", "visit"])["day"]
    assert mine.equals(days.reindex(mine.index))


def test_the_record_tells_the_loss_of_her2_and_the_manifest_that_one_looked(folders: dict[str, Path]) -> None:
    assert "endpoint: HER2_loss" in (folders["whole"] / "record.yaml").read_text()
    assert '"laboratory": true' in (folders["whole"] / "manifest.json").read_text()


def test_a_folder_without_a_laboratory_is_not_taken_up_with_one(her2sim: Command, small_run: Path) -> None:
    done = her2sim("run", SMALL_TRIAL, "--out", small_run, "--laboratory")
    assert done.code == 2
    assert "--laboratory (not asked for there, asked for now)" in done.err


def test_a_patient_has_blood_and_the_biopsies_asked_for(command: Command, tmp_path: Path) -> None:
    words = ("T-DM1", "--number", "4", "--months", "12", "--biopsy", "60:T1", "--biopsy", "30")
    done = command("patient", *words, "--out", "four")
    assert done.code == 0, done.err
    assert "Tumor DNA in plasma:" in done.out and "Biopsy of the first target lesion on day 60: IHC" in done.out
    blood, biopsies = (pd.read_csv(tmp_path / "four" / f"{name}.csv") for name in ("blood", "biopsies"))
    scans = pd.read_csv(tmp_path / "four" / "scans.csv")
    assert blood["day"].tolist() == scans["day"].tolist()
    assert {0.0, 30.0, 60.0} <= set(biopsies["day"]) and set(biopsies["line"]) == {1}
    course = pd.read_csv(tmp_path / "four" / "course.csv")
    assert (course["tumor_fraction"] > 0.0).all() and (course["erbb2_plasma_ratio"] >= 1.0).all()
    assert "tumor DNA in" in (tmp_path / "four" / "patient.svg").read_text()


@pytest.mark.parametrize(("text", "says"), [("soon", "is no day of a biopsy"), ("60:T7", "there is no lesion 'T7'")])
def test_a_biopsy_that_cannot_be_taken_is_told_in_one_line(command: Command, text: str, says: str) -> None:
    done = command("patient", "T-DM1", "--biopsy", text)
    assert done.code == 2 and says in done.err and len(done.err.strip().splitlines()) == 1
