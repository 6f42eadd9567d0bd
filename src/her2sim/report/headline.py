"""The few figures that a reader wants first: response, time to progression, survival and the hazard ratios."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from her2sim.record.types import Contrast, Result, TrialRecord
from her2sim.report.words import endpoint_words, interval_words, number, value_words

FIRST = ("ORR", "pCR", "PFS_median", "OS_median", "DoR_median", "CNS_ORR", "grade3plus_AE")
FIRST_RATES = ("EFS_rate", "iDFS_rate", "DFS_rate")


@dataclass(frozen=True)
class Figure:
    """One figure in words: what, of which arm, value, intervals."""

    endpoint: str
    label: str
    arm: str
    value: str
    ci95: str
    pi90: str


def headline(record: TrialRecord) -> tuple[Figure, ...]:
    """The main figures of a record, endpoint by endpoint, then the contrasts.

    Each arm gives an endpoint once: by the assessor of the trial's main reading if there are several.
    """
    chosen: list[Figure] = []
    names = list(dict.fromkeys(r.endpoint for arm in record.arms for r in arm.results))
    wanted = [n for n in FIRST if n in names] + [n for n in names if n.startswith(FIRST_RATES)]
    for endpoint in wanted:
        for arm in record.arms:
            result = preferred([r for r in arm.results if r.endpoint == endpoint], record.assessment.assessor)
            if result:
                chosen.append(
                    Figure(
                        endpoint,
                        endpoint_words(endpoint),
                        arm.name,
                        value_words(result.value, result.unit, result.not_reached),
                        interval_words(result.ci95, result.unit),
                        interval_words(result.pi90, result.unit),
                    )
                )
    for key in dict.fromkeys((c.endpoint, c.arm, c.reference) for c in record.contrasts):
        contrast = preferred_contrast(record.contrasts, key, record.assessment.assessor)
        if contrast is not None:
            chosen.append(
                Figure(
                    contrast.endpoint,
                    f"Hazard ratio for {contrast.endpoint}",
                    f"{contrast.arm} against {contrast.reference}",
                    number(contrast.hr, "ratio"),
                    interval_words(contrast.ci95, "ratio"),
                    interval_words(contrast.pi90, "ratio"),
                )
            )
    return tuple(chosen)


def preferred(results: list[Result], assessor: str) -> Result | None:
    """The result to show of several of one endpoint: with a value, main assessor, confirmed, read, latest cut."""
    if not results:
        return None
    return max(
        results,
        key=lambda r: (
            r.value is not None or r.not_reached,
            r.assessor in (assessor, ""),
            r.confirmed is not False,
            r.read,
            r.data_cut,
        ),
    )


def preferred_contrast(contrasts: Sequence[Contrast], key: tuple[str, str, str], assessor: str) -> Contrast | None:
    """The hazard ratio to show of several of one (endpoint, arm, reference): main assessor, read, latest cut."""
    these = [c for c in contrasts if (c.endpoint, c.arm, c.reference) == key and c.hr is not None]
    return max(these, key=lambda c: (c.assessor in (assessor, ""), c.read, c.data_cut), default=None)
