"""One lesion: volume is conserved between the living and the dead, and no volume can fall below zero."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2sim.model.evaluate import evaluate
from her2sim.model.expression import substitute
from her2sim.model.lesions import CLONES, DEAD, SLOTS, volume_state
from her2sim.model.modules.lesion import lesion
from her2sim.model.parameters import load_parameters
from her2sim.model.patient_parameters import growth_rate_per_day, untreated_shares

SLOT = SLOTS[0]
MODULE = lesion(SLOT, "breast", {clone: (f"kill_{clone}",) for clone in CLONES})
STATES = [volume_state(SLOT.name, part) for part in (*CLONES, DEAD)]
volumes = st.lists(st.floats(0.0, 150.0), min_size=len(STATES), max_size=len(STATES))
growths = st.lists(st.floats(0.0, 1.0), min_size=len(CLONES), max_size=len(CLONES))
kills = st.lists(st.floats(0.0, 0.3), min_size=len(CLONES), max_size=len(CLONES))


def only_sensitive(mL: float) -> list[float]:
    return [mL, *([0.0] * len(CLONES))]


def rates(
    volume: list[float],
    growth: list[float],
    kill: list[float],
    signal: float = 1.0,
    patient: Mapping[str, float] | None = None,
) -> tuple[np.ndarray, dict[str, float]]:
    known = {p.name: p.value for p in MODULE.parameters} | dict(patient or {})
    values = {name: np.array(value) for name, value in known.items()}
    values |= {name: np.array(v) for name, v in zip(STATES, volume, strict=True)}
    values |= {f"growth_{c}_systemic": np.array(g) for c, g in zip(CLONES, growth, strict=True)}
    values |= {f"kill_{c}": np.array(k) for c, k in zip(CLONES, kill, strict=True)}
    values["signal_sensitive_systemic"] = np.array(signal)
    own = {item.name: item.expr for item in MODULE.assignments}
    roots = substitute([s.rate for s in MODULE.states] + list(own.values()), own)
    found = [float(x) for x in evaluate(roots, values)]
    by_name = {s.name: found[i] for i, s in enumerate(MODULE.states)}
    extra = dict(zip(own, found[len(MODULE.states) :], strict=True)) | {k: float(v) for k, v in values.items()}
    return np.array([by_name[name] for name in STATES]), extra


@given(volumes, growths, kills, st.floats(0.0, 1.0))
@settings(deadline=None)
def test_living_and_dead_change_only_by_births_and_clearance(
    volume: list[float], growth: list[float], kill: list[float], signal: float
) -> None:
    change, known = rates(volume, growth, kill, signal)
    pace = known["growth_rate_T1_per_day"] * known["space_T1"] * (1.0 + known["turnover"])
    births = sum(pace * known[f"fitness_{clone}"] * g * v for clone, g, v in zip(CLONES, growth, volume, strict=False))
    cleared = known["dead_clearance_per_day"] * volume[-1]
    assert change.sum() == pytest.approx(births - cleared, abs=1e-9 * (1.0 + births + cleared))


@given(volumes, growths, kills, st.floats(0.0, 1.0), st.integers(0, len(CLONES)))
@settings(deadline=None)
def test_an_empty_compartment_cannot_shrink(
    volume: list[float], growth: list[float], kill: list[float], signal: float, empty: int
) -> None:
    volume[empty] = 0.0
    assert rates(volume, growth, kill, signal)[0][empty] >= 0.0


def test_an_empty_slot_stays_empty() -> None:
    np.testing.assert_array_equal(rates([0.0] * len(STATES), [1.0] * len(CLONES), [0.0] * len(CLONES))[0], 0.0)


def test_stopping_division_shrinks_a_lesion_because_cells_turn_over() -> None:
    change, _ = rates(only_sensitive(10.0), [0.0] * len(CLONES), [0.0] * len(CLONES))
    assert change[0] < 0.0


def test_tumors_driven_by_the_estrogen_receptor_turn_over_more_and_only_they() -> None:
    def shrinkage(hr_positive: float, share: float) -> float:
        patient = {"hr_positive": hr_positive, "er_growth_share": share}
        change, known = rates(only_sensitive(10.0), [0.0] * len(CLONES), [0.0] * len(CLONES), patient=patient)
        return -change[0] / (10.0 * known["growth_rate_T1_per_day"] * known["space_T1"])

    known = load_parameters()
    assert shrinkage(1.0, 1.0) == pytest.approx(known.value("turnover_estrogen_driven"))
    assert shrinkage(1.0, 0.0) == pytest.approx(known.value("turnover"))
    assert shrinkage(0.0, 0.9) == pytest.approx(known.value("turnover"))


def test_a_lesion_at_its_largest_volume_stands_still() -> None:
    change, _ = rates(only_sensitive(1200.0), [1.0] * len(CLONES), [0.0] * len(CLONES))
    np.testing.assert_array_equal(change, 0.0)


def test_her2_loss_needs_loss_of_signal_and_moves_volume_between_two_clones() -> None:
    volume = [10.0, 1.0, *([0.0] * (len(STATES) - 2))]
    with_signal, without = (rates(volume, [0.5] * len(CLONES), [0.0] * len(CLONES), s)[0] for s in (1.0, 0.0))
    moved = with_signal[0] - without[0]
    assert moved > 0.0
    assert without[1] - with_signal[1] == pytest.approx(moved)


def test_the_untreated_lesion_starts_in_balance_of_living_and_dead() -> None:
    shares, dead = untreated_shares({}, "breast")
    small_mL = 0.01  # far from the largest lesion
    volume = [*(small_mL * (1 - dead) * shares), float(small_mL * dead)]
    change, _ = rates(volume, [1.0] * len(CLONES), [0.0] * len(CLONES))
    relative = change / np.array(volume)
    np.testing.assert_allclose(relative, relative[0], rtol=1e-3)


@given(st.floats(1e-6, 0.999), st.floats(1e-6, 0.999), st.floats(1e-6, 0.999))
@settings(deadline=None)
def test_clone_shares_are_a_division_of_the_living_volume(low: float, bypass: float, tolerant: float) -> None:
    shares, _ = untreated_shares(
        {
            "fraction_her2low": np.array(low),
            "fraction_bypass": np.array(bypass),
            "fraction_tolerant": np.array(tolerant),
        },
        "breast",
    )
    assert shares.sum() == pytest.approx(1.0)
    assert (shares >= 0.0).all()
    assert shares[CLONES.index("her2low")] == pytest.approx(low)


def test_growth_by_disease_and_hormone_receptor() -> None:
    breast, gastric = growth_rate_per_day({}, "breast"), growth_rate_per_day({}, "gastric")
    assert gastric / breast == pytest.approx(load_parameters().value("growth_ratio_gastric"))
    positive = growth_rate_per_day({"hr_positive": np.array([0.0, 1.0])}, "breast")
    np.testing.assert_allclose(positive / breast, [1.0, 0.75])
