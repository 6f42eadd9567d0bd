"""How far a trial lies from those that were fitted: drugs, line, disease and patients (Gower's distance).

Gower JC. Biometrics 1971;27:857, doi:10.2307/2528823: the mean of differences, each between 0 and 1, over what is known
of both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from her2sim.evidence.base import load_record
from her2sim.evidence.index import entries
from her2sim.evidence.roles import role_of_figure
from her2sim.model.drug_file import is_placebo, load_drug
from her2sim.record.protocol import protocol_of
from her2sim.record.types import Arm, TrialRecord
from her2sim.study.validation.scope import scope_of

LINES = ("metastatic-1L", "metastatic-2L", "metastatic-3L+")
COVARIATES = {
    "median_age": 20.0,
    "hr_positive_pct": 100.0,
    "ihc3_pct": 100.0,
    "brain_mets_pct": 100.0,
    "asia_pct": 100.0,
    "visceral_pct": 100.0,
}
"""Keys of the baseline table, and the difference that counts as 1."""
WEIGHTS = {"drugs": 3.0, "actions": 2.0, "disease": 2.0, "line": 2.0, "her2": 1.0}


@dataclass(frozen=True)
class Point:
    """An arm in the space of designs."""

    trial: str
    arm: str
    disease: str
    line: float
    drugs: frozenset[str]
    actions: frozenset[str]
    her2: frozenset[str]
    covariates: Mapping[str, float]


@dataclass(frozen=True)
class Near:
    """The fitted arm nearest to an arm.

    Main arguments:
        arm: the arm asked about.
        trial, fitted_arm: the nearest fitted one.
        distance: from 0 (the same design) to 1.
        farther_than: share of fitted arms that lie nearer to the rest of the fit than this arm does.
        new_drugs: drugs of the arm that no fitted arm contains.
    """

    arm: str
    trial: str
    fitted_arm: str
    distance: float
    farther_than: float
    new_drugs: tuple[str, ...]


def nearest_fitted(protocol: TrialRecord) -> tuple[Near, ...]:
    """For each arm of a trial the fitted arm nearest to it, arms of the trial itself left out.

    >>> from her2sim.evidence.base import load_record
    >>> near = nearest_fitted(protocol_of(load_record("TH3RESA")))[0]
    >>> near.trial != "TH3RESA" and 0.0 <= near.distance <= 1.0
    True
    """
    known = [point for point in fitted_points() if point.trial != protocol.id]
    usual = usual_distances()
    given = frozenset(drug for point in known for drug in point.drugs)
    found: list[Near] = []
    for point in points_of(protocol):
        best = min(known, key=lambda other: distance(point, other))
        away = distance(point, best)
        share = sum(each < away for each in usual) / len(usual)
        new = tuple(sorted(point.drugs - given))
        found.append(Near(point.arm, best.trial, best.arm, away, share, new))
    return tuple(found)


@lru_cache(maxsize=1)
def fitted_points() -> tuple[Point, ...]:
    """Every arm that may have been fitted and is in scope."""
    found: list[Point] = []
    for entry in entries():
        if entry.role != "fit" or entry.kind != "trial":
            continue
        for part in scope_of(load_record(entry.id)).protocols:
            found += [
                point
                for point in points_of(part)
                if role_of_figure(entry.id, endpoint="PFS_median", arm=point.arm) == "fit"
            ]
    return tuple(found)


@lru_cache(maxsize=1)
def usual_distances() -> tuple[float, ...]:
    """How far each fitted arm lies from the nearest one of another trial."""
    points = fitted_points()
    return tuple(min(distance(one, other) for other in points if other.trial != one.trial) for one in points)


def points_of(record: TrialRecord) -> list[Point]:
    """The arms of a protocol in the space of designs."""
    protocol = protocol_of(record)
    return [_point(protocol, arm) for arm in protocol.arms]


def distance(one: Point, other: Point) -> float:
    """Gower's distance of two arms."""
    parts = [
        (WEIGHTS["drugs"], _unlike(one.drugs, other.drugs)),
        (WEIGHTS["actions"], _unlike(one.actions, other.actions)),
        (WEIGHTS["disease"], float(one.disease != other.disease)),
        (WEIGHTS["line"], abs(one.line - other.line) / (len(LINES) - 1)),
        (WEIGHTS["her2"], _unlike(one.her2, other.her2)),
    ]
    for name, scale in COVARIATES.items():
        if name in one.covariates and name in other.covariates:
            parts.append((1.0, min(abs(one.covariates[name] - other.covariates[name]) / scale, 1.0)))
    return sum(weight * part for weight, part in parts) / sum(weight for weight, _ in parts)


def _point(record: TrialRecord, arm: Arm) -> Point:
    drugs = [load_drug(item.drug) for item in arm.regimen if not is_placebo(item.drug)]
    return Point(
        record.id,
        arm.name,
        record.disease,
        float(LINES.index(record.setting)) if record.setting in LINES else 0.0,
        frozenset(drug.id for drug in drugs),
        frozenset(action.kind for drug in drugs for action in drug.actions),
        frozenset(record.eligibility.her2),
        {name: float(value) for name, value in record.baseline.items() if name in COVARIATES and _is_number(value)},
    )


def _unlike(one: frozenset[str], other: frozenset[str]) -> float:
    union: Sequence[str] = tuple(one | other)
    return 1.0 - len(one & other) / len(union) if union else 0.0


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def average(distances: Iterable[Near]) -> float:
    """Mean distance of the arms of a trial from the fit."""
    told = [near.distance for near in distances]
    return sum(told) / len(told) if told else float("nan")
