from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path

import pytest
from typer.testing import CliRunner

from her2sim.analysis.meta.comparisons import Comparison
from her2sim.analysis.meta.network_geometry import geometry
from her2sim.cli.main import app
from her2sim.core.errors import InputError
from her2sim.evidence.base import load_record
from her2sim.plots.network import circle_order, network_figure
from her2sim.plots.saving import figure_svg
from her2sim.study.meta import analyze, as_json, benchmarks

RUNNER = CliRunner()


def test_the_command_prints_what_the_function_finds() -> None:
    found = analyze("OS", setting="1L")
    shown = RUNNER.invoke(app, ["meta", "network", "--endpoint", "os", "--setting", "1L"])
    assert shown.exit_code == 0
    each = found.networks[0].random.of("pertuzumab+taxane+trastuzumab", "taxane+trastuzumab")
    assert f"{math.exp(each.value):.2f} ({math.exp(each.low):.2f}-{math.exp(each.high):.2f})" in shown.output
    assert "not medical advice" in shown.output


def test_json_and_csv_hold_the_comparisons() -> None:
    shown = json.loads(RUNNER.invoke(app, ["meta", "network", "--setting", "2L", "--json"]).output)
    rows = list(csv.DictReader(io.StringIO(RUNNER.invoke(app, ["meta", "network", "--setting", "2L", "--csv"]).output)))
    assert len(rows) == len(shown["comparisons"]) > 5
    assert [row["studlab"] for row in rows] == [x["study"] for x in shown["comparisons"]]
    emilia = next(row for row in rows if row["studlab"] == "EMILIA")
    assert math.exp(float(emilia["TE"])) == pytest.approx(0.65)


def test_the_reference_may_be_named_in_short() -> None:
    found = analyze("PFS", setting="2L", reference="T-DM1")
    row = next(row for row in found.rows() if row.treatment == "trastuzumab deruxtecan")
    assert row.reference == "trastuzumab emtansine"
    assert row.effect == row.direct
    assert row.effect.startswith("0.3")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--endpoint", "PSF"], "Did you mean PFS"),
        (["--reference", "T-DMX"], "Did you mean"),
        (["--disease", "gastrik"], "no trial of the evidence base"),
    ],
)
def test_wrong_input_is_told_with_exit_code_2(arguments: list[str], words: str) -> None:
    shown = RUNNER.invoke(app, ["meta", "network", *arguments])
    assert shown.exit_code == 2
    assert words in shown.output


def test_figures_are_written(tmp_path: Path) -> None:
    paths = analyze("PFS", disease="gastric", setting="").save_figures(tmp_path)
    assert {path.name for path in paths} >= {"network.svg", "network.png", "forest-1.svg"}
    assert "HER-Vaxx" in (tmp_path / "network.svg").read_text()


def test_a_network_figure_names_every_treatment_once_and_has_a_line_per_comparison() -> None:
    trials = [
        Comparison("1", "A1", "B1", 0.0, 1.0),
        Comparison("2", "A1", "C1", 0.0, 1.0),
        Comparison("3", "A1", "C1", 0.0, 1.0),
        Comparison("4", "X1", "Y1", 0.0, 1.0),
    ]
    svg = figure_svg(network_figure(geometry(trials), title="t", labels={"A1": "first"}))
    assert svg.count(">first<") == 1 and ">A1<" not in svg
    assert ">X1 – Y1  (1 trial)<" in svg
    assert svg.count("Q ") == 2  # one bowed line per direct comparison of the circle


def test_the_order_around_the_circle_shortens_lines() -> None:
    direct = {("a", "d"): 1, ("b", "e"): 1, ("c", "f"): 1}
    order = circle_order("abcdef", direct)
    places = {name: place for place, name in enumerate(order)}
    assert all(abs(places[x] - places[y]) in (1, 5) for x, y in direct)


def test_benchmarks_print_as_a_table_for_the_documentation() -> None:
    names = {
        "EMILIA",
        "CLEOPATRA",
        "EGF104900",
        "GBG26",
        "CEREBEL",
        "HER2CLIMB",
        "NeoALTTO",
        "NeoSphere",
        "ToGA",
        "JACOB",
    }
    found = benchmarks(visible=names)
    whole, by_setting = (part.splitlines() for part in found.markdown().split("\n\n"))
    assert (len(whole), len(by_setting)) == (len(found.rows) + 2, len(found.settings) + 2)
    assert ({line.count("|") for line in whole}, {line.count("|") for line in by_setting}) == ({9}, {6})
    assert {x.trial for x in found.judged} <= names
    for row in found.rows:  # settings divide the figures of a benchmark, none is lost or counted twice
        parts = [x for x in found.settings if (x.outcome, x.method) == (row.outcome, row.method)]
        assert sum(x.figures for x in parts) == row.figures or "same" in row.method or "hazard" in row.outcome
    assert {"PFS hazard ratio", "ORR", "pCR"} <= {x.outcome for x in found.settings}


def test_numbers_that_are_not_finite_become_null() -> None:
    assert json.loads(as_json({"a": math.nan, "b": [1.0, math.inf]})) == {"a": None, "b": [1.0, None]}


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(InputError, match="random or fixed"):
        analyze(model="randm")  # pyright: ignore[reportArgumentType]


def test_a_trial_is_forecast_from_the_command_line() -> None:
    shown = RUNNER.invoke(app, ["benchmarks", "NeoSphere", "--json"])
    rows = json.loads(shown.output)
    assert {row["arm"] for row in rows} == {each.name for each in load_record("NeoSphere").arms}
    assert all(row["low"] < row["value"] < row["high"] for row in rows)
    assert "rests on" in RUNNER.invoke(app, ["benchmarks", "NeoSphere"]).output
    assert RUNNER.invoke(app, ["benchmarks", "NeoSfere"]).exit_code == 2
