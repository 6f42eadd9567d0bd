"""One virtual patient from the command line: the explanation, the figure, the tables; and what goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

Command = Callable[..., "Outcome"]  # noqa: F821  (the class lives in conftest.py)


def test_a_patient_is_explained_and_drawn(command: Command, tmp_path: Path) -> None:
    words = ("trastuzumab+docetaxel", "T-DXd", "--setting", "metastatic-1L", "--number", "9", "--months", "24")
    done = command("patient", *words, "--out", "nine")
    assert done.code == 0, done.err
    assert "Patient 9 of breast cancer" in done.out and "Line 1: trastuzumab + docetaxel" in done.out
    assert "Research use only" in done.out
    names = {path.name for path in (tmp_path / "nine").iterdir()}
    assert names == {
        "patient.svg", "patient.png", "course.csv", "scans.csv", "blood.csv", "biopsies.csv", "why.txt"
    }  # fmt: skip
    course = pd.read_csv(tmp_path / "nine" / "course.csv")
    assert {"day", "line", "C_trastuzumab_mg_per_L", "theta_domain_IV_systemic", "targets_mm", "ihc"} <= set(course)
    assert course["day"].is_monotonic_increasing
    drawn = (tmp_path / "nine" / "patient.svg").read_text()
    for text in ("covered", "survival", "living tumor outside", "diameters", "IHC 3+", "soluble HER2"):
        assert text in drawn, f"the figure has no {text!r}"


def test_a_knock_out_is_told_with_the_outcome(command: Command) -> None:
    done = command("patient", "T-DXd", "--typical", "--prior", "none", "--months", "3", "--without", "payload")
    assert done.code == 0, done.err
    assert "Without payload: kill by the payload of antibody-drug conjugates." in done.out


def test_traits_are_listed_with_units(command: Command) -> None:
    done = command("patient", "--traits")
    assert done.code == 0, done.err
    assert "HER2_per_cell" in done.out and "weight_kg" in done.out and "growth_patient" in done.out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "no regimen was given"),
        (("trastuzumb",), "Did you mean trastuzumab"),
        (("DESTINY-Breast03/T-DX",), "Did you mean T-DXd"),
        (("T-DXd", "--set", "HER2_per_cell=-5"), "HER2_per_cell cannot be -5"),
        (("T-DXd", "--set", "HER2_per_cell"), "sets nothing"),
        (("T-DXd", "--set", "HER3_level=5"), "a patient has no trait"),
        (("T-DXd", "--without", "bystandr"), "Did you mean bystander"),
        (("T-DXd", "--months", "0"), "cannot be shown"),
        (("T-DXd", "--prior", "aspirin"), "unknown drug 'aspirin'"),
    ],
)
def test_slips_are_told_in_one_line_and_nothing_is_written(
    command: Command, tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    done = command("patient", *words, "--out", "p")
    assert done.code == 2, done.err
    assert done.err.startswith("Error: ") and len(done.err.strip().splitlines()) == 1
    assert says in done.err
    assert not list(tmp_path.iterdir())
