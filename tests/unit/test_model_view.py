"""What ``her2sim model`` shows is the model that is solved, with nothing left out."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from her2sim.core.errors import InputError
from her2sim.model.assembly import assemble_model
from her2sim.model.drug_file import load_drug
from her2sim.study.model_flows import diagram_of
from her2sim.study.model_groups import alike, grouped, short_names
from her2sim.study.model_show import Wanted, searched, view_of, written
from her2sim.study.model_view import ModelView, cell_view, model_view, subject

REGIMEN = "trastuzumab+pertuzumab+docetaxel"


@pytest.fixture(scope="module")
def view() -> ModelView:
    return model_view(subject(REGIMEN))


def test_the_view_holds_the_system_that_trials_solve(view: ModelView) -> None:
    drugs = [load_drug(name) for name in REGIMEN.split("+")]
    assert view.system.hash() == assemble_model(drugs, "breast", {drug.id: "" for drug in drugs}).hash()
    shown = {e.name for module in view.modules for e in module.equations}
    assert shown == {x.name for x in (*view.system.states, *view.system.assignments)}
    assert [p.name for p in view.parameters] == list(view.system.parameter_names)


def test_groups_lose_no_equation(view: ModelView) -> None:
    for module in view.modules:
        groups = grouped(module.equations, [d.replace(" ", "_") for d in view.drugs])
        assert sorted(e.name for g in groups for e in g.members) == sorted(e.name for e in module.equations)
        for group in groups:
            assert len({member.unit for member in group.members}) == 1
    assert sorted(n for _, names in alike(view.modules) for n in names) == sorted(m.name for m in view.modules)


def test_short_names_stand_for_clones_and_sites_but_not_for_parts_of_other_words() -> None:
    names = ["V_T1_bypass_mL", "V_T2_sensitive_mL", "bypass_tone_breast"]
    assert short_names(names) == ["V_<lesion>_<clone>_mL", "bypass_tone_breast"]


def test_every_parameter_tells_its_origin_and_what_is_named_has_a_citation(view: ModelView) -> None:
    for parameter in view.parameters:
        assert parameter.origin in ("read", "recalled", "fitted", "assumed"), parameter.name
        if parameter.origin in ("read", "recalled"):
            assert parameter.source, f"{parameter.name} is {parameter.origin} but names no source"
    assert sum(view.origins.values()) == len(view.parameters)
    clearance = next(p for p in view.parameters if p.name == "CL_pertuzumab_L_per_day")
    assert "lognormal" in clearance.spread


def test_the_text_names_every_parameter_once(view: ModelView) -> None:
    text = written(Wanted(REGIMEN), "text")
    for name in view.system.parameter_names:
        assert text.count(f"\n    {name} = ") == 1, name


def test_markdown_and_json_hold_all_parameters(view: ModelView) -> None:
    markdown = written(Wanted(REGIMEN), "markdown")
    assert all(f"| `{name}` |" in markdown for name in view.system.parameter_names)
    content = json.loads(written(Wanted(REGIMEN), "json"))
    assert [p["name"] for p in content["parameters"]] == list(view.system.parameter_names)
    assert content["sha256"] == view.system.hash()


def test_a_knock_out_shows_in_value_and_note() -> None:
    less = view_of(Wanted("trastuzumab", without=("adcc",)))
    kill = next(p for p in less.parameters if p.name == "nk_kill_per_day")
    assert kill.value == 0.0 and "set by --without" in kill.note
    assert next(p.value for p in less.system.parameters if p.name == "nk_kill_per_day") == 0.0
    with pytest.raises(InputError, match="does not contain payload"):
        view_of(Wanted("trastuzumab", without=("payload",)))


def test_the_her2_her3_equation_is_found_with_its_source() -> None:
    found = searched(None, find="HER2-HER3")
    assert "D_23  = K_23 r_2 r_3" in found
    assert "doi:10.1016/j.ccr.2009.03.020" in found


def test_one_equation_tells_all_it_uses() -> None:
    told = searched("trastuzumab", equation="her2_nM")
    assert "her2_nM = " in told and "Used by:" in told and "[nM]" in told


def test_the_cell_is_shown_with_all_its_equations() -> None:
    view = cell_view(["trastuzumab"])
    shown = {e.name for module in view.modules for e in module.equations}
    assert shown == {x.name for x in (*view.system.states, *view.system.assignments)}


def test_the_diagram_has_a_box_for_each_module_and_only_real_flows(view: ModelView) -> None:
    diagram = diagram_of(view)
    names = [box.name for box in diagram.boxes]
    assert len(set(names)) == len(names)
    lesions = sum(module.name.startswith("lesion.") for module in view.modules)
    assert len(names) == len(view.modules) - lesions + 2
    takes = {module.name: set(module.takes) for module in view.modules}
    gives = {module.name: set(module.gives) for module in view.modules}
    for a, b in diagram.flows:
        if a in gives and b in takes:
            assert gives[a] & takes[b], f"{a} flows into {b}, which takes nothing of it"
    alone = replace(view, modules=view.modules[:1])
    assert diagram_of(alone).flows == ()


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("trastuzumb", "neither a drug nor a trial.*Did you mean trastuzumab"),
        ("CLEOPATRA/nobody", "CLEOPATRA has no arm 'nobody'"),
    ],
)
def test_what_is_no_regimen_is_told(what: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        subject(what)
