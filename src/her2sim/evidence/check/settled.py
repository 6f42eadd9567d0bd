"""Findings that were looked into and stand: ``data/evidence/settled.yaml``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from her2sim.core.paths import data_dir
from her2sim.evidence.check.finding import Finding
from her2sim.record.yaml_reading import load_yaml_file


@dataclass(frozen=True)
class Settled:
    """An explained finding: record, rule and figure as the finding names them, and why the figure stands."""

    record: str
    rule: str
    figure: str
    explanation: str


@lru_cache(maxsize=1)
def settled() -> tuple[Settled, ...]:
    """The explanations, in the file's order."""
    rows: list[dict[str, Any]] = load_yaml_file(data_dir("evidence") / "settled.yaml").value["settled"]
    return tuple(Settled(row["record"], row["rule"], str(row["figure"]), row["explanation"]) for row in rows)


def explained(findings: Iterable[Finding], known: Iterable[Settled]) -> tuple[Finding, ...]:
    """The findings, each with its explanation where there is one; an explanation without finding is a finding itself.

    An explanation that explains nothing would hide the next misprint of that figure.
    """
    table = {(x.record, x.rule, x.figure): x for x in known}
    rows: list[Finding] = []
    used: set[tuple[str, str, str]] = set()
    for finding in findings:
        key = (finding.record, finding.rule, finding.figure)
        if key in table:
            used.add(key)
            finding = replace(finding, explanation=table[key].explanation)
        rows.append(finding)
    for key in table.keys() - used:
        rows.append(
            Finding(key[0], key[2], "settled-without-finding", "error", f"explains {key[1]}", "remove the explanation")
        )
    return tuple(rows)
