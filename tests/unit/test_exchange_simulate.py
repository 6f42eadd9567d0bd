"""Any model for a table of patients and doses: tables in, trajectories out, and errors in words."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from her2sim.cli.main import app
from her2sim.core.errors import InputError
from her2sim.engine.nonmem import read_doses
from her2sim.exchange import read_sbml, sbml_of_antimony
from her2sim.study.model_tables import times_of
from her2sim.study.simulate import simulate

PK = "model pk()\n  A' = -CL/V*A; A = 0; CL = 0.2; V = 3; C := A/V;\nend"
SWITCH = "model sw()\n  x' = k; x = 0; k = 1; n = 0; E: at x >= 2: x = 0, n = n + 1;\nend"


@pytest.fixture(name="pk")
def pk_model():
    return read_sbml(sbml_of_antimony(PK)).system


def superposed(times: np.ndarray, doses: list[tuple[float, float]], rate: float) -> np.ndarray:
    return sum((a * np.exp(-rate * np.maximum(times - t, 0)) * (times > t) for t, a in doses), np.zeros_like(times))


def test_population_follows_its_own_parameters_and_doses(pk) -> None:
    patients = pd.DataFrame({"ID": ["a", "b"], "CL": [0.2, 0.6]})
    doses = pd.DataFrame(
        {"ID": ["a", "b", "b"], "TIME": [0, 0, 5], "AMT": [100, 50, 70], "II": [7, 0, 0], "ADDL": [2, 0, 0]}
    )
    times = np.array([0.0, 3.0, 7.0, 10.0, 20.0])
    result = simulate(pk, times, parameters=patients, doses=doses, rtol=1e-9, atol=1e-11)
    assert result.simulator == "compiled" and not result.failures
    table = result.table.pivot(index="time", columns="ID", values="A")
    assert table["a"].to_numpy() == pytest.approx(superposed(times, [(0, 100), (7, 100), (14, 100)], 0.2 / 3), rel=1e-6)
    assert table["b"].to_numpy() == pytest.approx(superposed(times, [(0, 50), (5, 70)], 0.6 / 3), rel=1e-6)


def test_a_column_named_like_a_state_is_its_initial_value(pk) -> None:
    table = simulate(pk, [0.0, 3.0], parameters=pd.DataFrame({"A": [30.0, 60.0]}), outputs=["C"]).table
    assert table["C"].to_numpy() == pytest.approx([10, 10 * math.exp(-0.2), 20, 20 * math.exp(-0.2)], rel=1e-6)


def test_a_model_with_events_takes_doses_too() -> None:
    system = read_sbml(sbml_of_antimony(SWITCH)).system
    doses = pd.DataFrame({"TIME": [0.5], "AMT": [1.0], "CMT": ["x"]})
    result = simulate(system, [0.4, 0.9, 1.2, 3.1], doses=doses, outputs=["x", "n"])
    assert result.simulator == "events"
    assert result.table["x"].to_numpy() == pytest.approx([0.4, 1.9, 0.2, 0.1], abs=1e-6)
    assert result.table["n"].tolist() == [0, 0, 1, 2]


@pytest.mark.parametrize("size", ["const", "growing"])
def test_a_dose_is_an_amount_though_the_species_is_a_concentration(size: str) -> None:
    """Compartments of 2 and of 5 L: the concentration after a dose of 10 mg is 5 and 2 mg/L."""
    change = "c' = 0*c;" if size == "growing" else ""
    text = f"model m()\n compartment c = 2; {change} species S in c; S = 0; J: S -> ; 0*S;\nend"
    imported = read_sbml(sbml_of_antimony(text))
    doses = pd.DataFrame({"TIME": [1.0], "AMT": [10.0], "CMT": ["S"]})
    patients = pd.DataFrame({"c": [2.0, 5.0]})
    table = simulate(imported, [0.0, 2.0], parameters=patients, doses=doses, outputs=["S"]).table
    assert table["S"].to_numpy() == pytest.approx([0, 5, 0, 2])


def test_infusions_enter_a_state_that_otherwise_rests() -> None:
    system = read_sbml(sbml_of_antimony("model m()\n  x' = 0*x; x = 1; E: at x >= 3: x = 0;\nend")).system
    doses = pd.DataFrame({"TIME": [1.0], "AMT": [4.0], "DUR": [4.0]})
    result = simulate(system, [0.0, 2.0, 2.5, 3.5, 9.0], doses=doses)
    assert result.table["x"].to_numpy() == pytest.approx([1, 2, 2.5, 0.5, 2.0], abs=1e-6)


def test_steady_state_dose_meets_the_accumulated_course(pk) -> None:
    """Trough at steady state of bolus D every tau: D e^{-k tau} / (1 - e^{-k tau}) (Gibaldi & Perrier 1982, ch. 3)."""
    doses = pd.DataFrame({"TIME": [0], "AMT": [100], "II": [7], "SS": [1]})
    found = simulate(pk, [0.0, 7.0], doses=doses, rtol=1e-10, atol=1e-12).table["A"]
    k, tau = 0.2 / 3, 7.0
    trough = 100 * math.exp(-k * tau) / (1 - math.exp(-k * tau))
    assert found.to_numpy() == pytest.approx([trough, trough], rel=1e-6)


def test_rate_and_duration_say_the_same() -> None:
    by_rate = read_doses({"TIME": [1], "AMT": [100], "RATE": [50]}, [1], ["A"])
    by_duration = read_doses({"TIME": [1], "AMT": [100], "DUR": [2]}, [1], ["A"])
    assert by_rate.doses.duration.tolist() == by_duration.doses.duration.tolist() == [2.0]


def test_observation_rows_and_missing_marks_are_no_doses() -> None:
    table = {"ID": [1, 1, 1], "TIME": [0, 1, 2], "AMT": [10, ".", 0], "EVID": [1, 0, 2], "CMT": [2, ".", "."]}
    dosing = read_doses(table, ["1.0"], ["A", "B"])
    assert dosing.doses.target.tolist() == [1]


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"TIME": [0]}, "AMT is missing"),
        ({"TIME": [0], "AMT": [1], "DOSE": [1]}, "'DOSE' is not known"),
        ({"TIME": [0], "AMT": ["x"]}, "row 1: AMT is 'x'"),
        ({"TIME": [0], "AMT": [-1]}, "must not be negative"),
        ({"TIME": [0], "AMT": [1], "ADDL": [3]}, "without the interval"),
        ({"TIME": [0], "AMT": [1], "RATE": [-2]}, "may be negative"),
        ({"TIME": [0], "AMT": [1], "RATE": [2], "DUR": [9]}, "contradict"),
        ({"TIME": [0], "AMT": [1], "EVID": [3]}, "EVID is 3"),
        ({"TIME": [0], "AMT": [1], "CMT": ["Z"]}, "no state"),
        ({"TIME": [0], "AMT": [1], "CMT": [3]}, "no state"),
        ({"TIME": [0], "AMT": [1]}, "CMT is missing"),
        ({"TIME": [0], "AMT": [1], "CMT": [1], "ID": [9]}, "patient '9'"),
        ({"TIME": ["."], "AMT": [1], "CMT": [1]}, "TIME is missing"),
        ({"TIME": [float("inf")], "AMT": [1], "CMT": [1]}, "TIME is inf"),
        ({"TIME": [0, 7], "AMT": [1, 1], "CMT": [1, 1], "SS": [0, 1], "II": [0, 7]}, "erase"),
        ({"TIME": [0], "AMT": [1], "CMT": [1], "ADDL": [1e9], "II": [1]}, "expands to"),
    ],
)
def test_impossible_dose_tables_are_refused_with_the_row(columns: dict[str, list[object]], why: str) -> None:
    with pytest.raises(InputError, match=why):
        read_doses(columns, [1], ["A", "B"])


@pytest.mark.parametrize("text", ["", "5:0:1", "0:1:0", "0:1", "1,0", "a", "0:1e9:1e-9", "-1,0", "nan"])
def test_impossible_times_are_refused(text: str) -> None:
    with pytest.raises(InputError):
        times_of(text)


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        (pd.DataFrame({"CLL": [1.0]}), "Did you mean CL"),
        (pd.DataFrame({"ID": [1, 1], "CL": [1.0, 2.0]}), "twice"),
        (pd.DataFrame({"ID": [7], "CL": [float("nan")]}), "patient 7"),
        (pd.DataFrame({"CL": []}), "no rows"),
    ],
)
def test_parameter_tables_that_do_not_fit_are_refused(pk, parameters: pd.DataFrame, why: str) -> None:
    with pytest.raises(InputError, match=why):
        simulate(pk, [0.0], parameters=parameters)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_command_writes_a_table_and_the_report(tmp_path: Path, ending: str) -> None:
    (tmp_path / "pk.ant").write_text(PK)
    (tmp_path / "T.csv").write_text("ID, CL\n1, 0.2\n2, 0.4\n")
    (tmp_path / "D.csv").write_text("ID,TIME,AMT\n1,0,100\n2,0,100\n")
    out = tmp_path / f"out.{ending}"
    words = (
        f"simulate {tmp_path}/pk.ant --parameters {tmp_path}/T.csv --doses {tmp_path}/D.csv --times 0:3:3 --out {out}"
    )
    result = CliRunner().invoke(app, [*words.split(), "--report"])
    assert result.exit_code == 0, result.output
    assert "supported: 1 rate rule" in result.output
    table = pd.read_csv(out) if ending == "csv" else pd.read_parquet(out)
    assert table["A"].to_numpy() == pytest.approx([0, 100 * math.exp(-0.2), 0, 100 * math.exp(-0.4)], rel=1e-5)


def test_command_reports_what_it_refuses_and_exits_with_2(tmp_path: Path) -> None:
    path = tmp_path / "m.ant"
    path.write_text("model m()\n  x' = delay(x, x); x = 1;\nend")
    result = CliRunner().invoke(app, ["simulate", str(path), "--report"])
    assert result.exit_code == 2
    assert "refused: delay x" in result.output


def test_command_keeps_what_finished_and_exits_with_1(tmp_path: Path) -> None:
    (tmp_path / "m.ant").write_text("model m()\n  x' = k*x^2; x = 1; k = 1;\nend")
    (tmp_path / "T.csv").write_text("ID,k\n1,0.1\n2,1\n")
    out = tmp_path / "out.csv"
    words = f"simulate {tmp_path}/m.ant --parameters {tmp_path}/T.csv --times 0,0.5,5 --out {out}"
    result = CliRunner().invoke(app, words.split())
    assert result.exit_code == 1
    assert "patient 2" in result.output
    x = pd.read_csv(out)["x"].to_numpy()
    assert x[:5] == pytest.approx([1, 1 / 0.95, 2, 1, 2], rel=1e-5) and math.isnan(x[5])
