"""The frozen calibration: what is written is read again, and nothing that was edited since."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2sim.core.errors import InputError
from her2sim.model.calibration import FreeNumber
from her2sim.model.frozen import Frozen, content_hash, parameter_of, read_frozen, spread_name, write_frozen
from her2sim.model.parameters import load_parameters, with_calibrated
from her2sim.population.sample import draw_patients
from her2sim.study.cohort import calibrated, sampling_plan

VALUES = {"turnover": 0.71234567891234, "spread of growth_patient": 0.61}
DRAWS = ({"turnover": 0.7, "spread of growth_patient": 0.6}, {"turnover": 0.73, "spread of growth_patient": 0.65})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    figures = ({"trial": "EMILIA", "endpoint": "ORR", "published": 43.6},)
    write_frozen(tmp_path, Frozen(VALUES, DRAWS, "", "2026-11-21", figures, "abc"), {"settings": {"seed": 1}})
    return tmp_path


def test_what_is_written_is_read_again(folder: Path) -> None:
    found = read_frozen(folder)
    assert found.values == pytest.approx(VALUES)
    assert found.draws == DRAWS
    assert found.figures[0]["trial"] == "EMILIA"
    assert found.hash == content_hash(found.values, found.draws, "abc")


EDITS = [
    ("frozen.yaml", "0.712345", "0.812345"),
    ("frozen_draws.csv", "0.73", "0.74"),
    ("frozen.yaml", "simulator: abc", "simulator: abd"),
]


@pytest.mark.parametrize(("name", "old", "new"), EDITS)
def test_a_file_that_was_edited_is_refused(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new))
    with pytest.raises(InputError, match="changed after"):
        read_frozen(folder)


def test_the_discrepancy_of_unseen_trials_is_kept_with_the_calibration_and_under_its_hash(tmp_path: Path) -> None:
    frozen = Frozen(VALUES, DRAWS, "", "2026-11-21", (), "abc", unseen={"PFS": 0.21}, unseen_degrees=5.0)
    write_frozen(tmp_path, frozen, {"unseen_discrepancy": {"learned_from": "figures of the fit"}})
    found = read_frozen(tmp_path)
    assert (found.unseen, found.unseen_degrees) == ({"PFS": 0.21}, 5.0)
    text = (tmp_path / "frozen.yaml").read_text()
    assert "learned_from: figures of the fit" in text
    for old, new in (("PFS: 0.21", "PFS: 0.11"), ("degrees: 5.0", "degrees: 50.0")):
        (tmp_path / "frozen.yaml").write_text(text.replace(old, new))
        with pytest.raises(InputError, match="changed after"):
            read_frozen(tmp_path)


def test_calibrated_numbers_replace_value_or_spread_and_nothing_else() -> None:
    before = load_parameters().quantities
    after = with_calibrated(before, {"turnover": 0.5, spread_name("growth_patient"): 0.3})
    assert (after["turnover"].value, after["turnover"].spread) == (0.5, before["turnover"].spread)
    assert (after["growth_patient"].value, after["growth_patient"].spread) == (before["growth_patient"].value, 0.3)
    assert {name for name in after if after[name] != before[name]} <= {"turnover", "growth_patient"}
    with pytest.raises(InputError, match="unknown parameter"):
        with_calibrated(before, {"no_such_thing": 1.0})


@given(st.text(alphabet="abc_", min_size=1), st.sampled_from(["value", "spread"]))
def test_a_number_tells_its_parameter_and_part(name: str, what: str) -> None:
    assert parameter_of(FreeNumber(name, what, "log", 1.0, 0.1).number) == (name, what == "spread")


def test_a_spread_of_zero_makes_patients_alike_and_a_spread_in_force_replaces_the_plans_own() -> None:
    from her2sim.evidence.base import load_record

    plan = sampling_plan(load_record("EMILIA"))
    wide = draw_patients(plan, seed=1, ids=range(50)).patients.columns["sensitivity_chemo"]
    same = draw_patients(plan, seed=1, ids=range(50), typical={spread_name("sensitivity_chemo"): 0.0})
    assert wide.std() > 0.0
    assert same.patients.columns["sensitivity_chemo"].std() == 0.0


def test_a_disease_keeps_the_typical_values_that_are_its_own() -> None:
    from her2sim.evidence.base import load_record

    numbers = {"fraction_her2low": 0.03, "turnover": 0.7}
    assert calibrated(load_record("ToGA"), numbers) == {"turnover": 0.7}
    assert calibrated(load_record("EMILIA"), numbers) == numbers
