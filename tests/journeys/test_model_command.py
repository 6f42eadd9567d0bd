"""A systems biologist looks into the model: equations, sources, pictures, files for other tools; and slips."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., "Outcome"]  # noqa: F821  (the class lives in conftest.py)


def test_the_her2_her3_equation_and_its_source_are_one_command_from_the_readme(command: Command) -> None:
    line = next(
        x for x in (Path(__file__).parents[2] / "README.md").read_text().splitlines() if "--find HER2-HER3" in x
    )
    done = command(*line.split("`")[1].split()[1:])
    assert done.code == 0, done.err
    assert "D_23" in done.out and "doi:10.1016/j.ccr.2009.03.020" in done.out


def test_the_model_of_an_arm_is_shown_with_states_parameters_and_sources(command: Command) -> None:
    done = command("model", "DESTINY-Breast03/T-DXd")
    assert done.code == 0, done.err
    for words in ("DESTINY-Breast03, arm T-DXd", "States", "Parameters", "between patients", "Sources of parameters"):
        assert words in done.out


@pytest.mark.parametrize(("regimen", "form"), [("trastuzumab", "sbml"), ("trastuzumab", "antimony")])
def test_the_model_is_written_for_other_tools_and_read_again(
    command: Command, tmp_path: Path, regimen: str, form: str
) -> None:
    name = {"sbml": "model.xml", "antimony": "model.ant"}[form]
    assert command("model", regimen, "--format", form, "--out", name).code == 0
    done = command("simulate", name, "--times", "0:21:7", "--out", "table.csv")
    assert done.code == 0, done.err
    assert len((tmp_path / "table.csv").read_text().splitlines()) == 5


@pytest.mark.parametrize("name", ["model.svg", "model.png"])
def test_the_model_is_drawn(command: Command, tmp_path: Path, name: str) -> None:
    done = command("model", "T-DXd+tucatinib", "--diagram", name)
    assert done.code == 0, done.err
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).stat().st_size > 10_000


def test_all_mechanisms_are_listed_for_both_scales(command: Command) -> None:
    done = command("model", "--mechanisms")
    assert done.code == 0, done.err
    assert "adcc " in done.out and "adaptive_her3" in done.out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("model", "trastuzumb"), "Did you mean trastuzumab"),
        (("model", "trastuzumab", "--format", "latex"), "there is no format 'latex'"),
        (("model", "trastuzumab", "--scale", "organ"), "there is no scale 'organ'"),
        (("model", "trastuzumab", "--disease", "lung"), "no model for 'lung'"),
        (("model", "trastuzumab", "--module", "adc"), "Did you mean adcc"),
        (("model", "trastuzumab", "--without", "adc"), "Did you mean adcc"),
        (("model", "trastuzumab", "--without", "payload"), "does not contain payload"),
        (("model", "trastuzumab", "--equation", "her2_nm3"), "Did you mean her2_nM"),
        (("model", "trastuzumab", "--find", "zzzzz"), "nothing in the model speaks of"),
        (("model", "trastuzumab", "--diagram", "model.docx"), "ends neither in .svg nor in .png"),
        (("model", "docetaxel", "--scale", "cell"), "docetaxel"),
    ],
)
def test_what_cannot_be_shown_is_told_in_one_line(
    command: Command, tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    done = command(*words)
    assert done.code == 2
    assert done.err.startswith("Error: ") and len(done.err.strip().splitlines()) == 1
    assert says in done.err
    assert not list(tmp_path.iterdir())
