"""What a record says of earlier therapy in numbers is also what its patients are simulated with.

A count or a share in the baseline table acts on nobody: what patients bring to a trial are the lines of
``eligibility.prior``. A record that counts more lines than it names makes its patients less treated than they were.
"""

from __future__ import annotations

from collections.abc import Iterator

from her2sim.evidence.check.finding import Case, Finding
from her2sim.evidence.check.limits import limits
from her2sim.record.types import PriorTherapy

WHERE = "eligibility.prior"
SHARES = {
    "prior_trastuzumab_pct": "trastuzumab",
    "prior_pertuzumab_pct": "pertuzumab",
    "prior_tdm1_pct": "trastuzumab emtansine",
}


def lines_named(case: Case) -> Iterator[Finding]:
    """As many metastatic lines are named, in the mean over patients, as the baseline table counts in the median."""
    counted = case.record.baseline.get("prior_lines_median")
    if counted is None or not _comes_from_lines(case):
        return
    named = sum(line.share for line in case.record.eligibility.prior if line.setting == "metastatic")
    if named < float(counted) - limits().lines_missing:
        yield case.finding(WHERE, "lines-named", "warning", f"{named:.2g} lines on average", f"about {counted:g}")


def drugs_named(case: Case) -> Iterator[Finding]:
    """A drug is in as many patients' earlier lines as the baseline table says; lines of one drug may overlap or not."""
    for key, drug in SHARES.items():
        said = case.record.baseline.get(key)
        if said is None or not _comes_from_lines(case):
            continue
        shares = [line.share for line in case.record.eligibility.prior if _has(line, drug)]
        least, most = 100.0 * max(shares, default=0.0), 100.0 * min(sum(shares), 1.0)
        slack = limits().drug_share_points
        if not least - slack <= float(said) <= most + slack:
            wording = f"{drug} in {least:.0f} to {most:.0f} % of patients"
            yield case.finding(WHERE, "drugs-named", "warning", wording, f"{said:g} % ({key})")


def _comes_from_lines(case: Case) -> bool:
    """Trials whose patients are taken through the lines that the record names."""
    record = case.record
    return record.kind == "trial" and record.disease != "other" and record.setting.startswith("metastatic")


def _has(line: PriorTherapy, drug: str) -> bool:
    return drug in {name.lower() for name in line.drugs}
