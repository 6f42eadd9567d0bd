"""A simulated record beside a published one: the same arms, the same endpoints, the same units.

Comparing a simulation with the literature is comparing two records of one schema; nothing here knows how the figures of
either came about.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from her2sim.analysis.arm_matching import match_arms
from her2sim.analysis.common_terms import (
    Figure,
    common_assessor,
    common_confirmed,
    common_endpoint,
    in_common_unit,
    within,
)
from her2sim.analysis.comparison import Compared, Comparison
from her2sim.record.types import Contrast, Result, TrialRecord

_RATIO_UNITS = ("months", "ratio")
_MEASURES = (("hr", "hazard ratio", "ratio"), ("difference", "difference", "percentage points"))


def compare(simulated: TrialRecord, published: TrialRecord, arms: Mapping[str, str] | None = None) -> Comparison:
    """Set every published figure beside the simulated one of the same arm and endpoint.

    The partner of a published figure is the simulated one by the same assessor (central readings of any name are
    ``BICR``; where the source does not say, the trial's main assessor), with the same requirement of confirmation.
    Times are compared in months, shares in percent, contrasts as ratios or differences. Figures of a stratum are left
    out.

    Main arguments:
        simulated: a record with simulated results.
        published: a record with published ones.

    Other arguments:
        arms: published arm name to simulated arm name, where names and drugs do not say it.

    Raises:
        InputError: if ``arms`` names an arm that is not there.
    """
    pairs = match_arms(simulated.arms, published.arms, arms)
    by_name = {arm.name: arm for arm in simulated.arms}
    rows: list[Compared] = []
    missing: list[str] = []
    for arm in published.arms:
        if arm.name not in pairs:
            continue
        candidates = by_name[pairs[arm.name]].results
        found = [(result, _partner(result, candidates, simulated)) for result in arm.results if not of_stratum(result)]
        compared = [_compared_result(arm.name, one, other) for one, other in found if other is not None]
        missing += [common_endpoint(one.endpoint) for one, other in found if other is None]
        rows += _with_primary(compared, published)
    rows += _with_primary(_contrasts(simulated, published, pairs), published)
    return Comparison(
        simulated=simulated.id,
        published=published.id,
        rows=tuple(rows),
        arms=tuple(pairs.items()),
        unmatched=tuple(arm.name for arm in published.arms if arm.name not in pairs),
        not_simulated=tuple(dict.fromkeys(missing)),
    )


def _partner(result: Result, candidates: Sequence[Result], simulated: TrialRecord) -> Result | None:
    """The simulated figure nearest in kind to a published one."""
    endpoint = common_endpoint(result.endpoint)
    assessor = common_assessor(result.assessor) or simulated.assessment.assessor
    confirmed = common_confirmed(result.endpoint, result.confirmed)
    confirmed = simulated.assessment.confirmed if confirmed is None else confirmed
    same = [each for each in candidates if common_endpoint(each.endpoint) == endpoint]
    return max(
        same,
        key=lambda each: (
            each.value is not None or each.not_reached,
            common_confirmed(each.endpoint, each.confirmed) in (confirmed, None),
            each.assessor in (assessor, ""),
            each.data_cut == result.data_cut,
        ),
        default=None,
    )


def _compared_result(arm: str, published: Result, simulated: Result) -> Compared:
    one = in_common_unit(
        simulated.value, simulated.unit, simulated.ci95, simulated.pi90, not_reached=simulated.not_reached
    )
    other = in_common_unit(
        published.value, published.unit, published.ci95, published.pi90, not_reached=published.not_reached
    )
    notes = [published.note] if published.note else []
    assessor = common_assessor(published.assessor)
    if assessor and simulated.assessor and assessor != simulated.assessor:
        notes.append(f"simulated by {simulated.assessor}")
    confirmed = common_confirmed(published.endpoint, published.confirmed)
    if confirmed is not None and simulated.confirmed is not None and confirmed != simulated.confirmed:
        notes.append("simulated responses are " + ("confirmed" if simulated.confirmed else "unconfirmed"))
    if one.unit != other.unit:
        notes.append(f"units differ: {one.unit}, {other.unit}")
    unconfirmed = "_unconfirmed" if confirmed is False else ""
    row = _row(arm, common_endpoint(published.endpoint) + unconfirmed, one, other)
    return replace(
        row,
        assessor=assessor,
        data_cut=published.data_cut,
        source=published.source,
        read=published.read,
        note="; ".join(notes),
    )


def _row(arm: str, endpoint: str, simulated: Figure, published: Figure) -> Compared:
    same_unit = simulated.unit == published.unit
    one, other = simulated.value, published.value
    difference = ratio = None
    if same_unit and one is not None and other is not None and math.isfinite(one) and math.isfinite(other):
        difference = one - other
        ratio = one / other if published.unit in _RATIO_UNITS and other > 0.0 else None
    spread = simulated.pi90 if simulated.pi90 is not None else simulated.ci95
    return Compared(
        arm=arm,
        endpoint=endpoint,
        unit=published.unit,
        simulated=one,
        simulated_ci95=simulated.ci95,
        simulated_pi90=simulated.pi90,
        published=other,
        published_ci95=published.ci95,
        difference=difference,
        ratio=ratio,
        inside_published=within(one, published.ci95) if same_unit else None,
        inside_simulated=within(other, spread) if same_unit else None,
        primary=False,
    )


def of_stratum(figure: Result | Contrast) -> bool:
    """Whether a published figure is of some of the patients only: it is no partner of a figure of all.

    >>> of_stratum(Result("ORR", 30.0, "percent", extra={"population": "brain metastases at baseline"}))
    True
    """
    return bool(figure.extra.get("population"))


def _contrasts(simulated: TrialRecord, published: TrialRecord, pairs: Mapping[str, str]) -> list[Compared]:
    rows: list[Compared] = []
    for contrast in published.contrasts:
        if of_stratum(contrast) or contrast.arm not in pairs or contrast.reference not in pairs:
            continue
        names = pairs[contrast.arm], pairs[contrast.reference]
        endpoint = common_endpoint(contrast.endpoint)
        assessor = common_assessor(contrast.assessor) or simulated.assessment.assessor
        same = [
            turned
            for each in simulated.contrasts
            if common_endpoint(each.endpoint) == endpoint and (turned := _turned(each, names)) is not None
        ]
        measure, words, unit = next(
            (each for each in _MEASURES if getattr(contrast, each[0]) is not None), _MEASURES[0]
        )
        usable = [each for each in same if getattr(each, measure) is not None]
        if getattr(contrast, measure) is None or not usable:
            continue
        partner = max(usable, key=lambda each: (each.assessor in (assessor, ""), each.data_cut == contrast.data_cut))
        row = _row(
            f"{contrast.arm} against {contrast.reference}",
            f"{endpoint} {words}",
            Figure(getattr(partner, measure), unit, partner.ci95, partner.pi90),
            Figure(getattr(contrast, measure), unit, contrast.ci95),
        )
        rows.append(
            replace(
                row,
                assessor=common_assessor(contrast.assessor),
                data_cut=contrast.data_cut,
                source=contrast.source,
                read=contrast.read,
                note=contrast.note,
            )
        )
    return rows


def _turned(contrast: Contrast, names: tuple[str, str]) -> Contrast | None:
    """The contrast with ``names`` as (arm, reference), turned round where it stands the other way."""
    if (contrast.arm, contrast.reference) == names:
        return contrast
    if (contrast.reference, contrast.arm) != names:
        return None
    by_ratio = contrast.hr is not None

    def turn(value: float | None) -> float | None:
        if value is None:
            return None
        return 1.0 / value if by_ratio else -value

    def turn_both(interval: tuple[float | None, float | None] | None) -> tuple[float | None, float | None] | None:
        return None if interval is None else (turn(interval[1]), turn(interval[0]))

    return replace(
        contrast,
        arm=names[0],
        reference=names[1],
        hr=turn(contrast.hr) if by_ratio else None,
        difference=turn(contrast.difference) if not by_ratio else None,
        odds_ratio=1.0 / contrast.odds_ratio if contrast.odds_ratio else None,
        ci95=turn_both(contrast.ci95),
        pi90=turn_both(contrast.pi90),
    )


def _with_primary(rows: Sequence[Compared], published: TrialRecord) -> list[Compared]:
    """Rows with the primary one of each endpoint marked and put first (``comparison.PRIMARY_RULE``)."""
    main = published.assessment.assessor
    groups: dict[tuple[str, str], list[Compared]] = {}
    for row in rows:
        groups.setdefault((row.arm, row.endpoint), []).append(row)
    out: list[Compared] = []
    for group in groups.values():
        best = max(
            range(len(group)),
            key=lambda k: (
                group[k].published is not None,
                group[k].read,
                {main: 2, "": 1}.get(group[k].assessor, 0),
                group[k].data_cut,
                group[k].published_ci95 is not None,
                k,
            ),
        )
        ordered = [best, *(k for k in range(len(group)) if k != best)]
        out += [replace(group[k], primary=k == best) for k in ordered]
    return out
