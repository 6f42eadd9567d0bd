"""Receptors and antibodies of the full cell model are neither made nor lost, except where the model says so."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2sim.core.errors import InputError
from her2sim.core.random import stream
from her2sim.exchange import read_sbml, to_sbml
from her2sim.model.cell import cell_drug, reference_model
from her2sim.model.dimensions import dimension_faults
from her2sim.model.evaluate import evaluate
from her2sim.model.expression import Expr
from her2sim.model.system import OdeSystem

REGIMENS = (
    (),
    ("trastuzumab", "pertuzumab"),
    ("zanidatamab",),
    ("zanidatamab", "trastuzumab"),
    ("trastuzumab", "trastuzumab_emtansine", "neratinib"),
)
TOLERANCE = 1e-10


@cache
def system_of(names: tuple[str, ...]) -> tuple[OdeSystem, dict[str, Expr]]:
    system = reference_model([cell_drug(name) for name in names])
    return system, system.expanded()


def molecules(species: str, receptor: str) -> int:
    """How many molecules of a receptor a species holds, read from its name alone."""
    if species.startswith("p_") or "sHER2" in species or species.endswith(("_nM", "_crosslinks")):
        return 0
    if re.search(r"_at_|_in_HER2|_in_EGFR|_bonded_|mab|neratinib", species):
        return 0
    words = [{"p95": "p95HER2", "HER3N": "HER3"}.get(word, word) for word in species.split("_")]
    return words.count(receptor)


def occupied(species: str, domain: str) -> int:
    """How many domains of that name are occupied in a species, read from its name alone."""
    if not species.startswith("HER2"):
        return 0
    return sum(domain in word.split("x") for word in species.split("_"))


def at_random(names: tuple[str, ...], seed: int) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
    """States, their rates, and all other values, for random states of a cell in a closed dish."""
    system, expanded = system_of(names)
    draw = stream(seed, 0, "cell")
    parameters = {p.name: np.array(p.value) for p in system.parameters} | {"medium_closed": np.array(1.0)}
    states = {name: float(10.0 ** draw.uniform(1.0, 5.0)) for name in system.state_names}
    for name in states:
        if name in ("AKT", "ERK", "mTORC1", "FOXO") or re.search(r"_in_HER2|_in_EGFR|_bonded_", name):
            states[name] = float(draw.uniform(0.05, 0.3))
        elif name.endswith("_nM"):
            states[name] = float(10.0 ** draw.uniform(-2.0, 1.0))
    values = parameters | {name: np.array(value) for name, value in states.items()}
    values |= dict(zip(expanded, evaluate(expanded.values(), values), strict=True))
    rates = evaluate([state.rate for state in system.states], values)
    flat = {name: float(value) for name, value in values.items()}
    return states, dict(zip(system.state_names, map(float, rates), strict=True)), flat


@given(names=st.sampled_from(REGIMENS), seed=st.integers(0, 10**6))
@settings(deadline=None, max_examples=25)
def test_receptors_change_only_by_synthesis_degradation_and_shedding(names: tuple[str, ...], seed: int) -> None:
    states, rates, v = at_random(names, seed)
    for receptor in ("EGFR", "HER2", "HER3", "HER4", "p95HER2"):
        change = sum(molecules(name, receptor) * rate for name, rate in rates.items())
        made = v[f"turnover_{receptor}_per_day"] * v[f"{receptor}_per_cell"]
        lost = v[f"degradation_{receptor}_per_day"] * states[f"{receptor}_in"]
        if receptor == "HER2":
            made += v["shedding_per_day"] * v["HER2_per_cell"]
            washed = v["medium_renewal_per_day"] * states["sHER2_nM"]
            lost += v["molecules_per_nM"] * (rates["sHER2_nM"] + washed)
        if receptor == "HER3":
            made *= v["her3_synthesis_factor"]
        if receptor == "p95HER2":
            by_shedding = v["p95_share_by_shedding"]
            usual = v["shedding_per_day"] * v["HER2_per_cell"]
            made *= 1.0 - by_shedding + by_shedding * v["her2_shed_per_day"] / usual
        size = sum(molecules(name, receptor) * abs(rate) for name, rate in rates.items())
        assert abs(change - made + lost) < TOLERANCE * size, receptor


@given(names=st.sampled_from(REGIMENS[1:]), seed=st.integers(0, 10**6))
@settings(deadline=None, max_examples=25)
def test_antibodies_change_only_by_degradation_and_renewal_of_the_medium(names: tuple[str, ...], seed: int) -> None:
    states, rates, v = at_random(names, seed)
    drugs = [cell_drug(name) for name in names if cell_drug(name).domains]
    held = {domain: sum(occupied(name, domain) * rate for name, rate in rates.items()) for domain in ("II", "IV")}
    change = sum(held.values())
    lost = 0.0
    for drug in drugs:
        change += v["molecules_per_nM"] * (rates[f"{drug.id}_nM"] + rates[f"{drug.id}_sHER2_nM"])
        change += rates[f"{drug.id}_in"] - (rates[f"{drug.id}_crosslinks"] if drug.biparatopic else 0.0)
        lost += v["molecules_per_nM"] * v["medium_renewal_per_day"] * states[f"{drug.id}_sHER2_nM"]
        lost += v["degradation_HER2_per_day"] * states[f"{drug.id}_in"]
    size = sum(abs(rate) for name, rate in rates.items() if occupied(name, "II") or occupied(name, "IV"))
    size += v["molecules_per_nM"] * sum(abs(rates[f"{drug.id}_nM"]) for drug in drugs)
    assert abs(change + lost) < TOLERANCE * size


@pytest.mark.parametrize("names", REGIMENS, ids="+".join)
def test_every_dimension_of_the_model_fits_and_its_sbml_is_consistent(names: tuple[str, ...]) -> None:
    system, _ = system_of(names)
    assert dimension_faults(system) == []
    assert system.undefined() == []
    assert 38 <= len(system.states) <= 90


def test_sbml_of_the_model_has_consistent_units_and_names_its_proteins() -> None:
    text = to_sbml(system_of(("trastuzumab",))[0])
    report = read_sbml(text, strict_units=True).report
    assert [finding.text() for finding in report.refused] == []
    for identifier in ("P00533", "P04626", "P21860", "Q15303"):
        assert f"uniprot:{identifier}" in text


def test_a_drug_twice_is_refused() -> None:
    with pytest.raises(InputError, match="twice"):
        reference_model([cell_drug("trastuzumab"), cell_drug("Herceptin")])
