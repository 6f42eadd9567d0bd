"""The page of the fit, ``docs/reference/fit.md``: figures, numbers, what the data say of each, and how it went."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from her2sim.core.paths import data_dir
from her2sim.study.fit import Fit
from her2sim.study.fit_blind import Blind, Repeat
from her2sim.study.fit_discrepancy import Discrepancy
from her2sim.study.fit_freeze import LOG, SHARES, back
from her2sim.study.fit_targets import MEDIANS, Target

Floats = NDArray[np.float64]
PRIOR_DRIVEN = 0.2
CORRELATED = 0.5


def report(
    result: Fit,
    left_out: Mapping[str, Blind] | None = None,
    again: Sequence[Repeat] = (),
    *,
    unseen: Discrepancy | None = None,
    more: Sequence[str] = (),
) -> str:
    """The page in Markdown.

    Main arguments:
        result: the fit.

    Other arguments:
        left_out: trial -> figures predicted with that trial left out.
        again: searches for the mode with other seeds.
        unseen: what the model misses in trials left out.
        more: further sections, such as a comparison with another fit.
    """
    blind = None
    if left_out:
        blind = np.array([left_out[t.trial].figures[k] for k, t in enumerate(result.data.targets)])
    parts = [_head(result), _errors(result, blind)]
    parts += [_unseen(unseen)] if unseen is not None else []
    parts += [_figures(result, blind), _numbers(result), _ties(result)]
    parts += [_again(again)] if again else []
    parts += [*more, _left_out(result), _log(result)]
    return "\n\n".join(parts) + "\n"


def _head(result: Fit) -> str:
    trials = {str(record.extra.get("part_of") or record.id) for record in result.data.records}
    posterior = result.posterior
    weak = [n.number for n, c in zip(result.free, posterior.contraction, strict=True) if c < PRIOR_DRIVEN]
    return "\n".join(
        (
            "# The global fit",
            "",
            "Research use only; not medical advice. Made by `her2sim fit --report`.",
            "",
            f"{len(result.free)} numbers were fitted to {len(result.data.targets)} published figures of {len(trials)} "
            "trials whose role is `fit`, each read at its source. No number belongs to a trial or an arm. The figures "
            "are those of simulated trials with the published arms, calendars, assessors and follow-up.",
            "",
            f"Posterior: largest R-hat {posterior.r_hat.max():.3f}, least effective number of draws "
            f"{posterior.effective.min():.0f}. {_weight(result)}Prior-driven (contraction below "
            f"{100 * PRIOR_DRIVEN:.0f} %): "
            f"{len(weak)} of {len(result.free)} numbers{': ' + ', '.join(weak) if weak else ''}.",
        )
    )


def _weight(result: Fit) -> str:
    if result.weight == 1.0:
        return ""
    return f"Its likelihood counts {result.weight:.2f} times, as learned from known numbers (below). "


def median_errors(targets: Sequence[Target], values: Floats) -> dict[str, tuple[float, int]]:
    """Kind of figure -> median absolute error and number of figures: points for shares, |log ratio| for others."""
    out: dict[str, tuple[float, int]] = {}
    for kind in ("ORR", "CR", "PFS_rate", "OS_rate", *MEDIANS, "PFS_HR", "OS_HR"):
        errors = [
            abs(back(t, float(v)) - t.published) if kind in SHARES else abs(float(v) - t.value)
            for t, v in zip(targets, values, strict=True)
            if t.kind == kind and not t.words and np.isfinite(v)
        ]
        if errors:
            out[kind] = (float(np.median(errors)), len(errors))
    return out


def _errors(result: Fit, left_out: Floats | None) -> str:
    fitted = median_errors(result.data.targets, result.fitted)
    rows = [["figure", "number", "fitted"]]
    blind: dict[str, tuple[float, int]] = {}
    if left_out is not None:
        blind = median_errors(result.data.targets, left_out)
        rows[0].append("its trial left out")
    for kind, (error, count) in fitted.items():
        unit = " points" if kind in SHARES else ""
        digits = 1 if kind in SHARES else 2
        row = [kind.replace("_", " "), str(count), f"{error:.{digits}f}{unit}"]
        if left_out is not None:
            row.append(f"{blind[kind][0]:.{digits}f}{unit}")
        rows.append(row)
    title = (
        "## Errors\n\nMedian absolute error over arms, strata not counted: points for shares, |log ratio| for others."
    )
    if left_out is not None:
        title += (
            " With its trial left out: the numbers are fitted again without the trial's figures (on the emulator), "
            "which are then predicted."
        )
    return f"{title}\n\n{_table(rows)}"


def _unseen(found: Discrepancy) -> str:
    rows = [["kind of figure", "standard deviation", "with one trial left out"]]
    rows += [[kind, f"{sd:.2f}", f"{found.low[kind]:.2f} to {found.high[kind]:.2f}"] for kind, sd in found.sd.items()]
    checked = [["figure", "in the 90 % interval"]]
    checked += [
        [f.replace("_", " "), f"{held} of {n} ({100 * held / n:.0f} %)"] for f, (held, n) in found.covered.items()
    ]
    held, n = (sum(each[place] for each in found.covered.values()) for place in (0, 1))
    text = (
        "Each trial is left out of the fit and predicted. What its figures are off by, beyond sampling, posterior and "
        "emulator, is what the model misses; its standard deviation is learned for each kind of figure (logit of ORR "
        "and CR; log of medians and ratios; log of the cumulative hazard at a landmark; strata: in quadrature) and "
        f"stands in predictive intervals of trials that were not fitted, with Student's t of {found.degrees:g} "
        f"degrees. Learned from {found.figures} figures of {found.trials} trials, all of the fit; no figure of an "
        "unseen trial is read."
    )
    check = (
        "Checked inside the fit set, the discrepancy being learned without the trial whose figures are held against "
        f"it: {held} of {n} figures ({100 * held / n:.0f} %) lie in their 90 % interval. Trials unlike all of these "
        "may be missed by more."
    )
    return f"## What the model misses in trials left out\n\n{text}\n\n{_table(rows)}\n\n{check}\n\n{_table(checked)}"


def _figures(result: Fit, left_out: Floats | None) -> str:
    rows = [["trial", "arm", "figure", "published", "fitted", "residual"]]
    if left_out is not None:
        rows[0].append("its trial left out")
    for k, (target, value) in enumerate(zip(result.data.targets, result.fitted, strict=True)):
        arm = f"{target.arm} against {target.reference}" if target.reference else target.arm
        row = [
            target.trial,
            arm,
            target.name,
            _shown(target, target.published),
            _shown(target, back(target, float(value))),
            f"{(float(value) - target.value) / target.error:+.1f}",
        ]
        if left_out is not None:
            row.append(_shown(target, back(target, float(left_out[k]))))
        rows.append(row)
    text = "Residuals are in standard errors: sampling error of the trial and discrepancy between trials together."
    return f"## Figures, published and fitted\n\n{text}\n\n{_table(rows)}"


def _shown(target: Target, value: float) -> str:
    if target.kind in SHARES:
        return f"{value:.1f} %"
    return f"{value:.2f}" if target.reference else f"{value:.1f} mo"


def _numbers(result: Fit) -> str:
    head = (
        "number",
        "prior median",
        "prior 90 %",
        "mode",
        "posterior 90 %",
        "contraction",
        "effective draws",
        "R-hat",
        "",
    )
    rows: list[list[str]] = [list(head)]
    points = result.posterior.points
    for k, number in enumerate(result.free):
        low, high = (float(np.quantile(points[:, k], share)) for share in (0.05, 0.95))
        contraction = float(result.posterior.contraction[k])
        rows.append(
            [
                number.number,
                f"{number.median:.3g}",
                f"{number.from_score(-1.645):.3g} to {number.from_score(1.645):.3g}",
                f"{number.from_score(float(result.mode[k])):.3g}",
                f"{number.from_score(low):.3g} to {number.from_score(high):.3g}",
                f"{100.0 * contraction:.0f} %",
                f"{result.posterior.effective[k]:.0f}",
                f"{result.posterior.r_hat[k]:.3f}",
                "prior-driven" if contraction < PRIOR_DRIVEN else "",
            ]
        )
    text = (
        "Contraction: 1 - SD of the posterior over SD of the prior, on the scale of the prior. Effective draws: of the "
        "sampler, by the autocorrelation time of its ensemble."
    )
    return f"## Numbers, before and after\n\n{text}\n\n{_table(rows)}"


def _ties(result: Fit) -> str:
    names = [number.number for number in result.free]
    matrix = np.asarray(np.corrcoef(result.posterior.points.T), dtype=np.float64).reshape(len(names), len(names))
    pairs = [(float(matrix[i, j]), names[i], names[j]) for i in range(len(names)) for j in range(i)]
    strong = sorted((pair for pair in pairs if abs(pair[0]) >= CORRELATED), key=lambda pair: -abs(pair[0]))
    rows = [["numbers", "correlation"]] + [[f"{a}, {b}", f"{rho:+.2f}"] for rho, a, b in strong]
    body = _table(rows) if strong else "None."
    return (
        f"## Numbers that the figures tie together\n\nCorrelation of at least {CORRELATED} in the posterior.\n\n{body}"
    )


def _again(again: Sequence[Repeat]) -> str:
    rows = [["seed", "log density, more than here", "farthest number, posterior SD", "figures, standard errors"]]
    rows += [[str(r.seed), f"{r.better:+.2f}", f"{r.farthest:.2f}", f"{r.figures:.2f}"] for r in again]
    text = (
        "The mode searched again from the prior medians, on the same emulator. A search may end higher than the frozen "
        "mode, which was found before the emulator's last correction, or from other points (`--hold`); figures of "
        "trials left out come from modes found on this emulator."
    )
    return f"## Other seeds\n\n{text}\n\n{_table(rows)}"


def _left_out(result: Fit) -> str:
    rows = [["trial", "what", "why"]] + [[row.trial, row.what, row.why] for row in result.data.left_out]
    return f"## Left out\n\nWhat the fit could read but does not use.\n\n{_table(rows)}"


def _log(result: Fit) -> str:
    import yaml

    stages = [[str(key) for key in result.history[0]]] + [[str(v) for v in entry.values()] for entry in result.history]
    text = f"## How this fit went\n\n{_table(stages)}"
    path = data_dir("calibration") / LOG
    if path.exists():
        fits = yaml.safe_load(path.read_text())["fits"]
        rows = [["fit", "what was done", "why", "what came of it"]]
        rows += [[str(entry.get(key, "")) for key in ("name", "what", "why", "outcome")] for entry in fits]
        text += f"\n\n## Every fit made, and why it was changed\n\n{_table(rows)}"
    return text


def _table(rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(cell.replace("|", "/") for cell in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * lines[0].count(" | ") + "---|", *lines[1:]])
