"""The prior predictive check as text and as a page of the documentation."""

from __future__ import annotations

import numpy as np

from her2sim.study.prior_predictive import PriorPredictive

INTRODUCTION = """# What the model says before any fitting

The prior predictive check (Gelman A et al. 2020, arXiv:2011.01808): parameters are drawn from their priors, trials are
simulated with them, and what comes out must be plausible before any trial result is used. Numbers that a calibration
may change are drawn from the priors of `src/her2sim/data/calibration/core.yaml`, all others within the uncertainty that
their data file states; fitted values are not used. Ranges asked for: first line, response 40 to 95 % and median PFS 4
to 60 months; second line, 15 to 85 % and 2 to 36 months; doubling times of untreated lesions, 20 to 400 days. Control
arms without HER2 therapy are held to the same ranges."""
COLUMNS = (
    "trial", "line", "arm", "ORR, median and 90 % of draws", "inside", "median PFS (mo), median and 90 % of draws",
    "inside",
)  # fmt: skip


def lines_of(found: PriorPredictive) -> list[str]:
    """The check as lines of text."""
    rows = [*(f"{r[0]} ({r[1]}), {r[2]}: ORR {r[3]}, inside {r[4]}; PFS {r[5]}, inside {r[6]}" for r in _rows(found))]
    return [*rows, *(f"{text}." for text in doubling_words(found)), overall(found)]


def page(found: PriorPredictive, made: str, meaning: str = "") -> str:
    """The page, in Markdown.

    Main arguments:
        made: one sentence: by which command, when, with how many draws, by which model.

    Other arguments:
        meaning: what the authors read from it.
    """
    text = [INTRODUCTION, "", made, "", overall(found), "", f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|"]
    text += [f"| {' | '.join(row)} |" for row in _rows(found)]
    text += ["", "Untreated lesions:", "", *(f"* {words}" for words in doubling_words(found))]
    least = f"{found.asked_share:.0%}"
    text += ["", f"In bold: arms of which less than {least} of the draws are inside."]
    if meaning:
        text += ["", "## Reading it", "", meaning.strip()]
    return "\n".join(text) + "\n"


def overall(found: PriorPredictive) -> str:
    """Shares over all arms of a line, in one sentence."""
    parts: list[str] = []
    for setting, name in (("metastatic-1L", "first line"), ("metastatic-2L", "second line")):
        shares = [arm.inside(found.plausible) for arm in found.arms if arm.setting == setting]
        if shares:
            response, pfs = (np.mean([share[k] for share in shares]) for k in (0, 1))
            parts.append(f"{name}, response {response:.0%} and median PFS {pfs:.0%} of draws")
    return f"Inside the ranges: {'; '.join(parts)}."


def doubling_words(found: PriorPredictive) -> list[str]:
    """Doubling times by disease, in words."""
    low, high = found.plausible["doubling_time_days"]
    texts: list[str] = []
    for disease, days in sorted(found.doubling_days.items()):
        share = float(((days >= low) & (days <= high)).mean())
        at = np.percentile(days, [5, 50, 95])
        texts.append(
            f"{disease}: doubling time {at[1]:.0f} days ({at[0]:.0f} to {at[2]:.0f} in 90 % of patients and draws), "
            f"{share:.0%} within {low} to {high} days"
        )
    return texts


def _rows(found: PriorPredictive) -> list[list[str]]:
    rows: list[list[str]] = []
    for arm in found.arms:
        response, pfs = arm.inside(found.plausible)
        rows.append(
            [
                arm.trial,
                arm.setting.removeprefix("metastatic-"),
                arm.arm,
                _spread(arm.orr_percent, " %"),
                _share(response, found.asked_share),
                _spread(arm.pfs_months, ""),
                _share(pfs, found.asked_share),
            ]
        )
    return rows


def _spread(values: np.ndarray[tuple[int], np.dtype[np.float64]], unit: str) -> str:
    low, middle, high = (float(np.percentile(values, p, method="nearest")) for p in (5, 50, 95))
    shown = ["NR" if np.isinf(v) else f"{v:.0f}" if unit else f"{v:.1f}" for v in (middle, low, high)]
    return f"{shown[0]}{unit} ({shown[1]} to {shown[2]})"


def _share(share: float, asked: float) -> str:
    return f"{share:.0%}" if share >= asked else f"**{share:.0%}**"
