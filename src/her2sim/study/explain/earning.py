"""Which mechanisms earn their place: what becomes of the error on published figures when each is removed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from her2sim.report.document import Block, Bullets, Heading, Paragraph, Table
from her2sim.study.explain.removal import Removed
from her2sim.study.validation.figures import natural, unit_of
from her2sim.study.validation.published import Published
from her2sim.study.validation.scoring import error_of, measure_of
from her2sim.study.validation.summary import over_trials

MEASURES = ("ORR", "PFS median", "PFS hazard ratio")
IN_POINTS = ("ORR",)
LEAST_TRIALS = 3


@dataclass(frozen=True)
class Earned:
    """What removing a mechanism does to the error of one kind of figure.

    Main arguments:
        mechanism, measure: what was removed, and the kind of figure.
        figures, trials: how many contain the mechanism.
        whole, without: median absolute error with and without it, on the same patients.
        difference: mean over figures of the error without it less the error with it (above 0: it helps); with 95 %
            interval over trials.
    """

    mechanism: str
    measure: str
    figures: int
    trials: int
    whole: float
    without: float
    difference: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """``helps``, ``harms`` or ``not told apart``, beyond chance; fewer than three trials tell nothing apart."""
        if self.trials < LEAST_TRIALS:
            return "not told apart"
        if self.low > 0.0:
            return "helps"
        return "harms" if self.high < 0.0 else "not told apart"


def earned(
    removed: Sequence[Removed], published: Mapping[str, Sequence[Published]], *, resamples: int, seed: int
) -> list[Earned]:
    """A table of mechanisms and kinds of figures.

    Main arguments:
        removed: figures with and without mechanisms.
        published: trial -> its figures.
        resamples, seed: of trials, for the intervals.
    """
    known = {(trial, one.key): one for trial, figures in published.items() for one in figures}
    pairs: dict[tuple[str, str], list[tuple[str, float, float]]] = {}
    for each in removed:
        one = known.get((each.trial, each.key))
        measure = measure_of(each.key)
        if one is None or measure not in MEASURES or not math.isfinite(each.change) or not math.isfinite(one.value):
            continue
        errors = [
            abs(error_of(one.value, natural(each.key, value), unit_of(each.key), math.inf)[0])
            for value in (each.whole, each.without)
        ]
        pairs.setdefault((each.mechanism, measure), []).append((each.trial, errors[0], errors[1]))
    found: list[Earned] = []
    for (mechanism, measure), rows in sorted(pairs.items()):
        trials = [trial for trial, _, _ in rows]
        errors = np.array([[whole, without] for _, whole, without in rows])
        gain = errors[:, 1] - errors[:, 0]
        low, high = over_trials(gain, trials, lambda values: float(np.mean(values)), resamples, seed)
        medians = np.median(errors, axis=0)
        found.append(
            Earned(
                mechanism,
                measure,
                len(rows),
                len(set(trials)),
                float(medians[0]),
                float(medians[1]),
                float(gain.mean()),
                low,
                high,
            )
        )
    return found


def earned_blocks(table: Sequence[Earned], patients: int) -> list[Block]:
    """The table for a report, mechanisms that help most first."""
    if not table:
        return []
    names = sorted({each.mechanism for each in table}, key=lambda name: (-_order(table, name), name))
    by_place = {(each.mechanism, each.measure): each for each in table}
    trials = {name: max(each.trials for each in table if each.mechanism == name) for name in names}
    rows = tuple((name, str(trials[name]), *(_cell(by_place.get((name, m))) for m in MEASURES)) for name in names)
    helps = [name for name in names if any(e.verdict == "helps" for e in table if e.mechanism == name)]
    harms = [name for name in names if any(e.verdict == "harms" for e in table if e.mechanism == name)]
    rest = [name for name in names if name not in helps and name not in harms]
    return [
        Heading("Which mechanisms earn their place"),
        Paragraph(
            f"Each mechanism was removed from every line of therapy of the unseen trials that contain it ({patients} "
            "patients per arm, the same with and without it); nothing was fitted anew. Shown is the mean change of the "
            "absolute error on published figures, with its 95 % interval over trials: above 0 the mechanism makes "
            "predictions better. ORR in points, the others in |log ratio|. Each cell is a comparison of its own, so "
            "about one in twenty is told apart by chance alone."
        ),
        Table(("mechanism", "trials", *MEASURES), rows),
        Bullets(
            (
                f"Earn their place beyond chance: {', '.join(helps) or 'none'}.",
                f"Make predictions worse beyond chance: {', '.join(harms) or 'none'}.",
                f"Not told apart by these trials: {', '.join(rest) or 'none'}.",
            )
        ),
    ]


def _order(table: Sequence[Earned], name: str) -> float:
    scale = {"ORR": 6.0, "PFS median": 0.20, "PFS hazard ratio": 0.12}
    return max(each.difference / scale[each.measure] for each in table if each.mechanism == name)


def _cell(each: Earned | None) -> str:
    if each is None or each.trials < LEAST_TRIALS:
        return "too few" if each else ""
    digits = 1 if each.measure in IN_POINTS else 2
    mark = {"helps": " helps", "harms": " harms"}.get(each.verdict, "")
    return f"{each.difference:+.{digits}f} ({each.low:+.{digits}f} to {each.high:+.{digits}f}){mark}"
