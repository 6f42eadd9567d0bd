"""One patient simulated before anything is written, so that what cannot be simulated is told with its place."""

from __future__ import annotations

from her2sim.core.errors import InputError
from her2sim.study.course import simulate_chunk
from her2sim.study.plan import Place, TrialPlan

PARTS = ("baseline", "eligibility")


def rehearse(plan: TrialPlan, place: Place) -> None:
    """Take the first patient through the whole trial, from sampling to death.

    Main arguments:
        plan: the plan of the run.
        place: tells where a key of the record stands.

    Raises:
        InputError: a baseline or a rule that no patient can meet, or a dose that the model cannot take.
        SimulationError: no patient comes through the earlier lines.
    """
    try:
        simulate_chunk(plan, 0, 0, 1)
    except InputError as error:
        keys = error.where.split(": ")
        known = keys[0] in PARTS
        where = place(*keys) if known else ": ".join(part for part in (place(), error.where) if part)
        raise InputError(error.what, where=where, why=error.why, hint=error.hint) from None
