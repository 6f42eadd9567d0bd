"""RECIST 1.1 as data: its thresholds and its response tables, read from ``data/recist``.

The tables are expanded to arrays once, so that a response of many patients is one array lookup.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any, Literal

import numpy as np
import yaml

from her2sim.core.errors import InputError, did_you_mean
from her2sim.core.paths import data_dir
from her2sim.endpoints.response import Codes, Response

AfterCompleteResponse = Literal["progression", "partial_if_unconfirmed"]
Criteria = Literal["RECIST 1.1", "WHO"]
_FLAGS = (False, True)
_RESPONSES_OF_PATIENT = ("none", "PR", "CR")
LEVEL_NONE, LEVEL_PR, LEVEL_CR = range(3)
"""First index of ``best_response_table``."""


@dataclass(frozen=True)
class RecistRules:
    """Thresholds of RECIST 1.1 and the choices it leaves to a protocol; defaults are in ``data/recist``.

    Main arguments:
        confirmation_days: least days from a response to the visit that confirms it.
        stable_min_days: first day, counted from baseline, that counts for stable disease.
        max_ne_between: visits not done or not evaluable allowed between a response and its confirmation.
        max_sd_between: visits with stable disease allowed between a partial response and its confirmation.

    Other arguments:
        node_normal_below_mm: short axis below which a lymph node is normal.
        too_small_mm: size recorded for a lesion that is seen but too small to measure.
        progression_ratio, progression_min_mm: growth of the sum over its smallest value that is progression.
        response_ratio: sum over baseline at or below which the targets are in partial response.
        after_cr: what disease seen after a complete response means. ``progression``: it is PD (table 3, footnote a).
            ``partial_if_unconfirmed``: if the complete response had not been confirmed, it is read as a partial
            response, "PR may be appropriate for both assessments" (EORTC clarifications); else PD.
        product: lesions are measured by the product of two diameters, and one that grows is progression (WHO); else by
            one diameter, and the sum decides.
        late_pd_is_ne_after_days: progression as first evaluable finding after this day gives NE as best response
            (some protocols; RECIST 1.1 itself says PD). None: never.
    """

    node_normal_below_mm: float
    too_small_mm: float
    progression_ratio: float
    progression_min_mm: float
    response_ratio: float
    confirmation_days: float
    stable_min_days: float
    max_ne_between: int
    max_sd_between: int
    after_cr: AfterCompleteResponse = "progression"
    product: bool = False
    late_pd_is_ne_after_days: float | None = None


def recist_rules(**changes: Any) -> RecistRules:
    """RECIST 1.1 with the documented defaults, or with a protocol's own values.

    Other arguments:
        changes: fields of ``RecistRules`` to change.

    Raises:
        InputError: for a name that is not a field, or a value that cannot be.

    >>> recist_rules(stable_min_days=42.0).confirmation_days
    28.0
    """
    known = [item.name for item in fields(RecistRules)]
    for name, value in changes.items():
        if name not in known:
            raise InputError(f"unknown RECIST rule {name!r}.", hint=did_you_mean(name, known))
        if isinstance(value, int | float) and not value >= 0:
            raise InputError(f"RECIST rule {name} must not be negative, but is {value}.")
    if changes.get("after_cr", "progression") not in ("progression", "partial_if_unconfirmed"):
        raise InputError(
            f"RECIST rule after_cr is {changes['after_cr']!r}.", hint="Use 'progression' or 'partial_if_unconfirmed'."
        )
    return replace(_default_rules(), **changes)


@cache
def _default_rules() -> RecistRules:
    thresholds = read_table("thresholds.yaml")["thresholds"]
    return RecistRules(**{name: entry["value"] for name, entry in thresholds.items()})


@cache
def criteria_rules(criteria: Criteria) -> RecistRules:
    """The rules that a protocol names: RECIST 1.1, or those of the World Health Organization before it.

    RECIST came in 2000; trials that had enrolled by then measured products of two diameters, and 25 % more of one
    lesion was progression (Miller 1981, PMID 7214354), so the same tumor progresses sooner.

    >>> criteria_rules("RECIST 1.1").progression_ratio, criteria_rules("WHO").progression_ratio
    (1.2, 1.25)
    """
    if criteria == "RECIST 1.1":
        return recist_rules()
    return recist_rules(**{name: entry["value"] for name, entry in read_table("thresholds.yaml")["who"].items()})


@cache
def time_point_table() -> Codes:
    """Overall response, indexed [target, non-target, new lesion (0 or 1)]; 0 where a row cannot occur.

    Source: tables 1 and 2 of RECIST 1.1, doi:10.1016/j.ejca.2008.10.026, kept in ``data/recist/time_point.yaml``.
    """
    statuses = ("CR", "PR", "SD", "NON_CR_NON_PD", "PD", "NE", "NOT_PRESENT")
    rows = read_table("time_point.yaml")["rows"]
    table = np.zeros((len(Response), len(Response), 2), dtype=np.int8)
    for target, nontarget, new in itertools.product(statuses, statuses, _FLAGS):
        found = _first_row(rows, {"target": target, "nontarget": nontarget, "new_lesion": new})
        if found is not None:
            table[Response[target], Response[nontarget], int(new)] = Response[found["overall"]]
    table.setflags(write=False)
    return table


@cache
def best_response_table() -> Codes:
    """Best overall response, indexed [response (0 none, 1 PR, 2 CR), stable, progression, measurable].

    Source: table 3 of RECIST 1.1, kept in ``data/recist/best_response.yaml``.
    """
    rows = read_table("best_response.yaml")["rows"]
    table = np.zeros((3, 2, 2, 2), dtype=np.int8)
    for response, stable, progression, measurable in itertools.product(_RESPONSES_OF_PATIENT, _FLAGS, _FLAGS, _FLAGS):
        case = {"response": response, "stable": stable, "progression": progression, "measurable": measurable}
        found = _first_row(rows, case)
        if found is None:
            raise InputError(f"no row for {case}", where="data/recist/best_response.yaml")
        index = (_RESPONSES_OF_PATIENT.index(response), int(stable), int(progression), int(measurable))
        table[index] = Response[found["best"]]
    table.setflags(write=False)
    return table


def read_table(name: str) -> dict[str, Any]:
    """A data file of ``data/recist`` as it stands."""
    return yaml.safe_load((data_dir("recist") / name).read_text(encoding="utf-8"))


def _first_row(rows: Sequence[Mapping[str, Any]], case: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return next((row for row in rows if all(row[key] in ("any", value) for key, value in case.items())), None)
