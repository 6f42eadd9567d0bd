"""What a validation report tells of its predictions: mechanisms, distance from the fit, numbers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from her2sim.report.document import Block, Heading, Paragraph, Table
from her2sim.study.explain.distance import nearest_fitted
from her2sim.study.explain.earning import earned_blocks
from her2sim.study.explain.explanation import hangs_on
from her2sim.study.validation.figures import Key
from her2sim.study.validation.report import error_words
from her2sim.study.validation.scoring import UNSEEN, measure_of
from her2sim.study.validation.summary import size_of

if TYPE_CHECKING:
    from her2sim.study.validate import Validation

LEAST_ARMS = 12
MOST_NUMBERS = 10


def explaining_blocks(found: Validation) -> list[Block]:
    """The blocks, as far as the validation tells them."""
    patients = found.settings.knock_out_patients
    return [*earned_blocks(found.earned, patients), *_distances(found), *_numbers(found)]


def explanations(found: Validation) -> dict[tuple[str, Key], dict[str, Any]]:
    """(trial, figure) -> columns that explain its prediction: nearest fitted arm, distance, what it moves with."""
    near = {(part.id, one.arm): one for each in found.scope for part in each.protocols for one in nearest_fitted(part)}
    columns: dict[tuple[str, Key], dict[str, Any]] = {}
    for done in found.done:
        trial = done.job.protocol.id
        for key, told in hangs_on([done]):
            one = near.get((trial, key.arm))
            columns[trial, key] = {
                "nearest_fitted": f"{one.fitted_arm} of {one.trial}" if one else "",
                "distance_from_fit": round(one.distance, 3) if one else None,
                "drugs_never_fitted": ", ".join(one.new_drugs) if one else "",
                "moves_with": "; ".join(f"{driver.name} {driver.correlation:+.2f}" for driver in told),
            }
    return columns


def _distances(found: Validation) -> list[Block]:
    """Error of unseen arms in two halves, by their distance from the fit."""
    near = {
        (part.id, one.arm): one.distance
        for each in found.scope
        for part in each.protocols
        for one in nearest_fitted(part)
    }
    rows: list[tuple[str, ...]] = []
    for measure in ("ORR", "PFS median"):
        told = sorted(
            (near[row.trial, row.key.arm], size_of(row))
            for row in found.rows
            if row.group == UNSEEN
            and row.measure == measure
            and row.published.read
            and not row.key.stratum
            and math.isfinite(row.error)
            and (row.trial, row.key.arm) in near
        )
        if len(told) >= LEAST_ARMS:
            half = len(told) // 2
            rows.append((measure, *(_cell(measure, part) for part in (told[:half], told[half:]))))
    if not rows:
        return []
    words = (
        "Distance of an arm from the nearest fitted one: 0 (same drugs, line, disease and patients) to 1. Unseen arms "
        "in two halves, with the median distance and the median error of each."
    )
    table = Table(("figure", "nearer half: distance, error", "farther half: distance, error"), tuple(rows))
    return [Heading("Error and distance from the fit"), Paragraph(words), table]


def _cell(measure: str, part: Sequence[tuple[float, float]]) -> str:
    away, error = (_middle([pair[place] for pair in part]) for place in (0, 1))
    return f"{away:.2f}, {error_words(measure, error)}"


def _numbers(found: Validation) -> list[Block]:
    """The calibrated numbers that most predictions hang on."""
    count: Counter[str] = Counter()
    asked = 0
    for key, told in hangs_on([done for done in found.done if done.prediction.draws]):
        if measure_of(key) in ("ORR", "PFS median", "OS median"):
            asked += 1
            count.update(driver.name for driver in told[:1])
    if not count:
        return []
    words = (
        f"Of {asked} predicted rates and medians, how many move most with each calibrated number (rank correlation "
        "over the posterior draws, beyond chance among so many numbers)."
    )
    rows = tuple((name, str(times)) for name, times in count.most_common(MOST_NUMBERS))
    return [Heading("What the uncertainty hangs on"), Paragraph(words), Table(("number", "figures"), rows)]


def _middle(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]
