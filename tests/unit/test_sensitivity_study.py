"""Sensitivity: SALib sees what it should, analytic cases come out, and finished evaluations are kept."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from her2sim.cli.main import app
from her2sim.core.errors import InputError
from her2sim.study.sensitivity import evaluations, study
from her2sim.study.sensitivity.evaluations import evaluate, output_names
from her2sim.study.sensitivity.numbers import Varied, plans, relevant, varied
from her2sim.study.sensitivity.page import lines_of, page
from her2sim.study.sensitivity.study import decompose, foremost, screen

NUMBERS = tuple(Varied(name, "log", 1.0, 0.5, 0.0, math.inf, "file") for name in ("strong", "weak", "none"))


def share(name: str, value: float) -> float:
    """Where a value lies between the ends of its range, 0 to 1 (on the scale of its score)."""
    number = next(n for n in NUMBERS if n.name == name)
    ends = [math.log(number.at(x)) for x in (0.0, 1.0)]
    return (math.log(value) - ends[0]) / (ends[1] - ends[0])


@pytest.fixture
def linear(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, float]]:
    """A model that is linear in where its numbers lie: 4 times the first plus the second."""
    asked: list[Mapping[str, float]] = []

    def stand_in(points: list[Mapping[str, float]], folder: Path, **options: Any) -> list[dict[str, float]]:
        asked.extend(points)
        values = [4.0 * share("strong", p["strong"]) + share("weak", p["weak"]) for p in points]
        return [dict.fromkeys(output_names(), v) for v in values]

    monkeypatch.setattr(study, "evaluate", stand_in)
    return asked


def test_elementary_effects_of_a_nearly_linear_model_as_in_Morris1991(linear: list[Mapping[str, float]]) -> None:
    found = screen(trajectories=30, numbers=NUMBERS)
    assert len(linear) == found.evaluations == 30 * 4
    assert [found.numbers[row].name for row in found.ranking()] == ["strong", "weak", "none"]
    assert found.mean_absolute[2].max() == 0.0
    ratio = found.mean_absolute[0, 0] / found.mean_absolute[1, 0]
    assert ratio == pytest.approx(4.0, rel=0.1)
    assert found.mean[0, 0] == pytest.approx(found.mean_absolute[0, 0])


def test_shares_of_variance_of_an_additive_model_as_in_Saltelli2010(linear: list[Mapping[str, float]]) -> None:
    """Variances of 4x and y (alike distributed) are 16 and 1: shares 16/17 and 1/17, no interaction."""
    found = decompose(NUMBERS, points=512)
    assert found.evaluations == 512 * 5 == len(linear)
    for index in (found.first, found.total):
        assert index[0, 0] == pytest.approx(16 / 17, abs=0.02)
        assert index[1, 0] == pytest.approx(1 / 17, abs=0.02)
        assert index[2, 0] == pytest.approx(0.0, abs=1e-6)


def test_pages_name_the_foremost_first(linear: list[Mapping[str, float]]) -> None:
    screening = screen(trajectories=4, numbers=NUMBERS)
    text = page(screening, decompose(NUMBERS, points=8), "Made by hand.", "image.png", "It means this.")
    assert text.index("| 1 | strong |") < text.index("| 2 | weak |")
    assert "It means this." in text and "none" in text.split("importance below")[1]
    assert "strong" in lines_of(screening, None)[1]
    assert [n.name for n in foremost(screening)][:2] == ["strong", "weak"]


def test_numbers_stay_within_their_bounds_and_move_with_the_share() -> None:
    for number in varied("prior"):
        ends = [number.at(x) for x in (0.0, 0.5, 1.0)]
        assert ends[0] < ends[2], number.name
        assert number.low <= ends[0] <= ends[1] <= ends[2] <= number.high, number.name
    names = {n.name for n in varied("prior")}
    assert {"addiction_death_per_day", "spread of growth_patient", "tucatinib_kp_uu_brain"} <= names
    assert not {"her2_log10_per_cell", "kill_platinum_gastric_per_day"} & names


def test_numbers_around_the_prior_and_around_the_fit_are_the_same_numbers() -> None:
    prior, fitted = ({n.name: n for n in varied(where)} for where in ("prior", "calibrated"))
    assert set(prior) == set(fitted)
    assert any(prior[name].center != fitted[name].center for name in prior)
    with pytest.raises(InputError, match="Did you mean"):
        varied("priors")


def test_a_number_of_one_drug_does_not_touch_trials_without_it() -> None:
    names = [n.name for n in varied("prior")]
    trials = plans(2, 0)
    assert "payload_kill_DXd_per_day" in relevant(trials["DESTINY-Breast03"], names)
    assert "payload_kill_DXd_per_day" not in relevant(trials["CLEOPATRA"], names)
    assert "tucatinib_ic50_HER2_nM" not in relevant(trials["DESTINY-Breast03"], names)
    for everywhere in (
        "doubling_time_days",
        "measurement_sd_inv",
        "withdrawal_rate_per_day",
        "spread of growth_patient",
    ):
        assert all(everywhere in relevant(plan, names) for plan in trials.values())


def test_finished_evaluations_are_kept_and_half_written_ones_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def stand_in(work: tuple[str, Mapping[str, float], int, int]) -> dict[str, float]:
        asked.append(work[0])
        return {name: float(len(asked)) for name in output_names() if _of(name) == work[0]}

    monkeypatch.setattr(evaluations, "_one", stand_in)
    middle = {n.name: n.at(0.5) for n in varied("prior")}
    other = middle | {"payload_kill_DXd_per_day": 1.3 * middle["payload_kill_DXd_per_day"]}
    first = evaluate([middle, other], tmp_path, patients=10, seed=1)
    assert sorted(asked) == ["CLEOPATRA", "DESTINY-Breast03", "DESTINY-Breast03", "HER2CLIMB"]
    assert set(first[0]) == set(output_names())
    store = tmp_path / "evaluations.jsonl"
    store.write_text(store.read_text()[:-20])  # the last line is cut, as by a crash
    again = evaluate([middle, other], tmp_path, patients=10, seed=1)
    assert len(asked) == 5
    assert again[0] == first[0]


def _of(output: str) -> str:
    content = evaluations.settings()
    rows = {**content["outputs"], **content["ratios"]}
    return rows[output.split(", ", 1)[1]]["trial"]


def test_outputs_of_a_trial_end_to_end(tmp_path: Path) -> None:
    """One trial, ten patients: catches a number that the simulator does not accept as an override."""
    point = {n.name: n.at(0.5) for n in varied("prior")}
    found = evaluations._one(("DESTINY-Breast03", point, 10, 1))  # pyright: ignore[reportPrivateUsage]
    assert {_of(name) for name in found} == {"DESTINY-Breast03"}
    assert 0.0 <= found["ORR, T-DXd second line"] <= 100.0
    assert np.isfinite(list(found.values())).all()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--trajectories", "1"], "--trajectories is 1"),
        (["--around", "x"], "--around is 'x'"),
        (["--table", "x"], "written"),
    ],
)
def test_bad_input_is_one_clear_message(words: list[str], says: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["sensitivity", "--out", str(tmp_path / "kept"), *words])
    assert result.exit_code == 2 and says in result.output and "Traceback" not in result.output


def test_a_missing_library_is_named_with_the_way_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "SALib.sample.morris", None)
    with pytest.raises(InputError, match=r"her2sim\[sensitivity\]"):
        screen(trajectories=2, numbers=NUMBERS)


def test_sobol_needs_a_power_of_two() -> None:
    with pytest.raises(InputError, match="power of two"):
        decompose(NUMBERS, points=12)
