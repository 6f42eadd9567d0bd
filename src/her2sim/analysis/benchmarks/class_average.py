"""The average of like arms: the same class of treatment, disease and line, or the nearest wider circle."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence

import numpy as np

from her2sim.analysis.benchmarks.arm_figures import ArmFigure, values
from her2sim.analysis.benchmarks.prediction import Prediction
from her2sim.analysis.meta.pairwise import pool

Circle = tuple[str, Callable[[ArmFigure], Hashable]]
CIRCLES: tuple[Circle, ...] = (
    ("class, disease and line", lambda arm: (arm.kinds, arm.disease, arm.setting)),
    ("class and disease", lambda arm: (arm.kinds, arm.disease)),
    ("disease and line", lambda arm: (arm.disease, arm.setting)),
    ("disease", lambda arm: arm.disease),
    ("all arms", lambda arm: ""),
)
LINE_ONLY = CIRCLES[2:]
_ENOUGH = 2


def class_average(
    known: Sequence[ArmFigure], wanted: Sequence[ArmFigure], /, circles: Sequence[Circle] = CIRCLES
) -> list[Prediction | None]:
    """Random-effects average of the narrowest circle of arms that holds two or more.

    Main arguments:
        known: figures to average.
        wanted: arms to predict.

    Other arguments:
        circles: from narrow to wide.
    """
    return [_average(known, arm, circles) for arm in wanted]


def line_average(known: Sequence[ArmFigure], wanted: Sequence[ArmFigure], /) -> list[Prediction | None]:
    """The average of all arms of the disease and line, whatever they got: what knowing no drug is worth."""
    return class_average(known, wanted, LINE_ONLY)


def _average(known: Sequence[ArmFigure], arm: ArmFigure, circles: Sequence[Circle]) -> Prediction | None:
    for words, key in circles:
        like = [each for each in known if key(each) == key(arm)]
        if len(like) >= _ENOUGH:
            y, variance = values(like)
            pooled = pool(y.tolist(), np.sqrt(variance).tolist())
            center = pooled.random.value
            assert center is not None
            error = math.sqrt(pooled.tau2 + pooled.random_error**2)
            return Prediction(center, error, f"{len(like)} arms of the same {words}")
    return None
