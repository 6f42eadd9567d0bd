"""Pairwise meta-analysis as printed by Raudenbush 2009 (table 16.3) and by Stata's metan, both checked by metafor.

Raudenbush SW, in Cooper H et al. (eds): The Handbook of Research Synthesis, 2nd ed., 2009, page 309: 19 experiments on
teacher expectancy (data of Raudenbush 1985), by common effect, REML and DerSimonian-Laird; the numbers stand in
metafor's test_analysis_example_raudenbush2009.r. BCG: 13 trials of Colditz 1994; metafor's
test_misc_metan_vs_rma.uni_with_dat.bcg.r.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import pytest

from her2sim.analysis.meta.pairwise import Pooled, pool

EFFECTS = (
    0.03, 0.12, -0.14, 1.18, 0.26, -0.06, -0.02, -0.32, 0.27, 0.80, 0.54, 0.18, -0.02, 0.23, -0.18, -0.06, 0.30, 0.07,
    -0.07,
)  # fmt: skip
ERRORS = (
    0.125, 0.147, 0.167, 0.373, 0.369, 0.103, 0.103, 0.220, 0.164, 0.251, 0.302, 0.223, 0.289, 0.290, 0.159, 0.167,
    0.139, 0.094, 0.174,
)  # fmt: skip
BCG = (  # cases and others, vaccinated and not
    (4, 119, 11, 128), (6, 300, 29, 274), (3, 228, 11, 209), (62, 13536, 248, 12619), (33, 5036, 47, 5761),
    (180, 1361, 372, 1079), (8, 2537, 10, 619), (505, 87886, 499, 87892), (29, 7470, 45, 7232), (17, 1699, 65, 1600),
    (186, 50448, 141, 27197), (5, 2493, 3, 2338), (27, 16886, 29, 17825),
)  # fmt: skip


def bcg(method: Literal["DL", "PM", "REML"] = "DL") -> Pooled:
    effects = [math.log(a / (a + b)) - math.log(c / (c + d)) for a, b, c, d in BCG]
    errors = [math.sqrt(1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)) for a, b, c, d in BCG]
    return pool(effects, errors, method=method)


@pytest.mark.parametrize(
    ("method", "printed"),
    [("REML", (0.019, 0.084, 0.052, -0.018, 0.185)), ("DL", (0.026, 0.089, 0.056, -0.020, 0.199))],
)
def test_random_effects_of_table_16_3(method: Any, printed: tuple[float, ...]) -> None:
    found = pool(EFFECTS, ERRORS, method=method)
    low, high = found.random.low, found.random.high
    assert found.random.value is not None and low is not None and high is not None
    got = tuple(round(x, 3) for x in (found.tau2, found.random.value, found.random_error, low, high))
    assert got == printed


def test_common_effect_of_table_16_3() -> None:
    found = pool(EFFECTS, ERRORS)
    assert found.fixed.value is not None
    assert (round(found.fixed.value, 3), round(found.fixed_error, 3), round(found.q, 2)) == (0.060, 0.036, 35.83)


def test_bcg_as_metan() -> None:
    found = bcg()
    assert found.random.value is not None and found.random.low is not None and found.random.high is not None
    assert (round(found.random.value, 4), round(found.tau2, 4)) == (-0.7141, 0.3088)
    assert (round(found.random.low, 4), round(found.random.high, 4)) == (-1.0644, -0.3638)
    assert (round(found.q, 4), round(100 * found.i2, 4)) == (152.2330, 92.1173)
