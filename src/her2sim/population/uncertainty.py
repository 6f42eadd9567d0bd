"""Draws of typical values: how wrong the population-typical numbers may be, one draw per replicate of a study."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from her2sim.core.errors import InputError
from her2sim.core.quantity import Quantity
from her2sim.core.random import stream


def draw_typical_values(parameters: Mapping[str, Quantity], seed: int, replicate: int) -> dict[str, float]:
    """Typical values for one replicate; the spread of results over replicates is the model's own uncertainty.

    A value is log-normal with SD ``uncertainty`` (logit-normal where patients are spread so), truncated to ``low`` and
    ``high``. A draw depends on the seed, the replicate and the parameter's name only: adding a parameter changes no
    other. Parameters without uncertainty keep their value.

    Main arguments:
        parameters: name -> quantity; for a disease take ``disease_parameters(specification, parameters)``.
        seed: seed of the study.
        replicate: 0 for the point estimates, else the number of the draw.

    Raises:
        InputError: a value that is not positive (or not within 0-1 on the logit scale) has an uncertainty, or lies
            outside its own bounds.

    >>> half = {"half": Quantity("half", 0.5, "dimensionless", False, "assumed", uncertainty=0.3, low=0.4, high=0.6)}
    >>> draw_typical_values(half, 1, 0), 0.4 <= draw_typical_values(half, 1, 7)["half"] <= 0.6
    ({'half': 0.5}, True)
    """
    return {
        name: quantity.value if replicate == 0 or quantity.uncertainty == 0 else _draw(quantity, seed, replicate)
        for name, quantity in parameters.items()
    }


def _draw(quantity: Quantity, seed: int, replicate: int) -> float:
    from scipy.special import expit, logit, ndtr, ndtri

    logit_scale = quantity.spread_distribution == "logitnormal"
    least, most = (0.0, 1.0) if logit_scale else (0.0, math.inf)
    low, high = max(quantity.low, least), min(quantity.high, most)
    if not (least < quantity.value < most and low <= quantity.value <= high):
        raise InputError(
            f"typical value {quantity.value:g} has an uncertainty, but is not within {low:g} to {high:g}",
            where=f"parameter {quantity.name}",
        )
    with np.errstate(divide="ignore"):
        to = logit if logit_scale else np.log
        center, borders = float(to(quantity.value)), np.asarray(to(np.array([low, high])), dtype=np.float64)
    a, b = ndtr((borders - center) / quantity.uncertainty)
    u = stream(seed, replicate, f"typical value/{quantity.name}").random()
    x = center + quantity.uncertainty * float(ndtri(a + (b - a) * u))
    return float(np.clip(expit(x) if logit_scale else math.exp(x), low, high))
