"""Units, percentages and plausible sizes."""

from __future__ import annotations

from collections.abc import Iterator

from her2sim.evidence.check.curves import UNIT_MONTHS
from her2sim.evidence.check.finding import Case, Finding, describe, label
from her2sim.evidence.check.limits import limits


def percentage_up_to_100(case: Case) -> Iterator[Finding]:
    """Percentages and their bounds lie between 0 and 100."""
    for figure in case.figures:
        numbers = [x for x in (figure.value, figure.low, figure.high) if x is not None]
        if figure.unit.startswith("percent") and figure.measure == "value" and not all(0 <= x <= 100 for x in numbers):
            yield case.finding(figure, "percentage-up-to-100", "error", describe(figure), "0 to 100 percent")


def unit_fits_endpoint(case: Case) -> Iterator[Finding]:
    """A figure has a unit, and one of those of its endpoint: a median in percent is a slip of the row."""
    for figure in case.figures:
        if figure.measure != "value" or figure.value is None:
            continue
        family = next((x for x in limits().ranges if x.pattern.fullmatch(figure.endpoint)), None)
        if not figure.unit and not figure.endpoint.startswith("trial_level_R2"):
            yield case.finding(figure, "unit-fits-endpoint", "error", describe(figure), "a unit")
        elif family and figure.unit not in family.units:
            yield case.finding(
                figure, "unit-fits-endpoint", "error", describe(figure), " or ".join(dict.fromkeys(family.units))
            )


def plausible_size(case: Case) -> Iterator[Finding]:
    """Weeks taken for months, and slipped decimal points, leave the range of published figures."""
    for figure in case.figures:
        family = next((x for x in limits().ranges if x.pattern.fullmatch(figure.endpoint)), None)
        if not family or figure.value is None or figure.measure != "value" or figure.unit not in family.units:
            continue
        scale = UNIT_MONTHS.get(figure.unit, 1.0) if family.units[0] == "months" else 1.0
        if not family.low <= figure.value * scale <= family.high:
            yield case.finding(
                figure, "plausible-size", "warning", describe(figure),
                f"{family.low:g} to {family.high:g} {family.units[0]}",
            )  # fmt: skip


def part_below_whole(case: Case) -> Iterator[Finding]:
    """What is part of something is not larger: complete among all responses, grade 3 among any grade, PFS within OS."""
    values = [x for x in case.figures if x.measure == "value" and x.value is not None and x.level == "arm"]
    for part, whole in limits().nested:
        for figure in values:
            if figure.endpoint != part:
                continue
            wholes = [
                x for x in values
                if (x.endpoint, x.arm, x.stratum, x.unit) == (whole, figure.arm, figure.stratum, figure.unit)
            ]  # fmt: skip
            if wholes and all((figure.value or 0) > (x.value or 0) + 0.5 for x in wholes):
                names = ", ".join(label(x) for x in wholes)
                yield case.finding(figure, "part-below-whole", "error", describe(figure), f"not above {names}")
