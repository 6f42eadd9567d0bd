"""PI3K, mTOR and VEGFR2 inhibitors in the signal and in growth: direction, who gains, and nothing without them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from numpy.typing import NDArray

from her2sim.engine import OK, compile_model
from her2sim.engine.interface import CompiledModel
from her2sim.model.assembly import actions_without_mechanism, knock_outs, modules_of
from her2sim.model.drug_file import load_drug
from her2sim.model.lesions import CLONES
from her2sim.model.modules.growth_control import growth_control
from her2sim.model.modules.receptor_signal import receptor_signal
from her2sim.model.parameters import load_parameters
from her2sim.model.system import OdeSystem
from her2sim.study.cell_and_patient import modules_alone

Floats = NDArray[np.float64]
MANY = 48
REGIMEN = ("trastuzumab", "alpelisib", "everolimus", "ramucirumab")
AT_SITE = {"theta_domain_IV": 0.0, "pi3k_left": 1.0, "pi3k_mutant_left": 1.0, "mtor_left": 1.0}
SHARE = load_parameters().value("pi3k_alpha_share")


@lru_cache
def modules() -> tuple[OdeSystem, CompiledModel]:
    given = [load_drug(name) for name in REGIMEN]
    system = modules_alone("pathways", [receptor_signal(given, "breast"), growth_control(given)])
    outputs = [a.name for a in system.assignments if a.name.startswith(("growth", "addiction", "signal"))]
    return system, compile_model(system, outputs=outputs)


def rest(**values: float | Floats) -> dict[str, Floats]:
    """Outputs at rest; shares left and occupancies are given without the site, all others by their names."""
    system, model = modules()
    given: dict[str, float | Floats] = {p.name: p.value for p in system.parameters}
    given |= {"vessel_left": 1.0, "her2_level": 1.0} | {k: x for k, x in values.items() if k not in AT_SITE}
    for site in ("systemic", "cns"):
        given |= {f"{name}_{site}": values.get(name, usual) for name, usual in AT_SITE.items()}
    columns = np.broadcast_arrays(*(np.atleast_1d(np.asarray(given[p], float)) for p in system.parameter_names))
    solved = model.solve(np.stack(columns, axis=1), np.array([0.0, 60.0]), rtol=1e-7, atol=1e-9)
    assert np.all(solved.status == OK)
    return {name: solved.values[:, -1, i] for i, name in enumerate(solved.outputs)}


def any_patients() -> dict[str, Floats]:
    rng = np.random.default_rng(11)
    return {
        "her2_level": 10.0 ** rng.uniform(-2.0, 0.5, MANY),
        "neuregulin_tone": 10.0 ** rng.uniform(-1.0, 1.0, MANY),
        "pik3ca_mutated": rng.integers(0, 2, MANY).astype(float),
        "hr_positive": rng.integers(0, 2, MANY).astype(float),
        "theta_domain_IV": rng.random(MANY),
    }


def alpha_blocked(by: float | Floats, share: float = SHARE) -> dict[str, float | Floats]:
    """What is left of PI3K when the share ``by`` of its alpha isoform is blocked."""
    return {"pi3k_left": 1.0 - share * by, "pi3k_mutant_left": 1.0 - by}


def test_with_all_left_and_no_antibody_nothing_changes() -> None:
    found = rest(**any_patients() | {"theta_domain_IV": 0.0})
    for clone in CLONES:
        assert found[f"growth_{clone}_systemic"] == pytest.approx(1.0, abs=1e-5)
        assert np.all(found[f"addiction_death_{clone}_systemic_per_day"] < 1e-6)


def test_more_pi3k_blocked_never_means_more_growth_or_less_death() -> None:
    patients = any_patients()
    ends = np.sort(np.random.default_rng(2).random((MANY, 2)), axis=1)
    few, many = (rest(**patients, **alpha_blocked(ends[:, i])) for i in (0, 1))
    for clone in CLONES:
        assert np.all(many[f"growth_{clone}_systemic"] <= few[f"growth_{clone}_systemic"] + 1e-4)
        assert np.all(
            many[f"addiction_death_{clone}_systemic_per_day"] >= few[f"addiction_death_{clone}_systemic_per_day"] - 1e-6
        )


@pytest.mark.parametrize("occupied", [0.0, 0.95])
def test_a_mutated_tumor_gains_more_from_an_inhibitor_of_pi3k_alpha(occupied: float) -> None:
    mutated = np.array([0.0, 1.0])
    before = rest(pik3ca_mutated=mutated, theta_domain_IV=occupied)["growth_sensitive_systemic"]
    after = rest(pik3ca_mutated=mutated, theta_domain_IV=occupied, **alpha_blocked(0.82))["growth_sensitive_systemic"]
    assert before[1] - after[1] > 1.1 * (before[0] - after[0]) > 0.0


def test_cells_that_lost_pten_are_spared_by_an_inhibitor_of_alpha() -> None:
    before, after = rest(), rest(**alpha_blocked(0.8))
    left = {clone: float(after[f"growth_{clone}_systemic"][0] / before[f"growth_{clone}_systemic"][0])
            for clone in ("sensitive", "bypass")}  # fmt: skip
    assert left["bypass"] > left["sensitive"] + 0.02


def test_an_inhibitor_of_mtor_slows_growth_but_wakes_the_signal_above_it() -> None:
    blocked = {"theta_domain_IV": 0.95}
    before, after = rest(**blocked), rest(**blocked, mtor_left=0.4)
    assert after["growth_sensitive_systemic"] < before["growth_sensitive_systemic"] - 0.1
    assert after["signal_sensitive_systemic"] > before["signal_sensitive_systemic"] + 1e-3
    death = "addiction_death_sensitive_systemic_per_day"
    assert after[death] < before[death]


def test_without_the_feedback_of_igf1r_an_inhibitor_of_mtor_leaves_the_signal_alone() -> None:
    values = {"theta_domain_IV": 0.95, "igf1r_feedback": 0.0}
    before, after = rest(**values), rest(**values, mtor_left=0.4)
    assert after["signal_sensitive_systemic"] == pytest.approx(before["signal_sensitive_systemic"], abs=1e-6)


def test_no_share_left_brings_the_signal_above_the_untreated() -> None:
    rng = np.random.default_rng(5)
    found = rest(**any_patients(), **alpha_blocked(rng.random(MANY)), mtor_left=rng.random(MANY))
    for clone in CLONES:
        assert np.all(found[f"signal_{clone}_systemic"] <= 1.0)
        assert np.all(found[f"growth_{clone}_systemic"] >= 0.0)


def test_vessels_bound_the_growth_of_all_clones_alike() -> None:
    before, after = rest(theta_domain_IV=0.5), rest(theta_domain_IV=0.5, vessel_left=0.8)
    for clone in CLONES:
        for site in ("systemic", "cns"):
            name = f"growth_{clone}_{site}"
            np.testing.assert_allclose(after[name], 0.8 * before[name], rtol=1e-6)


def test_regimens_without_such_drugs_have_nothing_of_them() -> None:
    drugs = [load_drug(name) for name in ("trastuzumab", "docetaxel")]
    parts = modules_of(drugs, "breast", {"trastuzumab": "iv", "docetaxel": "iv"})
    assert "pathway_block" not in [part.name for part in parts]
    names = {p.name for part in parts for p in (*part.parameters, *part.takes)}
    assert not [name for name in names if "mtor" in name or "vessel" in name or "pi3k_left" in name]


def test_each_such_drug_has_a_mechanism_that_can_be_removed() -> None:
    routes = {"alpelisib": "po", "inavolisib": "po", "everolimus": "po", "ramucirumab": "iv"}
    drugs = [load_drug(name) for name in routes]
    assert actions_without_mechanism(drugs) == ()
    assert {"pathway_block", "angiogenesis"} <= set(knock_outs(drugs, "gastric", routes))
