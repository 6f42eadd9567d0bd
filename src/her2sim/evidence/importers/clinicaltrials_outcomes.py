"""Posted outcome measures of a registry entry: figures of arms and strata, with their units, intervals and counts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from her2sim.core.errors import InputError
from her2sim.evidence.importers.clinicaltrials_analyses import contrasts_of
from her2sim.evidence.importers.imported import Remark
from her2sim.evidence.importers.json_node import Node
from her2sim.evidence.importers.outcome_title import Outcome, read_time, read_title, rules
from her2sim.evidence.importers.registry_groups import Groups, RegistryArm
from her2sim.record.endpoints import is_endpoint

_UNITS = {"day": "days", "week": "weeks", "month": "months", "year": "years"}
_LEVELS = {"95% confidence interval": "ci95", "90% confidence interval": "ci90", "80% confidence interval": "ci80",
           "full range": "range"}  # fmt: skip
_BEST = {
    "complete response": "CR",
    "cr": "CR",
    "partial response": "PR",
    "pr": "PR",
    "stable disease": "SD",
    "sd": "SD",
    "progressive disease": "PD",
    "pd": "PD",
}
_PERCENT = re.compile(
    r"(percent(age)?|%|proportion \(%\)|percent probability)( of (participants|patients|subjects))?", re.IGNORECASE
)


@dataclass
class Figures:
    """Figures found in the outcome measures, as values of a record."""

    results: dict[str, list[dict[str, Any]]] = field(default_factory=dict[str, list[dict[str, Any]]])
    subgroups: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    contrasts: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    decided: list[Remark] = field(default_factory=list[Remark])
    unmapped: list[Remark] = field(default_factory=list[Remark])


def outcome_figures(
    results: Node, groups: Groups, arms: Sequence[RegistryArm], n: Mapping[str, int], skip_impossible: bool
) -> Figures:
    """All outcome measures whose titles are understood; the others are listed with what was not understood.

    Main arguments:
        results: the results section.
        groups: matches groups to arms.
        arms: arms of the protocol.
        n: patients per arm, to mark figures that are not of all of them.
        skip_impossible: list impossible numbers instead of raising.

    Raises:
        InputError: a number that no patients can give, with its path.
    """
    found = Figures()
    for measure in results.child("outcomeMeasuresModule").items("outcomeMeasures"):
        part = Figures()
        try:
            _measure(measure, groups, arms, n, part)
        except InputError as error:
            if not skip_impossible:
                raise
            found.unmapped.append(Remark(error.where.partition(": ")[2] or measure.path, "impossible", error.what))
            continue
        for arm, rows in part.results.items():
            found.results.setdefault(arm, []).extend(rows)
        found.subgroups += part.subgroups
        found.contrasts += part.contrasts
        found.decided += part.decided
        found.unmapped += part.unmapped
    return found


def _measure(measure: Node, groups: Groups, arms: Sequence[RegistryArm], n: Mapping[str, int], found: Figures) -> None:
    title = measure.text("title")
    if measure.text("reportingStatus") == "NOT_POSTED":
        found.unmapped.append(Remark(measure.path, title[:100], "not posted yet"))
        return
    outcome, words = read_title(title)
    if outcome is None:
        found.unmapped.append(Remark(measure.path, title[:100], f"no endpoint is called {words[:80]!r}"))
        return
    labels = groups.of(measure)
    classes = measure.items("classes")
    medians: dict[str, float] = {}
    for one in classes:
        place = _class_place(one, outcome, len(classes))
        if place is None:
            why = "neither a time nor a stratum"
            found.unmapped.append(Remark(one.path, f"{title[:60]}, class {one.text('title')[:60]!r}", why))
            continue
        at, stratum = place
        for category in one.items("categories"):
            endpoint = _endpoint(measure, outcome, at, category, len(one.items("categories")))
            if not is_endpoint(endpoint[0]):
                found.unmapped.append(Remark(category.path, f"{title[:80]} {category.text('title')[:40]}", endpoint[1]))
                continue
            for cell in category.items("measurements"):
                arm = labels.get(cell.text("groupId"))
                if arm is None:
                    continue
                figure = _figure(measure, one, cell, endpoint[0], outcome, found)
                if figure is None:
                    continue
                if stratum:
                    found.subgroups.append(_stratum(figure, stratum, arm))
                    continue
                evaluated = figure.get("n_evaluated")
                if evaluated and n.get(arm, evaluated) != evaluated and measure.text("populationDescription"):
                    figure["population"] = measure.text("populationDescription")[:200]
                if endpoint[0].endswith("_median") and isinstance(figure["value"], float):
                    medians[arm] = figure["value"]
                found.results.setdefault(arm, []).append(figure)
    made = contrasts_of(measure, outcome, labels, arms, medians, whole=len(classes) <= 1)
    found.contrasts += made.contrasts
    found.decided += made.decided
    found.unmapped += made.unmapped


def _class_place(one: Node, outcome: Outcome, count: int) -> tuple[str, str] | None:
    """Time and stratum of a class; None where its title is neither."""
    title = one.text("title")
    if not title or (count == 1 and read_title(title)[0] == outcome):
        return outcome.at, ""
    at = read_time(title)
    if at:
        return at, ""
    return (outcome.at, title[:120]) if re.search(rules()["strata"], title) else None


def _endpoint(measure: Node, outcome: Outcome, at: str, category: Node, categories: int) -> tuple[str, str]:
    """Name of the endpoint, or "" and why there is none."""
    unit, kind = measure.text("unitOfMeasure").lower(), measure.text("paramType")
    heading = category.text("title").lower()
    if outcome.kind == "best_response":
        bare = re.sub(r"\s*\(.*\)", "", heading)
        return _BEST.get(bare, ""), "a category of response that the record does not have"
    if heading and categories > 1:
        return "", "split into categories"
    if outcome.kind == "share":
        counted = kind == "COUNT_OF_PARTICIPANTS" or (kind == "NUMBER" and (_percent(unit) or _people(unit)))
        return (outcome.endpoint, "") if counted and not at else ("", f"{kind.lower()} in {unit!r} is no share")
    if kind == "MEDIAN" and _time_unit(unit) and not at:
        return f"{outcome.endpoint}_median", "the record has no such median"
    if at and kind in ("NUMBER", "COUNT_OF_PARTICIPANTS") and (_percent(unit) or _people(unit)):
        if kind == "NUMBER" and _percent(unit):
            return f"{outcome.endpoint}_rate_{at}", "the record has no such rate"
        return "", "a count without censoring is no Kaplan-Meier rate"
    return "", f"{kind.lower()} in {unit!r} is neither a median nor a rate at a time"


def _figure(
    measure: Node, one: Node, cell: Node, endpoint: str, outcome: Outcome, found: Figures
) -> dict[str, Any] | None:
    unit, comment = measure.text("unitOfMeasure"), cell.text("comment")
    evaluated = _participants(one, measure, cell.text("groupId"))
    value = cell.number("value")
    figure: dict[str, Any] = {"endpoint": endpoint, "value": value, "unit": _unit(unit)}
    if value is None:
        if not re.search(rules()["not_reached"], comment) or not endpoint.endswith("_median"):
            what = f"{endpoint}: {cell.text('value') or 'no value'} {comment[:60]}".strip()
            found.unmapped.append(Remark(cell.path, what, "no number, and not said to be not reached"))
            return None
        figure["value"] = "NR"
    elif _people(unit.lower()) or measure.text("paramType") == "COUNT_OF_PARTICIPANTS":
        count = cell.count("value")
        if not evaluated:
            found.unmapped.append(Remark(cell.path, f"{endpoint}: {count}", "a count without its denominator"))
            return None
        assert count is not None
        if count > evaluated:
            raise cell.error(f"{count} of {evaluated} participants", "value")
        figure |= {"value": round(100.0 * count / evaluated, 4), "unit": "percent", "count": count}
    elif _percent(unit.lower()) and not 0.0 <= value <= 100.0:
        raise cell.error(f"{value:g} percent of participants", "value")
    elif value < 0.0:
        raise cell.error(f"{value:g} {unit} is below 0", "value")
    _add_interval(measure, cell, figure, found)
    figure |= {
        "unit_text": unit if unit.lower() != figure["unit"] else None, "assessor": outcome.assessor or None,
        "confirmed": outcome.confirmed, "n_evaluated": evaluated, "note": measure.text("title")[:200],
        "source": "CTGOV", "read": True,
    }  # fmt: skip
    return {key: item for key, item in figure.items() if item is not None}


def _add_interval(measure: Node, cell: Node, figure: dict[str, Any], found: Figures) -> None:
    kind = measure.text("dispersionType")
    bounds = [cell.number("lowerLimit"), cell.number("upperLimit")]
    if not (cell.text("lowerLimit") or cell.text("upperLimit")):
        if cell.text("spread"):
            found.unmapped.append(Remark(cell.place("spread"), f"{kind} {cell.text('spread')}", "not an interval"))
        return
    low, high = bounds
    value = figure["value"] if isinstance(figure["value"], float) else None
    if low is not None and high is not None and low > high:
        raise cell.error(f"the lower limit {low:g} is above the upper {high:g}", "lowerLimit")
    if value is not None and "count" not in figure and ((low or value) > value or (high or value) < value):
        raise cell.error(f"{value:g} lies outside its interval {low} to {high}", "value")
    key = _LEVELS.get(kind.lower())
    if not (cell.text("lowerLimit") and cell.text("upperLimit")):
        found.unmapped.append(Remark(cell.path, f"{kind} {bounds}", "only one bound is given"))
    elif key is None or "count" in figure:
        found.unmapped.append(Remark(cell.place("lowerLimit"), f"{kind} {bounds}", "the record has no such interval"))
    else:
        figure[key] = ["NR" if bound is None else bound for bound in bounds]


def _stratum(figure: dict[str, Any], stratum: str, arm: str) -> dict[str, Any]:
    kept = ("endpoint", "value", "unit", "ci95", "assessor", "confirmed", "note", "source", "read")
    n = {"n": figure["n_evaluated"]} if "n_evaluated" in figure else {}
    return {"subgroup": stratum, "arm": arm, **{key: figure[key] for key in kept if key in figure}, **n}


def _participants(one: Node, measure: Node, group: str) -> int | None:
    for holder in (one, measure):
        for denominator in holder.items("denoms"):
            if denominator.text("units").lower() == "participants":
                for count in denominator.items("counts"):
                    if count.text("groupId") == group:
                        return count.count("value")
    return None


def _time_unit(unit: str) -> str:
    found = re.fullmatch(r"(day|week|month|year)s?", unit.strip().lower())
    return _UNITS[found[1]] if found else ""


def _percent(unit: str) -> bool:
    return bool(_PERCENT.fullmatch(unit.strip()))


def _people(unit: str) -> bool:
    return unit.strip().lower() in ("participants", "patients", "subjects")


def _unit(unit: str) -> str:
    return _time_unit(unit) or ("percent" if _percent(unit) else unit)
