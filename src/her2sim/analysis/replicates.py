"""Many simulated trials of the same design: one figure with a sampling interval and a predictive interval.

``ci95`` is the interval a trial of this size would report (the middle of the replicates' own intervals). ``pi90`` holds
nine tenths of the replicates, so it carries all that differs between them: the draw of patients, and the parameters
where each replicate has its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from her2sim.analysis.estimate import median_of, predictive_interval
from her2sim.record.types import Contrast, Result

Interval = tuple[float | None, float | None]


def combine_results(replicates: Sequence[Sequence[Result]], level: float = 0.90) -> tuple[Result, ...]:
    """Figures of one arm over replicates, in the order of the first replicate.

    Main arguments:
        replicates: figures of the arm in each replicate.

    Other arguments:
        level: of the predictive interval.

    The value is the median over replicates. A median time that was not reached counts as longer than any that was; a
    rate that could not be estimated in a replicate is left out of it, and ``note`` says of how many.
    """
    out: list[Result] = []
    for first in replicates[0] if replicates else ():
        same = [found for each in replicates for found in each if _result_key(found) == _result_key(first)]
        known = [found for found in same if found.value is not None or found.not_reached]
        value = median_of([found.value for found in known])
        left_out = len(same) - len(known)
        out.append(
            replace(
                first,
                value=value,
                not_reached=value is None and bool(known),
                ci95=_middle(found.ci95 for found in known),
                pi90=predictive_interval([found.value for found in known], level) if len(known) > 1 else None,
                note=f"not estimable in {left_out} of {len(same)} replicates" if left_out else "",
                extra={**first.extra, "replicates": len(same)},
            )
        )
    return tuple(out)


def combine_contrasts(replicates: Sequence[Sequence[Contrast]], level: float = 0.90) -> tuple[Contrast, ...]:
    """Contrasts over replicates, in the order of the first replicate; see ``combine_results``."""
    out: list[Contrast] = []
    for first in replicates[0] if replicates else ():
        same = [found for each in replicates for found in each if _contrast_key(found) == _contrast_key(first)]
        known = [found for found in same if found.hr is not None or found.difference is not None]
        hrs = [found.hr for found in known if found.hr is not None]
        differences = [found.difference for found in known if found.difference is not None]
        left_out = len(same) - len(known)
        out.append(
            replace(
                first,
                hr=median_of(hrs),
                difference=median_of(differences),
                odds_ratio=median_of([found.odds_ratio for found in known if found.odds_ratio is not None]),
                p_value=median_of([found.p_value for found in known if found.p_value is not None]),
                ci95=_middle(found.ci95 for found in known),
                pi90=predictive_interval(hrs or differences, level) if len(known) > 1 else None,
                note=f"not estimable in {left_out} of {len(same)} replicates" if left_out else "",
                extra={**first.extra, "replicates": len(same)},
            )
        )
    return tuple(out)


def _middle(intervals: Iterable[Interval | None]) -> Interval | None:
    known = [interval for interval in intervals if interval is not None]
    if not known:
        return None
    return median_of([low for low, _ in known]), median_of([high for _, high in known])


def _result_key(result: Result) -> tuple[str, str, bool | None]:
    return result.endpoint, result.assessor, result.confirmed


def _contrast_key(contrast: Contrast) -> tuple[str, str, str, str]:
    return contrast.endpoint, contrast.arm, contrast.reference, contrast.assessor
