"""From AKT and ERK to growth: division follows both, cells that lived by AKT die without it.

G   = floor + (1 - floor) (w_A A + w_M M) / (w_A A_0 + w_M M_0)              A_0, M_0: untreated
net = ln 2 / doubling time · G - delta [max(0, (1 - A)^q - (1 - A_0)^q)]
viability = exp((net - net untreated) · length of the assay)
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from her2sim.model.cell.numbers import cell_number, cell_numbers
from her2sim.model.cell.quasi_steady import QuasiSteady
from her2sim.model.parameters import ParameterSet

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Growth:
    """Growth of treated cells; arrays (n,).

    Main arguments:
        net_per_day: births minus deaths.
        viability: cells over untreated cells at the end of the assay, 0 to 1.
    """

    net_per_day: Floats
    viability: Floats


def cell_growth(
    rest: QuasiSteady, doubling_time_days: float, er_growth_share: float = 0.0, *, numbers: ParameterSet | None = None
) -> Growth:
    """Net growth and viability of cells at rest under drugs.

    Main arguments:
        rest: of ``quasi_steady``.
        doubling_time_days: of the untreated cells.

    Other arguments:
        er_growth_share: share of growth that the estrogen receptor drives.
        numbers: instead of the numbers of the data files.

    >>> from her2sim.model.cell import cell_line, quasi_steady
    >>> line = cell_line("SK-BR-3")
    >>> round(float(cell_growth(quasi_steady(line.traits), line.doubling_time_days).viability[0]), 9)
    1.0
    """
    known = numbers or cell_numbers()

    def value(name: str) -> float:
        return cell_number(known, name)

    akt_weight, erk_weight, floor = value("growth_akt_weight"), value("growth_erk_weight"), value("growth_floor")
    full = akt_weight * rest.akt_untreated + erk_weight * rest.erk_untreated
    drive = (akt_weight * rest.akt + erk_weight * rest.erk) / full
    drive = er_growth_share + (1.0 - er_growth_share) * drive
    untreated = math.log(2.0) / doubling_time_days
    power = value("signal_loss_death_power")
    lost = np.maximum((1.0 - rest.akt) ** power - (1.0 - rest.akt_untreated) ** power, 0.0)
    net = untreated * (floor + (1.0 - floor) * drive) - value("signal_loss_death_per_day") * lost
    return Growth(net, np.minimum(np.exp((net - untreated) * value("assay_days")), 1.0))
