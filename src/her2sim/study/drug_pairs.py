"""Is a pair of drugs more than expected? Four definitions of "expected", on a surface of effects without noise.

Effects E run from 0 (untreated) to 1. Excess is E of the pair minus what is expected of drugs a and b that

* HSA: do not help each other: max(E_a, E_b).
* Bliss 1939 (doi:10.1111/j.1744-7348.1939.tb06990.x): act independently: E_a + E_b - E_a E_b.
* Loewe 1953: are the same drug: the E at which a/D_a(E) + b/D_b(E) = 1, D(E) being the dose of one drug alone that
  gives E. A drug that never reaches E adds nothing (D infinite).
* ZIP, Yadav 2015 (doi:10.1016/j.csbj.2015.09.001): do not change each other's dose-response curve: as Bliss, with all
  curves replaced by fitted Hill curves.

The only Python library of all four found is licensed under the GPL, which this project's license cannot take in.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from her2sim.core.errors import InputError

Floats = NDArray[np.float64]

MODELS = ("Bliss", "HSA", "Loewe", "ZIP")
HALVINGS = 60


def pair_excess(first: Floats, second: Floats, effect: Floats) -> Mapping[str, Floats]:
    """Excess of a surface over the four expectations.

    Main arguments:
        first, second: (m,), (n,) doses of the drugs, ascending, the first of each 0.
        effect: (m, n) effects, between 0 and 1.

    Raises:
        InputError: wrong shapes, doses that do not ascend from 0.

    >>> doses = np.array([0.0, 1.0, 10.0])
    >>> single = doses / (1 + doses)
    >>> independent = 1 - np.outer(1 - single, 1 - single)
    >>> float(np.abs(pair_excess(doses, doses, independent)["Bliss"]).max())
    0.0
    """
    for doses in (first, second):
        if doses[0] != 0.0 or np.any(np.diff(doses) <= 0):
            raise InputError("the doses of a surface must ascend from 0")
    if effect.shape != (len(first), len(second)):
        raise InputError(f"the surface has shape {effect.shape}, expected {(len(first), len(second))}")
    alone_first, alone_second = effect[:, 0], effect[0, :]
    a, b = alone_first[:, None], alone_second[None, :]
    return {
        "Bliss": effect - (a + b - a * b),
        "HSA": effect - np.maximum(a, b),
        "Loewe": effect - loewe_expected(first, alone_first, second, alone_second),
        "ZIP": _zip_excess(first, second, effect),
    }


def loewe_expected(first: Floats, alone_first: Floats, second: Floats, alone_second: Floats) -> Floats:
    """(m, n) effects of Loewe additivity, by halving the interval of E; curves are read off in log dose.

    Where a curve falls again at high doses, its rising part counts.
    """
    one, two = _Curve(first, alone_first), _Curve(second, alone_second)
    a, b = first[:, None] + 0.0 * second[None, :], 0.0 * first[:, None] + second[None, :]
    low = np.zeros(a.shape)
    high = np.full(a.shape, max(one.top, two.top))
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        enough = a / one.dose(middle) + b / two.dose(middle) >= 1.0
        low, high = np.where(enough, middle, low), np.where(enough, high, middle)
    # a single drug is expected to do what it does
    expected = 0.5 * (low + high)
    expected[:, 0], expected[0, :] = alone_first, alone_second
    return expected


class _Curve:
    """Dose of one drug that gives an effect."""

    def __init__(self, doses: Floats, effects: Floats) -> None:
        rising = np.maximum.accumulate(effects)
        keep = np.concatenate([[True], np.diff(rising) > 1e-12]) & (doses > 0)
        self.top = float(rising[-1])
        self.effects, self.logs = rising[keep], np.log(doses[keep])

    def dose(self, effect: Floats) -> Floats:
        """Infinite above the top of the curve; in proportion to effect below its first point."""
        if not len(self.effects) or self.top <= 0:
            return np.full(effect.shape, np.inf)
        inside = np.exp(np.interp(effect, self.effects, self.logs))
        below = np.exp(self.logs[0]) * np.maximum(effect, 1e-300) / max(self.effects[0], 1e-300)
        found = np.where(effect < self.effects[0], below, inside)
        return np.where(effect > self.top, np.inf, found)


def _zip_excess(first: Floats, second: Floats, effect: Floats) -> Floats:
    """Mean of the Hill curves along both doses minus Bliss of the single Hill curves."""
    single_first, single_second = hill_fit(first, effect[:, 0], 0.0), hill_fit(second, effect[0, :], 0.0)
    along_first = np.stack([hill_fit(first, effect[:, j], single_second[j]) for j in range(len(second))], axis=1)
    along_second = np.stack([hill_fit(second, effect[i, :], single_first[i]) for i in range(len(first))], axis=0)
    a, b = single_first[:, None], single_second[None, :]
    return 0.5 * (along_first + along_second) - (a + b - a * b)


def hill_fit(doses: Floats, effects: Floats, start: float) -> Floats:
    """Fitted values of the Hill curve (start + top (x/m)^k) / (1 + (x/m)^k) by least squares.

    Main arguments:
        doses: (n,) ascending from 0; effects: (n,); start: effect without this drug.
    """
    from scipy.optimize import least_squares

    logs = np.log(doses[1:])

    def curve(p: Floats) -> Floats:
        ratio = np.exp(np.clip(np.exp(p[2]) * (logs - p[1]), -50.0, 50.0))
        return (start + p[0] * ratio) / (1.0 + ratio)

    if float(np.ptp(effects)) < 1e-9:
        return effects.copy()
    half = 0.5 * (effects[0] + effects[-1])
    middle = float(np.interp(half, np.maximum.accumulate(effects[1:]), logs))
    guess = np.array([min(max(effects[-1], 0.01), 1.0), middle, 0.0])
    bounds = ([0.0, logs[0] - 10.0, -2.5], [1.0 + 1e-9, logs[-1] + 10.0, 2.5])
    found = least_squares(lambda p: curve(p) - effects[1:], guess, bounds=bounds)
    return np.concatenate([[start], curve(found.x)])
