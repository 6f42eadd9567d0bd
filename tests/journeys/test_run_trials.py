"""A published trial from its id to its report: five trials of several lines and drugs, twelve patients each."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from her2sim import load_record, run
from her2sim.core.calendar import DAYS_PER_MONTH

Command = Callable[..., "Outcome"]  # noqa: F821  (the class lives in conftest.py)
N = 12
TRIALS = ("EMILIA", "CLEOPATRA", "DESTINY-Breast03", "ToGA", "HER2CLIMB")
KEYS = ["replicate", "arm", "patient"]
COLUMNS = {
    "patients": [*KEYS, "status", "bor_INV", "bor_BICR", "bor_unconfirmed_INV", "bor_unconfirmed_BICR", "age_years"],
    "scans": [
        *KEYS, "assessor", "visit", "day", "sum_mm", "change_pct", "nadir_mm", "target_1_mm", "target_3_mm", "cns_mm",
        "target", "nontarget", "new_lesion", "overall",
    ],
    "events": [*KEYS, "assessor", "endpoint", "time_days", "event", "reason"],
}  # fmt: skip
RESPONSES = {"CR", "PR", "SD", "PD", "NE", "NON-CR/NON-PD"}


@pytest.fixture(scope="session", params=TRIALS)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, her2sim: Command) -> Path:
    """The run folder of each trial, made once by the command that the documentation tells first."""
    path = tmp_path_factory.mktemp("runs") / request.param
    done = her2sim("run", request.param, "--patients", N, "--out", path)
    assert done.code == 0, done.err
    assert "Traceback" not in done.err
    for text in ("Median PFS", "Hazard ratio for PFS", str(path / "report.html"), "not medical advice"):
        assert text in done.out.replace("\n", "")
    return path


def read(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_parquet(folder / f"{name}.parquet")


def test_the_folder_holds_what_the_contract_names(folder: Path) -> None:
    whole = {"record.yaml", "published.yaml", "manifest.json", "report.html", "figures", "baseline.json"}
    assert whole <= {path.name for path in folder.iterdir()}
    assert not (folder / "chunks").exists()
    assert len(list((folder / "figures").glob("*.svg"))) == len(list((folder / "figures").glob("*.png"))) >= 4


def test_no_patient_failed_and_the_manifest_tells_how_the_run_was_made(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    arms = len(load_record(folder.name).arms)
    assert manifest["state"] == "finished"
    assert (manifest["patients_simulated"], manifest["patients_failed"], manifest["failures"]) == (N * arms, 0, [])
    assert manifest["settings"]["record_id"] == folder.name
    assert manifest["settings"]["seed"] == 1
    assert {"her2sim", "numpy", "python"} <= set(manifest["versions"])
    assert manifest["seconds"] > 0
    assert manifest["patients_per_second"] > 0
    assert isinstance(manifest["defaults_taken"], list)
    assert manifest["limitations"]


def test_tables_have_their_columns_and_every_patient_of_every_arm(folder: Path) -> None:
    arms = {arm.name for arm in load_record(folder.name).arms}
    for name, columns in COLUMNS.items():
        found = read(folder, name)
        assert set(columns) <= set(found.columns)
        assert not found[KEYS].isna().any(axis=None)
        assert set(found["arm"]) == arms
    patients = read(folder, "patients")
    assert len(patients) == len(patients.drop_duplicates(KEYS)) == N * len(arms)
    assert (patients["status"] == "done").all()
    assert {word for column in ("bor_INV", "bor_BICR") for word in patients[column]} <= RESPONSES


def test_courses_are_possible(folder: Path) -> None:
    scans, events = read(folder, "scans"), read(folder, "events")
    assert (scans["sum_mm"].dropna() >= 0).all()
    first = scans[scans["visit"] == 0]
    assert len(first) == 2 * len(read(folder, "patients"))  # both assessors read everyone's first scan
    assert (first["change_pct"].dropna() == 0).all()
    rising = scans.sort_values([*KEYS, "assessor", "visit"]).groupby([*KEYS, "assessor"])["day"].diff().dropna()
    assert (rising > 0).all()
    wide = events.pivot(index=KEYS, columns=["endpoint", "assessor"], values="time_days")
    for who in ("INV", "BICR"):
        assert (wide["PFS", who] <= wide["OS", ""] + 1e-9).all()
        assert (wide["DOR", who].dropna() < wide["PFS", who][wide["DOR", who].notna()]).all()
    assert events["reason"].str.len().gt(0).all()


def test_simulated_figures_agree_with_the_tables(folder: Path) -> None:
    record, patients = load_record(folder / "record.yaml"), read(folder, "patients")
    events = read(folder, "events")
    assert record.status == "simulated"
    assert {c.endpoint for c in record.contrasts} >= {"PFS", "OS"}
    for arm in record.arms:
        best = patients.loc[patients["arm"] == arm.name, "bor_INV"]
        rate = next(r for r in arm.results if (r.endpoint, r.assessor, r.confirmed) == ("ORR", "INV", True))
        assert rate.value == pytest.approx(100.0 * best.isin(["CR", "PR"]).mean(), abs=0.1)
        survival = next(r for r in arm.results if r.endpoint == "OS_median")
        dead = events[(events["arm"] == arm.name) & (events["endpoint"] == "OS") & events["event"]]["time_days"]
        if survival.value is None:
            assert survival.not_reached
        else:  # a Kaplan-Meier median is a day on which somebody died, or the middle of two such days
            days = sorted(dead)
            middles = [*days, *((a + b) / 2 for a, b in pairwise(days))]
            assert min(abs(survival.value * DAYS_PER_MONTH - day) for day in middles) < 2.0


def test_published_results_are_kept_aside_and_never_enter_the_simulated_record(folder: Path) -> None:
    published, simulated = load_record(folder / "published.yaml"), load_record(folder / "record.yaml")
    source = load_record(folder.name)
    assert [arm.results for arm in published.arms] == [arm.results for arm in source.arms]
    assert published.contrasts == source.contrasts
    assert all(figure.source == "simulated" for arm in simulated.arms for figure in arm.results)
    assert all(contrast.source == "simulated" for contrast in simulated.contrasts)


def test_a_run_is_compared_with_the_published_trial(folder: Path, her2sim: Command) -> None:
    done = her2sim("compare", folder, folder.name)
    assert done.code == 0, done.err
    assert "ORR" in done.out
    assert "PFS" in done.out


def test_a_trial_is_listed_and_shown(folder: Path, her2sim: Command) -> None:
    assert folder.name in her2sim("trials", f"id:{folder.name}").out
    shown = her2sim("show", folder.name)
    assert shown.code == 0
    assert all(arm.name in shown.out.replace("\n", " ") for arm in load_record(folder.name).arms)
    again = her2sim("show", folder / "record.yaml")
    assert again.code == 0, again.err


def test_a_record_that_was_read_can_be_run_from_python(small_trial: Path, tmp_path: Path, small_run: Path) -> None:
    result = run(load_record(small_trial), out=tmp_path / "out")
    assert result.report.exists()
    assert not (result.folder / "published.yaml").exists()  # nothing was published of an invented trial
    assert (result.folder / "events.parquet").read_bytes() == (small_run / "events.parquet").read_bytes()
    assert result.manifest["command"].startswith("her2sim.run")


def test_the_trial_of_the_readme_runs(command: Command, tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "README.md").read_text()
    found = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert found
    (tmp_path / "mine.yaml").write_text(found[1])
    done = command("run", "mine.yaml", "--patients", 2, "--out", "out")
    assert done.code == 0, done.err
    assert len(read(tmp_path / "out", "patients")) == 4
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["defaults_taken"]


def test_a_drug_that_the_model_has_no_mechanism_for_is_told_on_screen_and_in_the_report(
    command: Command, small_trial: Path, tmp_path: Path
) -> None:
    item = "    regimen:\n"
    second = item + "      - {drug: pembrolizumab, dose: 200 mg, route: iv, schedule: q3w}\n"
    (tmp_path / "mine.yaml").write_text(small_trial.read_text().replace(item, second, 1))
    done = command("run", "mine.yaml", "--patients", 2, "--out", "out")
    assert done.code == 0, done.err
    assert "Note: pembrolizumab has no effect in this model yet" in done.out
    assert "pembrolizumab has no effect in this model yet" in (tmp_path / "out" / "report.html").read_text()


def test_names_in_any_script_and_of_any_length_are_kept_and_harm_nothing(
    command: Command, small_trial: Path, tmp_path: Path
) -> None:
    text = small_trial.read_text().replace("id: SMALL", "id: ../../试验")
    text = text.replace("name: T-DM1", 'name: "臂 <b>& $x_1$ \u202e"').replace(
        "name: trastuzumab\n", f"name: {'x' * 300}\n"
    )
    (tmp_path / "mine.yaml").write_text(text)
    done = command("run", "mine.yaml", "--patients", 2)
    assert (done.code, "Warning" in done.err) == (0, False), done.err
    (folder,) = (tmp_path / "runs").iterdir()
    assert set(read(folder, "patients")["arm"]) == {"臂 <b>& $x_1$ \u202e", "x" * 300}
    assert [path.name for path in tmp_path.iterdir() if path.name != "mine.yaml"] == ["runs"]
    assert "<b>" not in (folder / "report.html").read_text()


def test_without_out_the_folder_is_named_after_trial_patients_and_seed(
    command: Command, small_trial: Path, tmp_path: Path
) -> None:
    done = command("run", small_trial, "--patients", 2, "--seed", 3)
    assert done.code == 0, done.err
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["SMALL-2-s3"]
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_help_of_every_command_loads_nothing_heavy() -> None:
    code = (
        "import sys, her2sim.cli.main as m\n"
        "names = [c.name or c.callback.__name__ for c in m.app.registered_commands]\n"
        "groups = [g.name for g in m.app.registered_groups if g.name]\n"
        "for words in [[], *([name] for name in names + groups)]:\n"
        "    try: m.app([*words, '--help'])\n"
        "    except SystemExit as end: assert not end.code, words\n"
        "heavy = 'numpy pandas scipy matplotlib pyarrow llvmlite statsmodels libsbml pint jinja2 yaml'.split()\n"
        "print(len(names), sorted(set(heavy) & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    count, found = done.stderr.split(" ", 1)
    assert int(count) >= 5
    assert found.strip() == "[]"
