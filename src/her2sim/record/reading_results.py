"""Figures of a record: results of arms, contrasts between arms, subgroups; each with its source and its read flag."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from her2sim.core.errors import InputError, did_you_mean
from her2sim.record.endpoints import endpoint_names, is_endpoint
from her2sim.record.fields import Fields
from her2sim.record.types import NOT_REACHED, Contrast, Result

NOT_REACHED_WORDS = (NOT_REACHED, "NE", "NA")
RESULT_KEYS = (
    "endpoint", "value", "unit", "ci95", "pi90", "assessor", "confirmed", "n_evaluated", "data_cut", "note",
    "source", "read",
)  # fmt: skip
RESULT_EXTRAS = (
    "ci80", "ci90", "range", "ci_source", "ci_read", "unit_text", "population", "events", "count", "replicates",
)  # fmt: skip
CONTRAST_KEYS = (
    "endpoint", "arm", "reference", "hr", "odds_ratio", "difference", "p_value", "ci95", "pi90", "assessor", "data_cut",
    "note", "source", "read",
)  # fmt: skip
CONTRAST_EXTRAS = (
    "ci80", "ci90", "ci_level", "ci_source", "ci_read", "risk_ratio", "unit", "arm_value", "reference_value", "p_text",
    "difference_unit", "population", "events", "events_reference", "ties", "interval", "replicates",
)  # fmt: skip
SUBGROUP_KEYS = (
    "subgroup", "endpoint", "arm", "reference", "value", "unit", "source", "read", "finding", "risk_ratio", "ci95",
    "hr", "odds_ratio", "n", "note", "assessor", "data_cut", "arm_values", "difference", "difference_unit", "p_value",
    "p_text", "confirmed", "arm_value", "arm_ci95", "reference_value", "reference_ci95", "pi90",
)  # fmt: skip
Interval = tuple[float | None, float | None]
Sources = Mapping[str, Mapping[str, Any]]


def read_result(fields: Fields, sources: Sources) -> Result:
    """One figure of an arm.

    Raises:
        InputError: an unknown key or endpoint name, a source that is not listed, or an interval that is not one.
    """
    fields.only((*RESULT_KEYS, *RESULT_EXTRAS))
    value = fields.values.get("value")
    not_reached = isinstance(value, str) and value.upper() in NOT_REACHED_WORDS
    return Result(
        endpoint=_endpoint(fields),
        value=None if not_reached else fields.number("value"),
        unit=fields.text("unit"),
        ci95=_interval(fields, "ci95"),
        pi90=_interval(fields, "pi90"),
        not_reached=not_reached,
        assessor=fields.text("assessor"),
        confirmed=None if not fields.has("confirmed") else fields.flag("confirmed", False),
        n_evaluated=fields.count("n_evaluated"),
        data_cut=fields.text("data_cut"),
        note=fields.text("note"),
        source=_source(fields, sources),
        read=_read(fields, sources),
        extra=fields.rest(RESULT_KEYS),
    )


def read_contrast(fields: Fields, sources: Sources, arm_names: Collection[str] | None) -> Contrast:
    """One comparison of two arms.

    Raises:
        InputError: as for a result; an arm that the record does not have; a ratio that is not above 0.
    """
    fields.only((*CONTRAST_KEYS, *CONTRAST_EXTRAS))
    _check_arms(fields, arm_names)
    return Contrast(
        endpoint=_endpoint(fields),
        arm=fields.text("arm"),
        reference=fields.text("reference"),
        hr=fields.number("hr", 1e-6, 1e6),
        odds_ratio=fields.number("odds_ratio", 1e-6, 1e6),
        difference=fields.number("difference"),
        p_value=fields.number("p_value", 0.0, 1.0),
        ci95=_interval(fields, "ci95"),
        pi90=_interval(fields, "pi90"),
        assessor=fields.text("assessor"),
        data_cut=fields.text("data_cut"),
        note=fields.text("note"),
        source=_source(fields, sources),
        read=_read(fields, sources),
        extra=fields.rest(CONTRAST_KEYS),
    )


def read_subgroup(fields: Fields, sources: Sources, arm_names: Collection[str] | None) -> Mapping[str, Any]:
    """One figure of a stratum: kept as written, with ``read`` made explicit."""
    fields.only(SUBGROUP_KEYS)
    _endpoint(fields)
    if not fields.text("subgroup"):
        raise fields.error("a subgroup figure names no subgroup", "subgroup")
    _check_arms(fields, arm_names)
    for key in ("ci95", "arm_ci95", "reference_ci95", "pi90"):
        _interval(fields, key)
    _source(fields, sources)
    return {**fields.values, "read": _read(fields, sources)}


def read_sources(fields: Fields | None) -> dict[str, dict[str, Any]]:
    """Source key to citation, address (``url``) and read flag."""
    found: dict[str, dict[str, Any]] = {}
    for key in fields.values if fields else ():
        source = fields.mapping(key) if fields else None
        if source is None:
            continue
        source.only(("citation", "url", "read", "note", "file"))
        found[key] = {
            **source.rest(("citation", "read")),
            "citation": source.text("citation"),
            "read": source.flag("read", False),
        }
    return found


def _check_arms(fields: Fields, arm_names: Collection[str] | None) -> None:
    """Arm and reference must be arms of the record; a collection (None) may compare groups that are no arms."""
    if arm_names is None:
        return
    for key in ("arm", "reference"):
        if fields.has(key) and fields.text(key) not in arm_names:
            raise fields.error(f"no arm is named {fields.text(key)!r}", key, did_you_mean(fields.text(key), arm_names))


def _endpoint(fields: Fields) -> str:
    name = fields.text("endpoint")
    if not name:
        raise fields.error("a figure names no endpoint", "endpoint", "Expected for example PFS_median.")
    if not is_endpoint(name):
        raise fields.error(f"unknown endpoint {name!r}", "endpoint", did_you_mean(name, endpoint_names()[0]))
    return name


def _source(fields: Fields, sources: Sources) -> str:
    key = fields.text("source")
    if key and key not in sources:
        raise fields.error(f"no source {key!r} is listed under sources", "source", did_you_mean(key, sources))
    return key


def _read(fields: Fields, sources: Sources) -> bool:
    """The figure's own read flag, or that of its source."""
    return fields.flag("read", bool(sources.get(fields.text("source"), {}).get("read", False)))


def _interval(fields: Fields, key: str) -> Interval | None:
    """Two bounds, lower first; a bound that was not reached is None."""
    value = fields.values.get(key)
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 2:
        raise fields.error(
            f"{key} must be a list of two bounds, not {value!r}", key, "Expected [22.4, 37.9] or [22.4, NR]."
        )
    bounds = [_bound(item, fields.where(key)) for item in value]
    low, high = bounds
    if low is not None and high is not None and low > high:
        raise fields.error(f"the lower bound of {key} {value} is above the upper", key)
    return low, high


def _bound(value: Any, where: str) -> float | None:
    if value is None or (isinstance(value, str) and value.upper() in NOT_REACHED_WORDS):
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise InputError(f"{value!r} is not a bound", where=where, hint=f"Expected a number or {NOT_REACHED}.")
    return float(value)
