"""``her2sim validate`` at its smallest: one trial of one arm, few patients, no draws."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from typer.testing import CliRunner

from her2sim.cli.main import app

RUNNER = CliRunner()
WORDS = ["validate", "--trials", "TDM4374g", "--patients", "16", "--draws", "0"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("validation") / "out"
    done = RUNNER.invoke(app, [*WORDS, "--out", str(folder)])
    assert done.exit_code == 0, done.stderr
    return folder, done.stdout


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(newline="") as lines:
        return list(csv.DictReader(lines))


def test_the_folder_holds_rows_summary_scope_and_both_reports(finished: tuple[Path, str]) -> None:
    folder, said = finished
    rows = {row["endpoint"]: row for row in table(folder, "figures")}
    assert {"ORR", "PFS_median"} <= set(rows)
    assert rows["PFS_median"]["published"] == "6.9"
    assert float(rows["ORR"]["low90"]) < float(rows["ORR"]["predicted"]) < float(rows["ORR"]["high90"])
    assert rows["ORR"]["benchmark: ridge regression"]
    assert rows["ORR"]["nearest_fitted"] == "T-DM1 of EMILIA"
    assert {row["measure"] for row in table(folder, "summary")} == {"PFS median"}  # its ORR is recalled
    assert [row["trial"] for row in table(folder, "scope")] == ["TDM4374g"]
    page = (folder / "validation.html").read_text()
    assert page.count("Research use only; not medical advice.") == 2
    assert "nothing is frozen yet" in page or "calibration frozen on" in page
    assert "<svg" in page
    assert (folder / "predicted.svg").is_file()
    assert (folder / "validation.md").read_text().startswith("# Validation")
    assert "typically off by" in said


def test_the_same_command_again_simulates_nothing_and_gives_the_same_rows(finished: tuple[Path, str]) -> None:
    folder, _ = finished
    before = (folder / "figures.csv").read_bytes()
    chunks = {path: path.stat().st_mtime_ns for path in (folder / "chunks").rglob("*.parquet")}
    assert RUNNER.invoke(app, [*WORDS, "--out", str(folder)]).exit_code == 0
    assert (folder / "figures.csv").read_bytes() == before
    assert {path: path.stat().st_mtime_ns for path in (folder / "chunks").rglob("*.parquet")} == chunks


def test_another_seed_needs_another_folder(finished: tuple[Path, str]) -> None:
    done = RUNNER.invoke(app, [*WORDS, "--seed", "5", "--out", str(finished[0])])
    assert done.exit_code == 2
    assert "--seed" in done.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--trials", "PATINA"], "kept back"),
        (["--trials", "NeoSphere"], "setting neoadjuvant has no module yet"),
        (["--trials", "EMILLIA"], "EMILIA"),
        (["--trials", "TDM4374g", "--without", "adc"], "adcc"),
    ],
)
def test_what_cannot_be_scored_is_told_and_nothing_is_written(words: list[str], says: str, tmp_path: Path) -> None:
    done = RUNNER.invoke(app, ["validate", *words, "--out", str(tmp_path / "out"), "--patients", "8", "--draws", "0"])
    assert done.exit_code == 2
    assert says in done.stderr
    assert not (tmp_path / "out").exists()
