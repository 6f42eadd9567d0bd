"""Patients counted once: percentages against their counts, arms against the trial."""

from __future__ import annotations

import re
from collections.abc import Iterator

from her2sim.evidence.check.finding import Case, Finding, describe
from her2sim.evidence.check.limits import limits
from her2sim.evidence.check.rounding import half_digit

SHARE = re.compile(r"(?<![\d./-])(\d+) ?(?:/| of (?:the )?)(\d+)(?![\d/.])")


def count_fits_percentage(case: Case) -> Iterator[Finding]:
    """``9/450`` or ``9 of 450`` in the note, or count and n of the figure, give the percentage to its last digit."""
    for figure in case.figures:
        if figure.unit != "percent" or figure.value is None or figure.measure != "value":
            continue
        shares = [(int(a), int(b)) for a, b in SHARE.findall(figure.note)]
        if figure.count is not None and figure.n:
            shares.append((figure.count, figure.n))
        shares = [(a, b) for a, b in shares if b > 0 and a <= b]
        slack = half_digit(figure.value) + limits().count_slack
        if shares and all(abs(100 * a / b - figure.value) > slack for a, b in shares):
            words = ", ".join(f"{a}/{b} = {100 * a / b:.1f} %" for a, b in shares)
            yield case.finding(figure, "count-fits-percentage", "warning", describe(figure), words)


def percentage_of_whole_patients(case: Case) -> Iterator[Finding]:
    """A response rate with one decimal of n patients evaluated is a whole number of patients over n."""
    for figure in case.figures:
        whole = figure.n and figure.n <= 500 and figure.value is not None and figure.unit == "percent"
        if not whole or figure.endpoint not in ("ORR", "CR", "pCR", "pCR_total", "CNS_ORR") or figure.stratum:
            continue
        n, value = figure.n or 1, figure.value or 0.0
        nearest = 100 * round(value * n / 100) / n
        if abs(nearest - value) > half_digit(value) + limits().count_slack:
            yield case.finding(
                figure, "percentage-of-whole-patients", "warning", describe(figure),
                f"a whole number of {n} patients, such as {nearest:.2f} %",
            )  # fmt: skip


def arms_make_the_trial(case: Case) -> Iterator[Finding]:
    """The arms of a trial sum to its n."""
    record = case.record
    sizes = [arm.n for arm in record.arms]
    total, given = record.baseline.get("n"), [size for size in sizes if size]
    if record.kind != "trial" or not total or len(given) != len(sizes) or not sizes:
        return
    least, most = limits().arms_of_all
    if not least * total <= sum(given) <= most * total:
        words = " + ".join(str(size) for size in given)
        yield case.finding("n of the arms", "arms-make-the-trial", "warning", f"{words} = {sum(given)}", f"n = {total}")


def evaluated_within_arm(case: Case) -> Iterator[Finding]:
    """No more patients evaluated than the arm has."""
    sizes = {arm.name: arm.n for arm in case.record.arms}
    for figure in case.figures:
        size = sizes.get(figure.arm)
        if figure.n and size and figure.level == "arm" and figure.n > size:
            yield case.finding(
                figure, "evaluated-within-arm", "error", f"n evaluated {figure.n}", f"at most the arm's {size}"
            )
