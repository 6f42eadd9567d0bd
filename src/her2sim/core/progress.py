"""What a long piece of work tells while it goes on."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """One report of progress.

    Main arguments:
        stage: what is being done, in a word or two, for example ``simulating``.
        done, total: patients finished and wanted (patients of one replicate count once per replicate).
        elapsed_s: seconds since this process began the stage.
        left_s: seconds still to go by what finished chunks took; None before the first has finished.

    Other arguments:
        resumed: how many of ``done`` an earlier run had finished.
    """

    stage: str
    done: int
    total: int
    elapsed_s: float = 0.0
    left_s: float | None = None
    resumed: int = 0


def spoken(seconds: float) -> str:
    """A duration as one would say it; coarse, because an estimate is.

    >>> spoken(4.2), spoken(100), spoken(5000)
    ('5 s', '2 min', '1 h 23 min')
    """
    if seconds < 90:
        step = 1 if seconds < 10 else 5
        return f"{max(step, math.ceil(seconds / step) * step)} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
