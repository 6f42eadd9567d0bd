"""What a calibration may change, and how far: read from ``data/calibration/core.yaml``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from her2sim.core.errors import InputError
from her2sim.core.paths import data_dir
from her2sim.model.frozen import spread_name

SCALES = ("log", "logit")
PARTS = ("value", "spread")


@dataclass(frozen=True)
class FreeNumber:
    """A number that may be fitted.

    Main arguments:
        name: name of the parameter.
        what: ``value``, its typical value, or ``spread``, its standard deviation between patients.
        scale: ``log`` or ``logit``, the scale on which the prior is normal.
        median: prior median, in the parameter's unit.
        sd: prior standard deviation on that scale.
    """

    name: str
    what: str
    scale: str
    median: float
    sd: float

    @property
    def number(self) -> str:
        """The name under which a calibration keeps this number."""
        return spread_name(self.name) if self.what == "spread" else self.name

    def from_score(self, score: float) -> float:
        """The number that lies ``score`` prior standard deviations from the prior median.

        >>> FreeNumber("x", "value", "log", 2.0, 0.5).from_score(0.0)
        2.0
        """
        if self.scale == "log":
            return self.median * math.exp(self.sd * score)
        odds = self.median / (1.0 - self.median) * math.exp(self.sd * score)
        return odds / (1.0 + odds)

    def score(self, value: float) -> float:
        """How many prior standard deviations ``value`` lies from the prior median; the inverse of ``from_score``."""
        if self.scale == "log":
            return math.log(value / self.median) / self.sd
        return math.log(value / (1.0 - value) * (1.0 - self.median) / self.median) / self.sd


@cache
def free_numbers() -> tuple[FreeNumber, ...]:
    """The numbers that a calibration may change.

    Raises:
        InputError: an entry has an unknown scale or part.
    """
    path = data_dir("calibration") / "core.yaml"
    content: dict[str, dict[str, dict[str, Any]]] = yaml.safe_load(path.read_text())
    found: list[FreeNumber] = []
    for name, entry in content["parameters"].items():
        what, scale = str(entry.get("what", "value")), str(entry["scale"])
        if what not in PARTS or scale not in SCALES:
            raise InputError(f"{name}: {what} on scale {scale}", where=str(path), hint=f"Scales: {', '.join(SCALES)}.")
        found.append(FreeNumber(str(entry.get("of", name)), what, scale, float(entry["median"]), float(entry["sd"])))
    return tuple(found)
