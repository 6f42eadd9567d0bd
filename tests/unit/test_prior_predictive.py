"""The prior predictive check: draws from the priors alone, the same in every trial; shares that are counted right."""

from __future__ import annotations

import numpy as np
import pytest
from typer.testing import CliRunner

from her2sim.cli.main import app
from her2sim.core.errors import InputError
from her2sim.evidence.base import load_record
from her2sim.evidence.roles import role_of
from her2sim.model.calibration import free_numbers
from her2sim.model.parameters import fitted_values
from her2sim.study import prior_predictive as check
from her2sim.study.prior_predictive_page import doubling_words, overall, page

DRAWS = 200


@pytest.fixture(scope="module")
def drawn() -> list[dict[str, float]]:
    return [check.draw_prior(load_record("CLEOPATRA"), 1, draw) for draw in range(1, DRAWS + 1)]


def test_draws_follow_the_priors_and_not_the_fit(drawn: list[dict[str, float]]) -> None:
    """Catches a draw around fitted values: the fit has moved numbers by more than the error of 200 draws."""
    moved = 0
    for number in free_numbers():
        if number.what != "value":
            continue
        scores = np.array([number.score(draw[number.name]) for draw in drawn])
        assert abs(scores.mean()) < 4.0 / np.sqrt(DRAWS), number.name
        assert 0.8 < scores.std() < 1.15, number.name
        fitted = fitted_values().get(number.name)
        moved += fitted is not None and abs(number.score(fitted)) > 4.0 / np.sqrt(DRAWS)
    assert moved > 0


def test_spreads_are_drawn_under_their_own_names(drawn: list[dict[str, float]]) -> None:
    names = {f"spread of {n.name}" for n in free_numbers() if n.what == "spread"}
    assert names and names <= set(drawn[0])
    assert all(len({round(draw[name], 9) for draw in drawn}) > DRAWS / 2 for name in names)


def test_a_draw_is_the_same_in_every_trial_of_a_disease() -> None:
    first, second = (check.draw_prior(load_record(trial), 1, 7) for trial in ("CLEOPATRA", "EMILIA"))
    assert first == second
    assert check.draw_prior(load_record("CLEOPATRA"), 1, 8) != first
    assert check.draw_prior(load_record("CLEOPATRA"), 2, 7) != first


def test_no_trial_of_the_check_is_withheld() -> None:
    for trials in check._settings()["trials"].values():  # pyright: ignore[reportPrivateUsage]
        assert all(role_of(trial) != "withheld" for trial in trials)


def found() -> check.PriorPredictive:
    orr, pfs = np.array([30.0, 50.0, 60.0, 96.0]), np.array([3.0, 10.0, np.inf, 59.0])
    arm = check.ArmUnderPrior("T", "breast", "metastatic-1L", "arm", orr, pfs)
    plausible = {
        "metastatic-1L": {"ORR_percent": [40, 95], "PFS_median_months": [4, 60]}, "doubling_time_days": [20, 400],
    }  # fmt: skip
    return check.PriorPredictive((arm,), {"breast": np.array([10.0, 50.0, 300.0, 500.0])}, plausible, 0.8)


def test_shares_inside_are_counted_and_a_median_not_reached_is_outside() -> None:
    assert found().arms[0].inside(found().plausible) == (0.5, 0.5)
    assert "response 50% and median PFS 50%" in overall(found())
    assert "50% within 20 to 400 days" in doubling_words(found())[0]


def test_the_page_marks_arms_with_too_few_draws_inside() -> None:
    text = page(found(), "Made by hand.")
    assert text.count("**50%**") == 2
    assert "(30 to 96)" in text and "NR" in text


def test_one_trial_is_simulated_end_to_end() -> None:
    """Two draws of ten patients: catches a parameter that the simulator does not accept as an override."""
    small = check.prior_predictive(draws=2, patients=10, trials=("GBG26",))
    assert [arm.arm for arm in small.arms] == ["trastuzumab+capecitabine", "capecitabine"]
    assert all(len(arm.orr_percent) == 2 and (arm.pfs_months > 0).all() for arm in small.arms)
    assert len(small.doubling_days["breast"]) == 20
    assert len(set(small.doubling_days["breast"].tolist())) > 15


def test_a_trial_outside_the_check_is_refused() -> None:
    with pytest.raises(InputError, match="PATINA is not part"):
        check.prior_predictive(draws=2, patients=10, trials=("PATINA",))


@pytest.mark.parametrize(
    ("words", "says"), [(["--draws", "1"], "--draws is 1"), (["--table", "x.txt"], "cannot be written")]
)
def test_bad_input_is_one_clear_message(words: list[str], says: str) -> None:
    result = CliRunner().invoke(app, ["prior", *words])
    assert result.exit_code == 2 and says in result.output and "Traceback" not in result.output
