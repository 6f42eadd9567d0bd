from __future__ import annotations

import dataclasses

import pytest

from her2sim.core.errors import InputError
from her2sim.model.draft import Draft, actions_of
from her2sim.model.drug_file import load_drug
from her2sim.model.expression import sym


def test_a_number_that_no_file_holds_cannot_enter_a_module() -> None:
    with pytest.raises(InputError, match=r"'turnoverr'.*Did you mean turnover"):
        Draft("x").number("turnoverr")


def test_a_missing_number_of_a_drug_is_named_with_its_file() -> None:
    drug = load_drug("trastuzumab")
    action = dataclasses.replace(drug.actions[0], values={})
    with pytest.raises(InputError, match=r"trastuzumab\.yaml: action antibody of trastuzumab lacks kd_nM"):
        Draft("x").of_drug(drug, action, "kd_nM")


def test_a_module_carries_only_the_parameters_it_asked_for() -> None:
    draft = Draft("x")
    draft.state("a", 1.0, -draft.number("turnover") * sym("a"), "mL")
    assert [p.name for p in draft.module().parameters] == ["turnover"]


def test_a_knock_out_of_a_foreign_parameter_is_refused() -> None:
    draft = Draft("x")
    draft.knock_out("adcc", {"nk_kill_per_day": 0.0})
    with pytest.raises(ValueError, match="nk_kill_per_day"):
        draft.module()


def test_actions_keep_the_order_of_the_drugs() -> None:
    drugs = [load_drug(i) for i in ("pertuzumab", "docetaxel", "trastuzumab")]
    assert [drug.id for drug, _ in actions_of(drugs, "antibody")] == ["pertuzumab", "trastuzumab"]
