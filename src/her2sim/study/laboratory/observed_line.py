"""A line of therapy with what is only observed: soluble HER2 and tumor DNA in blood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from her2sim.engine import compile_model
from her2sim.engine.interface import CompiledModel
from her2sim.model.assembly import death_rates, modules_of
from her2sim.model.drug_file import load_drug
from her2sim.model.module import Module, assemble
from her2sim.model.modules.soluble_her2 import soluble_her2
from her2sim.model.modules.tumor_dna import tumor_dna
from her2sim.model.system import OdeSystem
from her2sim.trial.tolerance import ATOL
from her2sim.trial.treatment import Cohort, Line, initial_states

Floats = NDArray[np.float64]
Routes = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ObservedLine:
    """A line ready to be solved with soluble HER2 as a further state, and the modules that it is made of.

    Main arguments:
        line: its model reports ``outputs``.
        outputs: names of states and variables.
    """

    modules: tuple[Module, ...]
    line: Line
    outputs: tuple[str, ...]


def observed_line(
    line: Line,
    cohort: Cohort,
    start: Mapping[str, Floats],
    person: Mapping[str, Floats],
    outputs: tuple[str, ...] = (),
) -> ObservedLine:
    """The line with soluble HER2 and tumor DNA added; doses, tolerances and all other numbers stay.

    Main arguments:
        line: from ``her2sim.trial.treatment.prepare``; cohort, start: as given there.
        person: parameters of the observation -> (n_patients,), ``her2sim.study.laboratory.person``.

    Other arguments:
        outputs: what the model reports; the states by default.
    """
    routes = tuple(sorted(line.model.routes.items()))
    modules, system = observed_system(line.model.disease, routes)
    reported = outputs or system.state_names
    known = {**dict(zip(line.model.system.parameter_names, line.table.T, strict=True)), **person}
    table = np.empty((len(line.table), len(system.parameters)))
    for index, parameter in enumerate(system.parameters):
        own = known.get(parameter.name, cohort.patients.columns.get(parameter.name))
        table[:, index] = cohort.typical.get(parameter.name, parameter.value) if own is None else own
    model = replace(line.model, system=system, compiled=_compiled(line.model.disease, routes, reported))
    exact = dict(zip(line.names, line.atol.tolist(), strict=True))
    atol = np.array([exact.get(name, ATOL) for name in system.state_names])
    observed = replace(line, model=model, table=table, initial=initial_states(system, table, start), atol=atol)
    return ObservedLine(modules, observed, reported)


@lru_cache(maxsize=16)
def observed_system(disease: str, routes: Routes) -> tuple[tuple[Module, ...], OdeSystem]:
    """The model of a regimen with what is only observed.

    Main arguments:
        routes: (drug id, route), sorted.

    >>> modules, system = observed_system("breast", ())
    >>> [module.name for module in modules][-2:], "soluble_HER2_nM" in system.state_names
    (['soluble_her2', 'tumor_dna'], True)
    """
    drugs = [load_drug(drug) for drug, _ in routes]
    modules = (*modules_of(drugs, disease, dict(routes)), soluble_her2(drugs), tumor_dna(death_rates(drugs)))
    return modules, assemble("_".join(["observed", disease, *(drug.id for drug in drugs)]), modules)


@lru_cache(maxsize=16)
def _compiled(disease: str, routes: Routes, outputs: tuple[str, ...]) -> CompiledModel:
    return compile_model(observed_system(disease, routes)[1], outputs=outputs)
