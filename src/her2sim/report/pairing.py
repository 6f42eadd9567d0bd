"""Simulated figures beside published ones, and whether they agree."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from her2sim.record.types import Contrast, Result, TrialRecord
from her2sim.report.headline import preferred
from her2sim.report.words import endpoint_words, interval_words, number, value_words

Interval = tuple[float | None, float | None]
Agreement = Literal["inside", "outside", ""]


@dataclass(frozen=True)
class Shown:
    """One side of a pair, in numbers and in words.

    ``value`` is infinite where a median was not reached, None where nothing is known.
    """

    value: float | None
    ci95: Interval | None
    pi90: Interval | None
    words: str
    ci95_words: str
    pi90_words: str

    @property
    def interval(self) -> Interval | None:
        """The widest claim made: the predictive interval if there is one."""
        return self.pi90 or self.ci95

    @property
    def interval_words(self) -> str:
        """The same in words."""
        return self.pi90_words or self.ci95_words


@dataclass(frozen=True)
class Pair:
    """A figure of one arm (or one contrast), simulated, published, or both.

    Main arguments:
        group: name of the arm, or both arms of a contrast.
        label: the endpoint in words; ``unit`` its unit.
        read: the published number was read at its source; False: recalled.
        source: citation of the published number.
        agreement: whether the published value lies within the simulated interval.
    """

    group: str
    endpoint: str
    label: str
    unit: str
    assessor: str
    simulated: Shown | None
    published: Shown | None
    read: bool
    source: str
    agreement: Agreement


def arm_pairs(record: TrialRecord, published: TrialRecord | None) -> tuple[Pair, ...]:
    """Every endpoint of every arm once: by the trial's main assessor where there are several."""
    main = record.assessment.assessor
    pairs: list[Pair] = []
    for arm in record.arms:
        known = next((a.results for a in published.arms if a.name == arm.name), ()) if published else ()
        for endpoint in dict.fromkeys(r.endpoint for r in (*arm.results, *known)):
            ours = preferred([r for r in arm.results if r.endpoint == endpoint], main)
            theirs = preferred([r for r in known if r.endpoint == endpoint], ours.assessor if ours else main)
            both = [r for r in (ours, theirs) if r is not None]
            unit = both[0].unit
            if theirs is not None and theirs.unit != unit:
                theirs = None
            left, right = _shown(ours), _shown(theirs)
            pairs.append(
                Pair(
                    group=arm.name,
                    endpoint=endpoint,
                    label=endpoint_words(endpoint),
                    unit=unit,
                    assessor=both[0].assessor,
                    simulated=left,
                    published=right,
                    read=bool(theirs and theirs.read),
                    source=citation(published, theirs.source) if published and theirs else "",
                    agreement=agreement(left, right),
                )
            )
    return tuple(pairs)


def contrast_pairs(record: TrialRecord, published: TrialRecord | None) -> tuple[Pair, ...]:
    """Every hazard ratio once."""
    main = record.assessment.assessor
    pairs: list[Pair] = []
    known = published.contrasts if published else ()
    keys = dict.fromkeys((c.endpoint, c.arm, c.reference) for c in (*record.contrasts, *known) if c.hr is not None)
    for endpoint, arm, reference in keys:
        key = (endpoint, arm, reference)
        ours = _preferred_contrast(record.contrasts, key, main)
        theirs = _preferred_contrast(known, key, ours.assessor if ours else main)
        left, right = _shown_contrast(ours), _shown_contrast(theirs)
        pairs.append(
            Pair(
                group=f"{arm} against {reference}",
                endpoint=endpoint,
                label=f"Hazard ratio for {endpoint}",
                unit="hr",
                assessor=(ours or theirs).assessor if ours or theirs else "",  # pyright: ignore[reportOptionalMemberAccess]
                simulated=left,
                published=right,
                read=bool(theirs and theirs.read),
                source=citation(published, theirs.source) if published and theirs else "",
                agreement=agreement(left, right),
            )
        )
    return tuple(pairs)


def agreement(simulated: Shown | None, published: Shown | None) -> Agreement:
    """Whether the published value lies within the simulated interval; empty where that cannot be said.

    A median that was not reached counts as longer than any number, and so does a bound that was not reached.
    """
    if simulated is None or published is None or published.value is None or simulated.interval is None:
        return ""
    low, high = simulated.interval
    low = -math.inf if low is None else low
    high = math.inf if high is None else high
    return "inside" if low <= published.value <= high else "outside"


def citation(record: TrialRecord, key: str) -> str:
    """The citation of a source, or its key where the record does not list it."""
    return str(record.sources.get(key, {}).get("citation", "") or key)


def _shown(result: Result | None) -> Shown | None:
    if result is None or (result.value is None and not result.not_reached and result.ci95 is None):
        return None
    return Shown(
        value=math.inf if result.not_reached else result.value,
        ci95=result.ci95,
        pi90=result.pi90,
        words=value_words(result.value, result.unit, result.not_reached),
        ci95_words=interval_words(result.ci95, result.unit),
        pi90_words=interval_words(result.pi90, result.unit),
    )


def _preferred_contrast(contrasts: Sequence[Contrast], key: tuple[str, str, str], assessor: str) -> Contrast | None:
    these = [c for c in contrasts if (c.endpoint, c.arm, c.reference) == key and c.hr is not None]
    return max(these, key=lambda c: (c.assessor in (assessor, ""), c.read, c.data_cut)) if these else None


def _shown_contrast(contrast: Contrast | None) -> Shown | None:
    if contrast is None or contrast.hr is None:
        return None
    return Shown(
        value=contrast.hr,
        ci95=contrast.ci95,
        pi90=contrast.pi90,
        words=number(contrast.hr, "hr"),
        ci95_words=interval_words(contrast.ci95, "hr"),
        pi90_words=interval_words(contrast.pi90, "hr"),
    )
