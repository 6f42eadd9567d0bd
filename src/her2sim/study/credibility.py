"""The credibility page: what the model may be used for and why, by ICH M15 and ASME V&V 40, weak points first.

Made from a validation. Words are in ``data/validation/credibility.yaml``; every number comes from the validation, the
parameter files or the frozen calibration.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from her2sim.core.paths import data_dir
from her2sim.model.frozen import FILE, load_frozen
from her2sim.model.parameters import load_parameters
from her2sim.report.document import Block, Bullets, Document, Heading, Paragraph, Table
from her2sim.study.validate import Validation
from her2sim.study.validation.plain_words import (
    COVERAGE,
    GOALS,
    LEAST_FIGURES,
    SHOWN,
    not_predicted,
    plain_words,
    size_words,
)
from her2sim.study.validation.scoring import FITTED, UNSEEN
from her2sim.study.validation.summary import Summary

SIGNS_GOAL = 0.90
LEAST_CONTRACTION = 0.20
"""A number whose spread the fit narrowed by less is declared prior-driven."""


def credibility_document(found: Validation) -> Document:
    """The page.

    Main arguments:
        found: a validation of the whole model.
    """
    words, numbers = credibility_words(), _numbers(found)
    blocks: list[Block] = [
        Paragraph(
            "How far the predictions of her2sim may be believed, and for what: weak points first, then the assessment "
            "table of ICH M15 and the credibility factors of ASME V&V 40. This page is made from a validation by "
            "her2sim validate --docs; nobody writes its numbers."
        ),
        Heading("Weak points"),
        Bullets((*weak_points(found), *words["always_weak"])),
        Heading("Assessment table of ICH M15"),
        Table(
            ("element", "rating", "assessment"),
            tuple((row["element"], _rating(row, words), row["text"].format(**numbers)) for row in words["m15"]),
            words=3,
        ),
        Heading("Credibility factors of ASME V&V 40"),
        Table(
            ("", "factor", "what is done", "held by", "gap"),
            tuple(
                (row["group"], row["factor"], row["text"].format(**numbers), ", ".join(row["evidence"]), row["gap"])
                for row in words["vv40"]
            ),
            words=5,
        ),
        Heading("Sources"),
        Bullets(tuple(_source(row) for row in words["sources"].values())),
    ]
    return Document("Credibility", tuple(blocks))


@cache
def credibility_words() -> Mapping[str, Any]:
    """The words of the page."""
    import yaml

    return yaml.safe_load((data_dir("validation") / "credibility.yaml").read_text(encoding="utf-8"))


def weak_points(found: Validation) -> tuple[str, ...]:
    """What a validation shows to be weak, worst first, as sentences."""
    whole = [each for each in found.summary(UNSEEN) if each.measure in SHOWN and each.figures]
    told: list[str] = []
    for each in whole:
        goal = GOALS.get(each.measure)
        if goal is not None and each.error > goal:
            error, wanted = size_words(each.measure, each.error), size_words(each.measure, goal)
            told.append(f"{each.measure} of unseen trials is typically wrong by {error}; the goal was {wanted}.")
    told += [
        f"{each.measure}: {each.covered} of {each.asked} published figures lie in the 90 % interval "
        f"({100 * each.covered / each.asked:.0f} %); the intervals are too {_width(each)}."
        for each in whole
        if each.asked >= LEAST_FIGURES and not COVERAGE[0] <= each.covered / each.asked <= COVERAGE[1]
    ]
    told += [
        f"{each.measure}: {other.benchmark} is nearer ({size_words(each.measure, other.other)} against "
        f"{size_words(each.measure, other.model)} on the same {other.figures} figures)."
        for each in whole
        for other in each.against
        if other.figures >= LEAST_FIGURES and other.difference > 0
    ]
    told += [
        f"{each.measure}: {each.signs[1] - each.signs[0]} of {each.signs[1]} contrasts point the wrong way."
        for each in whole
        if each.signs[1] and each.signs[0] < SIGNS_GOAL * each.signs[1]
    ]
    harmful = sorted({each.mechanism for each in found.earned if each.verdict == "harms"})
    if harmful:
        told.append(f"Predictions of unseen trials are better without {', '.join(harmful)}.")
    if not found.facts["frozen"]:
        told.append("No calibration is frozen yet, so nothing here is the final word on the model.")
    frozen = load_frozen()
    if frozen is not None and frozen.log and frozen.log[-1].get("outcome"):
        told.append(f"The log of the fit in force says: {str(frozen.log[-1]['outcome']).rstrip('.')}.")
    told += prior_driven()
    failed = found.facts["trials_failed"]
    if failed:
        told.append(f"{len(failed)} trials could not be simulated: {', '.join(failed)}.")
    return (*told, *not_predicted(found))


def prior_driven() -> list[str]:
    """The calibrated numbers that the fit hardly told anything of, as a sentence."""
    import yaml

    path = data_dir("calibration") / FILE
    if not path.exists():
        return []
    contraction: Mapping[str, float] = yaml.safe_load(path.read_text(encoding="utf-8")).get("contraction", {})
    names = sorted(name for name, share in contraction.items() if share < LEAST_CONTRACTION)
    if not names:
        return []
    return [
        f"{len(names)} of {len(contraction)} calibrated numbers are driven by their priors (the fit narrowed them by "
        f"less than {100 * LEAST_CONTRACTION:.0f} %): {', '.join(names)}."
    ]


def _numbers(found: Validation) -> dict[str, str]:
    quantities = load_parameters().quantities.values()
    read = sum(each.read and not each.calibrated for each in quantities)
    calibrated = sum(each.calibrated for each in quantities)
    assumed = sum(each.source == "assumed" and not each.read and not each.calibrated for each in quantities)
    unseen = [row for row in found.rows if row.group == UNSEEN and row.published.read]
    fitted = {row.trial for row in found.rows if row.group == FITTED}
    frozen = load_frozen()
    if frozen is not None:
        fitted = {str(figure["trial"]) for figure in frozen.figures} or fitted
    words = credibility_words()
    ratings = {row["element"]: row.get("rating") for row in words["m15"]}
    risk = words["risk"][ratings["Model Influence"]][ratings["Consequence of Wrong Decision"]]
    helps = sorted({each.mechanism for each in found.earned if each.verdict == "helps"})
    mechanisms = f"Earn their place there beyond chance: {', '.join(helps) or 'none'}." if found.earned else ""
    return {
        "frozen": f"of {frozen.date} ({frozen.hash[:12]})" if frozen is not None else "(none is frozen yet)",
        "fitted_trials": str(len(fitted)),
        "risk": words["rating_words"][risk],
        "criteria": _criteria(),
        "evaluation": " ".join(plain_words(found)),
        "outcome": _outcome(found),
        "failed": str(found.facts["patients_failed"]),
        "simulated": str(found.facts["patients_simulated"]),
        "rtol": f"{found.settings.rtol:g}",
        "numbers": str(len(quantities)),
        "read": str(read),
        "recalled": str(len(quantities) - read - assumed - calibrated),
        "assumed": str(assumed),
        "calibrated": str(calibrated),
        "unseen_trials": str(len({row.trial for row in unseen})),
        "unseen_figures": str(len(unseen)),
        "mechanisms": mechanisms,
    }


def _criteria() -> str:
    goals = [f"{measure} within {size_words(measure, goal)}" for measure, goal in GOALS.items()]
    low, high = (f"{100 * share:.0f}" for share in COVERAGE)
    return (
        f"{', '.join(goals)} (median over figures); {low} to {high} % of figures in the 90 % interval; "
        f"{100 * SIGNS_GOAL:.0f} % of contrasts on the right side; nearer than every benchmark on each"
    )


def _outcome(found: Validation) -> str:
    """Which criteria are met, and what follows for use."""
    whole = {each.measure: each for each in found.summary(UNSEEN) if each.figures}
    met = [measure for measure, goal in GOALS.items() if measure in whole and whole[measure].error <= goal]
    missed = [measure for measure in GOALS if measure not in met]
    asked = [whole[measure] for measure in SHOWN if measure in whole]
    covered, total = sum(each.covered for each in asked), sum(each.asked for each in asked)
    share = covered / total if total else 0.0
    held = COVERAGE[0] <= share <= COVERAGE[1]
    beaten = [each.measure for each in asked if each.against and all(other.difference < 0 for other in each.against)]
    return (
        f"Criteria of size met: {', '.join(met) or 'none'}; missed: {', '.join(missed) or 'none'}. Coverage over all "
        f"kinds is {100 * share:.0f} % ({'within' if held else 'outside'} the criterion). Nearer than every benchmark: "
        f"{', '.join(beaten) or 'none'}. "
        + (
            "Within its context of use the model may be relied on as one line of evidence."
            if not missed and held
            else "Within its context of use the model may raise questions and compare designs with its errors in view; "
            "where a figure's criterion is missed, the figure alone decides nothing."
        )
    )


def _rating(row: Mapping[str, Any], words: Mapping[str, Any]) -> str:
    rating = str(row.get("rating", ""))
    if rating == "{risk}":
        ratings = {each["element"]: each.get("rating") for each in words["m15"]}
        rating = words["risk"][ratings["Model Influence"]][ratings["Consequence of Wrong Decision"]]
    return str(words["rating_words"].get(rating, ""))


def _width(each: Summary) -> str:
    return "narrow" if each.covered / each.asked < COVERAGE[0] else "wide"


def _source(row: Mapping[str, Any]) -> str:
    read = "" if row["read"] else f" (not read in full: {row['note']})"
    return f"{row['citation']}, {row['address']}{read}."
