"""Simulated figures beside published ones, in numbers and in words; the comparison itself is that of the analysis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from her2sim.analysis.common_terms import Interval, common_endpoint, in_common_unit
from her2sim.analysis.compare import compare
from her2sim.analysis.comparison import Compared
from her2sim.record.types import Arm, Contrast, TrialRecord
from her2sim.report.headline import preferred, preferred_contrast
from her2sim.report.words import endpoint_words, interval_words, value_words

HAZARD = " hazard ratio"
AGREEMENT: dict[bool | None, Literal["inside", "outside", ""]] = {True: "inside", False: "outside", None: ""}


@dataclass(frozen=True)
class Shown:
    """One side of a pair; ``value`` is infinite where a median was not reached."""

    value: float
    unit: str
    ci95: Interval | None
    pi90: Interval | None = None

    @property
    def interval(self) -> Interval | None:
        """The widest claim made: the predictive interval if there is one."""
        return self.pi90 or self.ci95

    @property
    def words(self) -> str:
        """The value with its unit."""
        return value_words(self.value, self.unit, math.isinf(self.value))

    @property
    def ci95_words(self) -> str:
        """The confidence interval."""
        return interval_words(self.ci95, self.unit)

    @property
    def pi90_words(self) -> str:
        """The predictive interval."""
        return interval_words(self.pi90, self.unit)

    @property
    def interval_words(self) -> str:
        """The widest claim made."""
        return interval_words(self.interval, self.unit)


@dataclass(frozen=True)
class Pair:
    """A figure of one arm (or one contrast), simulated, published, or both.

    Main arguments:
        group: name of the arm, or ``arm against reference``.
        endpoint: common name; ``label`` the same in words.
        read: the published number was read at its source; False: recalled.
        source: citation of the published number.
        agreement: whether the published value lies within the simulated interval; empty where that cannot be told.
        note: what differs in kind between the two.
    """

    group: str
    endpoint: str
    label: str
    unit: str
    assessor: str = ""
    simulated: Shown | None = None
    published: Shown | None = None
    read: bool = False
    source: str = ""
    agreement: Literal["inside", "outside", ""] = ""
    note: str = ""


@dataclass(frozen=True)
class Pairs:
    """All figures of a run: hazard ratios, figures of arms, and what was published but not simulated."""

    contrasts: tuple[Pair, ...]
    arms: tuple[Pair, ...]
    only_published: tuple[Pair, ...]


def paired(record: TrialRecord, published: TrialRecord | None) -> Pairs:
    """Each simulated figure once, beside the published one that counts (``analysis.comparison.PRIMARY_RULE``)."""
    comparison = compare(record, published) if published else None
    arm_names = dict(comparison.arms) if comparison else {}
    rows = comparison.primary() if comparison else ()
    beside = [_pair(row, arm_names.get(row.arm, row.arm), published) for row in rows]
    arms: list[Pair] = []
    for arm in record.arms:
        arms += _with_simulated_only([p for p in beside if p.group == arm.name], _simulated_pairs(arm, record))
    contrasts = _with_simulated_only(
        [p for p in beside if p.group not in {arm.name for arm in record.arms}],
        _simulated_contrasts(record.contrasts, record),
    )
    missing = _not_simulated(published, comparison.not_simulated) if published and comparison else ()
    return Pairs(tuple(contrasts), tuple(arms), tuple(missing))


def _with_simulated_only(beside: Sequence[Pair], simulated: Sequence[Pair]) -> list[Pair]:
    """The simulated figures in their order, each replaced by its pair where there is one; other pairs at the end."""
    known = {(pair.group, pair.endpoint): pair for pair in beside}
    merged = [known.pop((pair.group, pair.endpoint), pair) for pair in simulated]
    return [*merged, *known.values()]


def _pair(row: Compared, group: str, published: TrialRecord | None) -> Pair:
    return Pair(
        group=group,
        endpoint=row.endpoint,
        label=_label(row.endpoint),
        unit=row.unit,
        assessor=row.assessor,
        simulated=_shown(row.simulated, row.unit, row.simulated_ci95, row.simulated_pi90),
        published=_shown(row.published, row.unit, row.published_ci95, None),
        read=row.read,
        source=citation(published, row.source),
        agreement=AGREEMENT[row.inside_simulated],
        note=row.note,
    )


def _simulated_pairs(arm: Arm, record: TrialRecord) -> list[Pair]:
    pairs: list[Pair] = []
    for endpoint in dict.fromkeys(common_endpoint(r.endpoint) for r in arm.results):
        same = [r for r in arm.results if common_endpoint(r.endpoint) == endpoint]
        result = preferred(same, record.assessment.assessor)
        if result is not None:
            figure = in_common_unit(result.value, result.unit, result.ci95, result.pi90, not_reached=result.not_reached)
            shown = _shown(figure.value, figure.unit, figure.ci95, figure.pi90)
            pairs.append(Pair(arm.name, endpoint, _label(endpoint), figure.unit, result.assessor, shown))
    return pairs


def _simulated_contrasts(contrasts: Sequence[Contrast], record: TrialRecord) -> list[Pair]:
    pairs: list[Pair] = []
    for key in dict.fromkeys((c.endpoint, c.arm, c.reference) for c in contrasts if c.hr is not None):
        contrast = preferred_contrast(contrasts, key, record.assessment.assessor)
        if contrast is not None:
            endpoint = common_endpoint(contrast.endpoint) + HAZARD
            shown = _shown(contrast.hr, "ratio", contrast.ci95, contrast.pi90)
            group = f"{contrast.arm} against {contrast.reference}"
            pairs.append(Pair(group, endpoint, _label(endpoint), "ratio", contrast.assessor, shown))
    return pairs


def _not_simulated(published: TrialRecord, endpoints: Sequence[str]) -> list[Pair]:
    pairs: list[Pair] = []
    for arm in published.arms:
        for endpoint in endpoints:
            same = [r for r in arm.results if common_endpoint(r.endpoint) == endpoint]
            result = preferred(same, published.assessment.assessor)
            if result is not None:
                figure = in_common_unit(result.value, result.unit, result.ci95, None, not_reached=result.not_reached)
                shown = _shown(figure.value, figure.unit, figure.ci95, None)
                pairs.append(
                    Pair(
                        arm.name,
                        endpoint,
                        _label(endpoint),
                        figure.unit,
                        result.assessor,
                        published=shown,
                        read=result.read,
                        source=citation(published, result.source),
                    )
                )
    return pairs


def citation(record: TrialRecord | None, key: str) -> str:
    """The citation of a source, or its key where the record does not list it."""
    return str(record.sources.get(key, {}).get("citation", "") or key) if record else key


def _label(endpoint: str) -> str:
    if endpoint.endswith(HAZARD):
        return f"Hazard ratio for {endpoint.removesuffix(HAZARD)}"
    return endpoint_words(endpoint)


def _shown(value: float | None, unit: str, ci95: Interval | None, pi90: Interval | None) -> Shown | None:
    return None if value is None else Shown(value, unit, ci95, pi90)
