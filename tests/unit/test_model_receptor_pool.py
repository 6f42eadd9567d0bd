"""One pool of HER2 for signal, binding, NK cells and conjugates: what drugs do to it, and that nothing gets lost.

The modules between plasma and cells, at constant plasma concentrations.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from numpy.typing import NDArray

from her2sim.engine import OK, compile_model
from her2sim.engine.interface import CompiledModel
from her2sim.model.assembly import assemble_model, knock_outs
from her2sim.model.drug_file import load_drug
from her2sim.model.expression import ZERO, Expr, add, sym
from her2sim.model.module import Module, assemble
from her2sim.model.modules.adcc import adcc, adcc_name
from her2sim.model.modules.kinase_block import kinase_block
from her2sim.model.modules.payload import payload, payload_state
from her2sim.model.modules.receptor_binding import receptor_binding
from her2sim.model.modules.receptor_signal import receptor_signal
from her2sim.model.modules.site_exposure import (
    bound_share_name,
    free_concentration_name,
    site_exposure,
    tumor_amount_state,
    uptake_name,
)
from her2sim.model.modules.tumor_her2 import POOL, her2_amount_name, her2_surface_name, tumor_her2
from her2sim.model.parameters import load_parameters
from her2sim.model.system import OdeSystem, Parameter, State

Floats = NDArray[np.float64]
VALUE = load_parameters().value
SITE = "systemic"
TDM1 = "trastuzumab_emtansine"
INHIBITOR_NM = {"lapatinib": 4000.0, "tucatinib": 1000.0, "neratinib": 150.0}
"""Plasma concentrations near those of the label."""
ANTIBODY_NM = 300.0


@lru_cache
def pool(ids: tuple[str, ...]) -> tuple[OdeSystem, CompiledModel]:
    drugs = [load_drug(i) for i in ids]
    parts = [tumor_her2(), site_exposure(drugs), receptor_binding(drugs), kinase_block(drugs)]
    parts += [receptor_signal(drugs, "breast"), adcc(drugs), payload(drugs)]
    given = {port.name for part in parts for port in part.gives}
    missing = {port.name: port for part in parts for port in part.takes if port.name not in given}
    outside = tuple(Parameter(name, 0.0, port.unit) for name, port in missing.items())
    sums = tuple(  # what crossed the wall, what went in: to check the balance
        State(f"{what}_{i}", ZERO, rate, "nM")
        for i in ids
        if any(action.kind == "antibody" for action in load_drug(i).actions)
        for what, rate in _flows(parts, i)
    )
    system = assemble("pool", [*parts, Module("outside", gives=tuple(missing.values()), parameters=outside)])
    system = OdeSystem(system.name, (*system.states, *sums), system.parameters, system.assignments)
    outputs = [*system.state_names, *(item.name for item in system.assignments)]
    varying = [p.name for p in system.parameters]
    return system, compile_model(system, varying=varying, outputs=outputs)


def _flows(parts: list[Module], drug: str) -> list[tuple[str, Expr]]:
    amount = tumor_amount_state(drug, SITE)
    rate = next(state.rate for part in parts for state in part.states if state.name == amount)
    return [("entered", add(rate, sym(uptake_name(drug, SITE)))), ("taken_up", sym(uptake_name(drug, SITE)))]


def course(plasma_nM: dict[str, float], days: tuple[float, ...] = (0.0, 120.0), **change: float) -> dict[str, Floats]:
    """Everything at these times, under constant plasma concentrations."""
    system, model = pool(tuple(plasma_nM))
    given = {p.name: p.value for p in system.parameters} | {f"Cm_{d}_nM": c for d, c in plasma_nM.items()} | change
    table = np.array([[given[p.name] for p in system.parameters]])
    solved = model.solve(table, np.array(days), rtol=1e-8, atol=1e-10)
    assert solved.status[0] == OK
    return dict(zip(solved.outputs, solved.values[0].T, strict=True))


def at_rest(plasma_nM: dict[str, float], **change: float) -> dict[str, float]:
    return {name: float(values[-1]) for name, values in course(plasma_nM, **change).items()}


def bound_nM(found: dict[str, float], drug: str) -> float:
    return found[her2_amount_name(SITE)] * found[bound_share_name(drug, SITE)]


@pytest.mark.parametrize("inhibitor", ["lapatinib", "tucatinib"])
def test_inhibitors_that_spare_her2_bring_more_trastuzumab_to_the_cell_and_more_nk_kill(inhibitor: str) -> None:
    """Scaltriti 2009 (doi:10.1038/onc.2008.432): HER2 accumulates and trastuzumab-dependent killing rises."""
    alone, both = (at_rest({inhibitor: dose, "trastuzumab": ANTIBODY_NM}) for dose in (0.0, INHIBITOR_NM[inhibitor]))
    assert both[her2_surface_name(POOL, SITE)] > 1.15 * alone[her2_surface_name(POOL, SITE)]
    assert bound_nM(both, "trastuzumab") > 1.1 * bound_nM(alone, "trastuzumab")
    for clone in (POOL, "her2low"):
        assert both[adcc_name(clone, SITE)] > alone[adcc_name(clone, SITE)]


@pytest.mark.parametrize("inhibitor", ["lapatinib", "tucatinib"])
def test_conjugates_on_spared_her2_bring_more_payload(inhibitor: str) -> None:
    """Olson 2023: more HER2 at the surface under tucatinib, more internalization and catabolism of T-DM1."""
    alone, both = (at_rest({inhibitor: dose, TDM1: ANTIBODY_NM}) for dose in (0.0, INHIBITOR_NM[inhibitor]))
    state = payload_state(TDM1, SITE)
    assert both[state] > 1.1 * alone[state]
    held_back = at_rest({inhibitor: INHIBITOR_NM[inhibitor], TDM1: ANTIBODY_NM}, uptake_held_back_with_spared_her2=1.0)
    assert held_back[state] == pytest.approx(alone[state], rel=0.05)


def test_a_covalent_inhibitor_lowers_her2_and_what_is_left_goes_in_faster() -> None:
    """Direction: Li 2020 (doi:10.1158/2159-8290.CD-20-0215), ubiquitination and uptake of conjugates by neratinib."""
    alone, both = (at_rest({"neratinib": dose, TDM1: ANTIBODY_NM}) for dose in (0.0, INHIBITOR_NM["neratinib"]))
    assert both[her2_surface_name(POOL, SITE)] < 0.75 * alone[her2_surface_name(POOL, SITE)]
    assert bound_nM(both, TDM1) < bound_nM(alone, TDM1)
    pace = [found[uptake_name(TDM1, SITE)] / bound_nM(found, TDM1) for found in (alone, both)]
    assert pace[1] > 1.3 * pace[0]


def test_two_antibodies_and_chains_of_one_lower_her2_and_chains_need_many_receptors() -> None:
    """Weisser 2023 (doi:10.1038/s41467-023-37029-3): more so by the biparatopic antibody."""
    surface = her2_surface_name(POOL, SITE)
    one = at_rest({"trastuzumab": ANTIBODY_NM})[surface]
    two = at_rest({"trastuzumab": ANTIBODY_NM, "pertuzumab": ANTIBODY_NM})[surface]
    chained, few = (at_rest({"zanidatamab": 100.0}, her2_log10_per_cell=level)[surface] for level in (6.0, 4.5))
    assert two < one - 0.1
    assert chained < one - 0.1
    assert few > chained + 0.1


def test_without_changes_of_turnover_the_pool_is_that_of_the_untreated_tumor() -> None:
    """The knock-out takes away all that drugs do to the number of receptors."""
    ids = ("lapatinib", "pertuzumab", TDM1)
    removed = knock_outs([load_drug(i) for i in ids], "breast", dict.fromkeys(ids, ""))["her2_turnover"]
    doses = {"lapatinib": 4000.0, "pertuzumab": ANTIBODY_NM, TDM1: ANTIBODY_NM}
    assert at_rest(doses, **removed)[her2_surface_name(POOL, SITE)] == pytest.approx(1.0, abs=2e-3)
    assert abs(at_rest(doses)[her2_surface_name(POOL, SITE)] - 1.0) > 0.02


@pytest.mark.parametrize("inhibitor", ["neratinib", "tucatinib"])
def test_no_conjugate_is_lost_or_made_while_the_pool_falls_or_rises(inhibitor: str) -> None:
    """What crossed the wall is in the tumor or was taken up; each antibody taken up brings its drugs as payload."""
    days = (0.0, 0.5, 2.0, 7.0, 21.0)
    found = course({inhibitor: INHIBITOR_NM[inhibitor], TDM1: ANTIBODY_NM}, days)
    free, amount = found[free_concentration_name(TDM1, SITE)], found[tumor_amount_state(TDM1, SITE)]
    bound = found[her2_amount_name(SITE)] * found[bound_share_name(TDM1, SITE)]
    np.testing.assert_allclose(VALUE("antibody_volume_share") * free + bound, amount, rtol=1e-9, atol=1e-9)
    entered, taken_up = found[f"entered_{TDM1}"], found[f"taken_up_{TDM1}"]
    np.testing.assert_allclose(entered - taken_up, amount, rtol=1e-5, atol=1e-6)
    kept = course({inhibitor: INHIBITOR_NM[inhibitor], TDM1: ANTIBODY_NM}, days, payload_loss_DM1_per_day=0.0)
    carried = next(a for a in load_drug(TDM1).actions if a.kind == "payload").values["drug_to_antibody_ratio"].value
    brought = carried * kept[f"taken_up_{TDM1}"]
    np.testing.assert_allclose(kept[payload_state(TDM1, SITE)], brought, rtol=1e-5, atol=1e-6)


def test_her2_at_the_surface_is_what_its_free_and_dimerized_forms_sum_to_at_rest() -> None:
    found = at_rest({"neratinib": 150.0, TDM1: ANTIBODY_NM})
    assert found[f"her2_in_all_forms_{POOL}_{SITE}"] == pytest.approx(found[her2_surface_name(POOL, SITE)], rel=1e-5)


def test_a_biparatopic_antibody_and_trastuzumab_displace_each_other_at_domain_IV_only() -> None:
    three = ("pertuzumab", "trastuzumab", "zanidatamab")
    alone = at_rest({**dict.fromkeys(three, 0.0), "trastuzumab": ANTIBODY_NM})
    beside = at_rest({**dict.fromkeys(three, 0.0), "trastuzumab": ANTIBODY_NM, "zanidatamab": ANTIBODY_NM})
    theta = bound_share_name("trastuzumab", SITE)
    assert 0.2 * alone[theta] < beside[theta] < 0.7 * alone[theta]
    arms = [beside[f"theta_biparatopic_{domain}_{SITE}"] for domain in ("domain_II", "domain_IV")]
    assert arms[0] > 0.9 > arms[1]
    assert arms[1] + beside[theta] < 1.0
    chains = at_rest({**dict.fromkeys(three, 0.0), "zanidatamab": ANTIBODY_NM})
    assert beside[f"chained_{POOL}_{SITE}"] < chains[f"chained_{POOL}_{SITE}"]


def test_a_biparatopic_antibody_without_rivals_is_as_in_a_regimen_of_its_own() -> None:
    own = at_rest({"zanidatamab": 30.0})
    shared = at_rest({"pertuzumab": 0.0, "trastuzumab": 0.0, "zanidatamab": 30.0})
    for name in (bound_share_name("zanidatamab", SITE), her2_surface_name(POOL, SITE), f"AKT_{POOL}_{SITE}"):
        assert shared[name] == pytest.approx(own[name], rel=1e-4)


def test_regimens_without_an_antibody_carry_no_state_of_the_pool() -> None:
    without = assemble_model([load_drug("tucatinib")], "breast", {"tucatinib": ""})
    with_one = assemble_model([load_drug("trastuzumab")], "breast", {"trastuzumab": ""})
    assert [name for name in without.state_names if name.startswith("her2_pool")] == []
    assert len([name for name in with_one.state_names if name.startswith(f"her2_pool_{POOL}")]) == 2
