"""How far rebuilt patients stray from what was published: curve, risk table, events, median, hazard ratio."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from her2sim.analysis.hazard_ratio import hazard_ratio
from her2sim.analysis.kaplan_meier import kaplan_meier, survival_quantile
from her2sim.analysis.reconstruct.guyot import RebuiltPatients
from her2sim.core.errors import InputError
from her2sim.core.paths import data_dir
from her2sim.evidence.importers.curve_csv import DigitizedCurve, RiskTable
from her2sim.record.yaml_reading import load_yaml_file


@dataclass(frozen=True)
class Stray:
    """One comparison of the rebuilt data with the published figure.

    Main arguments:
        name: key of the limit in ``data/reconstruct/audit.yaml``.
        published, rebuilt: the figures, where there is one figure each; else None.
        stray: how far apart, in the unit of the limit.
        limit: the most that is accepted.
        words: the comparison in words.
    """

    name: str
    published: float | None
    rebuilt: float | None
    stray: float
    limit: float
    words: str

    @property
    def accepted(self) -> bool:
        """Whether the deviation is within the limit."""
        return self.stray <= self.limit


@dataclass(frozen=True)
class Audit:
    """All comparisons of one reconstruction."""

    lines: tuple[Stray, ...]

    @property
    def accepted(self) -> bool:
        """Whether every comparison is within its limit."""
        return all(line.accepted for line in self.lines)

    def text(self) -> str:
        """One line per comparison."""
        return "\n".join(f"{'ok     ' if line.accepted else 'REFUSED'} {line.words}" for line in self.lines)

    def refuse_bad(self, where: str) -> None:
        """Raise ``InputError`` with every reason, if any comparison is beyond its limit."""
        bad = [line.words for line in self.lines if not line.accepted]
        if bad:
            raise InputError(
                f"the rebuilt patients do not fit what was published: {'; '.join(bad)}",
                where=where,
                why="Nothing was written, because figures computed from them would mislead.",
                hint="Check the digitized points, the unit of time, the risk table and the number of events.",
            )


@lru_cache(maxsize=1)
def limits() -> Mapping[str, Mapping[str, Any]]:
    """The limits of ``data/reconstruct/audit.yaml``, by name."""
    return load_yaml_file(data_dir("reconstruct") / "audit.yaml").value["limits"]


def audit(
    rebuilt: RebuiltPatients,
    curve: DigitizedCurve,
    risk: RiskTable,
    *,
    events: int | None = None,
    median: float | None = None,
) -> Audit:
    """Compare rebuilt patients with the digitized curve, the printed numbers at risk, events and median.

    Main arguments:
        rebuilt: the patients.
        curve, risk: what they were rebuilt from.

    Other arguments:
        events, median: published figures; what is not given is not compared. The median counts the curve's unit.

    >>> from her2sim.analysis.reconstruct.guyot import rebuild
    >>> curve = DigitizedCurve(np.array([1.0, 2.0, 3.0]), np.array([0.75, 0.5, 0.25]))
    >>> risk = RiskTable(np.array([0.0, 2.0]), np.array([4, 3]))
    >>> audit(rebuild(curve, risk), curve, risk, median=2.5).accepted
    True
    """
    lines = [*_curve(rebuilt, curve), _risk_table(rebuilt, risk)]
    if events is not None:
        lines.append(_events(rebuilt, events))
    if median is not None:
        lines.append(_median(rebuilt, median))
    return Audit(tuple(lines))


def audit_hazard_ratio(treated: RebuiltPatients, reference: RebuiltPatients, published: float) -> Stray:
    """Compare the hazard ratio of two rebuilt arms (Cox, Efron ties) with the published one.

    Raises:
        InputError: the published ratio is not above 0.
    """
    if not (published > 0.0 and math.isfinite(published)):
        raise InputError(f"a hazard ratio of {published:g} is impossible", hint="Expected a number above 0.")
    time = np.concatenate([treated.time, reference.time])
    event = np.concatenate([treated.event, reference.event])
    member = np.arange(len(time)) < len(treated.time)
    limit = float(limits()["hazard_ratio"]["limit"])
    found = hazard_ratio(time, event, member)
    if found.value is None:
        return Stray("hazard_ratio", published, None, math.inf, limit, f"no hazard ratio: {found.reason}")
    stray = abs(math.log(found.value / published))
    words = f"hazard ratio {found.value:.3f} rebuilt, {published:g} published (log ratio {stray:.3f}, limit {limit:g})"
    return Stray("hazard_ratio", published, found.value, stray, limit, words)


def _curve(rebuilt: RebuiltPatients, curve: DigitizedCurve) -> list[Stray]:
    """Distance of each digitized point from the rebuilt curve; a point on a vertical step lies on the curve."""
    km = kaplan_meier(rebuilt.time, rebuilt.event)
    steps = np.concatenate([[1.0], km.survival])
    above = steps[np.searchsorted(km.time, curve.time, side="left")]
    below = steps[np.searchsorted(km.time, curve.time, side="right")]
    apart = np.maximum(curve.survival - above, 0.0) + np.maximum(below - curve.survival, 0.0)
    rise = float(max(np.max(curve.survival - np.minimum.accumulate(curve.survival)), 0.0))
    figures = {
        "curve_max": (float(apart.max()), "largest distance from the digitized curve"),
        "curve_mean": (float(apart.mean()), "mean distance from the digitized curve"),
        "curve_rmse": (float(np.sqrt(np.mean(apart**2))), "root mean square distance from the digitized curve"),
        "digitized_rise": (rise, "largest rise of the digitized points"),
    }
    return [
        Stray(name, None, None, stray, _limit(name), f"{words} {stray:.4f} (limit {_limit(name):g})")
        for name, (stray, words) in figures.items()
    ]


def _risk_table(rebuilt: RebuiltPatients, risk: RiskTable) -> Stray:
    here = len(rebuilt.time) - np.searchsorted(rebuilt.time, risk.time, side="left")
    apart = np.abs(here - risk.at_risk)
    worst = int(np.argmax(apart))
    limit = _limit("risk_table", float(risk.at_risk[0]))
    words = (
        f"at risk at {risk.time[worst]:g}: {here[worst]} rebuilt, {risk.at_risk[worst]} printed, the largest of "
        f"{len(apart)} differences (limit {limit:g} patients)"
    )
    return Stray("risk_table", float(risk.at_risk[worst]), float(here[worst]), float(apart[worst]), limit, words)


def _events(rebuilt: RebuiltPatients, events: int) -> Stray:
    found = int(rebuilt.event.sum())
    limit = _limit("events", float(events))
    words = f"events {found} rebuilt, {events} published (limit {limit:g})"
    return Stray("events", float(events), float(found), float(abs(found - events)), limit, words)


def _median(rebuilt: RebuiltPatients, median: float) -> Stray:
    if not (median > 0.0 and math.isfinite(median)):
        raise InputError(f"a median of {median:g} is impossible", hint="Expected a number above 0.")
    found = survival_quantile(kaplan_meier(rebuilt.time, rebuilt.event)).value
    limit = _limit("median")
    if found is None:
        return Stray(
            "median", median, None, math.inf, limit, f"median not reached in the rebuilt, {median:g} published"
        )
    stray = abs(found / median - 1.0)
    words = f"median {found:.3g} rebuilt, {median:g} published ({stray:.1%} apart, limit {limit:.0%})"
    return Stray("median", median, found, stray, limit, words)


def _limit(name: str, whole: float | None = None) -> float:
    """The limit; with ``whole``, a share of it in patients, though no less than the floor."""
    row = limits()[name]
    if whole is None:
        return float(row["limit"])
    return max(float(row["limit"]) * whole, float(row["floor"]))
