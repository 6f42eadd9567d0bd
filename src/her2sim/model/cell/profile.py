"""Receptor profiles: how many receptors a cell has, its ligands and its mutations. ``data/cell/lines.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from her2sim.core.errors import InputError, did_you_mean
from her2sim.core.paths import data_dir
from her2sim.core.quantity import Quantity

RECEPTORS = ("EGFR", "HER2", "HER3", "HER4", "p95HER2")
TRAITS = (
    *(f"{receptor}_per_cell" for receptor in RECEPTORS),
    "EGF_nM", "NRG_nM", "pik3ca_mutated", "pten_level", "kinase_mutated", "ras_drive", "igf1r_drive",
)  # fmt: skip
GROWTH = ("doubling_time_days", "er_growth_share")


@dataclass(frozen=True)
class CellProfile:
    """A kind of cell.

    Main arguments:
        name: of the cell line, or any.
        quantities: the traits of ``TRAITS`` and ``GROWTH``, with unit, source and read flag.

    Other arguments:
        note: what the line is.
    """

    name: str
    quantities: Mapping[str, Quantity]
    note: str = ""

    @property
    def traits(self) -> dict[str, float]:
        """Name -> value of each trait of ``TRAITS``."""
        return {name: self.quantities[name].value for name in TRAITS}

    @property
    def doubling_time_days(self) -> float:
        """Doubling time without drugs, in days."""
        return self.quantities["doubling_time_days"].value

    @property
    def er_growth_share(self) -> float:
        """Share of growth that the estrogen receptor drives."""
        return self.quantities["er_growth_share"].value

    def with_traits(self, **values: float) -> CellProfile:
        """The profile with other values, for example ``HER2_per_cell=2e4``.

        Raises:
            InputError: no such trait, a negative number, or a value outside its bounds.
        """
        changed = dict(self.quantities)
        for name, value in values.items():
            if name not in changed:
                raise InputError(f"a cell has no trait {name!r}", hint=did_you_mean(name, changed))
            changed[name] = replace(changed[name], value=float(value), read=False, source="assumed", note="set by hand")
        return _checked(replace(self, quantities=changed), "traits")


def cell_line_names() -> tuple[str, ...]:
    """Names of the lines in the data.

    >>> "SK-BR-3" in cell_line_names()
    True
    """
    return tuple(_lines(data_dir("cell") / "lines.yaml"))


def cell_line(name: str) -> CellProfile:
    """The profile of a cell line; case, spaces and hyphens do not matter.

    Raises:
        InputError: no such line; the nearest names are offered.

    >>> cell_line("skbr3").name
    'SK-BR-3'
    """
    lines = _lines(data_dir("cell") / "lines.yaml")
    plain = {_plain(known): known for known in lines}
    if _plain(name) not in plain:
        raise InputError(f"unknown cell line {name!r}", where="data/cell/lines.yaml", hint=did_you_mean(name, lines))
    return lines[plain[_plain(name)]]


def read_cell_lines(path: Path) -> dict[str, CellProfile]:
    """All profiles of a file.

    Raises:
        InputError: a trait is missing or unknown, negative or out of bounds, or its source is not listed.
    """
    import yaml

    from her2sim.model.parameters import quantity_from

    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    found: dict[str, CellProfile] = {}
    for name, entries in content["lines"].items():
        merged: dict[str, Any] = {**content["defaults"], **{k: v for k, v in entries.items() if k != "note"}}
        where = f"{path}: {name}"
        unknown = set(merged) - {*TRAITS, *GROWTH}
        missing = {*TRAITS, *GROWTH} - set(merged)
        if unknown or missing:
            raise InputError(f"unknown traits {sorted(unknown)}, missing traits {sorted(missing)}", where=where)
        quantities = {key: quantity_from(key, entry, where) for key, entry in merged.items()}
        for quantity in quantities.values():
            if quantity.source != "assumed" and quantity.source not in content["sources"]:
                raise InputError(f"source {quantity.source!r} is not listed", where=f"{where}: {quantity.name}")
        found[str(name)] = _checked(CellProfile(str(name), quantities, str(entries.get("note", ""))), where)
    return found


@cache
def _lines(path: Path) -> Mapping[str, CellProfile]:
    return read_cell_lines(path)


def _checked(profile: CellProfile, where: str) -> CellProfile:
    for name, quantity in profile.quantities.items():
        if not quantity.low <= quantity.value <= quantity.high:
            raise InputError(
                f"{name} of {profile.name} is {quantity.value:g}",
                where=where,
                hint=f"It must lie between {quantity.low:g} and {quantity.high:g}.",
            )
    return profile


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
