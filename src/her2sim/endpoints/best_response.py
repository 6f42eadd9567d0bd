"""Best overall response of a patient, with and without confirmation.

Source: RECIST 1.1, section 4.4 to 4.6 and table 3, doi:10.1016/j.ejca.2008.10.026.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from her2sim.endpoints.response import Bools, Codes, Floats, Response, is_in
from her2sim.endpoints.rules import (
    LEVEL_CR,
    LEVEL_NONE,
    LEVEL_PR,
    RecistRules,
    best_response_table,
)

_EVALUABLE = (Response.CR, Response.PR, Response.SD, Response.NON_CR_NON_PD, Response.PD, Response.NED)


@dataclass(frozen=True)
class BestResponse:
    """Best overall response of each patient, shape (n_patients,).

    Main arguments:
        confirmed: with confirmation of CR and PR.
        unconfirmed: without.
        confirmed_day: first day of a response that was later confirmed; NaN without one.
        unconfirmed_day: first day of a response; NaN without one.
    """

    confirmed: Codes
    unconfirmed: Codes
    confirmed_day: Floats
    unconfirmed_day: Floats


def best_response(
    day: Floats,
    overall: Codes,
    rules: RecistRules,
    measurable: Bools | None = None,
    until_day: Floats | None = None,
) -> BestResponse:
    """Best overall response from the responses at the visits, up to and including the first progression.

    A response is confirmed by a response at least as good, ``confirmation_days`` or more later, with nothing worse
    in between than the visits that ``rules`` allow. A complete response that is not confirmed is not thereby a partial
    one: as in table 3 the best response is then SD, PD or NE. A partial response may be confirmed by a complete one.

    Main arguments:
        day: (n_patients, n_visits) days from baseline; NaN: not done. Column 0 is the baseline.
        overall: (n_patients, n_visits) responses at the visits (``time_points`` gives them).
        rules: choices of the protocol.

    Other arguments:
        measurable: (n_patients,) bool, target lesions at baseline. Default: all but those with a ``NON-CR/NON-PD``.
        until_day: (n_patients,) last day that counts (data cutoff, new therapy); NaN: no limit.

    >>> from her2sim.endpoints.rules import recist_rules
    >>> visits = np.array([[0, Response.PR, Response.NE, Response.PR]], dtype=np.int8)
    >>> best = best_response(np.array([[0.0, 42.0, 84.0, 126.0]]), visits, recist_rules())
    >>> Response(best.confirmed[0]).name, best.confirmed_day[0]
    ('PR', np.float64(42.0))
    """
    if measurable is None:
        measurable = ~np.asarray(is_in(overall, Response.NON_CR_NON_PD).any(axis=1))
    visible = overall.copy()
    visible[:, 0] = Response.NOT_DONE
    if until_day is not None:
        visible[day > until_day[:, None]] = Response.NOT_DONE
    progressed = np.logical_or.accumulate(is_in(visible, Response.PD), axis=1)
    visible[:, 1:][progressed[:, :-1]] = Response.NOT_DONE

    quiet = is_in(visible, Response.CR, Response.PR, Response.SD, Response.NON_CR_NON_PD, Response.NED)
    stable = (quiet & (day >= rules.stable_min_days)).any(axis=1)
    progression = progressed[:, -1]
    complete = is_in(visible, Response.CR)
    response = is_in(visible, Response.CR, Response.PR)
    confirmed_cr = _confirmed(day, visible, complete, complete, rules, pr_sd_allowed=False)
    confirmed_any = _confirmed(day, visible, response, response, rules, pr_sd_allowed=True)

    table = best_response_table()
    late = _late_progression(day, visible, rules)
    free = is_in(visible, Response.NED).any(axis=1)

    def best(cr: Bools, any_response: Bools) -> Codes:
        level = np.where(cr.any(axis=1), LEVEL_CR, np.where(any_response.any(axis=1), LEVEL_PR, LEVEL_NONE))
        found = table[level, stable.astype(int), progression.astype(int), measurable.astype(int)]
        found = np.where(late, np.int8(Response.NE), found)
        without_disease = free & is_in(found, Response.SD, Response.NON_CR_NON_PD)
        return np.where(without_disease, np.int8(Response.NED), found).astype(np.int8)

    return BestResponse(
        confirmed=best(confirmed_cr, confirmed_any),
        unconfirmed=best(complete, response),
        confirmed_day=_first_day(day, confirmed_any),
        unconfirmed_day=_first_day(day, response),
    )


def evaluable(overall: Codes) -> Bools:
    """Visits that are an adequate tumor assessment: done, and neither ``NE`` nor the baseline. Shape kept."""
    return is_in(overall, *_EVALUABLE)


def _confirmed(
    day: Floats, visible: Codes, first: Bools, second: Bools, rules: RecistRules, *, pr_sd_allowed: bool
) -> Bools:
    """Where a visit of ``first`` is confirmed by a later one of ``second``."""
    skipped = is_in(visible, Response.NE, Response.NOT_DONE)
    stable = is_in(visible, Response.SD)
    broken = ~(second | skipped | (stable & pr_sd_allowed))
    skips, stables, breaks = (_running_count(kind) for kind in (skipped, stable, broken))
    max_sd = rules.max_sd_between if pr_sd_allowed else 0
    out = np.zeros_like(first)
    for visit in range(1, visible.shape[1] - 1):
        later = slice(visit + 1, None)
        before_later = slice(visit, -1)
        fits = (
            second[:, later]
            & (day[:, later] - day[:, visit, None] >= rules.confirmation_days)
            & (skips[:, before_later] - skips[:, visit, None] <= rules.max_ne_between)
            & (stables[:, before_later] - stables[:, visit, None] <= max_sd)
            & (breaks[:, before_later] == breaks[:, visit, None])
        )
        out[:, visit] = first[:, visit] & fits.any(axis=1)
    return out


def _running_count(kind: Bools) -> NDArray[np.int16]:
    return np.cumsum(kind, axis=1, dtype=np.int16)


def _first_day(day: Floats, chosen: Bools) -> Floats:
    where = chosen.argmax(axis=1)
    return np.where(chosen.any(axis=1), day[np.arange(len(day)), where], np.nan)


def _late_progression(day: Floats, visible: Codes, rules: RecistRules) -> Bools:
    if rules.late_pd_is_ne_after_days is None:
        return np.zeros(len(day), dtype=np.bool_)
    seen = evaluable(visible)
    rows = np.arange(len(day))
    first = seen.argmax(axis=1)
    return (visible[rows, first] == Response.PD) & (day[rows, first] > rules.late_pd_is_ne_after_days)
