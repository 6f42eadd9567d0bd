"""Which therapy comes next after a trial: the regimens of a disease in the order of preference, as data.

A policy is no mechanism. It says what a physician may give (by HER2 state, by what the patient has had, and by the
calendar: a drug is not given before it was on the market), and how many patients begin another line at all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from her2sim.core.random import stream, uniforms
from her2sim.model.drug_file import load_drug
from her2sim.record.types import RegimenItem, TrialRecord

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
HER2_LOW = frozenset({"IHC0", "IHC1+", "IHC2+/ISH-"})
"""States of HER2 for which no label names trastuzumab."""


@dataclass(frozen=True)
class NextLine:
    """A regimen of the policy; given to patients who have not had ``leading`` (a drug id) before.

    Main arguments:
        leading: the drug that makes the line worth giving.
        regimen: all drugs with their doses.

    Other arguments:
        since: calendar year (2021.05 is the middle of January 2021) from which it can be had.
    """

    leading: str
    regimen: tuple[RegimenItem, ...]
    since: float = 0.0

    @property
    def drugs(self) -> frozenset[str]:
        """Ids of all drugs of the line."""
        return frozenset(load_drug(item.drug).id for item in self.regimen)


@dataclass(frozen=True)
class Policy:
    """Therapy after the trial.

    Main arguments:
        lines: the regimens, the preferred first.
        at_most: lines after the trial.
        horizon_days: the longest a line may last.
        step_days: how often progression is looked for.

    Other arguments:
        share: of the patients alive at the end of a line, those who begin another one.
        enrolled: calendar years of the first and the last patient of the trial; None for a trial of today, in which
            every line can be had.
    """

    lines: tuple[NextLine, ...]
    at_most: int
    horizon_days: float
    step_days: float
    share: float = 1.0
    enrolled: tuple[float, float] | None = None

    def choose(self, had: Collection[str], year: float = np.inf) -> NextLine | None:
        """The line for a patient who has had these drugs (ids) and stands in this calendar year; None if none is left.

        >>> low = NextLine("capecitabine", ())
        >>> new = NextLine("trastuzumab_deruxtecan", (), since=2021.05)
        >>> policy = Policy((new, low), 3, 730.0, 42.0)
        >>> [policy.choose((), year).leading for year in (2015.0, 2022.0)]
        ['capecitabine', 'trastuzumab_deruxtecan']
        >>> policy.choose({"capecitabine"}, 2015.0) is None
        True
        """
        return next((line for line in self.lines if line.leading not in had and line.since <= year), None)

    def randomized(self, seed: int, patients: Ints) -> Floats:
        """Calendar year of each patient's randomization, (n_patients,), evenly over the years of the trial."""
        if self.enrolled is None:
            return np.full(len(patients), np.inf)
        first, last = self.enrolled
        return first + (last - first) * uniforms(seed, patients, "year of randomization", 1)[:, 0]

    def lines_begun(self, seed: int, patients: Ints) -> Ints:
        """How many next lines each patient would begin, (n_patients,): the first that she does not begin ends therapy.

        The draws are those of the patient, so that she drops out at the same line whatever the arm.
        """
        draws = [stream(seed, int(patient), "next lines").random(self.at_most) for patient in patients]
        return np.array([int(np.cumprod(own < self.share).sum()) for own in draws], dtype=np.int64)


def disease_of(record: TrialRecord) -> str:
    """The key of the policy: the disease, and for breast cancer whether all patients have little HER2.

    >>> from her2sim.evidence.base import load_record
    >>> [disease_of(load_record(name)) for name in ("EMILIA", "DESTINY-Breast04", "ToGA")]
    ['breast', 'breast HER2-low', 'gastric']
    """
    low = bool(record.eligibility.her2) and HER2_LOW.issuperset(record.eligibility.her2)
    return f"{record.disease} HER2-low" if low and record.disease == "breast" else record.disease


def make_policy(
    content: Mapping[str, Any],
    disease: str,
    regimen_of: Callable[[Sequence[str]], tuple[RegimenItem, ...]],
    enrolled: Sequence[float] | None = None,
) -> Policy:
    """The policy of a disease from the data file.

    Main arguments:
        content: of ``data/regimens/next_lines.yaml``.
        disease: a key of it, from ``disease_of``.
        regimen_of: turns drug names into a regimen.

    Other arguments:
        enrolled: calendar years of the first and the last patient.
    """
    lines = tuple(
        NextLine(load_drug(entry["leading"]).id, regimen_of(tuple(entry["drugs"])), _since(content, entry["drugs"]))
        for entry in content[disease]
    )
    years = None if enrolled is None else (float(enrolled[0]), float(enrolled[1]))
    return Policy(lines, int(content["lines"]), float(content["horizon_days"]), float(content["scan_every_days"]),
                  float(content["share_treated"][disease]["value"]), years)  # fmt: skip


def _since(content: Mapping[str, Any], drugs: Sequence[str]) -> float:
    """The year in which the youngest drug of a line came to the market; without an entry, before all trials."""
    known = content["available_since"]
    return max((float(known[name]["year"]) for name in drugs if name in known), default=0.0)
