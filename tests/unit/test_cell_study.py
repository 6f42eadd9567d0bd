"""``her2sim cell``: tables that hold the surface, and wrong input that is told in words."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from pint import UnitRegistry
from typer.testing import CliRunner

from her2sim.cli.main import app
from her2sim.core.errors import InputError
from her2sim.core.paths import data_dir
from her2sim.model.cell import cell_drug, cell_line, cell_line_names, cell_numbers, quasi_steady
from her2sim.model.cell.numbers import cell_number
from her2sim.model.cell.profile import read_cell_lines
from her2sim.model.parameters import ParameterSet
from her2sim.study.cell import cell_study, export_reference, write_cell_study

PAIR = ["--drug", "trastuzumab", "--drug", "pertuzumab"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--line", "SK-BR-4", "--drug", "trastuzumab"], "Did you mean SK-BR-3"),
        (["--drug", "trastuzumap"], "Did you mean trastuzumab"),
        (["--drug", "docetaxel"], "no site of action"),
        (PAIR, "needs a dose range"),
        ([*PAIR, "--dose-range", "10:1"], "cannot be used"),
        ([*PAIR, "--dose-range", "1-10"], "cannot be used"),
        (["--drug", "lapatinib", "--dose-range", "1:2", "--dose-range", "1:2"], "2 dose ranges"),
        ([], "0 drugs"),
        (["--drug", "trastuzumab", "--drug", "Herceptin", "--dose-range", "1:2"], "twice"),
        (["--drug", "lapatinib", "--set", "HER2_per_cell=-5"], "HER2_per_cell of SK-BR-3 is -5"),
        (["--drug", "lapatinib", "--set", "HER2_per_sell=5"], "Did you mean HER2_per_cell"),
        (["--drug", "lapatinib", "--set", "HER2_per_cell"], "sets nothing"),
        (["--drug", "lapatinib", "--export", "model.txt"], "ending"),
    ],
)
def test_wrong_input_ends_with_code_2_and_says_what_to_do(arguments: list[str], words: str) -> None:
    result = CliRunner().invoke(app, ["cell", *arguments])
    assert result.exit_code == 2
    assert words in result.output
    assert "Traceback" not in result.output


def test_the_command_writes_curves_surface_and_figures(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["cell", *PAIR, "--dose-range", "0.1:100", "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert "excess over Loewe" in result.output
    for name in ("dose_response", "pair"):
        assert {path.suffix for path in tmp_path.glob(f"{name}.*")} == {".csv", ".svg", ".png"}
    rows = list(csv.DictReader((tmp_path / "pair.csv").read_text().splitlines()))
    bare, full = rows[0], rows[-1]
    assert (float(bare["trastuzumab_nM"]), float(full["pertuzumab_nM"])) == (0.0, 100.0)
    assert float(bare["viability"]) == 1.0
    assert float(full["viability"]) < float(bare["viability"])
    assert float(full["excess_Bliss"]) > 0.05


def test_the_curve_in_the_table_is_that_of_the_reduced_model(tmp_path: Path) -> None:
    study = cell_study("BT-474", ["tucatinib"], ["1:1000"])
    write_cell_study(study, tmp_path)
    rows = [
        row
        for row in csv.DictReader((tmp_path / "dose_response.csv").read_text().splitlines())
        if row["drug"] == "tucatinib"
    ]
    doses = np.array([float(row["dose_nM"]) for row in rows])
    rest = quasi_steady(cell_line("BT-474").traits, [cell_drug("tucatinib")], {"tucatinib": doses})
    np.testing.assert_allclose([float(row["akt"]) for row in rows], rest.akt, rtol=1e-4)
    with pytest.raises(InputError, match="not a folder"):
        write_cell_study(study, tmp_path / "dose_response.csv")


def test_the_pair_does_more_than_either_drug_without_any_parameter_of_the_pair() -> None:
    study = cell_study("SK-BR-3", ["trastuzumab", "pertuzumab"], ["0.1:1000"])
    assert study.surface is not None and study.excess is not None
    assert study.surface.viability[-1, -1] < study.surface.viability.min(where=np.eye(18)[0] > 0, initial=1.0)
    assert study.excess["HSA"][-1, -1] > 0.1
    flat = cell_study("MCF-7", ["trastuzumab", "pertuzumab"], ["0.1:1000"])
    assert flat.surface is not None
    assert flat.surface.viability[-1, -1] > study.surface.viability[-1, -1]


def test_the_antimony_file_of_the_package_is_the_model(tmp_path: Path) -> None:
    export_reference(["trastuzumab", "pertuzumab"], tmp_path / "model.ant")
    kept = data_dir("models") / "erbb_cell_trastuzumab_pertuzumab.ant"
    assert kept.read_text() == (tmp_path / "model.ant").read_text(), (
        f"write it again: her2sim cell --drug trastuzumab --drug pertuzumab --export {kept.name}"
    )


def test_numbers_of_the_cell_have_units_bounds_and_sources() -> None:
    registry = UnitRegistry()
    lines = [quantity for name in cell_line_names() for quantity in cell_line(name).quantities.values()]
    for quantity in (*cell_numbers().quantities.values(), *lines):
        registry.parse_units(quantity.unit)
        assert quantity.description, quantity.name
        assert quantity.low <= quantity.value <= quantity.high, quantity.name
        assert not (quantity.read and quantity.source == "assumed"), quantity.name


def test_a_missing_number_is_named() -> None:
    known = cell_numbers()
    fewer = {name: quantity for name, quantity in known.quantities.items() if name != "akt_steepness"}
    with pytest.raises(InputError, match="akt_steepness"):
        cell_number(ParameterSet(fewer, known.sources), "akt_steepness")


def test_a_line_without_a_trait_or_with_a_negative_one_is_refused(tmp_path: Path) -> None:
    text = (data_dir("cell") / "lines.yaml").read_text()
    path = tmp_path / "lines.yaml"
    path.write_text(text.replace("    HER3_per_cell: {value: 1.5e+4", "    HER3: {value: 1.5e+4"))
    with pytest.raises(InputError, match="missing traits"):
        read_cell_lines(path)
    path.write_text(text.replace("value: 212456", "value: -212456"))
    with pytest.raises(InputError, match="MDA-MB-361"):
        read_cell_lines(path)
