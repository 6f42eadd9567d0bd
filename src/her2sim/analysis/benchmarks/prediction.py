"""What a benchmark says of an arm: a value with an interval, on the scale of the outcome, and what it rests on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Protocol

from her2sim.analysis.benchmarks.arm_figures import ArmFigure

Z90 = NormalDist().inv_cdf(0.95)


@dataclass(frozen=True)
class Prediction:
    """A prediction of one figure.

    Main arguments:
        value: on the transformed scale.
        error: standard error of prediction without the sampling error of the figure to come; NaN where the method
            gives none.
        basis: what it rests on, in words.
    """

    value: float
    error: float
    basis: str

    def covers(self, observed: float, variance: float) -> bool | None:
        """Whether a figure with this sampling variance lies in the 90 % interval; None where there is none."""
        if math.isnan(self.error):
            return None
        return abs(observed - self.value) <= Z90 * math.sqrt(self.error**2 + variance)


class Predictor(Protocol):
    """Learns from some figures and predicts others; None where it has nothing to say."""

    def __call__(self, known: Sequence[ArmFigure], wanted: Sequence[ArmFigure], /) -> list[Prediction | None]:
        """Predict each of ``wanted`` (whose values it must not look at) from ``known``."""
        ...
