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


Comparison = tuple[Figure, tuple[str, str], float]
"""A figure, the treatments compared, and the standard error of the log ratio."""


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
        rows = _complete(record, _comparisons(record, endpoint, measure, left), left)
        for row, names, error in rows:
            number = f"{math.log(row.value or 1.0):.10g}"
            place = row.url or row.citation
            writer.writerow([record.id, *names, number, f"{error:.10g}", _MEASURES[measure], endpoint, place])
        count += len(rows)
    if not count:
        raise InputError(
            f"no trial compares arms by {measure} of {endpoint!r} with an interval",
            hint="Endpoints of contrasts are PFS, OS, EFS, iDFS, pCR, ORR …",
        )
    return NetmetaFile(out.getvalue(), count, tuple(left))


def _comparisons(record: TrialRecord, endpoint: str, measure: str, left: list[Remark]) -> list[Comparison]:
    """One comparison per pair of treatments of a trial."""
    arms = {arm.name: arm for arm in record.arms}
    found: list[Comparison] = []
    done: set[frozenset[str]] = set()
    for row in all_figures([record]):
        if (row.level, row.endpoint, row.measure) != ("contrast", endpoint, measure) or row.stratum:
            continue
        names = (_treatment(arms, row.arm), _treatment(arms, row.reference))
        error = _standard_error(row)
        if names[0] == names[1]:
            why = "both arms have the same drugs"
        elif frozenset(names) in done:
            why = "the same arms have an earlier figure"
        elif error is None or row.value is None:
            why = "no interval, so no standard error"
        else:
            done.add(frozenset(names))
            found.append((row, names, error))
            continue
        left.append(Remark(f"{record.id}: {row.place}", f"{row.arm} vs {row.reference}", why))
    return found


def _complete(record: TrialRecord, rows: list[Comparison], left: list[Remark]) -> list[Comparison]:
    """All comparisons if every pair of treatments has one, else the first: netmeta refuses what lies between."""
    treatments = {name for _, names, _ in rows for name in names}
    if len(rows) == len(treatments) * (len(treatments) - 1) // 2:
        return rows
    why = f"netmeta needs all pairs of the {len(treatments)} treatments, and the record has {len(rows)} of them"
    left += [Remark(f"{record.id}: {row.place}", f"{row.arm} vs {row.reference}", why) for row, _, _ in rows[1:]]
    return rows[:1]


def _standard_error(row: Figure) -> float | None:
    if not row.low or not row.high or row.level_of_interval is None or row.low <= 0.0 or row.high <= row.low:
        return None
    z = NormalDist().inv_cdf(0.5 + row.level_of_interval / 200.0)
    return (math.log(row.high) - math.log(row.low)) / (2.0 * z)


def _treatment(arms: Mapping[str, Arm], name: str) -> str:
    """The drugs of the arm in alphabetical order, so that equal treatments of several trials have equal names."""
    drugs = sorted({item.drug for item in arms[name].regimen}) if name in arms else []
    return "+".join(drugs) or name
