"""Knock-outs: all are described, removing acts on every line of therapy, and the patients stay the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from her2sim.core.errors import InputError
from her2sim.evidence.base import load_record
from her2sim.model.assembly import assemble_model
from her2sim.model.cell.numbers import cell_numbers
from her2sim.model.cell.profile import cell_line
from her2sim.model.drug_file import load_drug
from her2sim.model.mechanisms import Mechanism, all_mechanisms, cell_mechanisms, chosen, names_from, removed_values
from her2sim.study.cell import cell_study
from her2sim.study.course import simulate_chunk
from her2sim.study.knock_outs import NOTHING, removal
from her2sim.study.plan import TrialPlan, make_plan, standard_regimen
from her2sim.study.simulate import without_mechanisms


def plan_of(*without: str, patients: int = 6) -> TrialPlan:
    record = load_record("EMILIA")
    short = replace(record, assessment=replace(record.assessment, follow_up_days=360.0))
    return make_plan(short, patients=patients, seed=3, without=without)


def test_every_mechanism_says_in_words_what_it_removes() -> None:
    silent = [name for name, mechanism in all_mechanisms().items() if not mechanism.removes]
    assert not silent, f"describe {silent} in data/mechanisms/knock_outs.yaml"
    assert len(all_mechanisms()) > 15


def test_cell_knock_outs_name_numbers_and_traits_that_exist() -> None:
    numbers, traits = cell_numbers().quantities, cell_line("SK-BR-3").traits
    for mechanism in cell_mechanisms().values():
        assert set(mechanism.values) <= set(numbers), mechanism.name
        assert set(mechanism.traits) <= set(traits), mechanism.name
        assert mechanism.values or mechanism.traits


def test_names_come_in_any_order_case_and_spelling() -> None:
    assert names_from(["waning,adcc", "adcc", " her2-loss "]) == ("adcc", "her2_loss", "waning")
    assert list(chosen(["DOMAIN-ii-block"], all_mechanisms())) == ["domain_II_block"]


def test_an_unknown_mechanism_is_told_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"no mechanism is named 'bystandr'.*Did you mean bystander\?"):
        chosen(["bystandr"], all_mechanisms())


def test_knock_outs_that_contradict_each_other_are_refused() -> None:
    up, down = Mechanism("up", "", {"k": 1.0}, {}), Mechanism("down", "", {"k": 0.0}, {})
    with pytest.raises(InputError, match="up and down set k to 1 and 0"):
        removed_values([up, down])
    assert removed_values([up, up]) == {"k": 1.0}


def test_no_name_removes_nothing() -> None:
    assert removal([], "breast", []) is NOTHING


def test_a_mechanism_that_no_regimen_contains_is_told() -> None:
    found = removal(["bystander"], "breast", [standard_regimen(["docetaxel"])])
    assert dict(found.values) == {}
    assert "No regimen here contains bystander" in found.remarks[0]


def test_a_mechanism_of_other_lines_only_is_removed_there_and_told() -> None:
    arms, others = [standard_regimen(["docetaxel"])], [standard_regimen(["trastuzumab"])]
    found = removal(["adcc"], "breast", arms, others)
    assert dict(found.values) == {"nk_kill_per_day": 0.0}
    assert "earlier and later lines only" in found.remarks[0]


def test_a_plan_keeps_what_it_goes_without() -> None:
    plan = plan_of("payload", "adcc")
    assert plan.without == ("adcc", "payload")
    assert plan.removed.values["nk_kill_per_day"] == 0.0
    assert any(name.startswith("payload_kill_") for name in plan.removed.values)
    assert plan_of().removed is NOTHING


def test_removal_changes_the_course_but_not_the_patients() -> None:
    whole, less = (simulate_chunk(plan, 0, 0, 6) for plan in (plan_of(), plan_of("payload")))
    same = np.flatnonzero(whole.attempts == less.attempts)
    assert len(same)
    for name in whole.patients:
        assert np.array_equal(whole.patients[name][same], less.patients[name][same]), name
    t_dm1 = [arm.readings["INV"].target_mm[same] for arm in (whole.arms[0], less.arms[0])]
    assert np.nansum(t_dm1[1][:, 2]) > 1.1 * np.nansum(t_dm1[0][:, 2]), "T-DM1 without its payload shrinks as much"


def test_a_clone_that_is_removed_is_in_nobody() -> None:
    chunk = simulate_chunk(plan_of("her2low_clone"), 0, 0, 4)
    assert np.all(chunk.patients["fraction_her2low"] == 0.0)


def test_a_cell_without_adaptive_her3_loses_more_akt_under_lapatinib() -> None:
    whole, less = (cell_study("SK-BR-3", ["lapatinib"], without=names) for names in ((), ("adaptive_her3",)))
    assert float(less.curves["lapatinib"].akt[-1]) < float(whole.curves["lapatinib"].akt[-1])
    assert less.without == ("adaptive_her3",)
    assert float(less.untreated.akt[0]) == pytest.approx(float(whole.untreated.akt[0]))


@pytest.mark.parametrize("name", sorted(cell_mechanisms()))
def test_every_knock_out_of_the_cell_can_be_simulated(name: str) -> None:
    study = cell_study("BT-474", ["trastuzumab"], without=(name,))
    assert np.isfinite(study.curves["trastuzumab"].viability).all()


def test_an_exported_model_takes_the_same_knock_outs() -> None:
    drugs = [load_drug("trastuzumab")]
    written = assemble_model(drugs, "breast", {"trastuzumab": ""})
    less = without_mechanisms(written, ["adcc"])
    assert next(p.value for p in less.parameters if p.name == "nk_kill_per_day") == 0.0
    with pytest.raises(InputError, match="no parameter of payload"):
        without_mechanisms(written, ["payload"])
