"""Digitized Kaplan-Meier curves (time, survival) and the numbers at risk printed under them, from CSV."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from her2sim.core.errors import InputError
from her2sim.evidence.importers.source_text import SourceText, read_text
from her2sim.evidence.importers.table_rows import Row, table_rows

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
UNITS = ("days", "weeks", "months", "years")
TIMES = ("time", *(f"time_{unit}" for unit in UNITS))
MAX_POINTS = 20_000


@dataclass(frozen=True)
class DigitizedCurve:
    """Points read off a published curve.

    Main arguments:
        time: (n_points,) never falling, from 0.
        survival: (n_points,) probability of no event, 0 to 1, as digitized (small rises may remain).
        unit: of time: ``days``, ``weeks``, ``months``, ``years``, or "" where the column is plain ``time``.
        name: file, for messages.
    """

    time: Floats
    survival: Floats
    unit: str = ""
    name: str = "curve"


@dataclass(frozen=True)
class RiskTable:
    """Numbers of patients at risk printed under a curve.

    Main arguments:
        time: (n_times,) rising; the first is 0.
        at_risk: (n_times,) whole numbers, never rising.
        unit, name: as for the curve.
    """

    time: Floats
    at_risk: Ints
    unit: str = ""
    name: str = "risk table"


def read_curve(path: Path) -> DigitizedCurve:
    """A digitized curve from CSV with columns ``time`` (or ``time_months`` …) and ``survival`` or ``survival_pct``.

    Raises:
        InputError: see ``parse_curve``, with file and line.
    """
    return parse_curve(read_text(path))


def parse_curve(source: SourceText) -> DigitizedCurve:
    r"""A digitized curve from the text of a CSV file.

    Raises:
        InputError: a wrong table; a negative time; a survival outside 0 to 1 (0 to 100 for ``survival_pct``); fewer
            than two points.

    >>> parse_curve(SourceText("c.csv", "time_months,survival_pct\n0,100\n6,80\n")).survival.tolist()
    [1.0, 0.8]
    """
    known = (*TIMES, "survival", "survival_pct")
    rows = table_rows(source, known, ())
    column, unit = _time_column(rows[0])
    percent = "survival_pct" in rows[0].cells
    if percent == ("survival" in rows[0].cells):
        raise InputError(
            "one column must hold the survival", where=source.name, hint="survival (0 to 1) or survival_pct (0 to 100)."
        )
    if not 2 <= len(rows) <= MAX_POINTS:
        raise InputError(f"{len(rows)} points are no curve", where=source.name, hint=f"Expected 2 to {MAX_POINTS}.")
    name, top = ("survival_pct", 100.0) if percent else ("survival", 1.0)
    points: list[tuple[float, float]] = []
    for row in rows:
        try:
            value = _given(row, name, top)
        except InputError as error:
            text = row.text(name)
            if not percent and text.replace(".", "", 1).isdigit() and 1.0 < float(text) <= 100.0:
                hint = "If it is a percentage, name the column survival_pct."
                raise row.error(name, f"a survival of {text[:20]} is above 1", hint) from None
            raise error
        points.append((_given(row, column, 1e6), value / top))
    points.sort(key=lambda point: (point[0], -point[1]))
    times, survival = np.array(points, dtype=np.float64).T
    return DigitizedCurve(times, survival, unit, source.name)


def read_risk_table(path: Path) -> RiskTable:
    """Numbers at risk from CSV with columns ``time`` (or ``time_months`` …) and ``at_risk``.

    Raises:
        InputError: see ``parse_risk_table``, with file and line.
    """
    return parse_risk_table(read_text(path))


def parse_risk_table(source: SourceText) -> RiskTable:
    r"""Numbers at risk from the text of a CSV file.

    Raises:
        InputError: a wrong table; times that do not rise from 0; numbers that rise; nobody at risk at time 0.

    >>> parse_risk_table(SourceText("r.csv", "time,at_risk\n0,100\n6,70\n")).at_risk.tolist()
    [100, 70]
    """
    rows = table_rows(source, (*TIMES, "at_risk"), ("at_risk",))
    column, unit = _time_column(rows[0])
    times: list[float] = []
    numbers: list[int] = []
    for row in rows:
        time = _given(row, column, 1e6)
        number = row.count("at_risk")
        if number is None:
            raise row.error("at_risk", "the number at risk is missing")
        if not times and time != 0.0:
            raise row.error(column, f"the first time is {time:g}", "Begin with time 0 and all patients.")
        if not times and number == 0:
            raise row.error("at_risk", "nobody is at risk at time 0")
        if times and time <= times[-1]:
            raise row.error(column, f"time {time:g} does not come after {times[-1]:g}")
        if numbers and number > numbers[-1]:
            raise row.error("at_risk", f"{number} are at risk after {numbers[-1]}", "Numbers at risk never rise.")
        times.append(time)
        numbers.append(number)
    return RiskTable(np.array(times), np.array(numbers, dtype=np.int64), unit, source.name)


def _time_column(row: Row) -> tuple[str, str]:
    found = [name for name in TIMES if name in row.cells]
    if len(found) != 1:
        raise InputError("one column must hold the time", where=row.file, hint=f"One of {', '.join(TIMES)}.")
    return found[0], found[0].removeprefix("time").removeprefix("_")


def _given(row: Row, column: str, high: float) -> float:
    value = row.number(column, 0.0, high)
    if value is None:
        raise row.error(column, f"{column} is missing")
    return value
