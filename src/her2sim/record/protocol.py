"""The protocol of a trial: its record without anything that was found out by doing the trial."""

from __future__ import annotations

from dataclasses import replace

from her2sim.record.types import TrialRecord

_KEPT = ("part_of", "planned_n", "enrolled")


def protocol_of(record: TrialRecord) -> TrialRecord:
    """The record without results, contrasts, strata, notes and sources: what a prediction may know of a trial.

    Design, regimens, eligibility, calendar and the baseline table stay. Results are not looked at, not even copied.

    >>> from her2sim.evidence.base import load_record
    >>> protocol = protocol_of(load_record("DESTINY-Breast03"))
    >>> protocol.arms[0].results, protocol.contrasts, protocol.subgroups, protocol.arms[0].n
    ((), (), (), 261)
    """
    return replace(
        record,
        arms=tuple(replace(arm, results=(), note="", extra={}) for arm in record.arms),
        contrasts=(),
        subgroups=(),
        sources={},
        notes="",
        population="",
        status="planned",
        extra={key: record.extra[key] for key in _KEPT if key in record.extra},
    )


def holds_results(record: TrialRecord) -> bool:
    """Whether a record tells any figure of a trial's outcome.

    >>> from her2sim.evidence.base import load_record
    >>> record = load_record("EMILIA")
    >>> holds_results(record), holds_results(protocol_of(record))
    (True, False)
    """
    return bool(record.contrasts or record.subgroups or any(arm.results for arm in record.arms))
