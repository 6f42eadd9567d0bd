"""Two fits side by side as a section of the page of the fit."""

from __future__ import annotations

import math

import numpy as np

from her2sim.study.fit_compare import Comparison
from her2sim.study.validation.figures import kind_of
from her2sim.study.validation.settings import default_settings

UNITS = {"ORR": "logit", "PFS": "log", "PFS ratio": "log"}


def comparison_section(found: Comparison, folder: str = "") -> str:
    """A section of the page of the fit: numbers and predictions of both fits.

    Other arguments:
        folder: name of the other fit.
    """
    apart = [abs(each.apart) for each in found.numbers]
    unsure = [each.name for each in found.numbers if each.told == "unsure"]
    lines = [
        f"## Another fit{f': {folder}' if folder else ''}",
        "",
        f"The whole fit made again, from another seed of search and patients. Of {len(found.numbers)} numbers, "
        f"{sum(each <= 1.0 for each in apart)} agree within one posterior SD and {sum(each <= 2.0 for each in apart)} "
        f"within two; {len(unsure)} are contracted in one fit and prior-driven in the other"
        f"{': ' + ', '.join(unsure) if unsure else ''}.",
        "",
        *_predictions(found),
        "| number | mean here, there (prior SD) | apart, posterior SD | contraction here, there | |",
        "|---|---|---|---|---|",
    ]
    for each in found.numbers:
        one, other = each.contraction
        lines.append(
            f"| {each.name} | {each.means[0]:+.2f}, {each.means[1]:+.2f} | {each.apart:+.1f} | "
            f"{100 * one:.0f} %, {100 * other:.0f} % | {each.told} |"
        )
    return "\n".join(lines)


def _predictions(found: Comparison) -> list[str]:
    kinds = [kind for kind in UNITS if any(kind_of(each.key) == kind for each in found.figures)]
    if not kinds:
        return []
    failed = f" Could not be simulated: {', '.join(found.failed)}." if found.failed else ""
    lines = [
        f"{len({each.trial for each in found.figures})} unseen trials predicted from their protocols by both "
        f"({found.patients} patients per arm, the same for both; nothing published is read). Difference: root mean "
        "square over figures, less the part by the draw of these few patients. Monte Carlo error: of the difference of "
        f"two predictions with other patients, as many as a validation has ({default_settings().patients} per arm). "
        f"Posterior SD: over {found.draws} draws of each fit.{failed}",
        "",
        "| figure | number | difference | Monte Carlo error | posterior SD | figures within 2 Monte Carlo errors |",
        "|---|---|---|---|---|---|",
    ]
    for kind in kinds:
        mine = [each for each in found.figures if kind_of(each.key) == kind]
        size, noise = (np.array(each) for each in zip(*((m.difference, 2.0**0.5 * m.noise) for m in mine), strict=True))
        apart = _root(float(np.nanmean([each.difference**2 - each.chance for each in mine])))
        spread = _root(float(np.nanmean([each.variance for each in mine])))
        held = int(np.sum(np.abs(size) <= 2.0 * noise))
        lines.append(
            f"| {kind} ({UNITS[kind]}) | {len(mine)} | {apart:.2f} | {_root(float(np.nanmean(noise**2))):.2f} | "
            f"{spread:.2f} | {held} ({100 * held / len(mine):.0f} %) |"
        )
    return [*lines, ""]


def _root(value: float) -> float:
    return math.sqrt(max(value, 0.0))
