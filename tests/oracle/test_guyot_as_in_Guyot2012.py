"""Reconstruction against patient-level truth that is simulated here, digitized as a careful reader would.

Guyot et al. 2012 (doi:10.1186/1471-2288-12-9): survival probabilities and medians are reproduced almost exactly, hazard
ratios within a few percent, if numbers at risk and total events are given; without both, hazard ratios are poor.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest

from her2sim.analysis.hazard_ratio import hazard_ratio
from her2sim.analysis.kaplan_meier import Bools, Floats, kaplan_meier, risk_table, survival_at, survival_quantile
from her2sim.analysis.reconstruct.guyot import RebuiltPatients, rebuild
from her2sim.analysis.reconstruct.reconstruction import PublishedArm, reconstruct
from her2sim.core.errors import InputError
from her2sim.core.random import stream
from her2sim.evidence.importers.curve_csv import DigitizedCurve, RiskTable


@dataclass(frozen=True)
class Shape:
    """Two arms of known patients: hazard of the events, and how they are censored."""

    name: str
    n: int
    median: float
    ratio: float
    kind: str
    end: float
    every: float
    cured: float = 0.0
    weibull: float = 1.0


SHAPES = (
    Shape("administrative censoring at the end of accrual", 250, 12.0, 0.65, "accrual", 36.0, 6.0),
    Shape("heavy early drop-out", 200, 9.0, 0.75, "dropout", 30.0, 3.0),
    Shape("heavy late censoring", 300, 20.0, 0.60, "late", 30.0, 6.0),
    Shape("flat tail of the cured", 220, 10.0, 0.70, "accrual", 60.0, 12.0, cured=0.35),
    Shape("small arms", 60, 8.0, 0.55, "accrual", 24.0, 4.0),
    Shape("rising hazard", 240, 14.0, 0.80, "accrual", 36.0, 6.0, weibull=1.6),
    Shape("curve with few events", 400, 90.0, 0.70, "accrual", 48.0, 6.0),
)


def truth(shape: Shape, arm: int) -> tuple[Floats, Bools]:
    draw = stream(2012, arm, f"guyot/{shape.name}")
    scale = shape.median / math.log(2.0) ** (1.0 / shape.weibull)
    event = scale * draw.weibull(shape.weibull, shape.n) * (shape.ratio ** (-1.0 / shape.weibull) if arm == 1 else 1.0)
    event[draw.random(shape.n) < shape.cured] = np.inf
    if shape.kind == "accrual":
        censor = shape.end - shape.end / 2.0 * draw.random(shape.n)
    elif shape.kind == "dropout":
        censor = np.minimum(draw.exponential(shape.end / 2.0, shape.n), shape.end)
    else:
        censor = shape.end * (1.0 - 0.35 * draw.random(shape.n) ** 2)
    return np.minimum(event, censor), event <= censor


def published(shape: Shape, arm: int, *, noise: float = 0.002) -> PublishedArm:
    """The arm as a reader of the figure gets it: pixels, a risk table, events and the median to one decimal."""
    time, event = truth(shape, arm)
    km = kaplan_meier(time, event)
    grid = np.linspace(0.0, float(time.max()), 240)
    height = np.concatenate([[1.0], km.survival])[np.searchsorted(km.time, grid, side="right")]
    jitter = stream(2012, arm, f"digitize/{shape.name}").normal(0.0, noise, len(grid))
    curve = DigitizedCurve(grid, np.clip(np.round(height + jitter, 3), 0.0, 1.0))
    printed = np.arange(0.0, float(time.max()), shape.every)
    counts = risk_table(km, printed.tolist())["at_risk"].to_numpy().astype(np.int64)
    median = survival_quantile(km).value
    rounded = None if median is None else round(median, 1)
    return PublishedArm(curve, RiskTable(printed, counts), int(event.sum()), rounded, shape.name)


def ratio(treated: tuple[Floats, Bools], reference: tuple[Floats, Bools]) -> float:
    time = np.concatenate([treated[0], reference[0]])
    found = hazard_ratio(time, np.concatenate([treated[1], reference[1]]), np.arange(len(time)) < len(treated[0]))
    assert found.value is not None
    return found.value


def pair(rebuilt: RebuiltPatients) -> tuple[Floats, Bools]:
    return rebuilt.time, rebuilt.event


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_rates_medians_events_and_hazard_ratios_come_back(shape: Shape) -> None:
    both = [published(shape, arm) for arm in (0, 1)]
    real = [truth(shape, arm) for arm in (0, 1)]
    made = reconstruct(both[1], both[0], hazard_ratio=round(ratio(real[1], real[0]), 2))
    assert made.audit.accepted, made.audit.text()
    for rebuilt, (time, event) in zip(reversed(made.patients), real, strict=True):
        here, there = kaplan_meier(rebuilt.time, rebuilt.event), kaplan_meier(time, event)
        for at in np.linspace(0.1, 0.8, 5) * float(time.max()):
            assert abs((survival_at(here, at).value or 0) - (survival_at(there, at).value or 0)) < 0.01 + 1.0 / shape.n
        mine, true = survival_quantile(here).value, survival_quantile(there).value
        assert (mine is None) == (true is None)
        if mine is not None and true is not None:
            assert abs(mine / true - 1.0) < 0.03
        assert abs(int(rebuilt.event.sum()) - int(event.sum())) <= max(2, 0.03 * int(event.sum()))
        assert len(rebuilt.time) == len(time)
    error = math.log(ratio(pair(made.patients[0]), pair(made.patients[1])) / ratio(real[1], real[0]))
    assert abs(error) < 0.05


def test_hazard_ratios_have_no_systematic_error() -> None:
    errors = []
    for shape in SHAPES:
        both = [rebuild(p.curve, p.risk, p.events) for p in (published(shape, 0), published(shape, 1))]
        errors.append(math.log(ratio(pair(both[1]), pair(both[0])) / ratio(truth(shape, 1), truth(shape, 0))))
    assert abs(float(np.mean(errors))) < 0.02
    assert float(np.mean(np.abs(errors))) < 0.025


def test_without_the_risk_table_the_hazard_ratio_of_heavily_censored_arms_is_worse() -> None:
    """The published warning: only the first number at risk and no events leave censoring unknown."""
    shape = SHAPES[1]
    real = ratio(truth(shape, 1), truth(shape, 0))
    full, bare = [], []
    for arm in (0, 1):
        one = published(shape, arm)
        first = RiskTable(one.risk.time[:1], one.risk.at_risk[:1])
        full.append(pair(rebuild(one.curve, one.risk, one.events)))
        bare.append(pair(rebuild(one.curve, first)))
        assert bare[-1][1].sum() > 1.1 * full[-1][1].sum()
    assert abs(math.log(ratio(full[1], full[0]) / real)) < 0.05


def test_a_bad_reconstruction_is_refused_with_its_reasons() -> None:
    """A curve in weeks over a risk table in months, and events of another analysis."""
    good = published(SHAPES[0], 0)
    stretched = DigitizedCurve(good.curve.time * 4.345, good.curve.survival)
    made = reconstruct(PublishedArm(stretched, good.risk, good.events, good.median))
    assert not made.audit.accepted
    with pytest.raises(InputError, match=r"do not fit.*median"):
        made.audit.refuse_bad("curve.csv")
    more = reconstruct(PublishedArm(good.curve, good.risk, 40, good.median))
    assert [line.name for line in more.audit.lines if not line.accepted][-1] == "events"


def test_a_hazard_ratio_of_the_other_direction_is_refused() -> None:
    arms = [published(SHAPES[0], arm) for arm in (0, 1)]
    made = reconstruct(arms[1], arms[0], hazard_ratio=round(1.0 / ratio(truth(SHAPES[0], 1), truth(SHAPES[0], 0)), 2))
    assert [line.name for line in made.audit.lines if not line.accepted] == ["hazard_ratio"]
