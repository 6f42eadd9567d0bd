"""Trials whose clock starts after an induction: the induction is simulated before it."""

from __future__ import annotations

from dataclasses import replace

from her2sim.core.errors import InputError
from her2sim.model.drug_file import is_placebo, load_drug
from her2sim.record.types import Arm, RegimenItem, TrialRecord
from her2sim.study.plan import standard_regimen
from her2sim.study.validation.settings import inductions

CLOCK = "clock_starts_day"
"""Key of ``TrialRecord.extra``: the simulated day from which the trial counts time."""


def clock_starts(protocol: TrialRecord) -> float:
    """The simulated day on which the trial's own time starts; 0 without an induction."""
    return float(protocol.extra.get(CLOCK, 0.0))


def with_induction(protocol: TrialRecord) -> TrialRecord:
    """The protocol with its induction as part of every arm; unchanged where there is none.

    Drugs of the induction that an arm goes on with are given from the first day; the others of the arm start when the
    induction ends. Follow-up is longer by the induction.

    Raises:
        InputError: the words of the induction are not known.
    """
    words = protocol.eligibility.after_induction
    if not words:
        return protocol
    if words not in inductions():
        raise InputError(f"the induction {words!r} cannot be simulated")
    rule = inductions()[words]
    days = float(rule["days"]["value"])
    first = standard_regimen([str(name) for name in rule["drugs"]])
    extra = {**protocol.extra, CLOCK: days}
    follow_up = protocol.assessment.follow_up_days + days
    return replace(
        protocol,
        arms=tuple(replace(arm, regimen=_joined(arm, first, days)) for arm in protocol.arms),
        assessment=replace(protocol.assessment, follow_up_days=follow_up),
        extra=extra,
    )


def _joined(arm: Arm, induction: tuple[RegimenItem, ...], days: float) -> tuple[RegimenItem, ...]:
    given = {load_drug(item.drug).id for item in arm.regimen if not is_placebo(item.drug)}
    started = {load_drug(item.drug).id for item in induction}
    kept = tuple(
        item
        if not is_placebo(item.drug) and load_drug(item.drug).id in started
        else replace(item, start_day=item.start_day + days)
        for item in arm.regimen
    )
    return (*(item for item in induction if load_drug(item.drug).id not in given), *kept)
