"""Participant flow and baseline of a registry entry: how many started in each arm, who crossed over, who they were."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from her2sim.evidence.importers.imported import Remark
from her2sim.evidence.importers.json_node import Node
from her2sim.evidence.importers.registry_groups import Groups

_CROSSED = re.compile(r"cross(ed)?[- ]?over", re.IGNORECASE)


@dataclass(frozen=True)
class Flow:
    """Patients per arm, shares that crossed over, and what was left out."""

    n: dict[str, int]
    results: dict[str, list[dict[str, Any]]]
    decided: list[Remark]
    unmapped: list[Remark]


def flow_of(results: Node, groups: Groups) -> Flow:
    """The participant flow: patients who started the first period are the arm's ``n``.

    Raises:
        InputError: a number of patients that is none, or more who crossed over than started.
    """
    module = results.child("participantFlowModule")
    arms = groups.of(module) if module.value else {}
    flow = Flow({}, {}, [], [])
    for index, period in enumerate(module.items("periods")):
        if index:
            what = f"period {period.text('title')[:60]!r}"
            flow.unmapped.append(Remark(period.path, what, "the record keeps one period"))
        for milestone in period.items("milestones"):
            kind = milestone.text("type")
            for count in milestone.items("achievements"):
                arm = arms.get(count.text("groupId"))
                number = count.count("numSubjects")
                if arm is None or number is None:
                    continue
                if kind == "STARTED" and index == 0:
                    if number:
                        flow.n[arm] = number
                elif _CROSSED.search(kind):
                    _crossed(flow, count, arm, number, kind)
    return flow


def _crossed(flow: Flow, count: Node, arm: str, number: int, kind: str) -> None:
    n = flow.n.get(arm)
    if not n:
        flow.unmapped.append(Remark(count.path, f"{kind[:60]}: {number}", "it is not known how many started"))
        return
    if number > n:
        raise count.error(f"{number} crossed over of {n} who started", "numSubjects")
    figure = {
        "endpoint": "crossover_rate", "value": round(100.0 * number / n, 4), "unit": "percent", "n_evaluated": n,
        "count": number, "note": kind[:200], "source": "CTGOV", "read": True,
    }  # fmt: skip
    flow.results.setdefault(arm, []).append(figure)


def baseline_of(results: Node) -> tuple[dict[str, Any], list[Remark]]:
    """The baseline table of all patients: ``n``, median age and share of women; other measures are listed.

    The column of all patients is the group titled ``Total``, or the only group.
    """
    module = results.child("baselineCharacteristicsModule")
    found: dict[str, Any] = {}
    left: list[Remark] = []
    groups = module.items("groups")
    total = [group.text("id") for group in groups if group.text("title").lower() == "total" or len(groups) == 1]
    if not total:
        if groups:
            left.append(Remark(module.path, "baseline", "there is no column of all patients"))
        return found, left
    n = _denominator(module, total[0])
    if n:
        found["n"] = n
    for measure in module.items("measures"):
        title = measure.text("title")
        value = _baseline_value(measure, total[0], n)
        if value is None:
            left.append(Remark(measure.path, f"baseline {title[:80]!r}", "the record has no such figure in this form"))
        else:
            found[value[0]] = value[1]
    return found, left


def _denominator(holder: Node, group: str) -> int | None:
    for denominator in holder.items("denoms"):
        if denominator.text("units").lower() == "participants":
            for count in denominator.items("counts"):
                if count.text("groupId") == group:
                    return count.count("value")
    return None


def _baseline_value(measure: Node, group: str, n: int | None) -> tuple[str, float] | None:
    title, kind = measure.text("title").lower(), measure.text("paramType")
    for one in measure.items("classes"):
        for category in one.items("categories"):
            for cell in category.items("measurements"):
                if cell.text("groupId") != group:
                    continue
                if title.startswith("age, continuous") and kind == "MEDIAN":
                    age = cell.number("value")
                    if age is None or not measure.text("unitOfMeasure").lower().startswith("year"):
                        return None
                    if not 0.0 <= age <= 120.0:
                        raise cell.error(f"a median age of {age:g} years is impossible", "value")
                    return "median_age", age
                if title.startswith("sex: female, male") and category.text("title").lower() == "female" and n:
                    women = cell.count("value")
                    if women is None:
                        return None
                    if women > n:
                        raise cell.error(f"{women} women among {n} patients", "value")
                    return "female_pct", round(100.0 * women / n, 4)
    return None
