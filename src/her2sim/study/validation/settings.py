"""How large a validation is and what its intervals are made of: ``data/validation/settings.yaml``."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from her2sim.core.paths import data_dir
from her2sim.model.frozen import load_frozen

_NUMBERS = re.compile(r"\s*\([^()]*\)$")


@dataclass(frozen=True)
class Stratum:
    """Patients that a figure may be of: those whose ``column`` equals a value."""

    name: str
    words: re.Pattern[str]
    column: str
    equals: float


@dataclass(frozen=True)
class Settings:
    """Sizes and rules of a validation.

    Main arguments:
        seed: of all random streams.
        patients: per arm, for the point prediction.
        draws: posterior draws.
        draws_with_survival: how many of them are taken through later lines, for OS.
        patients_per_draw: per arm and draw.
        knock_out_patients: per arm, for knock-outs.
        rtol: relative tolerance of a step of the solver.
        resamples: of patients, for sampling errors.
        summary_resamples: of trials, for the intervals of the summary.
        most_follow_up_days: later follow-up is not simulated.
        landmark_months: at which rates of PFS and OS are predicted.
        interval: share of figures that a predictive interval should hold.
        patients_if_unknown: trial size where the protocol tells none.
        discrepancy: kind of figure (``ORR``, ``CR``, ``PFS``, ``OS``, ``PFS ratio``, ``OS ratio``) -> SD of what the
            model misses in a trial that it was not fitted to; ``stratum`` is added in quadrature for strata. It is
            that of the frozen calibration, learned from trials left out of the fit; before one is known, as for
            ``discrepancy_fitted``.
        degrees: of freedom of Student's t of an error over its whole SD; infinite for the normal distribution.
        discrepancy_fitted: the same for figures that were fitted: between trials of one regimen and line.
    """

    seed: int
    patients: int
    draws: int
    draws_with_survival: int
    patients_per_draw: int
    knock_out_patients: int
    rtol: float
    resamples: int
    summary_resamples: int
    most_follow_up_days: float
    landmark_months: tuple[int, ...]
    interval: float
    patients_if_unknown: int
    discrepancy: Mapping[str, float]
    degrees: float
    discrepancy_fitted: Mapping[str, float]


@cache
def default_settings() -> Settings:
    """The settings of the package."""
    content, frozen = _file("settings"), load_frozen()
    between_trials = {kind: float(row["value"]) for kind, row in content["discrepancy"].items()}
    unseen = frozen.unseen if frozen is not None else {}
    return Settings(
        seed=int(content["seed"]),
        patients=int(content["patients"]),
        draws=int(content["draws"]),
        draws_with_survival=int(content["draws_with_survival"]),
        patients_per_draw=int(content["patients_per_draw"]),
        knock_out_patients=int(content["knock_out_patients"]),
        rtol=float(content["rtol"]),
        resamples=int(content["resamples"]),
        summary_resamples=int(content["summary_resamples"]),
        most_follow_up_days=float(content["most_follow_up_days"]),
        landmark_months=tuple(int(month) for month in content["landmark_months"]),
        interval=float(content["interval"]),
        patients_if_unknown=int(content["patients_if_unknown"]),
        discrepancy=between_trials | dict(unseen),
        degrees=frozen.unseen_degrees if frozen is not None else math.inf,
        discrepancy_fitted=between_trials,
    )


@cache
def cohorts() -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    """Trial -> arm -> who is in it, for arms of one treatment that differ in their patients."""
    return _file("cohorts")


@cache
def inductions() -> Mapping[str, Mapping[str, Any]]:
    """Words of ``eligibility.after_induction`` -> drugs and days of the induction."""
    return _file("inductions")


@cache
def strata() -> Mapping[str, Stratum]:
    """The strata that can be simulated, by name."""
    return {
        str(name): Stratum(str(name), re.compile(row["words"], re.IGNORECASE), str(row["column"]), float(row["equals"]))
        for name, row in _file("populations")["strata"].items()
    }


def stratum_of(words: str) -> str:
    """The stratum that a record's words name; empty where it is none that can be simulated.

    >>> stratum_of("HR-negative"), stratum_of("PIK3CA mutated"), stratum_of("HER2 mRNA > median")
    ('HR-negative', 'PIK3CA mutated', '')
    """
    plain = _NUMBERS.sub("", words).strip()
    return next((each.name for each in strata().values() if each.words.fullmatch(plain)), "")


def _file(name: str) -> dict[str, Any]:
    import yaml

    return yaml.safe_load((data_dir("validation") / f"{name}.yaml").read_text(encoding="utf-8"))
