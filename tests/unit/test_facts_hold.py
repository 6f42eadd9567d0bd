"""The stylised facts on few patients: the sign and order of each, which must not depend on the last digit of a fit.

The table with sizes, intervals and more patients is made by ``her2sim facts``. Facts that this model fails honestly are
marked so, with the reason that stands in the data; if the model mends one, its mark must go.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from her2sim.study.facts.checking import Checked, judge, resamples
from her2sim.study.facts.cohorts import CohortOutcome
from her2sim.study.facts.fact import Check, Fact, Figure, load_facts
from her2sim.study.facts.simulating import by_cohort, simulate_units, units_of

PATIENTS, SEED = 40, 1
SLACK = 1.35
"""Figures of 40 patients scatter: limits are loosened by this factor, or by twelve points."""
POINTS = 12.0


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, CohortOutcome]:
    """All cohorts of all facts, each simulated once."""
    base = load_facts()
    units = units_of(base.facts, base, patients=PATIENTS, seed=SEED)
    folder: Path = tmp_path_factory.mktemp("facts")
    return by_cohort(units, simulate_units(units, folder))


def loosened(check: Check) -> Check:
    """The same check with room for the scatter of few patients."""
    shares = check.figure.quantity in ("ORR", "PFS_rate", "CNS_ORR", "HER2_loss")
    if check.test == "size":
        return replace(check, factor=check.factor * SLACK if check.factor else 0.0, points=check.points + POINTS)
    if check.test == "between":
        return replace(
            check,
            low=check.low - POINTS if shares else check.low / SLACK,
            high=check.high + POINTS if shares else check.high * SLACK,
        )
    if isinstance(check.than, Figure):  # of two figures that both scatter
        return replace(check, times=check.times * (SLACK if check.test == "less" else 1.0 / SLACK))
    return check


def failed(checked: Checked) -> str:
    return (
        ""
        if checked.holds
        else f"{checked.check.figure}: {checked.value:.3g} ({checked.check.test} {checked.than:.3g})"
    )


FAIL_EVEN_SO = (4, 5, 6, 8, 9)
"""Facts whose order this model gets wrong, by more than the scatter of few patients."""


def facts() -> list[object]:
    return [
        pytest.param(
            fact, id=str(fact.id), marks=[pytest.mark.xfail(reason=fact.if_it_fails)] * (fact.id in FAIL_EVEN_SO)
        )
        for fact in load_facts().facts
    ]


@pytest.mark.parametrize("fact", facts())
def test_a_stylised_fact_holds_in_sign_and_order(fact: Fact, outcomes: dict[str, CohortOutcome]) -> None:
    base = load_facts()
    loose = replace(fact, checks=tuple(loosened(check) for check in fact.checks))
    result = judge(loose, outcomes, resamples(PATIENTS, SEED, 0), base.readings)
    assert not [text for text in map(failed, result.checked) if text]
