"""Where everything lies in the workspace of one thread. Offsets count vectors of lanes."""

from __future__ import annotations

from dataclasses import dataclass

REALS = (
    "time", "step", "goal", "reached", "proposed", "error", "observe_at", "horizon", "after_stop", "restart",
    "was_rejected", "accepted", "tried", "active", "condition", "verdict", "evaluate_at", "crossing", "safe",
)  # fmt: skip
"""Numbers per lane: time, step size, next halt, time after the step, natural next step size, squared error, next
observation time, last time of interest, 1 on the first step after a halt, step size to restart with, 1 after a
rejection, counts of steps, 1 while a patient is in the lane, stop condition, fate of the patient, time of
evaluation, and the parts of the step between which the stop condition comes to hold."""
WHOLES = ("patient", "stop_row", "stop_end", "observation", "observations", "unaccepted")
"""Whole numbers per lane."""


@dataclass(frozen=True)
class Layout:
    """Offsets of the arrays, and the size of the whole, in vectors of lanes."""

    offsets: dict[str, int]
    size: int

    def __getitem__(self, name: str) -> int:
        return self.offsets[name]


def layout_of(
    *, states: int, parameters: int, kept: int, jacobian: int, factors: int, inflows: int, outputs: int, stages: int
) -> Layout:
    """Lay the arrays one after another."""
    arrays = {
        "control": len(REALS) + len(WHOLES),
        "state": states,
        "next": states,
        "trial": states,
        "tolerance": states,
        "stages": states * stages,
        "time_slope": states,
        "jacobian": jacobian,
        "factors": factors,
        "parameters": parameters,
        "inflow": inflows,
        "outputs": outputs,
        "kept": kept,
    }
    offsets, total = {}, 0
    for name, count in arrays.items():
        offsets[name] = total
        total += count
    for place, name in enumerate(REALS + WHOLES):
        offsets[name] = offsets["control"] + place
    return Layout(offsets, total)
