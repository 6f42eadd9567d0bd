"""Filho 2021 (PMC8598376): 16 of 157 HER2-positive breast cancers (10 %, 95 % interval 6-16 %) are heterogeneous."""

from __future__ import annotations

import math

from scipy.stats import norm

from her2sim.model.parameters import load_parameters

HETEROGENEOUS = 0.10  # their case: HER2 negative in at least a part of the cells of one of two cores


def test_the_spread_of_the_her2_low_share_gives_their_share_of_heterogeneous_tumors() -> None:
    share = load_parameters()["fraction_her2low"]
    logit = math.log(share.value / (1 - share.value))
    beyond = 1 - norm.cdf((math.log(HETEROGENEOUS / (1 - HETEROGENEOUS)) - logit) / share.spread)
    assert 0.06 <= beyond <= 0.16
