"""Comparisons are of two arms that the record has."""

from __future__ import annotations

from collections.abc import Iterator

from her2sim.evidence.check.finding import Case, Finding


def arms_exist(case: Case) -> Iterator[Finding]:
    """Arm and reference of a comparison or a stratum are arms of the record (groups of a collection may be others)."""
    names = {arm.name for arm in case.record.arms} | {"", "arm", "reference"}
    given = {str(name) for stratum in case.record.subgroups for name in (stratum.get("arm_values") or {})}
    for figure in case.figures if case.record.kind != "collection" else ():
        for name in (figure.arm, figure.reference):
            if name not in names | given:
                yield case.finding(figure, "arms-exist", "error", name, f"one of {', '.join(sorted(names - {''}))}")


def two_arms(case: Case) -> Iterator[Finding]:
    """An arm is not compared with itself."""
    for figure in case.figures:
        if figure.reference and figure.reference == figure.arm:
            yield case.finding(figure, "two-arms", "error", figure.arm, "another reference")
