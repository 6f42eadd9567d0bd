"""The published figures that predictions are held against: each with the key of the simulated figure that is its like.

Times are in months, shares in percent, whatever the source's unit; central readings of any name are ``BICR``; where the
source does not say who read or whether responses were confirmed, the trial's main rule applies. Of several figures of
one kind the one counts that was seen at its source, by the main assessor, from the latest data cut, with an interval.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from her2sim.analysis.common_terms import (
    Interval,
    common_assessor,
    common_confirmed,
    common_endpoint,
    in_common_unit,
    landmark_of,
)
from her2sim.analysis.meta.treatments import of_stratum
from her2sim.evidence.roles import Role, role_of_figure
from her2sim.record.types import NOT_REACHED, Contrast, Result, TrialRecord
from her2sim.study.validation.figures import CURVES, Key
from her2sim.study.validation.settings import stratum_of

RESPONSES = ("ORR", "CR")


@dataclass(frozen=True)
class Published:
    """A published figure.

    Main arguments:
        key: the simulated figure of the same kind.
        value: months, percent or ratio; infinity for a median that was not reached.
        ci95: its interval; None where not given, bounds of None where not reached.
        read: whether it was seen at its source.
        role: whether it may have been fitted.

    Other arguments:
        data_cut, source: of the figure. words: of the stratum, as in the record.
    """

    key: Key
    value: float
    ci95: Interval | None
    read: bool
    role: Role
    data_cut: str = ""
    source: str = ""
    words: str = ""


def published_figures(record: TrialRecord) -> tuple[Published, ...]:
    """One published figure for each key, of all arms and contrasts; strata last.

    >>> from her2sim.evidence.base import load_record
    >>> found = {figure.key.endpoint: figure for figure in published_figures(load_record("TDM4374g"))}
    >>> found["ORR"].key.assessor, found["PFS_median"].value
    ('BICR', 6.9)
    """
    best: dict[tuple[str, str, str, str, bool | None], tuple[tuple[Any, ...], Published]] = {}
    for order, one in enumerate((*_results(record), *_contrasts(record), *_strata(record))):
        key = one.key
        kind = key.arm, key.reference, key.stratum, key.endpoint, None
        main = key.assessor in ("", record.assessment.assessor)
        as_read = key.confirmed in (None, record.assessment.confirmed)
        rank = (one.read, main, as_read, one.data_cut, one.ci95 is not None, -order)
        if kind not in best or rank > best[kind][0]:
            best[kind] = rank, one
    return tuple(one for _, one in best.values())


def asked_keys(record: TrialRecord) -> tuple[Key, ...]:
    """Which figures a record publishes, by name: what a prediction is asked for, without any value."""
    return tuple(one.key for one in published_figures(record))


def _results(record: TrialRecord) -> Iterator[Published]:
    for arm in record.arms:
        for result in arm.results:
            if of_stratum(result) or (result.value is None and not result.not_reached):
                continue
            endpoint = _endpoint(result.endpoint)
            if not endpoint:
                continue
            common = in_common_unit(result.value, result.unit, result.ci95, None, not_reached=result.not_reached)
            if common.value is None or common.unit != _unit(endpoint):
                continue
            key = Key(arm.name, endpoint, *_reading(record, result, endpoint))
            yield Published(
                key,
                common.value,
                common.ci95,
                result.read,
                role_of_figure(record.id, endpoint=result.endpoint, arm=arm.name),
                result.data_cut,
                result.source,
            )


def _contrasts(record: TrialRecord) -> Iterator[Published]:
    for contrast in record.contrasts:
        endpoint = common_endpoint(contrast.endpoint)
        if contrast.hr is None or endpoint not in CURVES or of_stratum(contrast):
            continue
        key = Key(contrast.arm, endpoint, *_reading(record, contrast, endpoint), reference=contrast.reference)
        role = role_of_figure(record.id, endpoint=contrast.endpoint, arm=contrast.arm, contrast=True)
        yield Published(key, contrast.hr, contrast.ci95, contrast.read, role, contrast.data_cut, contrast.source)


def _strata(record: TrialRecord) -> Iterator[Published]:
    for row in record.subgroups:
        stratum = stratum_of(str(row.get("subgroup", "")))
        if stratum:
            yield from _stratum_figures(record, row, stratum)


def _stratum_figures(record: TrialRecord, row: Mapping[str, Any], stratum: str) -> Iterator[Published]:
    names = [arm.name for arm in record.arms]
    endpoint, words = str(row["endpoint"]), str(row["subgroup"])
    who = common_assessor(str(row.get("assessor", ""))) or record.assessment.assessor

    def one(arm: str, name: str, value: object, unit: str, ci95: object, reference: str = "") -> Iterator[Published]:
        common = in_common_unit(_number(value), unit, _interval(ci95), None, not_reached=value == NOT_REACHED)
        if common.value is None or not _is_of(name, reference) or (not reference and common.unit != _unit(name)):
            return
        response = name in RESPONSES
        key = Key(
            arm, name, "" if name.startswith("OS") else who, record.assessment.confirmed if response else None,
            reference, stratum,
        )  # fmt: skip
        role = role_of_figure(record.id, endpoint=endpoint, arm=arm, subgroup=words, contrast=bool(reference))
        yield Published(key, common.value, common.ci95, bool(row["read"]), role, "", str(row.get("source", "")), words)

    two = len(names) == 2
    if row.get("hr") is not None and two:
        yield from one(names[0], common_endpoint(endpoint), row["hr"], "ratio", row.get("ci95"), names[1])
    name = _endpoint(endpoint) or f"{endpoint}_median"
    arm = str(row.get("arm", "")) or (names[0] if len(names) == 1 else "")
    if row.get("value") is not None and arm in names:
        yield from one(arm, name, row["value"], str(row.get("unit", "")), row.get("ci95"))
    if two:
        for place, given in enumerate(("arm", "reference")):
            if row.get(f"{given}_value") is not None:
                interval = row.get(f"{given}_ci95")
                yield from one(names[place], name, row[f"{given}_value"], str(row.get("unit", "")), interval)


def _endpoint(words: str) -> str:
    """The name of an endpoint that is simulated, with landmarks in months; empty for others."""
    name = common_endpoint(words)
    if name in RESPONSES or name in {f"{curve}_median" for curve in CURVES}:
        return name
    mark = landmark_of(name)
    return f"{mark[0]}_rate_{mark[1]:g}mo" if mark and mark[0] in CURVES else ""


def _is_of(name: str, reference: str) -> bool:
    return name in CURVES if reference else bool(_endpoint(name))


def _unit(endpoint: str) -> str:
    return "months" if endpoint.endswith("_median") else "percent"


def _reading(record: TrialRecord, figure: Result | Contrast, endpoint: str) -> tuple[str, bool | None]:
    """Who read, and whether responses are confirmed ones."""
    who = "" if endpoint.startswith("OS") else common_assessor(figure.assessor) or record.assessment.assessor
    if who not in ("", "INV", "BICR"):
        who = record.assessment.assessor
    if endpoint not in RESPONSES or isinstance(figure, Contrast):
        return who, None
    confirmed = common_confirmed(figure.endpoint, figure.confirmed)
    return who, record.assessment.confirmed if confirmed is None else confirmed


def _number(value: object) -> float | None:
    known = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if known else None  # type: ignore[arg-type]


def _interval(value: object) -> Interval | None:
    if not isinstance(value, Iterable) or isinstance(value, str):
        return None
    low, high = (_number(bound) for bound in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return low, high
