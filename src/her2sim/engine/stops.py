"""Stops: the moments at which a solver must halt because a dose enters or an infusion rate changes.

A bolus adds to a state. An infusion sets the input rate of its state at its start and again at its end; where
infusions overlap, the rate set is their sum, recomputed at every edge and exactly zero when none runs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from her2sim.engine.interface import DoseTable, Floats, Ints


@dataclass(frozen=True)
class Stops:
    """Stops of all patients, sorted by patient and time.

    Main arguments:
        first: (n_patients + 1,) stops of patient i are rows first[i] to first[i + 1] - 1.
        time: (n_stops,).
        slot: (n_stops,) state that the bolus enters, or n_states + k for a change of the k-th input rate.
        value: (n_stops,) amount to add, or new input rate.
        infused: states that have an input rate, in the order of the rates.
    """

    first: Ints
    time: Floats
    slot: Ints
    value: Floats
    infused: tuple[int, ...]


def stops_of(doses: DoseTable, n_patients: int, n_states: int) -> Stops:
    """The stops of a dose table that is sorted by patient and time."""
    bolus = doses.time + doses.duration == doses.time
    infused, edges = _infusion_edges(doses, ~bolus, n_states)
    patient = np.concatenate([doses.patient[bolus], edges[0]])
    time = np.concatenate([doses.time[bolus], edges[1]])
    slot = np.concatenate([doses.target[bolus], edges[2]])
    value = np.concatenate([doses.amount[bolus], edges[3]])
    order = np.lexsort((time, patient))
    first = np.searchsorted(patient[order], np.arange(n_patients + 1)).astype(np.int64)
    return Stops(first, time[order], slot[order], value[order], infused)


def _infusion_edges(
    doses: DoseTable, running: np.ndarray[tuple[int], np.dtype[np.bool_]], n_states: int
) -> tuple[tuple[int, ...], tuple[Ints, Floats, Ints, Floats]]:
    patient, target = doses.patient[running], doses.target[running]
    infused = np.unique(target)
    if not len(target):
        nothing, none = np.zeros(0), np.zeros(0, dtype=np.int64)
        return (), (none, nothing, none, nothing)
    start = doses.time[running]
    end = start + doses.duration[running]
    rate = doses.amount[running] / (end - start)  # over the time as rounded, so that the amount is exact
    who = np.concatenate([patient, patient])
    where = np.concatenate([target, target])
    when = np.concatenate([start, end])
    change = np.concatenate([rate, -rate])
    count = np.concatenate([np.ones(len(rate)), -np.ones(len(rate))])
    order = np.lexsort((count, when, where, who))  # at one moment, ends come before starts
    who, where, when, change, count = who[order], where[order], when[order], change[order], count[order]
    running_now = np.cumsum(count)  # each patient's and state's own starts and ends cancel, so this is its own count
    before = running_now - count
    total = np.where(running_now > 0.0, change, 0.0)
    for row in np.flatnonzero((running_now > 0.0) & (before > 0.0)):  # only where infusions overlap
        total[row] = total[row - 1] + change[row]
    last = np.concatenate([(who[1:] != who[:-1]) | (where[1:] != where[:-1]) | (when[1:] != when[:-1]), [True]])
    slot = n_states + np.searchsorted(infused, where)
    return tuple(int(i) for i in infused), (who[last], when[last], slot[last], total[last])
