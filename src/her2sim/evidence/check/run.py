"""Check the whole base, or single records."""

from __future__ import annotations

from collections.abc import Iterable

from her2sim.evidence.base import all_records
from her2sim.evidence.check.finding import Finding, case_of
from her2sim.evidence.check.rules import RULES
from her2sim.evidence.check.settled import explained, settled
from her2sim.record.types import TrialRecord


def check_base() -> tuple[Finding, ...]:
    """All findings of the base, settled ones with their explanation. Takes about a second."""
    found = [finding for record in all_records() for finding in check_record(record)]
    return explained(found, settled())


def check_record(record: TrialRecord) -> tuple[Finding, ...]:
    """All findings of one record, without explanations.

    >>> from her2sim.evidence.base import load_record
    >>> check_record(load_record("TAnDEM"))
    ()
    """
    case = case_of(record)
    return tuple(dict.fromkeys(finding for rule in RULES for finding in rule(case)))


def open_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Those that nobody has explained yet."""
    return tuple(finding for finding in findings if not finding.explanation)
