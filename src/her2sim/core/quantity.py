"""A number with its home: value, unit, spread between patients, uncertainty, source, read or assumed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """Where a number was found."""

    key: str
    citation: str
    address: str = ""


@dataclass(frozen=True)
class Quantity:
    """One biological number as it stands in a data file.

    Main arguments:
        name: unique name of the parameter, as used in the model.
        value: population-typical value, in ``unit``.
        unit: unit text that pint can read; ``dimensionless`` where there is none.
        read: True if the number was seen at its source; False if it was recalled or assumed.
        source: key of the source in the same file, or ``assumed``.

    Other arguments:
        spread_distribution: distribution between patients: ``none``, ``lognormal``, ``logitnormal`` or ``exponential``.
        spread: its standard deviation on the log (or logit) scale; of an exponential one, over its mean (1).
        uncertainty: standard deviation of the typical value itself, on the log (or logit) scale.
        low, high: bounds of plausible typical values.
        note: what a reader should know, for example how the value was derived.
        calibrated: True if a fit to trials replaced the value of the data file.
    """

    name: str
    value: float
    unit: str
    read: bool
    source: str
    spread_distribution: str = "none"
    spread: float = 0.0
    uncertainty: float = 0.0
    low: float = float("-inf")
    high: float = float("inf")
    description: str = ""
    note: str = ""
    calibrated: bool = False
