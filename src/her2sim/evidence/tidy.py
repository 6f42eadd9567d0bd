"""Every figure of the base as one row: what the checker walks over, the review tables print and SQL asks.

A record keeps figures where a reader looks for them (under the arm, the comparison, the stratum). Here they stand in
one long table, one row per number, so that rules and queries need not know the record's shape.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from her2sim.evidence.roles import role_of, role_of_figure
from her2sim.record.types import Contrast, Result, TrialRecord

Bounds = tuple[float | None, float | None] | None
Interval = tuple[float | None, float | None, float | None]
GIVEN_LEVEL = re.compile(r"\d+(\.\d+)?")
RATIOS = ("hr", "odds_ratio", "risk_ratio")
CURVES = ("PFS", "OS", "EFS", "iDFS", "DFS", "RFS", "TTP", "CNS_PFS")
MEASURES = (*RATIOS, "difference", "p_value")


@dataclass(frozen=True)
class Figure:
    """One number of one record.

    Main arguments:
        record, disease, setting, status, role: the trial, and the role of this figure.
        level: ``arm``, ``contrast`` or ``stratum``.
        arm, reference: the arm, and the arm that it is compared with ("" for none).
        stratum: the stratum, or the part of the patients that the figure is of; "" for all patients of the arm.
        endpoint, measure: what was measured, and how it is expressed: ``value``, ``hr``, ``odds_ratio``,
            ``risk_ratio``, ``difference`` or ``p_value``.
        value, unit: the number; None where the source gives words or a comparison only, or where ``not_reached``.

    Other arguments:
        low, high, level_of_interval: the interval and its level in percent (95, 90, 80); None where not given.
        interval_read: whether the interval was seen at its source too (it may come from another one than the value).
        n, count: patients evaluated, and patients with the event, where given.
        p_value: of a comparison.
        assessor, confirmed, data_cut, note: as in the record.
        source, citation, url: key within the record, and what stands behind it.
        read: whether the figure was seen at its source.
        place: where in the record the figure stands, for example ``arms[0].results[3]``.
    """

    record: str
    disease: str
    setting: str
    status: str
    role: str
    level: Literal["arm", "contrast", "stratum"]
    arm: str
    reference: str
    stratum: str
    endpoint: str
    measure: str
    value: float | None
    unit: str
    not_reached: bool
    low: float | None
    high: float | None
    level_of_interval: float | None
    interval_read: bool
    n: int | None
    count: int | None
    p_value: float | None
    assessor: str
    confirmed: bool | None
    data_cut: str
    note: str
    source: str
    citation: str
    url: str
    read: bool
    place: str


def figures(record: TrialRecord) -> tuple[Figure, ...]:
    """All figures of a record, in the record's order.

    >>> from her2sim.evidence.base import load_record
    >>> medians = [x for x in figures(load_record("CLEOPATRA")) if x.endpoint == "PFS_median" and x.level == "arm"]
    >>> {x.unit for x in medians}
    {'months'}
    """
    rows: list[Figure] = []
    for at, arm in enumerate(record.arms):
        for index, result in enumerate(arm.results):
            rows.append(_of_arm(record, arm.name, result, f"arms[{at}].results[{index}]"))
    for index, contrast in enumerate(record.contrasts):
        rows += _of_contrast(record, contrast, f"contrasts[{index}]")
    for index, stratum in enumerate(record.subgroups):
        rows += _of_stratum(record, stratum, f"subgroups[{index}]")
    return tuple(rows)


def all_figures(records: Iterable[TrialRecord]) -> Iterator[Figure]:
    """The figures of several records, one after the other."""
    for record in records:
        yield from figures(record)


def arrow_table(rows: Iterable[Figure]) -> Any:
    """The figures as an Arrow table, one column per field of ``Figure``, for Parquet and SQL."""
    import pyarrow as pa

    kinds = {"value": pa.float64(), "low": pa.float64(), "high": pa.float64(), "p_value": pa.float64()}
    kinds |= {"n": pa.int64(), "count": pa.int64(), "level_of_interval": pa.float64()}
    kinds |= {"read": pa.bool_(), "interval_read": pa.bool_(), "confirmed": pa.bool_(), "not_reached": pa.bool_()}
    schema = pa.schema([(column.name, kinds.get(column.name, pa.string())) for column in fields(Figure)])
    return pa.Table.from_pylist([asdict(row) for row in rows], schema=schema)


def _common(record: TrialRecord, source: str) -> dict[str, Any]:
    behind: Mapping[str, Any] = record.sources.get(source, {})
    return {
        "record": record.id,
        "disease": record.disease,
        "setting": record.setting,
        "status": record.status,
        "source": source,
        "citation": str(behind.get("citation", "")),
        "url": str(behind.get("url", "")),
    }


def _role(record: TrialRecord, endpoint: str, arm: str = "", stratum: str = "", contrast: bool = False) -> str:
    """The role of a figure; that of the trial it is part of goes first."""
    whole = role_of(record.id, str(record.extra.get("part_of", "")))
    if whole != "fit":
        return whole
    return role_of_figure(record.id, endpoint=endpoint, arm=arm, subgroup=stratum, contrast=contrast)


def _interval(ci95: Bounds, extra: Mapping[str, Any]) -> Interval:
    """Bounds and level of the first interval given; a list of the record may hold words for a bound not reached."""
    stated = GIVEN_LEVEL.match(str(extra.get("ci_level", "")))
    given = ((float(stated[0]) if stated else 95.0, ci95), (90.0, extra.get("ci90")), (80.0, extra.get("ci80")))
    for level, bounds in given:
        if bounds:
            low, high = (bound if isinstance(bound, int | float) else None for bound in bounds)
            return low, high, level
    return None, None, None


def _of_arm(record: TrialRecord, arm: str, result: Result, place: str) -> Figure:
    low, high, level = _interval(result.ci95, result.extra)
    count = result.extra.get("count", result.extra.get("events"))
    stratum = str(result.extra.get("population", ""))
    return Figure(
        **_common(record, result.source), role=_role(record, result.endpoint, arm), level="arm", arm=arm, reference="",
        stratum=stratum, endpoint=result.endpoint, measure="value", value=result.value, unit=result.unit,
        not_reached=result.not_reached, low=low, high=high, level_of_interval=level,
        interval_read=bool(result.extra.get("ci_read", result.read)), n=result.n_evaluated,
        count=count if isinstance(count, int) else None, p_value=None, assessor=result.assessor,
        confirmed=result.confirmed, data_cut=result.data_cut, note=result.note, read=result.read, place=place,
    )  # fmt: skip


def _of_contrast(record: TrialRecord, item: Contrast, place: str) -> Iterator[Figure]:
    given: dict[str, Any] = {
        "hr": item.hr, "odds_ratio": item.odds_ratio, "risk_ratio": item.extra.get("risk_ratio"),
        "difference": item.difference, "p_value": item.p_value,
    }  # fmt: skip
    bounds = _interval(item.ci95, item.extra)
    stratum = str(item.extra.get("population", ""))
    role = _role(record, item.endpoint, item.arm, contrast=True)
    shared: dict[str, Any] = {
        **_common(record, item.source), "role": role, "level": "contrast", "arm": item.arm,
        "reference": item.reference, "stratum": stratum, "endpoint": item.endpoint, "not_reached": False, "n": None,
        "count": None, "p_value": item.p_value, "assessor": item.assessor, "confirmed": None,
        "data_cut": item.data_cut, "note": item.note, "read": item.read, "place": place,
        "interval_read": bool(item.extra.get("ci_read", item.read)),
    }  # fmt: skip
    yield from _ratios(shared, given, bounds, str(item.extra.get("difference_unit", item.extra.get("unit", ""))))
    sides = (("arm_value", item.arm), ("reference_value", item.reference))
    yield from _sides(shared, item.extra, sides, str(item.extra.get("unit", "")))


def _of_stratum(record: TrialRecord, item: Mapping[str, Any], place: str) -> Iterator[Figure]:
    bounds = _interval(item.get("ci95"), item)
    arm, reference, stratum = (str(item.get(key, "")) for key in ("arm", "reference", "subgroup"))
    unit = str(item.get("unit", ""))
    shared: dict[str, Any] = {
        **_common(record, str(item.get("source", ""))), "role": _role(record, str(item["endpoint"]), arm, stratum),
        "level": "stratum", "arm": arm, "reference": reference, "stratum": stratum, "endpoint": str(item["endpoint"]),
        "not_reached": isinstance(item.get("value"), str), "n": item.get("n"), "count": None,
        "p_value": item.get("p_value"), "assessor": str(item.get("assessor", "")),
        "confirmed": item.get("confirmed"), "data_cut": str(item.get("data_cut", "")),
        "note": "; ".join(str(item[key]) for key in ("finding", "note") if item.get(key)), "read": bool(item["read"]),
        "place": place, "interval_read": bool(item["read"]),
    }  # fmt: skip
    value = item.get("value")
    given = {key: item.get(key) for key in MEASURES}
    found = False
    if value is not None:
        low, high, level = bounds
        number = float(value) if isinstance(value, int | float) else None
        yield Figure(**shared, measure="value", value=number, unit=unit, low=low, high=high, level_of_interval=level)
        bounds, found = (None, None, None), True
    sides = (("arm_value", arm or "arm"), ("reference_value", reference or "reference"))
    ratios = list(_ratios(shared, given, bounds, str(item.get("difference_unit", unit))))
    values = list(_sides(shared, item, sides, unit))
    for name, number in dict(item.get("arm_values") or {}).items():
        values += _sides(shared, {"value": number}, [("value", str(name))], unit)
    words = [] if found or values or (ratios and ratios[0].value is not None) else ratios
    yield from [row for row in ratios if row.value is not None] + values
    yield from (row for row in words if row.value is None)


def _ratios(
    shared: Mapping[str, Any],
    given: Mapping[str, Any],
    bounds: Interval,
    unit: str,
) -> Iterator[Figure]:
    """One row per measure given; the interval is that of the first. Words alone keep one row without value."""
    present = [name for name in MEASURES if given.get(name) is not None]
    if len(present) > 1 and "p_value" in present:
        present.remove("p_value")  # stands beside the measure
    for index, name in enumerate(present or ["p_value"]):
        low, high, level = bounds if index == 0 else (None, None, None)
        number = given.get(name)
        yield Figure(
            **shared, measure=name, value=None if number is None else float(number),
            unit=unit if name == "difference" else "", low=low, high=high, level_of_interval=level,
        )  # fmt: skip


def _sides(
    shared: Mapping[str, Any], item: Mapping[str, Any], sides: Iterable[tuple[str, str]], unit: str
) -> Iterator[Figure]:
    """The values of both arms of a comparison, where they are given."""
    endpoint = str(shared["endpoint"])
    if endpoint in CURVES and unit in ("months", "weeks", "days"):
        endpoint = f"{endpoint}_median"  # beside a ratio of curves stand their medians
    for key, arm in sides:
        number = item.get(key)
        if number is None:
            continue
        low, high, level = _interval(item.get(key.replace("value", "ci95")) if key != "value" else None, {})
        side: dict[str, Any] = {
            **shared, "endpoint": endpoint, "arm": arm, "reference": "", "p_value": None,
            "not_reached": isinstance(number, str),
        }  # fmt: skip
        yield Figure(
            **side, measure="value", value=float(number) if isinstance(number, int | float) else None, unit=unit,
            low=low, high=high, level_of_interval=level,
        )  # fmt: skip
