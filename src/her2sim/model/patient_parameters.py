"""Which parameters of the model differ between patients, and what a patient's parameters say of the untreated tumor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

from her2sim.core.quantity import Quantity
from her2sim.model.evaluate import evaluate
from her2sim.model.lesions import CLONES, DEAD, SLOTS, volume_state
from her2sim.model.module import Module
from her2sim.model.modules.lesion import growth_rate_name, lesion, start_volume_name
from her2sim.model.parameters import ParameterSet, load_parameters
from her2sim.model.system import OdeSystem

Floats = NDArray[np.float64]
COVARIATES = (
    "her2_log10_per_cell", "hr_positive", "pik3ca_mutated", "fcgr3a_genotype",
    *(f"organ_growth_{slot.name}" for slot in SLOTS if slot.site != "cns"),
)  # fmt: skip
"""Parameters that are covariates: a column of the patient table with the same name is their value."""


def traits(numbers: ParameterSet | None = None) -> dict[str, Quantity]:
    """Parameters with a spread between patients, by name; a patient table has a column for each.

    >>> traits()["growth_patient"].spread_distribution
    'lognormal'
    """
    quantities = (numbers or load_parameters()).quantities
    return {name: q for name, q in quantities.items() if q.spread_distribution != "none" and q.spread > 0.0}


def varying_parameters(system: OdeSystem, others: Iterable[str] = ()) -> tuple[str, ...]:
    """Parameters of a model that differ between patients, in the model's order: its traits and covariates.

    All other parameters can be folded into the compiled formulas, which makes solving faster.

    Main arguments:
        system: a model from ``assemble_model``.

    Other arguments:
        others: further names to keep free: pharmacokinetic parameters, those of a calibration or of a knock-out.

    >>> from her2sim.model.assembly import assemble_model
    >>> "growth_T1" in varying_parameters(assemble_model([], "breast", {}))
    True
    """
    kept = {*traits(), *COVARIATES, *others}
    return tuple(p.name for p in system.parameters if p.name in kept)


def growth_rate_per_day(values: Mapping[str, Floats], disease: str, slot: str = "T1") -> Floats:
    """Growth of a small lesion without drugs, per day, (n_patients,).

    Main arguments:
        values: parameter name -> (n_patients,) values; others are ignored, missing ones take their typical value.
        disease: ``breast`` or ``gastric``.

    Other arguments:
        slot: name of the lesion slot.

    >>> days = np.log(2.0) / growth_rate_per_day({}, "breast")
    >>> bool(np.isclose(days, load_parameters().value("doubling_time_days")))
    True
    """
    module = _untreated(disease, slot)
    expr = next(item.expr for item in module.assignments if item.name == growth_rate_name(slot))
    return evaluate([expr], _known(module, values))[0]


def untreated_shares(values: Mapping[str, Floats], disease: str, slot: str = "T1") -> tuple[Floats, Floats]:
    """Clones and dead tissue of a lesion before any therapy.

    Main arguments:
        values, disease, slot: as in ``growth_rate_per_day``.

    Returns:
        (n_patients, n_clones) shares of the clones in the living volume, in the order of ``CLONES``, and
        (n_patients,) share of dead tissue in the total volume.
    """
    module = _untreated(disease, slot)
    known = {**_known(module, values), start_volume_name(slot): np.asarray(1.0)}
    known[growth_rate_name(slot)] = growth_rate_per_day(values, disease, slot)
    states = {state.name: state.initial for state in module.states}
    names = [volume_state(slot, part) for part in (*CLONES, DEAD)]
    parts = np.stack(np.broadcast_arrays(*evaluate([states[name] for name in names], known)), axis=-1)
    living = parts[..., :-1]
    return living / living.sum(axis=-1, keepdims=True), parts[..., -1]


@cache
def _untreated(disease: str, slot: str) -> Module:
    place = next(item for item in SLOTS if item.name == slot)
    return lesion(place, disease, {clone: () for clone in CLONES})


def _known(module: Module, values: Mapping[str, Floats]) -> dict[str, Floats]:
    return {p.name: np.asarray(values.get(p.name, p.value), dtype=np.float64) for p in module.parameters}
