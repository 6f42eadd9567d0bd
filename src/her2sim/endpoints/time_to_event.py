"""Survival, with and without progression, progression, and response as a time, whether it is an event, and why.

Days are counted from randomization (day 0). Times are ADaM's AVAL: an event on the day of randomization has time 1.
Source of the censoring rules: FDA guidance on cancer trial endpoints (2018), kept in ``data/recist/censoring.yaml``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from her2sim.core.errors import InputError
from her2sim.endpoints.best_response import evaluable
from her2sim.endpoints.censoring import CensoringRules, censoring_rules
from her2sim.endpoints.response import Bools, Codes, Floats, Response

Texts = NDArray[np.str_]


@dataclass(frozen=True)
class TimeToEvent:
    """One endpoint of all patients, shape (n_patients,).

    Main arguments:
        time_days: time to the event or to censoring; NaN for patients to whom the endpoint does not apply.
        event: bool, the event was seen.
        reason: code of ``her2sim.endpoints.censoring.reasons``: which event, or why censored.
    """

    time_days: Floats
    event: Bools
    reason: Texts

    def of(self, patients: Bools) -> TimeToEvent:
        """The same endpoint of some of the patients."""
        return TimeToEvent(self.time_days[patients], self.event[patients], self.reason[patients])


@dataclass(frozen=True)
class FollowUp:
    """What is known of patients besides their scans, shape (n_patients,), days since randomization.

    Main arguments:
        end_day: last day on which the patient was observed (data cutoff, withdrawal or loss to follow-up).
        planned_day: (n_visits,) or (n_patients, n_visits) planned days of the visits, the baseline first.
        death_day: NaN: not known to have died. Deaths after ``end_day`` are not seen.

    Other arguments:
        withdrawn: bool, ``end_day`` is a withdrawal or loss, not the data cutoff. Default: no one.
        new_therapy_day: first day of another anti-cancer therapy; NaN: none. Default: no one.
    """

    end_day: Floats
    planned_day: Floats
    death_day: Floats
    withdrawn: Bools | None = None
    new_therapy_day: Floats | None = None

    def death(self) -> Floats:
        """Day of death where it was seen, else infinity."""
        seen = self.death_day <= self.end_day
        return np.where(seen, self.death_day, np.inf)

    def new_therapy(self) -> Floats:
        """Day of new therapy where it was seen, else infinity."""
        if self.new_therapy_day is None:
            return np.full(len(self.end_day), np.inf)
        return np.where(self.new_therapy_day <= self.end_day, self.new_therapy_day, np.inf)

    def left(self) -> Bools:
        """Who withdrew or was lost."""
        return np.zeros(len(self.end_day), dtype=np.bool_) if self.withdrawn is None else self.withdrawn


def progression_free_survival(
    day: Floats, overall: Codes, follow_up: FollowUp, rules: CensoringRules | None = None
) -> TimeToEvent:
    """Time to the first progression or death, whichever is first.

    In this order: without a baseline only an early death counts, else the patient is censored on the day of
    randomization; a new therapy before the event censors at the last adequate assessment before it; an event right
    after ``rules.missed_visits`` or more missed visits is censored at the last adequate assessment before them; else
    the event counts; without an event the last adequate assessment is the time of censoring.

    Main arguments:
        day: (n_patients, n_visits) days of visits; NaN: not done. Column 0 is the baseline.
        overall: (n_patients, n_visits) responses at the visits.
        follow_up: deaths, ends of observation, new therapies, planned visits.

    Other arguments:
        rules: default ``censoring_rules()``.

    >>> days = np.array([[0.0, 42.0, 84.0]])
    >>> visits = np.array([[0, Response.SD, Response.PD]], dtype=np.int8)
    >>> follow_up = FollowUp(np.array([200.0]), np.array([0.0, 42.0, 84.0]), np.array([np.nan]))
    >>> pfs = progression_free_survival(days, visits, follow_up)
    >>> float(pfs.time_days[0]), str(pfs.reason[0])
    (85.0, 'PROGRESSION')
    """
    rules = censoring_rules() if rules is None else rules
    _check(day, overall, follow_up)
    rows = np.arange(len(day))
    has_baseline = ~np.isnan(day[:, 0])
    new_therapy = follow_up.new_therapy() if rules.new_therapy == "censor" else np.full(len(day), np.inf)
    adequate = evaluable(overall) & (day <= follow_up.end_day[:, None]) & has_baseline[:, None]
    adequate[:, 0] = False
    progression = adequate & (overall == Response.PD)
    progression_column = np.where(progression.any(axis=1), progression.argmax(axis=1), day.shape[1])
    progression_day = np.where(
        progression.any(axis=1), day[rows, np.minimum(progression_column, day.shape[1] - 1)], np.inf
    )
    death_day = follow_up.death()
    event_day = np.minimum(progression_day, death_day)
    by_progression = progression_day <= death_day

    last_allowed = np.minimum(event_day, new_therapy)
    usable = adequate & (day <= last_allowed[:, None]) & ~progression
    last_column = np.where(usable.any(axis=1), day.shape[1] - 1 - usable[:, ::-1].argmax(axis=1), 0)
    last_day = np.maximum(np.where(usable.any(axis=1), day[rows, last_column], 0.0), 0.0)

    columns = np.arange(day.shape[1])
    due = np.where(
        by_progression[:, None],
        columns < progression_column[:, None],
        np.broadcast_to(follow_up.planned_day, day.shape) <= death_day[:, None],
    )
    missed = (due & (columns > last_column[:, None])).sum(axis=1)

    has_event = np.isfinite(event_day)
    after_gap = has_event & (missed >= rules.missed_visits if rules.missed_visits is not None else False)
    switched = new_therapy < event_day
    reason = np.select(
        [
            ~has_baseline & (~has_event | after_gap | switched),
            switched,
            after_gap,
            has_event & by_progression,
            has_event,
            ~usable.any(axis=1),
            follow_up.left(),
        ],
        [
            "NO_BASELINE",
            "NEW_THERAPY",
            "MISSED_VISITS",
            "PROGRESSION",
            "DEATH",
            "NO_ASSESSMENT",
            "WITHDRAWAL",
        ],
        "CUTOFF",
    )
    event = (reason == "PROGRESSION") | (reason == "DEATH")
    return TimeToEvent(np.where(event, event_day, last_day) + rules.first_day, event, reason)


def time_to_progression(pfs: TimeToEvent) -> TimeToEvent:
    """Time to progression, from progression-free survival of the same assessor: who died without is censored then.

    >>> pfs = TimeToEvent(np.array([42.0, 50.0]), np.array([True, True]), np.array(["PROGRESSION", "DEATH"]))
    >>> time_to_progression(pfs).event.tolist()
    [True, False]
    """
    return TimeToEvent(pfs.time_days, pfs.event & (pfs.reason == "PROGRESSION"), pfs.reason)


def overall_survival(follow_up: FollowUp, rules: CensoringRules | None = None) -> TimeToEvent:
    """Time to death from any cause; the living are censored on the last day they were observed.

    >>> follow_up = FollowUp(np.array([300.0, 300.0]), np.zeros(1), np.array([99.0, np.nan]))
    >>> survival = overall_survival(follow_up)
    >>> survival.time_days.tolist(), survival.reason.tolist()
    ([100.0, 301.0], ['DEATH', 'ALIVE'])
    """
    rules = censoring_rules() if rules is None else rules
    death_day = follow_up.death()
    event = np.isfinite(death_day)
    reason = np.where(event, "DEATH", np.where(follow_up.left(), "LOST", "ALIVE"))
    return TimeToEvent(np.where(event, death_day, follow_up.end_day) + rules.first_day, event, reason)


def duration_of_response(
    pfs: TimeToEvent, response_day: Floats, responder: Bools, rules: CensoringRules | None = None
) -> TimeToEvent:
    """Time from the first response to progression or death, censored as progression-free survival is.

    Main arguments:
        pfs: of the same assessor.
        response_day: (n_patients,) first day of response (``BestResponse.confirmed_day`` or ``unconfirmed_day``).
        responder: (n_patients,) bool; time is NaN for all others.

    >>> pfs = TimeToEvent(np.array([211.0]), np.array([True]), np.array(["PROGRESSION"]))
    >>> float(duration_of_response(pfs, np.array([42.0]), np.array([True])).time_days[0])
    169.0
    """
    rules = censoring_rules() if rules is None else rules
    lasted = np.maximum(pfs.time_days - response_day, rules.first_day)
    return TimeToEvent(
        np.where(responder, lasted, np.nan), pfs.event & responder, np.where(responder, pfs.reason, "NOT_RESPONDER")
    )


def time_to_response(response_day: Floats, responder: Bools, rules: CensoringRules | None = None) -> Floats:
    """Days from randomization to the first response, (n_patients,); NaN for those who did not respond."""
    rules = censoring_rules() if rules is None else rules
    return np.where(responder, response_day + rules.first_day, np.nan)


def _check(day: Floats, overall: Codes, follow_up: FollowUp) -> None:
    if overall.shape != day.shape:
        raise InputError(f"responses have shape {overall.shape}, but days {day.shape}.")
    for name in ("end_day", "death_day", "withdrawn", "new_therapy_day"):
        array = getattr(follow_up, name)
        if array is not None and array.shape != day.shape[:1]:
            raise InputError(f"follow-up: {name} has shape {array.shape}, expected {day.shape[:1]}.")
    if follow_up.planned_day.shape not in (day.shape, day.shape[1:]):
        raise InputError(
            f"follow-up: planned_day has shape {follow_up.planned_day.shape}, expected {day.shape[1:]} or {day.shape}."
        )
