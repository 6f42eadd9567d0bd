"""Adverse events of a registry entry: patients with any serious event, and the table by term."""

from __future__ import annotations

from typing import Any

from her2sim.evidence.importers.imported import AdverseEvent
from her2sim.evidence.importers.json_node import Node
from her2sim.evidence.importers.registry_groups import Groups

_TOTALS = (("total serious", "serious"), ("total other", "other"), ("deaths", "deaths"))


def serious_shares(results: Node, groups: Groups) -> dict[str, list[dict[str, Any]]]:
    """Share of patients with any serious adverse event, by arm.

    Raises:
        InputError: more patients affected than at risk.
    """
    module = results.child("adverseEventsModule")
    arms = groups.of(module, "eventGroups")
    found: dict[str, list[dict[str, Any]]] = {}
    for group in module.items("eventGroups"):
        arm = arms.get(group.text("id"))
        affected, at_risk = _pair(group, "seriousNumAffected", "seriousNumAtRisk")
        if arm is not None and affected is not None and at_risk:
            found[arm] = [
                {
                    "endpoint": "SAE", "value": round(100.0 * affected / at_risk, 4), "unit": "percent",
                    "n_evaluated": at_risk, "count": affected, "source": "CTGOV", "read": True,
                    "note": module.text("timeFrame")[:200],
                }
            ]  # fmt: skip
    return found


def adverse_events(results: Node, groups: Groups) -> list[AdverseEvent]:
    """All counts of the tables of adverse events; a group that is no arm keeps its own title.

    Raises:
        InputError: more patients affected than at risk.
    """
    module = results.child("adverseEventsModule")
    arms = groups.of(module, "eventGroups")
    names = {group.text("id"): arms.get(group.text("id"), group.text("title")) for group in module.items("eventGroups")}
    rows: list[AdverseEvent] = []
    for group in module.items("eventGroups"):
        for kind, stem in _TOTALS:
            affected, at_risk = _pair(group, f"{stem}NumAffected", f"{stem}NumAtRisk")
            if affected is not None:
                rows.append(AdverseEvent(names[group.text("id")], kind, "", "", affected, at_risk, None))
    for kind in ("serious", "other"):
        for event in module.items(f"{kind}Events"):
            for stat in event.items("stats"):
                affected, at_risk = _pair(stat, "numAffected", "numAtRisk")
                name = names.get(stat.text("groupId"))
                if name is None:
                    raise stat.error(f"there is no group {stat.text('groupId')[:40]!r}", "groupId")
                rows.append(
                    AdverseEvent(
                        name, kind, event.text("term"), event.text("organSystem"), affected, at_risk,
                        stat.count("numEvents"),
                    )
                )  # fmt: skip
    return rows


def _pair(node: Node, affected_key: str, risk_key: str) -> tuple[int | None, int | None]:
    affected, at_risk = node.count(affected_key), node.count(risk_key)
    if affected is not None and at_risk is not None and affected > at_risk:
        raise node.error(f"{affected} affected of {at_risk} at risk", affected_key)
    return affected, at_risk
