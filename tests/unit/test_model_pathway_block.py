"""Pathway block: shares left fall with concentration, keep their limits, and none is there without the drug."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2sim.core.errors import InputError
from her2sim.model.drug import Drug
from her2sim.model.drug_file import all_drugs, load_drug
from her2sim.model.evaluate import evaluate
from her2sim.model.modules.pathway_block import (
    KIND,
    TARGETS,
    VESSEL_LEFT,
    mtor_left_name,
    pathway_block,
    pi3k_left_name,
    pi3k_mutant_left_name,
)

ALL = ("alpelisib", "everolimus", "inavolisib", "ramucirumab")


def left(drugs: list[str], nM: dict[str, float], **changed: float) -> dict[str, float]:
    """Name -> share left, with all concentrations that are not named 0."""
    module = pathway_block([load_drug(name) for name in drugs])
    values = {p.name: np.array(p.value) for p in module.parameters}
    values |= {port.name: np.array(0.0) for port in module.takes}
    values |= {f"Cm_{name}_nM": np.array(c) for name, c in nM.items()}
    values |= {name: np.array(value) for name, value in changed.items()}
    found = evaluate([item.expr for item in module.assignments], values)
    return {item.name: float(value) for item, value in zip(module.assignments, found, strict=True)}


@settings(max_examples=25)
@given(st.floats(0.0, 1e5), st.floats(1.01, 100.0))
def test_more_drug_never_leaves_more(nM: float, factor: float) -> None:
    less, more = (left(list(ALL), dict.fromkeys(ALL, c)) for c in (nM, nM * factor))
    assert all(0.0 <= more[name] <= less[name] <= 1.0 for name in less)
    if nM > 1e-3:
        assert all(more[name] < less[name] for name in less if name != VESSEL_LEFT)


def test_without_drug_all_is_left_and_a_regimen_without_such_drugs_has_no_shares() -> None:
    assert set(left(list(ALL), {}).values()) == {1.0}
    assert pathway_block([load_drug("trastuzumab"), load_drug("docetaxel")]).assignments == ()


def test_half_is_blocked_at_the_ic50_of_the_free_drug() -> None:
    drug = load_drug("alpelisib")
    (action,) = (a for a in drug.actions if a.kind == KIND)
    plasma = action.values["ic50_nM"].value / action.values["fraction_unbound"].value
    found = left(["alpelisib"], {"alpelisib": plasma}, pi3k_alpha_share=1.0)
    assert found[pi3k_left_name("systemic")] == pytest.approx(0.5)
    assert found[pi3k_mutant_left_name("systemic")] == pytest.approx(0.5)


def test_other_isoforms_are_left_at_any_dose_but_not_for_a_mutation_of_alpha() -> None:
    found = left(["alpelisib"], {"alpelisib": 1e9}, pi3k_alpha_share=0.7)
    assert found[pi3k_left_name("systemic")] == pytest.approx(0.3, abs=1e-6)
    assert found[pi3k_mutant_left_name("systemic")] == pytest.approx(0.0, abs=1e-6)


def test_two_inhibitors_of_one_pocket_compete() -> None:
    both = left(["alpelisib", "inavolisib"], {"alpelisib": 2000.0, "inavolisib": 60.0})
    alone = [left([name], {name: c})[pi3k_mutant_left_name("systemic")] for name, c in
             (("alpelisib", 2000.0), ("inavolisib", 60.0))]  # fmt: skip
    odds = sum(1.0 / share - 1.0 for share in alone)
    assert both[pi3k_mutant_left_name("systemic")] == pytest.approx(1.0 / (1.0 + odds))


def test_a_drug_that_degrades_mutated_alpha_hits_the_mutation_harder() -> None:
    found = left(["inavolisib"], {"inavolisib": 10.0}, pi3k_alpha_share=1.0)
    assert found[pi3k_mutant_left_name("systemic")] < found[pi3k_left_name("systemic")]


def test_the_brain_gets_less_of_small_molecules_and_no_less_of_what_acts_on_vessels() -> None:
    found = left(list(ALL), dict.fromkeys(ALL, 50.0))
    assert found[pi3k_left_name("cns")] > found[pi3k_left_name("systemic")]
    assert found[mtor_left_name("cns")] > found[mtor_left_name("systemic")]
    opened = left(list(ALL), dict.fromkeys(ALL, 50.0), alpelisib_kp_uu_brain=1.0, inavolisib_kp_uu_brain=1.0)
    assert opened[pi3k_left_name("cns")] == pytest.approx(opened[pi3k_left_name("systemic")])


def test_at_label_exposure_each_drug_does_a_good_part_of_its_work() -> None:
    average = {"alpelisib": 3000.0, "inavolisib": 100.0, "everolimus": 25.0, "ramucirumab": 500.0}
    alone = {name: left([name], {name: c}) for name, c in average.items()}
    assert alone["alpelisib"][pi3k_mutant_left_name("systemic")] < 0.3
    assert alone["inavolisib"][pi3k_mutant_left_name("systemic")] < 0.1
    assert 0.44 < alone["everolimus"][mtor_left_name("systemic")] < 0.65
    assert alone["ramucirumab"][VESSEL_LEFT] == pytest.approx(0.8, abs=0.01)


def test_knock_outs_take_all_of_it_away() -> None:
    module = pathway_block([load_drug(name) for name in ALL])
    assert set(module.knock_outs) == {"pathway_block", "angiogenesis", "blood_brain_barrier"}
    without = {**module.knock_outs["pathway_block"], **module.knock_outs["angiogenesis"]}
    found = left(list(ALL), dict.fromkeys(ALL, 1000.0), **without)
    assert set(found.values()) == {1.0}


def test_every_pathway_drug_has_a_target_with_a_mechanism() -> None:
    drugs = [drug for drug in all_drugs() if any(a.kind == KIND for a in drug.actions)]
    assert {drug.id for drug in drugs} >= set(ALL)
    assert {a.labels["target"] for drug in drugs for a in drug.actions if a.kind == KIND} <= set(TARGETS)
    assert pathway_block(drugs).assignments


def _with_target(drug: Drug, target: str) -> Drug:
    changed = [replace(a, labels={"target": target}) if a.kind == KIND else a for a in drug.actions]
    return replace(drug, actions=tuple(changed))


def test_an_unknown_target_is_told_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"no mechanism for the pathway target 'mTORC2' of everolimus.*mTORC1"):
        pathway_block([_with_target(load_drug("everolimus"), "mTORC2")])
