"""The base asked as a whole: the check, the review tables, and SQL over all figures."""

from __future__ import annotations

import json
from dataclasses import asdict

from her2sim.evidence.check.finding import Finding
from her2sim.evidence.check.run import check_base, open_findings
from her2sim.evidence.read_share import ReadShare, read_share


def findings() -> tuple[Finding, ...]:
    """What the rules find in the base; settled findings carry their explanation."""
    return check_base()


def still_open(found: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """The findings without explanation."""
    return open_findings(found)


def findings_json(found: tuple[Finding, ...]) -> str:
    """Findings and read shares as JSON."""
    rows = {"findings": [asdict(x) for x in found], "open": len(open_findings(found)), "read": asdict(shares())}
    return json.dumps(rows, ensure_ascii=False, indent=1)


def shares() -> ReadShare:
    """How many figures were seen at their source, by role."""
    return read_share()
