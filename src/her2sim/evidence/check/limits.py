"""Tolerances and plausible ranges of the rules: ``data/evidence/limits.yaml``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from her2sim.core.paths import data_dir
from her2sim.record.yaml_reading import load_yaml_file


@dataclass(frozen=True)
class PlausibleRange:
    """Units and range that figures of a family of endpoints may have (in the first unit of ``units``)."""

    pattern: re.Pattern[str]
    units: tuple[str, ...]
    low: float
    high: float


@dataclass(frozen=True)
class Limits:
    """All tolerances; each key is explained in the file."""

    ratio_asymmetry: float
    proportion_position: tuple[float, float]
    proportion_width: tuple[float, float]
    curve_width: tuple[float, float]
    p_value_z: float
    log_hr_medians: float
    log_hr_rates: float
    weibull_shape: tuple[float, float]
    rate_slack: float
    count_slack: float
    arms_of_all: tuple[float, float]
    lines_missing: float
    drug_share_points: float
    nested: tuple[tuple[str, str], ...]
    synonyms: tuple[tuple[str, str], ...]
    ranges: tuple[PlausibleRange, ...]


@lru_cache(maxsize=1)
def limits() -> Limits:
    """The table, read once."""
    table: dict[str, Any] = load_yaml_file(data_dir("evidence") / "limits.yaml").value
    numbers: dict[str, Any] = {
        name: tuple(row) if isinstance(row, list) else row for name, row in table["tolerances"].items()
    }
    ranges = tuple(
        PlausibleRange(re.compile(row["pattern"]), tuple(row["units"]), *map(float, row["range"]))
        for row in table["ranges"]
    )
    nested, synonyms = (tuple((pair[0], pair[1]) for pair in table[name]) for name in ("nested", "synonyms"))
    return Limits(**numbers, nested=nested, synonyms=synonyms, ranges=ranges)
