"""What a rule found: which figure, what it says, and what was expected."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from her2sim.evidence.tidy import Figure, figures
from her2sim.record.types import TrialRecord

Severity = Literal["error", "warning", "shown"]


@dataclass(frozen=True)
class Finding:
    """One finding.

    Main arguments:
        record, figure: id of the record, and the figure in words that survive a change of order in the file.
        rule: name of the rule, as in ``docs/reference/evidence.md``.
        severity: ``error`` (cannot be), ``warning`` (unlikely; look at the source), ``shown`` (sources differ).
        found, expected: what the record says, and what the rule expected.
        explanation: why it stands all the same, from ``data/evidence/settled.yaml``; "" for an open finding.
    """

    record: str
    figure: str
    rule: str
    severity: Severity
    found: str
    expected: str
    explanation: str = ""


@dataclass(frozen=True)
class Case:
    """A record with its figures laid out, as every rule gets it."""

    record: TrialRecord
    figures: tuple[Figure, ...]

    def finding(self, figure: Figure | str, rule: str, severity: Severity, found: str, expected: str) -> Finding:
        """A finding about one figure (or about a part of the record, in words)."""
        name = figure if isinstance(figure, str) else label(figure)
        return Finding(self.record.id, name, rule, severity, found, expected)


Rule = Callable[[Case], Iterator[Finding]]


def case_of(record: TrialRecord) -> Case:
    """The record with its figures laid out."""
    return Case(record, figures(record))


def label(figure: Figure) -> str:
    """A figure in words: arm, endpoint, stratum, value, and what tells it from others.

    >>> from her2sim.evidence.base import load_record
    >>> label(figures(load_record("NeoSphere"))[0])
    'TH pCR_total 21.5'
    """
    arm = f"{figure.arm} vs {figure.reference}" if figure.reference else figure.arm
    where = f"[{figure.stratum}]" if figure.stratum else ""
    value = "NR" if figure.not_reached else "" if figure.value is None else f"{figure.value:g}"
    measure = "" if figure.measure == "value" else figure.measure
    return " ".join(part for part in (arm, figure.endpoint, measure, value, where) if part)


def describe(figure: Figure) -> str:
    """The number with its interval and unit, for the column ``found``."""
    value = "NR" if figure.not_reached else "no value" if figure.value is None else f"{figure.value:g}"
    bounds = [("NR" if bound is None else f"{bound:g}") for bound in (figure.low, figure.high)]
    interval = f" ({bounds[0]} to {bounds[1]})" if figure.level_of_interval else ""
    return f"{value}{interval} {figure.unit}".rstrip()
