"""Contrasts in the format of R's netmeta: one row per comparison, log ratio and its standard error.

``netmeta(TE, seTE, treat1, treat2, studlab, data, sm="HR")`` reads the file as it is. Source of the standard error:
the interval on the log scale, (ln upper - ln lower) / (2 z), as in Parmar et al., Stat Med 1998;17:2815.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import NormalDist

from her2sim.core.errors import InputError
from her2sim.evidence.importers.imported import Remark
from her2sim.evidence.tidy import Figure, all_figures
from her2sim.record.types import Arm, TrialRecord

COLUMNS = ("studlab", "treat1", "treat2", "TE", "seTE", "sm", "endpoint", "source")
_MEASURES = {"hr": "HR", "odds_ratio": "OR", "risk_ratio": "RR"}


@dataclass(frozen=True)
class NetmetaFile:
    """The table as CSV text, how many comparisons it holds, and what was left out and why."""

    text: str
    rows: int
    left_out: tuple[Remark, ...]


def netmeta_csv(records: Iterable[TrialRecord], endpoint: str, measure: str = "hr") -> NetmetaFile:
    """One endpoint of several trials for a network meta-analysis.

    Of several figures of one pair of arms (assessors, data cuts) the first of the record is taken; a comparison
    without an interval is left out, because its weight is not known.

    Main arguments:
        records: the trials.
        endpoint: as in the records, for example ``PFS``.

    Other arguments:
        measure: ``hr``, ``odds_ratio`` or ``risk_ratio``.

    Raises:
        InputError: another measure, or no comparison at all.

    >>> from her2sim.evidence.base import load_record
    >>> netmeta_csv([load_record("EMILIA")], "OS").text.splitlines()[1].split(",")[3][:6]
    '-0.382'
    """
    if measure not in _MEASURES:
        raise InputError(f"unknown measure {measure!r}", hint=f"One of {', '.join(_MEASURES)}.")
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    left: list[Remark] = []
    count = 0
    for record in records:
        arms = {arm.name: arm for arm in record.arms}
        done: set[frozenset[str]] = set()
        for row in all_figures([record]):
            if (row.level, row.endpoint, row.measure) != ("contrast", endpoint, measure) or row.stratum:
                continue
            pair = frozenset((row.arm, row.reference))
            place = f"{record.id}: {row.place}"
            error = _standard_error(row)
            if pair in done:
                left.append(Remark(place, f"{row.arm} vs {row.reference}", "the same arms have an earlier figure"))
            elif error is None or row.value is None:
                left.append(Remark(place, f"{row.arm} vs {row.reference}", "no interval, so no standard error"))
            else:
                done.add(pair)
                count += 1
                names = [_treatment(arms, name) for name in (row.arm, row.reference)]
                number = f"{math.log(row.value):.10g}"
                writer.writerow(
                    [record.id, *names, number, f"{error:.10g}", _MEASURES[measure], endpoint, row.url or row.citation]
                )
    if not count:
        raise InputError(
            f"no trial compares arms by {measure} of {endpoint!r} with an interval",
            hint="Endpoints of contrasts are PFS, OS, EFS, iDFS, pCR, ORR …",
        )
    return NetmetaFile(out.getvalue(), count, tuple(left))


def _standard_error(row: Figure) -> float | None:
    if not row.low or not row.high or row.level_of_interval is None or row.low <= 0.0 or row.high <= row.low:
        return None
    z = NormalDist().inv_cdf(0.5 + row.level_of_interval / 200.0)
    return (math.log(row.high) - math.log(row.low)) / (2.0 * z)


def _treatment(arms: Mapping[str, Arm], name: str) -> str:
    """The drugs of the arm in alphabetical order, so that equal treatments of several trials have equal names."""
    drugs = sorted({item.drug for item in arms[name].regimen}) if name in arms else []
    return "+".join(drugs) or name
