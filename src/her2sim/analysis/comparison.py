"""The comparison of two records as a table, as text, and as a score."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from her2sim.analysis.common_terms import Interval
from her2sim.analysis.estimate import median_of
from her2sim.record.types import NOT_REACHED

if TYPE_CHECKING:
    import pandas as pd

PRIMARY_RULE = (
    "Of several published figures of one endpoint the primary one was seen at its source rather than recalled, by the "
    "trial's main assessor, from the latest data cut, with an interval: in this order."
)


@dataclass(frozen=True)
class Compared:
    """One published figure and the simulated figure beside it, in the same unit.

    Main arguments:
        arm: as published; for contrasts ``arm against reference``.
        endpoint: common name; contrasts say what they measure: ``PFS hazard ratio``.
        unit: ``months``, ``percent``, ``ratio``, ``percentage points``, …
        simulated, published: values; ``inf`` where not reached, None where there is none.
        difference: simulated less published; None where either was not reached.
        ratio: simulated over published, for times and ratios; None likewise.
        inside_published: simulated value within the published 95 % interval; None where that cannot be told.
        inside_simulated: published value within the simulated predictive interval (``pi90``), or within ``ci95`` where
            one replicate was simulated; None likewise.
        primary: the one published figure of this endpoint that counts in a score.

    Other arguments:
        assessor, data_cut, source, read: of the published figure.
        note: what differs between the two, if anything.
    """

    arm: str
    endpoint: str
    unit: str
    simulated: float | None
    simulated_ci95: Interval | None
    simulated_pi90: Interval | None
    published: float | None
    published_ci95: Interval | None
    difference: float | None
    ratio: float | None
    inside_published: bool | None
    inside_simulated: bool | None
    primary: bool
    assessor: str = ""
    data_cut: str = ""
    source: str = ""
    read: bool = False
    note: str = ""


@dataclass(frozen=True)
class Score:
    """How near the primary figures are.

    Main arguments:
        figures: number of primary figures with a value on both sides.
        inside_published, inside_simulated: how many lie inside, and of how many that can be told.
        median_fold_error: of times and ratios: 1.25 means wrong by a quarter; None without any.
        median_points: of percentages, absolute difference in percentage points; None without any.
    """

    figures: int
    inside_published: tuple[int, int]
    inside_simulated: tuple[int, int]
    median_fold_error: float | None
    median_points: float | None


@dataclass(frozen=True)
class Comparison:
    """All figures that two records share.

    Main arguments:
        simulated, published: ids of the records.
        rows: arm by arm, then the contrasts; primary figures before others of the same endpoint.
        arms: published arm and the simulated arm it was matched with.
        unmatched: published arms without a simulated one.
        not_simulated: endpoints published for a matched arm that were not simulated.
    """

    simulated: str
    published: str
    rows: tuple[Compared, ...]
    arms: tuple[tuple[str, str], ...]
    unmatched: tuple[str, ...] = ()
    not_simulated: tuple[str, ...] = ()

    def primary(self) -> tuple[Compared, ...]:
        """The rows that count in a score."""
        return tuple(row for row in self.rows if row.primary)

    def frame(self) -> pd.DataFrame:
        """One row per published figure; intervals in two columns each, NaN where not reached or not given."""
        import pandas as pd

        table: list[dict[str, object]] = []
        for row in self.rows:
            cells = asdict(row)
            for name in ("simulated_ci95", "simulated_pi90", "published_ci95"):
                low, high = cells.pop(name) or (None, None)
                cells[f"{name}_low"], cells[f"{name}_high"] = low, high
            table.append(cells)
        return pd.DataFrame(table)

    def score(self) -> Score:
        """How near the primary figures are; both values must be known and reached for an error."""
        rows = [row for row in self.primary() if row.simulated is not None and row.published is not None]
        told = [row.inside_published for row in rows if row.inside_published is not None]
        covered = [row.inside_simulated for row in rows if row.inside_simulated is not None]
        folds = [max(row.ratio, 1.0 / row.ratio) for row in rows if row.ratio is not None and row.ratio > 0.0]
        points = [abs(row.difference) for row in rows if row.unit.startswith("percent") and row.difference is not None]
        return Score(
            len(rows), (sum(told), len(told)), (sum(covered), len(covered)), median_of(folds), median_of(points)
        )

    def text(self, *, all_figures: bool = False) -> str:
        """The comparison as a table of plain text.

        Other arguments:
            all_figures: also the published figures that are not primary.
        """
        head = f"{self.simulated}: simulated beside {self.published}"
        shown = self.rows if all_figures else self.primary()
        if not shown:
            return f"{head}\nNo published figure to compare with."
        titles = ("arm", "endpoint", "simulated", "published", "error", "inside published", "inside simulated")
        cells = [_cells(row) for row in shown]
        widths = [max(len(line[k]) for line in (titles, *cells)) for k in range(len(titles))]
        lines = [
            "  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip()
            for line in (titles, *cells)
        ]
        return "\n".join([head, *lines, *self._remarks(all_figures)])

    def _remarks(self, all_figures: bool) -> list[str]:
        score = self.score()
        remarks = [
            f"Inside the published 95% interval: {score.inside_published[0]} of {score.inside_published[1]}; published "
            f"inside the simulated interval: {score.inside_simulated[0]} of {score.inside_simulated[1]}."
        ]
        if score.median_fold_error is not None:
            remarks.append(f"Times and ratios: median {score.median_fold_error:.2f}-fold error.")
        if score.median_points is not None:
            remarks.append(f"Percentages: median error {score.median_points:.1f} points.")
        if len(self.rows) > len(self.primary()) or all_figures:
            remarks.append(PRIMARY_RULE)
        recalled = sum(not row.read for row in self.primary())
        if recalled:
            remarks.append(f"{recalled} published figures (marked *) are recalled, not seen at their source.")
        if self.unmatched:
            remarks.append(f"Published arms without a simulated one: {', '.join(self.unmatched)}.")
        if self.not_simulated:
            remarks.append(f"Published but not simulated: {', '.join(self.not_simulated)}.")
        return remarks


def _cells(row: Compared) -> tuple[str, ...]:
    digits = 2 if row.unit == "ratio" else 1
    interval = row.simulated_pi90 if row.simulated_pi90 is not None else row.simulated_ci95
    error = ""
    if row.ratio is not None and row.unit != "percent":
        error = f"x{row.ratio:.2f}"
    elif row.difference is not None:
        error = f"{row.difference:+.{digits}f}"
    suffix = {"months": " mo", "percent": "%"}.get(row.unit, "")
    return (
        row.arm,
        row.endpoint,
        _figure(row.simulated, interval, digits, suffix),
        _figure(row.published, row.published_ci95, digits, suffix) + ("" if row.read else " *"),
        error,
        _yes(row.inside_published),
        _yes(row.inside_simulated),
    )


def _figure(value: float | None, interval: Interval | None, digits: int, suffix: str) -> str:
    number = _number(value, digits) + (suffix if value is not None and math.isfinite(value) else "")
    if interval is None:
        return number
    low, high = (NOT_REACHED if bound is None else f"{bound:.{digits}f}" for bound in interval)
    return f"{number} ({low}-{high})"


def _number(value: float | None, digits: int) -> str:
    if value is None:
        return "-"
    return NOT_REACHED if math.isinf(value) else f"{value:.{digits}f}"


def _yes(answer: bool | None) -> str:
    return "" if answer is None else "yes" if answer else "no"
