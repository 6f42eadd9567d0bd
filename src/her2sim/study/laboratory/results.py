"""From the laboratory's table to figures of the trial record: how many lost their HER2 by a second biopsy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from her2sim.analysis.arm_results import proportion
from her2sim.record.types import Result
from her2sim.study.laboratory.biopsy import STATUSES
from her2sim.study.laboratory.visits import PROGRESSION, START

if TYPE_CHECKING:
    import pandas as pd

TABLE = "laboratory"
NOTE = "HER2-positive by a biopsy at the start, not by one at progression"


def her2_loss(table: pd.DataFrame, replicate: int, arm: str) -> tuple[Result, ...]:
    """The figure of one arm in one replicate; none where nobody has two biopsies of which the first was positive.

    Main arguments:
        table: ``laboratory.parquet``.
    """
    own = table[(table["replicate"] == replicate) & (table["arm"] == arm)].set_index("patient")
    read = own[own["her2_status_reported"].notna()]
    first = read.loc[read["biopsy"] == START, "her2_status_reported"]
    last = read.loc[read["biopsy"] == PROGRESSION, "her2_status_reported"]
    second = last.reindex(first.index[first == STATUSES[-1]]).dropna()
    if not len(second):
        return ()
    return (proportion("HER2_loss", np.asarray(second != STATUSES[-1], dtype=bool), note=NOTE),)
