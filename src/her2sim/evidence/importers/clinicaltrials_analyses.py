"""Statistical analyses of an outcome measure to contrasts: ratios, differences and p values with their direction.

The registry does not say which group stands above the line of a ratio. The arm is taken to be the experimental one and
the reference the comparator, where exactly one of both is a comparator; if the medians of the same table contradict
the hazard ratio, it is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from her2sim.evidence.importers.imported import Remark
from her2sim.evidence.importers.json_node import Node
from her2sim.evidence.importers.outcome_title import Outcome
from her2sim.evidence.importers.registry_groups import RegistryArm

_COMPARATORS = ("ACTIVE_COMPARATOR", "PLACEBO_COMPARATOR", "SHAM_COMPARATOR", "NO_INTERVENTION")
_MEASURES = {"hazard ratio (hr)": "hr", "hazard ratio": "hr", "cox proportional hazard": "hr", "odds ratio (or)":
             "odds_ratio", "odds ratio": "odds_ratio", "risk ratio (rr)": "risk_ratio", "risk ratio": "risk_ratio",
             "risk difference (rd)": "difference", "risk difference": "difference"}  # fmt: skip
_LEVELS = {95.0: "ci95", 90.0: "ci90", 80.0: "ci80"}


@dataclass
class Analyses:
    """Contrasts as values of a record."""

    contrasts: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    decided: list[Remark] = field(default_factory=list[Remark])
    unmapped: list[Remark] = field(default_factory=list[Remark])


def contrasts_of(
    measure: Node,
    outcome: Outcome,
    labels: Mapping[str, str],
    arms: Sequence[RegistryArm],
    medians: Mapping[str, float],
    *,
    whole: bool,
) -> Analyses:
    """The analyses of one outcome measure.

    Main arguments:
        measure: the outcome measure.
        outcome: what its title says.
        labels: group id to arm.
        arms: arms of the protocol, for their types.
        medians: median by arm from the same table, to check the direction of a hazard ratio.
        whole: False where the table has several classes, so that an analysis may be of any of them.

    Raises:
        InputError: a ratio that is not above 0, a p value outside 0 to 1, or limits in the wrong order.
    """
    made = Analyses()
    types = {arm.label: arm.type for arm in arms}
    for analysis in measure.items("analyses"):
        what = f"{measure.text('title')[:60]}: {analysis.text('paramType') or 'p value'} {analysis.text('paramValue')}"
        sides = [labels.get(group, "") for group in analysis.texts("groupIds")]
        why = _unusable(analysis, outcome, sides, whole)
        if not why:
            experimental = [side for side in sides if types.get(side) not in _COMPARATORS]
            if len(experimental) != 1:
                why = "the types of both arms do not say which of them is the reference"
            else:
                reference = next(side for side in sides if side != experimental[0])
                contrast = _contrast(analysis, outcome, experimental[0], reference)
                why = _contradiction(contrast, medians, experimental[0], reference)
                if not why:
                    made.contrasts.append(contrast)
                    words = "direction from the types of the arms; the registry does not state it"
                    made.decided.append(Remark(analysis.path, f"{experimental[0]} over {reference}", words))
        if why:
            made.unmapped.append(Remark(analysis.path, what.strip(), why))
    return made


def _unusable(analysis: Node, outcome: Outcome, sides: list[str], whole: bool) -> str:
    kind = analysis.text("paramType").lower()
    if outcome.kind == "best_response":
        return "it is not said which category is compared"
    if outcome.kind == "share" and not whole:
        return "the table has several classes, and it is not said which is compared"
    if len(sides) != 2 or "" in sides or sides[0] == sides[1]:
        return "it does not compare two arms of the record"
    if kind and kind not in _MEASURES:
        return f"the record has no {kind!r}"
    if not kind and not analysis.text("pValue"):
        return "neither an estimate nor a p value"
    measure = _MEASURES.get(kind)
    if (measure == "hr") != (outcome.kind == "curve") and measure is not None:
        return "a hazard ratio needs a time to event, and other ratios a share of patients"
    if outcome.at:
        return "an analysis at one time of a curve"
    return ""


def _contrast(analysis: Node, outcome: Outcome, arm: str, reference: str) -> dict[str, Any]:
    made: dict[str, Any] = {"endpoint": outcome.endpoint, "arm": arm, "reference": reference}
    name = _MEASURES.get(analysis.text("paramType").lower())
    value = analysis.number("paramValue")
    if name and value is not None:
        if name != "difference" and not 1e-6 <= value <= 1e6:
            raise analysis.error(f"a ratio of {value:g} is impossible", "paramValue")
        if name == "difference":
            made["difference_unit"] = "percentage points"
        made[name] = value
    made |= _interval(analysis, value) | _p_value(analysis)
    method = analysis.text("statisticalMethod")
    comments = (method, analysis.text("groupDescription"), analysis.text("estimateComment"))
    made["note"] = "; ".join(part[:150] for part in comments if part) or None
    made |= {"assessor": outcome.assessor or None, "source": "CTGOV", "read": True}
    return {key: item for key, item in made.items() if item is not None}


def _interval(analysis: Node, value: float | None) -> dict[str, Any]:
    low, high = analysis.number("ciLowerLimit"), analysis.number("ciUpperLimit")
    if low is None and high is None:
        return {}
    if low is not None and high is not None and low > high:
        raise analysis.error(f"the lower limit {low:g} is above the upper {high:g}", "ciLowerLimit")
    if value is not None and ((low is not None and low > value) or (high is not None and high < value)):
        raise analysis.error(f"{value:g} lies outside its interval {low} to {high}", "paramValue")
    if not (analysis.text("ciLowerLimit") and analysis.text("ciUpperLimit")):
        sides = analysis.text("ciNumSides").lower().replace("_", "-")
        return {"interval": f"{sides} {analysis.text('ciPctValue')}%: {low} to {high}".strip()}
    bounds = ["NR" if bound is None else bound for bound in (low, high)]
    level = analysis.number("ciPctValue")
    if level in _LEVELS:
        return {_LEVELS[level]: bounds}
    return {"ci95": bounds, "ci_level": f"{level:g}%"} if level else {"interval": f"{low} to {high}, level not given"}


def _p_value(analysis: Node) -> dict[str, Any]:
    text = analysis.text("pValue").replace(" ", "")
    if not text:
        return {}
    found = re.fullmatch(r"(<=?|>=?|=|≤|≥)?(\d*\.?\d+(?:[eE]-?\d+)?)", text)
    if not found:
        return {"p_text": text[:40]}
    value = float(found[2])
    if value > 1.0:
        raise analysis.error(f"a p value of {value:g} is impossible", "pValue")
    return {"p_value": value} if found[1] in (None, "=") else {"p_text": text}


def _contradiction(contrast: Mapping[str, Any], medians: Mapping[str, float], arm: str, reference: str) -> str:
    """A hazard ratio below 1 beside a shorter median, clearly apart from 1 and from equal medians."""
    ratio = contrast.get("hr")
    if ratio is None or arm not in medians or reference not in medians:
        return ""
    longer, shorter = medians[arm] > medians[reference] * 1.1, medians[arm] * 1.1 < medians[reference]
    if (ratio > 1.1 and longer) or (ratio < 0.9 and shorter):
        return "the medians of the same table say that the ratio is of the other direction"
    return ""
