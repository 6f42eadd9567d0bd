"""Unit texts as SBML unit definitions."""

from __future__ import annotations

import math
import re
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import libsbml

# SBML's base units for pint's root units. Counts are items.
_KINDS = {"gram": "gram", "meter": "metre", "second": "second", "mole": "mole", "kelvin": "kelvin", "ampere": "ampere",
          "candela": "candela", "item": "item"}  # fmt: skip
_COUNTS = "cell cells molecule molecules count counts copies item"


@cache
def _registry() -> Any:
    import pint

    registry = pint.UnitRegistry(cache_folder=None)
    registry.define(f"item = [items] = _ = {' = '.join(_COUNTS.split()[:-1])}")
    return registry


def unit_id(text: str) -> str:
    """A valid SBML id for a unit text.

    >>> unit_id("mg/L/day")
    'mg_per_L_per_day'
    """
    words = text.strip().replace("**", "^").replace("/", " per ").replace("*", " ").replace("^", " pow ")
    name = re.sub(r"[^A-Za-z0-9]+", "_", words.replace("-", " minus ")).strip("_")
    return name if re.match(r"[A-Za-z]", name) else f"unit_{name}"


def parts_of(text: str) -> list[tuple[str, float, float]]:
    """The unit as a product of (SBML base unit, exponent, multiplier): each factor is (multiplier * unit)^exponent.

    Raises:
        ValueError: the text is not a unit.

    >>> parts_of("mg/L")
    [('gram', 1.0, 0.001), ('litre', -1.0, 1.0)]
    """
    import pint

    registry = _registry()
    try:
        items = list(registry.Quantity(1.0, registry.parse_units(text)).unit_items())
        found: list[tuple[str, float, float]] = []
        for name, exponent in items:
            root = registry.Quantity(1.0, name).to_root_units()
            found += _factors(float(root.magnitude), dict(root.unit_items()), float(exponent))
    except (pint.errors.PintError, AttributeError, TypeError, ValueError, SyntaxError) as error:
        raise ValueError(f"{text!r} is not a unit: {error}") from error
    return found


def _factors(magnitude: float, units: dict[str, float], exponent: float) -> list[tuple[str, float, float]]:
    if units == {"meter": 3}:
        return [("litre", exponent, _clean(magnitude * 1000.0))]
    if not units or set(units) == {"radian"}:
        return [] if magnitude == 1.0 else [("dimensionless", exponent, _clean(magnitude))]
    found: list[tuple[str, float, float]] = []
    for unit, power in units.items():
        if unit not in _KINDS:
            raise ValueError(f"{unit} has no SBML base unit")
        first = not found
        found.append((_KINDS[unit], power * exponent, _clean(magnitude ** (1.0 / power)) if first else 1.0))
    return found


def _clean(value: float) -> float:
    return float(f"{value:.14g}")


def add_unit(model: libsbml.Model, text: str) -> str:
    """Make sure the model defines this unit; give its SBML id, or an empty text where the text is no unit."""
    import libsbml

    try:
        parts = parts_of(text) if text.strip() not in ("", "1", "dimensionless") else []
    except ValueError:
        return ""
    if not parts:
        return "dimensionless"
    name = unit_id(text)
    if libsbml.UnitKind_isValidUnitKindString(name, 3, 1):
        return name
    if model.getUnitDefinition(name) is None:
        definition = model.createUnitDefinition()
        definition.setId(name)
        definition.setName(text)
        for kind, exponent, multiplier in parts:
            unit = definition.createUnit()
            unit.setKind(libsbml.UnitKind_forName(kind))
            unit.setExponent(exponent)
            power = math.log10(multiplier)
            scale = round(power) if abs(power - round(power)) < 1e-12 else 0
            unit.setScale(scale)
            unit.setMultiplier(1.0 if scale == round(power) and scale != 0 else multiplier)
    return name
