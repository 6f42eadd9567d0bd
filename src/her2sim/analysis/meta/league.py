"""League table: network estimates in the lower triangle, direct ones in the upper, treatments on the diagonal."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

from her2sim.analysis.meta.inconsistency import splits
from her2sim.analysis.meta.network import Effect, Model, Network
from her2sim.analysis.meta.ranking import p_scores
from her2sim.core.errors import InputError


@dataclass(frozen=True)
class League:
    """A league table.

    Main arguments:
        names: treatments in the order of the table.
        cells: (n, n) text. Below the diagonal the network's estimate of the column's treatment against the row's;
            above it the direct estimate of the row's against the column's, ``.`` where there is none.
    """

    names: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]

    def text(self) -> str:
        """The table in columns of plain text."""
        widths = [max(len(row[column]) for row in self.cells) for column in range(len(self.names))]
        return "\n".join(
            "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in self.cells
        )

    def csv(self) -> str:
        """The table as comma-separated values."""
        target = io.StringIO()
        csv.writer(target, lineterminator="\n").writerows(self.cells)
        return target.getvalue()


def league(
    found: Network,
    *,
    order: Sequence[str] | None = None,
    model: Model = "random",
    ratio: bool = True,
    small_is_good: bool = True,
    intervals: bool = True,
    digits: int = 2,
) -> League:
    """The league table of a network.

    Main arguments:
        found: a network.

    Other arguments:
        order: treatments from left to right; if not given, by P-score, best first.
        model: ``random`` or ``fixed``.
        ratio: whether effects are logarithms, to be shown as ratios.
        small_is_good: for the order by P-score.
        intervals, digits: how effects are written.

    Raises:
        InputError: ``order`` does not hold each treatment once.
    """
    effects = found.effects(model)
    names = tuple(order) if order is not None else tuple(p_scores(effects, small_is_good=small_is_good))
    if sorted(names) != sorted(effects.names):
        raise InputError("the order must name each treatment of the network once.")
    direct = {frozenset((each.treatment, each.reference)): each.direct for each in splits(found, model=model)}
    cells: list[tuple[str, ...]] = []
    for row, first in enumerate(names):
        line: list[str] = []
        for column, second in enumerate(names):
            if row == column:
                line.append(first)
            elif row > column:
                line.append(effect_text(effects.of(second, first), ratio, intervals, digits))
            else:
                seen = direct[frozenset((first, second))]
                shown = None if seen is None else seen if seen.treatment == first else _turned(seen)
                line.append("." if shown is None else effect_text(shown, ratio, intervals, digits))
        cells.append(tuple(line))
    return League(names, tuple(cells))


def effect_text(effect: Effect, ratio: bool = True, interval: bool = True, digits: int = 2) -> str:
    """An effect with its interval in words: ``0.65 (0.55-0.77)``; differences as ``-0.95 (-1.27 to -0.63)``."""
    value, low, high = (math.exp(x) if ratio else x for x in (effect.value, effect.low, effect.high))
    if not interval:
        return f"{value:.{digits}f}"
    between = "-" if ratio else " to "
    return f"{value:.{digits}f} ({low:.{digits}f}{between}{high:.{digits}f})"


def _turned(effect: Effect) -> Effect:
    return Effect(
        effect.reference, effect.treatment, -effect.value, effect.std_error, -effect.high, -effect.low,
        None if effect.z is None else -effect.z, effect.p_value,
    )  # fmt: skip
