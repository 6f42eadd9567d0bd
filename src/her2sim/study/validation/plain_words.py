"""What the model predicts well, badly and not at all, in sentences made from the numbers of a validation."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from her2sim.study.validation.scoring import UNSEEN
from her2sim.study.validation.summary import IN_POINTS, Summary

if TYPE_CHECKING:
    from her2sim.study.validate import Validation

GOALS = {"ORR": 6.0, "PFS median": 0.20, "PFS hazard ratio": 0.12}
"""Goals of the first release on unseen trials: points, and |log ratio|."""
SHOWN = ("ORR", "PFS median", "OS median", "PFS hazard ratio", "OS hazard ratio")
LEAST_FIGURES = 4
COVERAGE = (0.80, 0.95)


def plain_words(found: Validation) -> tuple[str, ...]:
    """Sentences, the weakest first; empty where no unseen figure was scored."""
    whole = [each for each in found.summary(UNSEEN) if each.measure in SHOWN and each.figures]
    if not whole:
        return ()
    badly = [_sentence(each) for each in sorted(whole, key=_badness, reverse=True)]
    return (*badly, *_parts(found), *not_predicted(found))


def short_words(found: Validation) -> tuple[str, ...]:
    """The same in one or two sentences, for the report of every run."""
    whole = [each for each in found.summary(UNSEEN) if each.measure in SHOWN and each.figures]
    if not whole:
        return ()
    errors = ", ".join(f"{each.measure} {size_words(each.measure, each.error)}" for each in whole)
    covered, asked = sum(each.covered for each in whole), sum(each.asked for each in whole)
    trials = len({row.trial for row in found.rows if row.group == UNSEEN and row.published.read})
    missed = [each.measure for each in whole if each.measure in GOALS and each.error > GOALS[each.measure]]
    return (
        f"On {trials} trials that no fit has seen, predictions were typically off by: {errors}; "
        f"{100 * covered / max(asked, 1):.0f} % of published figures lay in the 90 % interval "
        "(docs/reference/validation.md).",
        *([f"The goal of the release was missed for {', '.join(missed)}."] if missed else []),
    )


def _badness(each: Summary) -> float:
    """Error in units of the goal; kinds without a goal are held against that of their like."""
    goal = GOALS.get(each.measure, 0.20 if each.measure == "OS median" else 0.12)
    return each.error / goal


def _sentence(each: Summary) -> str:
    goal = GOALS.get(each.measure)
    verdict = ""
    if goal is not None:
        verdict = f"; the goal of {size_words(each.measure, goal)} is {'reached' if each.error <= goal else 'missed'}"
    error = size_words(each.measure, each.error)
    words = f"{each.measure}: typically off by {error} on {each.figures} unseen figures{verdict}"
    if each.asked:
        share = each.covered / each.asked
        mark = (
            "" if COVERAGE[0] <= share <= COVERAGE[1] else (", too few" if share < COVERAGE[0] else ", more than asked")
        )
        words += f"; {100 * share:.0f} % of published figures lie in the 90 % interval{mark}"
    if each.signs[1]:
        words += f"; {each.signs[0]} of {each.signs[1]} contrasts point the right way"
    best = [other for other in each.against if other.figures >= max(LEAST_FIGURES, each.figures // 2)]
    if best:
        strongest = min(best, key=lambda other: other.other)
        better = "better" if strongest.difference < 0 else "worse"
        sure = " (beyond chance)" if strongest.low > 0 or strongest.high < 0 else " (within chance)"
        words += (
            f"; {better} than the strongest benchmark, {strongest.benchmark}, "
            f"which is off by {size_words(each.measure, strongest.other)}{sure}"
        )
    return words + "."


def _parts(found: Validation) -> list[str]:
    """Where it is best and worst: disease and line, for response and PFS."""
    told: list[str] = []
    places = sorted({(row.disease, row.setting) for row in found.rows if row.group == UNSEEN})
    for measure in ("ORR", "PFS median"):
        found_parts: list[tuple[float, str]] = []
        for disease, setting in places:
            for each in found.summary(UNSEEN, disease=disease, setting=setting):
                if each.measure == measure and each.figures >= LEAST_FIGURES:
                    line = setting.removeprefix("metastatic-")
                    found_parts.append((each.error, f"{disease} {line} ({size_words(measure, each.error)})"))
        if len(found_parts) > 1:
            found_parts.sort()
            told.append(f"{measure} is predicted best in {found_parts[0][1]}, worst in {found_parts[-1][1]}.")
    return told


def not_predicted(found: Validation) -> list[str]:
    """Drugs without a mechanism and settings without a module, as sentences."""
    reasons = Counter(
        reason.partition("no mechanism in the model for ")[2]
        for each in found.scope
        for reason in each.reasons
        if "no mechanism in the model for " in reason
    )
    drugs = Counter(drug for names, count in reasons.items() for drug in names.split(", ") for _ in range(count))
    settings = Counter(
        reason.removeprefix("setting ").removesuffix(" has no module yet")
        for each in found.scope
        for reason in each.reasons
        if reason.endswith(" has no module yet")
    )
    told: list[str] = []
    if drugs:
        told.append(f"Not predicted at all: arms with {', '.join(sorted(drugs))}, for which there is no mechanism.")
    if settings:
        told.append(f"Not predicted at all: {', '.join(sorted(settings))} trials, for which there is no module.")
    return told


def size_words(measure: str, value: float) -> str:
    """An error in words.

    >>> size_words("ORR", 6.0), size_words("PFS median", 0.2)
    ('6.0 points', '22 % (log ratio 0.20)')
    """
    if measure in IN_POINTS:
        return f"{value:.1f} points"
    return f"{100.0 * (math.exp(value) - 1.0):.0f} % (log ratio {value:.2f})"
