"""Payload, chemotherapy, NK kill: algebra of each module at given concentrations and volumes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2sim.core.errors import InputError
from her2sim.engine import compile_model
from her2sim.engine.interface import DoseTable
from her2sim.model.draft import Draft
from her2sim.model.drug import Drug
from her2sim.model.drug_file import load_drug
from her2sim.model.evaluate import evaluate
from her2sim.model.expression import Expr, substitute
from her2sim.model.lesions import CLONES, SLOTS, volume_state
from her2sim.model.module import Module, assemble
from her2sim.model.modules.adcc import adcc
from her2sim.model.modules.cytotoxic import cytotoxic
from her2sim.model.modules.kinase_block import kinase_block
from her2sim.model.modules.payload import payload
from her2sim.model.pharmacokinetics import dose_state, pk_module

positive = st.floats(0.0, 2e3)
SITES = ("systemic", "cns")
SURFACES = {f"her2_surface_{clone}_{site}": 1.0 for clone in CLONES for site in SITES}
SIGNALS = {f"signal_{clone}_{site}": 1.0 for clone in CLONES for site in SITES}
"""Signals of a patient without HER2 drugs."""


def values_of(module: Module, given_values: Mapping[str, float]) -> dict[str, float]:
    """Assigned variables, and rates under ``d <state>``."""
    values = {p.name: np.array(p.value) for p in module.parameters}
    values |= {s.name: np.array(0.0) for s in module.states} | {p.name: np.array(0.0) for p in module.takes}
    values |= {name: np.array(v) for name, v in {**SIGNALS, **given_values}.items()}
    done: dict[str, Expr] = {}
    for item in module.assignments:
        done[item.name] = substitute([item.expr], done)[0]
    for state in module.states:
        done[f"d {state.name}"] = substitute([state.rate], done)[0]
    return {name: float(x) for name, x in zip(done, evaluate(done.values(), values), strict=True)}


def lesion_of(high: float, low: float) -> dict[str, float]:
    volume = {"sensitive": high, "her2low": low}
    return {volume_state(s.name, c): volume.get(c, 0.0) for s in SLOTS for c in CLONES}


def payload_kills(
    drug: str, nM: float, high: float, low: float, signals: Mapping[str, float] = SIGNALS
) -> dict[str, float]:
    kind = load_drug(drug).actions[1].labels["payload"]
    known = {f"P_{drug}_systemic_nM": nM, f"W_{kind}": 1.0} | lesion_of(high, low) | SURFACES
    return values_of(payload([load_drug(drug)]), {**known, **signals})


@given(nM=positive, high=st.floats(0.0, 100.0), low=st.floats(0.01, 100.0))
@settings(deadline=None)
def test_a_payload_never_kills_antigen_low_cells_more_than_antigen_high_cells(
    nM: float, high: float, low: float
) -> None:
    for drug in ("trastuzumab_deruxtecan", "trastuzumab_emtansine"):
        found = payload_kills(drug, nM, high, low)
        assert 0.0 <= found["payload_kill_her2low_T1_per_day"] <= found["payload_kill_sensitive_T1_per_day"] + 1e-12


def test_a_bystander_needs_a_neighbor_and_a_permeable_payload() -> None:
    def low_over_high(drug: str, high: float) -> float:
        found = payload_kills(drug, 100.0, high, 10.0)
        return found["payload_kill_her2low_T1_per_day"] / found["payload_kill_sensitive_T1_per_day"]

    assert low_over_high("trastuzumab_deruxtecan", 10.0) > 2 * low_over_high("trastuzumab_deruxtecan", 0.0)
    assert low_over_high("trastuzumab_emtansine", 10.0) == pytest.approx(low_over_high("trastuzumab_emtansine", 0.0))


def test_an_empty_lesion_has_a_finite_bystander_share() -> None:
    assert np.isfinite(payload_kills("trastuzumab_deruxtecan", 100.0, 0.0, 0.0)["payload_kill_her2low_T1_per_day"])


def test_payload_in_balance_is_uptake_over_loss() -> None:
    drug = load_drug("trastuzumab_emtansine")
    module = payload([drug])
    number = {p.name: p.value for p in module.parameters}
    theta = 0.4
    uptake = 0.2 * 465.0 * theta
    level = 3.5 * uptake / number["payload_loss_DM1_per_day"]
    known = {"uptake_trastuzumab_emtansine_systemic_nM_per_day": uptake, **SURFACES}
    known |= {"P_trastuzumab_emtansine_systemic_nM": level}
    assert values_of(module, known)["d P_trastuzumab_emtansine_systemic_nM"] == pytest.approx(0.0, abs=1e-9)


def chemo(
    exposure: dict[str, float], disease: str = "breast", signals: Mapping[str, float] = SIGNALS
) -> dict[str, float]:
    module = cytotoxic([load_drug(i) for i in exposure], disease)
    known = {f"E_{d}": e for d, e in exposure.items()}
    known |= {s.name: 1.0 for s in module.states if s.name.startswith("W_")}
    return values_of(module, {**known, **signals})


def test_chemotherapy_kills_at_its_rate_at_the_reference_exposure_and_saturates_above() -> None:
    once, twice = chemo({"docetaxel": 1.0}), chemo({"docetaxel": 2.0})
    assert once["effect_taxane_systemic"] == pytest.approx(1.0)
    rate = {p.name: p.value for p in cytotoxic([load_drug("docetaxel")], "breast").parameters}
    assert once["chemo_kill_sensitive_systemic_per_day"] == pytest.approx(rate["kill_taxane_breast_per_day"])
    assert 1.0 < twice["effect_taxane_systemic"] < 2.0
    assert once["chemo_kill_tolerant_systemic_per_day"] < once["chemo_kill_sensitive_systemic_per_day"]
    assert once["chemo_kill_sensitive_cns_per_day"] < once["chemo_kill_sensitive_systemic_per_day"]


def test_kills_of_two_classes_add_and_two_drugs_of_one_class_share_its_saturation() -> None:
    key = "chemo_kill_sensitive_systemic_per_day"
    apart = chemo({"docetaxel": 1.0})[key] + chemo({"cisplatin": 1.0})[key]
    assert chemo({"docetaxel": 1.0, "cisplatin": 1.0})[key] == pytest.approx(apart)
    same = chemo({"capecitabine": 1.0, "fluorouracil": 1.0})[key]
    assert same < 2.0 * chemo({"capecitabine": 1.0})[key]


def test_tolerant_cells_resist_what_efflux_carries_out_more_than_the_rest() -> None:
    """One factor for all classes made every line after a taxane fail, irinotecan in gastric cancer among them."""

    def share(drug: str) -> float:
        found = chemo({drug: 1.0}, "gastric")
        return found["chemo_kill_tolerant_systemic_per_day"] / found["chemo_kill_sensitive_systemic_per_day"]

    carried = {drug: share(drug) for drug in ("paclitaxel", "vinorelbine", "doxorubicin", "eribulin")}
    others = {drug: share(drug) for drug in ("cisplatin", "capecitabine", "irinotecan", "gemcitabine")}
    assert max(carried.values()) < min(others.values())
    assert max(others.values()) < 1.0
    both = chemo({"paclitaxel": 1.0, "cisplatin": 1.0}, "gastric")
    apart = [chemo({drug: 1.0}, "gastric") for drug in ("paclitaxel", "cisplatin")]
    for clone in ("sensitive", "bypass", "tolerant"):
        key = f"chemo_kill_{clone}_systemic_per_day"
        assert both[key] == pytest.approx(sum(one[key] for one in apart))


def mean_effect(drug_id: str, mg_per_m2: float, on_days: tuple[int, ...]) -> float:
    """Effect on the third cycle of three weeks, on average; 1.8 m2."""
    drug = load_drug(drug_id)
    untreated = Draft("untreated")
    for name, value in SIGNALS.items():
        untreated.assign(name, value, "dimensionless", "signal without HER2 drugs", give=True)
    system = assemble("schedule", [pk_module(drug, "breast"), untreated.module(), cytotoxic([drug], "breast")])
    solve = compile_model(system, outputs=["effect_taxane_systemic"], backend="reference").solve
    days = np.array([21.0 * cycle + day for cycle in range(3) for day in on_days])
    count = len(days)
    target = np.full(count, system.state_names.index(dose_state(drug, "iv")))
    amounts, infusions = np.full(count, 1.8 * mg_per_m2), np.full(count, 0.1)
    doses = DoseTable(np.zeros(count, np.int64), days, target, amounts, infusions)
    times = np.append(0.0, np.linspace(42.0, 63.0, 200))
    parameters = np.array([[p.value for p in system.parameters]])
    found = solve(parameters, times, doses=doses, rtol=1e-6, atol=1e-9)
    return float(found.values[0, 1:, 0].mean())


def test_weekly_paclitaxel_and_docetaxel_do_more_than_paclitaxel_every_three_weeks() -> None:
    """Hazard ratios of progression: 1.45 in CALGB 9840; 1.64 (1.33 to 2.02) in TAX 311."""
    every_three = mean_effect("paclitaxel", 175.0, (0,))
    assert 1.2 < mean_effect("paclitaxel", 80.0, (0, 7, 14)) / every_three < 1.6
    assert 1.33 < mean_effect("docetaxel", 100.0, (0,)) / every_three < 2.02


def test_an_effect_wanes_only_under_exposure_and_never_below_zero() -> None:
    assert chemo({"docetaxel": 0.0})["d W_taxane"] == 0.0
    assert chemo({"docetaxel": 1.0})["d W_taxane"] < 0.0
    module = cytotoxic([load_drug("docetaxel")], "breast")
    assert values_of(module, {"E_docetaxel": 1.0, "W_taxane": 0.0})["d W_taxane"] == 0.0


def test_a_class_without_a_kill_rate_is_explained() -> None:
    drug = load_drug("docetaxel")
    odd = dataclasses.replace(drug.actions[0], labels={"chemo_class": "taxan"})
    with pytest.raises(InputError, match="kill_taxan_breast_per_day"):
        cytotoxic([dataclasses.replace(drug, actions=(odd,))], "breast")


def nk_kill(
    alleles: float, fc_type: str = "IgG1", clone: str = "sensitive", site: str = "systemic", left: float = 1.0
) -> float:
    drug = load_drug("trastuzumab")
    labels = {**drug.actions[0].labels, "fc_type": fc_type}
    changed: Drug = dataclasses.replace(drug, actions=(dataclasses.replace(drug.actions[0], labels=labels),))
    known = {"fcgr3a_genotype": alleles, "her2_level": 1.0} | SURFACES
    known |= {f"theta_trastuzumab_{s}": 1.0 for s in SITES}
    return values_of(adcc([changed]), {**known, "W_adcc": left})[f"adcc_{clone}_{site}_per_day"]


def test_nk_kill_follows_genotype_less_so_with_an_enhanced_fc() -> None:
    assert nk_kill(2.0) > nk_kill(1.0) > nk_kill(0.0) > 0.0
    assert nk_kill(2.0, "IgG1_enhanced") / nk_kill(0.0, "IgG1_enhanced") < nk_kill(2.0) / nk_kill(0.0)
    assert nk_kill(1.0, "silent") == 0.0


def test_nk_kill_needs_antigen_and_reach() -> None:
    assert nk_kill(1.0, clone="her2low") < nk_kill(1.0)
    assert nk_kill(1.0, site="cns") == pytest.approx(0.1 * nk_kill(1.0))


def test_cells_escape_nk_cells_only_where_they_are_opsonized() -> None:
    """Without it who responds to trastuzumab alone responds for two years (H0649g: 9 months)."""
    assert nk_kill(1.0, left=0.25) == pytest.approx(0.25 * nk_kill(1.0))
    module = adcc([load_drug("trastuzumab")])
    rate = next(p.value for p in module.parameters if p.name == "adcc_waning_per_day")
    bound = {"fcgr3a_genotype": 1.0, "her2_level": 1.0, "W_adcc": 1.0, **SURFACES}
    assert values_of(module, bound)["d W_adcc"] == 0.0
    full = values_of(module, {**bound, "theta_trastuzumab_systemic": 1.0})["d W_adcc"]
    assert -rate < full < 0.0
    assert values_of(module, {**bound, "theta_trastuzumab_cns": 1.0})["d W_adcc"] == 0.0


@given(lost=st.floats(0.0, 1.0), clone=st.sampled_from(CLONES))
@settings(deadline=None)
def test_a_clone_that_loses_its_her2_signal_is_killed_more_by_every_cytotoxic(lost: float, clone: str) -> None:
    """And no other clone is: a bypass that keeps the signal keeps its protection."""
    left = {**SIGNALS, f"signal_{clone}_systemic": 1.0 - lost}
    gain = next(p.value for p in cytotoxic([load_drug("docetaxel")], "breast").parameters if "sensitization" in p.name)
    for plain, more in (
        (chemo({"docetaxel": 1.0, "capecitabine": 1.0}), chemo({"docetaxel": 1.0, "capecitabine": 1.0}, signals=left)),
        (
            payload_kills("trastuzumab_emtansine", 50.0, 9.0, 1.0),
            payload_kills("trastuzumab_emtansine", 50.0, 9.0, 1.0, left),
        ),
    ):
        for name, kill in plain.items():
            if "kill" in name:
                hit = name.startswith((f"chemo_kill_{clone}_systemic", f"payload_kill_{clone}_")) and "CNS" not in name
                hit = hit and "OB" not in name
                assert more[name] == pytest.approx(kill * (1.0 + gain * lost) if hit else kill), name


def test_a_signal_above_the_untreated_one_does_not_protect_further() -> None:
    louder = {name: 1.3 for name in SIGNALS}
    key = "chemo_kill_sensitive_systemic_per_day"
    assert chemo({"docetaxel": 1.0}, signals=louder)[key] == pytest.approx(chemo({"docetaxel": 1.0})[key])


@given(first=positive, second=positive)
@settings(deadline=None)
def test_two_inhibitors_leave_less_kinase_than_one_and_never_less_than_none(first: float, second: float) -> None:
    both = values_of(
        kinase_block([load_drug("lapatinib"), load_drug("tucatinib")]),
        {"Cm_lapatinib_nM": first, "Cm_tucatinib_nM": second},
    )
    alone = values_of(kinase_block([load_drug("lapatinib")]), {"Cm_lapatinib_nM": first})
    assert 0.0 < both["active_HER2_systemic"] <= alone["active_HER2_systemic"] <= 1.0
    assert both["active_HER2_systemic"] <= both["active_HER2_cns"]


def test_tucatinib_spares_egfr() -> None:
    found = values_of(kinase_block([load_drug("tucatinib")]), {"Cm_tucatinib_nM": 1000.0})
    assert found["active_EGFR_systemic"] > 0.8 > found["active_HER2_systemic"]
