"""Parameter files: the homes of biological numbers, ``data/parameters/*.yaml``.

Numbers that a fit to trials gave (the frozen calibration, ``data/calibration/frozen.yaml``) replace those of the
parameter files.

Format of a file::

    sources:
      scheuher2024: {citation: "...", address: "..."}
    parameters:
      doubling_time_breast_days:
        {value: 70, unit: day, read: false, source: assumed, description: "...",
         spread: {distribution: lognormal, sd: 0.6}, uncertainty: 0.3, low: 20, high: 400, note: "..."}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from her2sim.core.errors import InputError
from her2sim.core.paths import data_dir
from her2sim.core.quantity import Quantity, Source
from her2sim.model.calibration import free_numbers
from her2sim.model.frozen import load_frozen, parameter_of

_KEYS = {"value", "unit", "read", "source", "description", "spread", "uncertainty", "low", "high", "note"}


@dataclass(frozen=True)
class ParameterSet:
    """All parameters by name, with their sources."""

    quantities: Mapping[str, Quantity]
    sources: Mapping[str, Source]

    def __getitem__(self, name: str) -> Quantity:
        return self.quantities[name]

    def value(self, name: str) -> float:
        """The typical value of a parameter."""
        return self.quantities[name].value


def read_parameter_file(path: Path) -> ParameterSet:
    """Read one parameter file.

    Raises:
        InputError: a key is missing or unknown, or a source is not listed.
    """
    content: dict[str, Any] = yaml.safe_load(path.read_text())
    sources = {k: Source(k, str(v["citation"]), str(v.get("address", ""))) for k, v in content["sources"].items()}
    quantities = {name: quantity_from(name, entry, str(path)) for name, entry in content["parameters"].items()}
    for quantity in quantities.values():
        if quantity.source != "assumed" and quantity.source not in sources:
            raise InputError(f"source {quantity.source!r} is not listed", where=f"{path}: {quantity.name}")
    return ParameterSet(quantities, sources)


def quantity_from(name: str, entry: Mapping[str, Any], where: str) -> Quantity:
    """One entry of a data file as a Quantity.

    Raises:
        InputError: a key is missing or unknown.
    """
    unknown = set(entry) - _KEYS
    missing = {"value", "unit", "read", "source"} - set(entry)
    if unknown or missing:
        raise InputError(
            f"parameter {name}: unknown keys {sorted(unknown)}, missing keys {sorted(missing)}",
            where=where,
            hint=f"Keys are {', '.join(sorted(_KEYS))}.",
        )
    spread: Mapping[str, Any] = entry.get("spread") or {}
    return Quantity(
        name=name,
        value=float(entry["value"]),
        unit=str(entry["unit"]),
        read=bool(entry["read"]),
        source=str(entry["source"]),
        spread_distribution=str(spread.get("distribution", "none")),
        spread=float(spread.get("sd", 0.0)),
        uncertainty=float(entry.get("uncertainty", 0.0)),
        low=float(entry.get("low", float("-inf"))),
        high=float(entry.get("high", float("inf"))),
        description=str(entry.get("description", "")),
        note=str(entry.get("note", "")),
    )


def read_parameter_folder(folder: Path) -> ParameterSet:
    """All parameter files of a folder as one set.

    Raises:
        InputError: two files name the same parameter, or give the same source in different words.
    """
    quantities: dict[str, Quantity] = {}
    sources: dict[str, Source] = {}
    for path in sorted(folder.glob("*.yaml")):
        part = read_parameter_file(path)
        doubled = set(part.quantities) & set(quantities)
        if doubled:
            raise InputError(f"parameters named in two files: {sorted(doubled)}", where=str(path))
        differing = sorted(name for name, source in part.sources.items() if sources.get(name, source) != source)
        if differing:
            raise InputError(f"sources that another file gives in different words: {differing}", where=str(path))
        quantities.update(part.quantities)
        sources.update(part.sources)
    return ParameterSet(quantities, sources)


@cache
def load_parameters() -> ParameterSet:
    """All parameter files of the package as one set, with fitted values in place.

    Raises:
        InputError: the files contradict each other, or the fit names an unknown parameter.
    """
    read = read_parameter_folder(data_dir("parameters"))
    return ParameterSet(with_calibrated(read.quantities, fitted_values()), read.sources)


def with_calibrated(quantities: Mapping[str, Quantity], numbers: Mapping[str, float]) -> dict[str, Quantity]:
    """Quantities with calibrated numbers in place: typical values, and spreads between patients.

    Main arguments:
        quantities: parameters by name.
        numbers: calibrated numbers under the names of ``her2sim.model.frozen``; those of a drug's file are left out
            here (``her2sim.model.draft`` takes them up).

    Raises:
        InputError: a number belongs to no parameter, and no drug's number may be calibrated under its name.
    """
    out, drugs = dict(quantities), {number.name for number in free_numbers()} - set(quantities)
    for number, value in numbers.items():
        name, spread = parameter_of(number)
        if name in drugs:
            continue
        if name not in out:
            raise InputError(f"the fit names an unknown parameter {name}", where="data/calibration")
        changed = replace(out[name], spread=value) if spread else replace(out[name], value=value)
        out[name] = replace(changed, calibrated=True)
    return out


@cache
def fitted_values() -> dict[str, float]:
    """Calibrated number -> value that the frozen fit gave; empty before the first freeze.

    A number that may no longer be fitted keeps the value of its file, also before the next freeze: else the next fit
    would be made with the frozen value, and its freeze would lose it.
    """
    frozen = load_frozen()
    return {} if frozen is None else _still_free(frozen.values)


@cache
def fitted_draws() -> tuple[Mapping[str, float], ...]:
    """Posterior draws of the frozen fit, each of the numbers of ``fitted_values``; none before the first freeze."""
    frozen = load_frozen()
    return () if frozen is None else tuple(_still_free(draw) for draw in frozen.draws)


def _still_free(numbers: Mapping[str, float]) -> dict[str, float]:
    free = {number.number for number in free_numbers()}
    return {name: value for name, value in numbers.items() if name in free}
