"""Freeze a finished fit: the calibrated numbers and posterior draws become data of the package."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from her2sim.core.errors import InputError
from her2sim.core.paths import data_dir
from her2sim.evidence.base import load_record
from her2sim.evidence.roles import fittable, fittable_strata
from her2sim.model.frozen import UNSEEN, Frozen, read_frozen, write_frozen
from her2sim.study.fit import Fit
from her2sim.study.fit_blind import leave_one_trial_out
from her2sim.study.fit_discrepancy import Discrepancy, unseen_discrepancy
from her2sim.study.fit_runs import HEAD
from her2sim.study.fit_targets import Target

DRAWS = 100
SHARES = ("ORR", "CR", "PFS_rate", "OS_rate")
LOG = "fits.yaml"


def back(target: Target, value: float) -> float:
    """A figure as it is published, months, percent or ratio, from the scale of the residual."""
    return float(100.0 / (1.0 + np.exp(-value))) if target.kind in SHARES else float(np.exp(value))


def frozen_of(
    result: Fit,
    simulator: str,
    *,
    today: date,
    log: Sequence[Mapping[str, Any]] = (),
    unseen: Discrepancy | None = None,
) -> Frozen:
    """The calibration that a fit gives: values at the mode, and draws of the posterior.

    Main arguments:
        result: the fit.
        simulator: fingerprint of the model that it was made with.
        today: date of the freeze.

    Other arguments:
        log: every fit made, and why it was changed.
        unseen: how far the model misses trials that it was not fitted to.
    """
    check_roles(result.data.targets)
    points = result.posterior.points
    chosen = points[np.linspace(0, len(points) - 1, min(DRAWS, len(points))).astype(np.int64)]
    draws = tuple({n.number: n.from_score(float(z)) for n, z in zip(result.free, row, strict=True)} for row in chosen)
    values = {n.number: n.from_score(float(z)) for n, z in zip(result.free, result.mode, strict=True)}
    figures = tuple(
        {
            "trial": target.trial,
            "arm": target.arm,
            "figure": target.name,
            "assessor": target.assessor,
            "published": target.published,
            "fitted": round(back(target, float(value)), 3),
            "residual": round(float((value - target.value) / target.error), 2),
        }
        for target, value in zip(result.data.targets, result.fitted, strict=True)
    )
    sd, degrees = (unseen.sd, unseen.degrees) if unseen is not None else ({}, math.inf)
    return Frozen(values, draws, "", today.isoformat(), figures, simulator, tuple(log), sd, degrees)


def check_roles(targets: Sequence[Target]) -> None:
    """Look up every figure anew among those that calibration may read.

    Raises:
        InputError: a figure of the fit is not one of them.
    """
    for trial in {target.trial for target in targets}:
        record = load_record(trial)
        allowed = {(arm, round(_number(figure), 6)) for arm, figure in fittable(record)}
        strata = {(str(row.get("subgroup")), _plain(row)) for row in fittable_strata(record)}
        for target in targets:
            if target.trial != trial:
                continue
            if target.words:
                known = (target.words, round(target.published, 6)) in strata
            else:
                known = (target.arm, round(target.published, 6)) in allowed
            if not known:
                raise InputError(
                    f"{target.arm}: {target.name} {target.published:g} is no figure that a fit may use.",
                    where=trial,
                    hint="data/evidence/roles.yaml tells the role of each trial; figures of a fit must also be read.",
                )


def _number(figure: Any) -> float:
    value = getattr(figure, "hr", None) if hasattr(figure, "hr") else figure.value
    return float("nan") if value is None else float(value)


def _plain(row: Mapping[str, Any]) -> float:
    value = row.get("hr") if row.get("hr") is not None else row.get("value")
    return round(float(value), 6) if isinstance(value, int | float) else float("nan")


def freeze(folder: Path, result: Fit, *, today: date, to: Path | None = None) -> Frozen:
    """Write a finished fit as the calibration of the model.

    Main arguments:
        folder: of the fit.
        result: the fit.
        today: date of the freeze.

    Other arguments:
        to: folder of the two files; default: ``data/calibration`` of the package.

    Returns:
        The calibration as it was written.
    """
    import yaml

    head = json.loads((folder / HEAD).read_text())
    place = to or data_dir("calibration")
    log_file = data_dir("calibration") / LOG
    log = yaml.safe_load(log_file.read_text())["fits"] if log_file.exists() else []
    check_roles(result.data.targets)
    unseen = unseen_discrepancy(result, leave_one_trial_out(result))
    frozen = frozen_of(result, head["simulator"], today=today, log=log, unseen=unseen)
    posterior = result.posterior
    remarks = {
        "diagnostics": {
            "largest_r_hat": round(float(posterior.r_hat.max()), 3),
            "least_effective_draws": round(float(posterior.effective.min())),
            "accepted": round(posterior.accepted, 3),
            "weight_of_likelihood": result.weight,
        },
        "contraction": {n.number: round(float(c), 2) for n, c in zip(result.free, posterior.contraction, strict=True)},
        "role_check": "every figure below was looked up anew among those with role fit and read: true",
        UNSEEN: unseen_remarks(unseen),
        "left_out": [{"trial": row.trial, "what": row.what, "why": row.why} for row in result.data.left_out],
        "history": [dict(entry) for entry in result.history],
    }
    write_frozen(place, frozen, remarks)
    return read_frozen(place)


def unseen_remarks(unseen: Discrepancy) -> dict[str, Any]:
    """What ``frozen.yaml`` tells of where the discrepancy of unseen trials comes from."""
    return {
        "what": "standard deviation of what the model misses in a trial that it was not fitted to",
        "unit": "logit of ORR and CR; log of medians and ratios; log of the cumulative hazard at a landmark",
        "learned_from": f"{unseen.figures} figures of {unseen.trials} trials of the fit, each trial left out in turn",
        "with_one_trial_left_out": {k: [round(unseen.low[k], 4), round(unseen.high[k], 4)] for k in unseen.sd},
        "in_90_percent_interval": {name: f"{held} of {n}" for name, (held, n) in unseen.covered.items()},
    }
