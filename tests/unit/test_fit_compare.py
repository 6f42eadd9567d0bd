"""Two fits side by side: equal ones agree, others do not, and published figures play no part."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from her2sim.core.errors import InputError
from her2sim.core.random import stream
from her2sim.evidence.base import load_record
from her2sim.model.calibration import free_numbers
from her2sim.record.types import TrialRecord
from her2sim.study import fit_compare
from her2sim.study.fit import Fit
from her2sim.study.fit_compare import Comparison, compare_fits, compared_numbers
from her2sim.study.fit_compare_page import comparison_section
from her2sim.study.fit_emulator import Emulator
from her2sim.study.fit_posterior import Posterior
from her2sim.study.fit_targets import FitData

NAMES = ("doubling_time_days", "payload_kill_DM1_per_day")
TRIAL = "TDM4374g"


def made_up(mean: float, sd: tuple[float, float], seed: int = 1) -> Fit:
    points = mean + np.array(sd) * stream(seed, 0, "test/compare").standard_normal((400, 2))
    none = np.zeros(0)
    return Fit(
        tuple(n for n in free_numbers() if n.number in NAMES),
        FitData((), (), ()),
        np.full(2, mean),
        Posterior(points, np.ones(2), np.full(2, 400.0), 0.3),
        none,
        Emulator(none, np.zeros((0, 2)), np.zeros((0, 2, 2)), none),
        (),
    )


def test_numbers_tell_how_far_apart_the_fits_are_and_what_drives_them() -> None:
    one, two = compared_numbers(made_up(0.0, (0.5, 0.95)), made_up(0.5, (0.5, 0.5), seed=2))
    assert one.apart == pytest.approx(1.0, abs=0.15)
    assert (one.told, two.told) == ("contracted", "unsure")
    (same, _) = compared_numbers(made_up(0.0, (0.9, 0.9)), made_up(0.0, (0.9, 0.9)))
    assert (same.apart, same.told) == (0.0, "prior-driven")


def test_fits_without_a_common_number_are_refused() -> None:
    one = made_up(0.0, (0.5, 0.5))
    other = replace(one, free=tuple(n for n in free_numbers() if n.number not in NAMES)[:2])
    with pytest.raises(InputError, match="share no number"):
        compare_fits(one, other)


@pytest.fixture(scope="module")
def apart() -> Comparison:
    one, other = made_up(-0.5, (0.05, 0.05)), made_up(1.5, (0.05, 0.05))
    return compare_fits(one, other, patients=24, draws=3, trials=[TRIAL])


def test_equal_fits_predict_the_same_and_unequal_ones_do_not(apart: Comparison) -> None:
    one = made_up(0.0, (0.05, 0.05))
    same = compare_fits(one, one, patients=16, draws=0, trials=[TRIAL])
    assert {figure.key.endpoint for figure in same.figures} == {"ORR", "PFS_median"}
    assert [figure.difference for figure in same.figures] == [0.0, 0.0]
    assert any(abs(figure.difference) > 0.2 for figure in apart.figures)
    assert all(figure.noise > 0.0 for figure in apart.figures)
    small = [figure for figure in apart.figures if math.isfinite(figure.variance)]
    assert small and all(figure.variance < figure.difference**2 + 0.1 for figure in small)


def test_the_section_tells_numbers_and_predictions(apart: Comparison) -> None:
    page = comparison_section(apart, "fit-2")
    assert page.startswith("## Another fit: fit-2")
    assert "| ORR (logit) | 1 |" in page and "1 unseen trials predicted" in page
    assert "| doubling_time_days | -0.5" in page


def test_no_published_figure_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    class Forbidden(tuple[Any, ...]):
        def __iter__(self) -> Any:
            raise AssertionError("somebody looked at a result")

    def poisoned() -> list[TrialRecord]:
        record = load_record(TRIAL)
        arms = tuple(replace(arm, results=Forbidden(arm.results)) for arm in record.arms)
        return [replace(record, arms=arms, contrasts=Forbidden(), subgroups=Forbidden())]

    monkeypatch.setattr(fit_compare, "all_records", poisoned)
    one = made_up(0.0, (0.05, 0.05))
    assert len(compare_fits(one, one, patients=8, draws=0).figures) == 2
