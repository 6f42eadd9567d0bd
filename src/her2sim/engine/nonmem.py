"""Dose tables in NONMEM's columns: ID TIME AMT RATE DUR II ADDL SS CMT EVID, expanded to single doses.

Conventions: NONMEM Users Guide, part VI (PREDPP), chapter III: ADDL further doses follow at intervals of II; RATE is
amount per time; SS = 1 means that the dose is given at steady state of itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from her2sim.core.errors import InputError, did_you_mean
from her2sim.engine.interface import DoseTable, Floats

COLUMNS = ("ID", "TIME", "AMT", "RATE", "DUR", "II", "ADDL", "SS", "CMT", "EVID")
STEADY_DOSES = 100
MOST_DOSES = 10_000_000


@dataclass(frozen=True)
class Dosing:
    """Doses of a population.

    Main arguments:
        doses: single doses, by row of ``patients``.
        start: (n_patients,) time at which each course must start: 0, or earlier for a run-in to steady state.
    """

    doses: DoseTable
    start: Floats


@dataclass(frozen=True)
class _Row:
    line: int
    time: float
    amount: float
    duration: float
    interval: float
    further: int
    steady: bool
    target: int


def read_doses(
    columns: Mapping[str, Sequence[Any]],
    patients: Sequence[Any],
    states: Sequence[str],
    *,
    targets: Sequence[str] = (),
    steady_doses: int = STEADY_DOSES,
    where: str = "dose table",
) -> Dosing:
    """Expand a dose table.

    Main arguments:
        columns: column name -> values, all of one length. TIME and AMT are required. Without ID every patient gets
            every dose.
        patients: ids of the patients, in the order of the parameter table.
        states: names of the model's states; CMT is one of them, or its number, counted from 1.

    Other arguments:
        targets: states that doses may enter; without CMT, doses enter the only one of these (or the only state).
        steady_doses: doses of the run-in that stands for ``SS = 1``.
        where: file name, for messages.

    Raises:
        InputError: a column is unknown, a number is missing or impossible, or a patient or state is not known; with
            the row.

    >>> table = {"ID": [7, 7], "TIME": [0, 30], "AMT": [100, 50], "ADDL": [2, 0], "II": [7, 0]}
    >>> read_doses(table, [7], ["A1"]).doses.time.tolist()
    [0.0, 7.0, 14.0, 30.0]
    """
    table = {str(name).strip().upper(): list(values) for name, values in columns.items()}
    unknown = [name for name in table if name not in COLUMNS]
    if unknown:
        raise InputError(f"column {unknown[0]!r} is not known", where=where, hint=did_you_mean(unknown[0], COLUMNS))
    for name in ("TIME", "AMT"):
        if name not in table:
            raise InputError(f"column {name} is missing", where=where)
    reader = _Reader(table, tuple(states), tuple(targets) or tuple(states), where)
    number = {_key(patient): i for i, patient in enumerate(patients)}
    found: list[tuple[int, _Row]] = []
    for line in range(len(table["TIME"])):
        row = reader.row(line)
        if row is None:
            continue
        for patient in reader.patients(line, number):
            found.append((patient, row))
    return _expanded(found, len(patients), steady_doses, where)


def _key(patient: Any) -> str:
    """1, 1.0 and "1" are the same patient."""
    try:
        value = float(patient)
    except (TypeError, ValueError):
        return str(patient).strip()
    return str(int(value)) if value.is_integer() else str(value)


class _Reader:
    def __init__(
        self, table: Mapping[str, list[Any]], states: tuple[str, ...], targets: tuple[str, ...], where: str
    ) -> None:
        self.table, self.states, self.targets, self.where = table, states, targets, where

    def at(self, line: int) -> str:
        return f"{self.where}, row {line + 1}"

    def number(self, name: str, line: int, default: float = 0.0) -> float:
        if name not in self.table:
            return default
        given = self.table[name][line]
        if given is None or (isinstance(given, str) and given.strip() in ("", ".", "NA")):
            return default
        try:
            value = float(given)
        except (TypeError, ValueError):
            raise InputError(f"{name} is {given!r}, not a number", where=self.at(line)) from None
        if np.isnan(value):
            return default
        if not np.isfinite(value):
            raise InputError(f"{name} is {given!r}", where=self.at(line))
        return value

    def row(self, line: int) -> _Row | None:
        amount = self.number("AMT", line)
        kind = self.number("EVID", line, 1.0 if amount != 0 else 0.0)
        if kind not in (0.0, 1.0, 2.0):
            raise InputError(
                f"EVID is {kind:g}", where=self.at(line), hint="0 (observation), 1 (dose) and 2 (other) are known."
            )
        if kind != 1.0 or amount == 0.0:
            return None
        if amount < 0:
            raise InputError(f"AMT is {amount:g}; it must not be negative", where=self.at(line))
        time = self.number("TIME", line, float("nan"))
        if np.isnan(time):
            raise InputError("TIME is missing", where=self.at(line))
        interval, further, steady = self.number("II", line), self.number("ADDL", line), self.number("SS", line)
        if further < 0 or not further.is_integer() or interval < 0:
            raise InputError(f"ADDL is {further:g} and II is {interval:g}", where=self.at(line))
        if steady not in (0.0, 1.0):
            raise InputError(f"SS is {steady:g}", where=self.at(line), hint="Only 0 and 1 are known.")
        if (further > 0 or steady) and interval <= 0:
            raise InputError("ADDL or SS is given without the interval II", where=self.at(line))
        duration = self._duration(line, amount)
        return _Row(line, time, amount, duration, interval, int(further), steady == 1.0, self._target(line))

    def _duration(self, line: int, amount: float) -> float:
        rate, duration = self.number("RATE", line), self.number("DUR", line)
        if rate < 0 or duration < 0:
            raise InputError(
                f"RATE is {rate:g} and DUR is {duration:g}", where=self.at(line), hint="Neither may be negative."
            )
        if rate > 0 and duration > 0 and not np.isclose(rate * duration, amount):
            raise InputError("RATE and DUR are both given and contradict AMT", where=self.at(line))
        return amount / rate if rate > 0 else duration

    def _target(self, line: int) -> int:
        given = self.table["CMT"][line] if "CMT" in self.table else None
        word = "" if given is None or given != given else str(given).strip()
        if word in ("", "."):
            if len(self.targets) == 1:
                return self.states.index(self.targets[0])
            raise InputError(
                "CMT is missing, and the model has several states that doses may enter",
                where=self.at(line),
                hint=f"Name one of {', '.join(self.targets[:8])}.",
            )
        if word in self.states:
            return self.states.index(word)
        place = _key(word)
        if place.isdigit() and 1 <= int(place) <= len(self.states):
            return int(place) - 1
        raise InputError(
            f"CMT {word!r} is no state of the model", where=self.at(line), hint=did_you_mean(word, self.states)
        )

    def patients(self, line: int, number: Mapping[str, int]) -> Sequence[int]:
        if "ID" not in self.table:
            return range(len(number))
        key = _key(self.table["ID"][line])
        if key not in number:
            raise InputError(
                f"patient {key!r} is not in the parameter table", where=self.at(line), hint=did_you_mean(key, number)
            )
        return (number[key],)


def _expanded(found: list[tuple[int, _Row]], n_patients: int, steady_doses: int, where: str) -> Dosing:
    total = sum(1 + row.further + (steady_doses if row.steady else 0) for _, row in found)
    if total > MOST_DOSES:
        raise InputError(f"the table expands to {total} doses, more than {MOST_DOSES}", where=where)
    start = np.zeros(n_patients)
    first: dict[int, float] = {}
    for patient, row in found:
        first[patient] = min(first.get(patient, row.time), row.time)
    who: list[int] = []
    parts: list[tuple[float, int, float, float]] = []
    for patient, row in found:
        before = steady_doses if row.steady else 0
        if row.steady and row.time > first[patient]:
            raise InputError(
                "SS = 1 after an earlier dose would erase its effect",
                where=f"{where}, row {row.line + 1}",
                hint="Give SS = 1 only to a patient's first dose, or write the doses out.",
            )
        for step in range(-before, row.further + 1):
            who.append(patient)
            parts.append((row.time + step * row.interval, row.target, row.amount, row.duration))
        start[patient] = min(start[patient], row.time - before * row.interval)
    time, target, amount, duration = (np.array(c) for c in zip(*parts, strict=True)) if parts else (np.zeros(0),) * 4
    doses = DoseTable(
        np.array(who, dtype=np.int64),
        time.astype(float),
        target.astype(np.int64),
        amount.astype(float),
        duration.astype(float),
    )
    return Dosing(doses, start)
