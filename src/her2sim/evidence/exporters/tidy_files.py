"""Figures of records as tidy tables, one row per figure: of arms (and strata), and of contrasts; CSV or Parquet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Literal

from her2sim.evidence.tidy import Figure, all_figures, arrow_table
from her2sim.record.types import TrialRecord

if TYPE_CHECKING:
    import pyarrow as pa

Part = Literal["arms", "contrasts"]


def tidy_rows(records: Iterable[TrialRecord], part: Part) -> list[Figure]:
    """The figures of one part: ``arms`` holds those of arms and strata with one value, ``contrasts`` the comparisons.

    >>> from her2sim.evidence.base import load_record
    >>> {row.measure for row in tidy_rows([load_record("EMILIA")], "arms")}
    {'value'}
    """
    wanted = part == "arms"
    return [row for row in all_figures(records) if (row.measure == "value") is wanted]


def tidy_csv(records: Iterable[TrialRecord], part: Part) -> str:
    """The table as CSV text with a header; what is not given is empty."""
    out = io.StringIO()
    writer = csv.DictWriter(out, [column.name for column in fields(Figure)], lineterminator="\n")
    writer.writeheader()
    for row in tidy_rows(records, part):
        writer.writerow({key: "" if value is None else value for key, value in asdict(row).items()})
    return out.getvalue()


def tidy_arrow(records: Iterable[TrialRecord], part: Part) -> pa.Table:  # pyright: ignore[reportUnknownParameterType]
    """The table as an Arrow table, for Parquet."""
    return arrow_table(tidy_rows(records, part))
