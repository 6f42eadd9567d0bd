"""Plasma and a tube of it: laws of mixing, and draws that follow their law and belong to the patient alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from her2sim.population.patients import Patients
from her2sim.study.laboratory.blood import BloodDraws, blood_draws
from her2sim.study.laboratory.person import background_at, laboratory_numbers, sheds
from her2sim.study.laboratory.plasma import PlasmaDna, plasma_dna

NUMBERS = laboratory_numbers(1, 0)
RATIOS = np.array([6.0, 1.25])
level = st.floats(0.0, 1e4)


def plasma(high: float, low: float, other_ng: float, mutated: float = 1.0) -> PlasmaDna:
    return plasma_dna(np.array([[high, low]]), np.array([other_ng]), RATIOS, np.array([mutated]), NUMBERS)


def drawn(dna: PlasmaDna, n: int, draws: int = 1, first: int = 0) -> BloodDraws:
    """The same plasma in the tubes of many patients."""
    wide = PlasmaDna(**{name: np.broadcast_to(values.ravel()[0], (n, draws)) for name, values in vars(dna).items()})
    ids = np.arange(first, first + n)
    return blood_draws(wide, np.full((n, draws), 30.0), NUMBERS, seed=4, patients=ids)


@given(level, level, st.floats(0.0, 100.0))
@settings(deadline=None)
def test_no_more_than_all_dna_is_of_the_tumor_and_no_more_than_half_is_mutated(
    high: float, low: float, other: float
) -> None:
    found = plasma(high, low, other)
    assert 0.0 <= found.vaf[0] <= 0.5
    assert found.tumor_fraction[0] == 2.0 * found.vaf[0] <= 1.0
    assert found.vaf_pik3ca[0] == found.vaf[0] and plasma(high, low, other, 0.0).vaf_pik3ca[0] == 0.0
    assert 1.0 <= found.erbb2_ratio[0] <= RATIOS[0] * (1.0 + 1e-12)


@given(st.floats(0.1, 1e3), st.floats(0.5, 100.0), st.floats(0.01, 0.98))
@settings(deadline=None)
def test_erbb2_falls_as_cells_with_little_her2_take_over_and_the_fraction_stays(
    tumor: float, other: float, low: float
) -> None:
    first, later = plasma(tumor, 0.0, other), plasma(tumor * (1.0 - low), tumor * low, other)
    assert later.tumor_fraction[0] == pytest.approx(first.tumor_fraction[0], rel=1e-12)
    mean = RATIOS[0] * (1.0 - low) + RATIOS[1] * low
    assert later.erbb2_ratio[0] - 1.0 == pytest.approx(later.tumor_fraction[0] * (mean - 1.0), rel=1e-9)
    assert later.erbb2_ratio[0] < first.erbb2_ratio[0]


def test_without_tumor_there_is_no_tumor_dna_and_only_misreading_finds_some() -> None:
    none = plasma(0.0, 0.0, 5.0)
    assert none.tumor_fraction[0] == 0.0 and none.erbb2_ratio[0] == 1.0
    assert drawn(none, 4000).found.mean() < 0.01


@pytest.mark.parametrize("tumor", [0.5, 2.0, 50.0])
def test_tubes_hold_molecules_by_poissons_law_and_mutated_ones_by_the_binomial(tumor: float) -> None:
    dna, n = plasma(tumor, 0.0, 5.0), 4000
    told = drawn(dna, n)
    expected = NUMBERS["plasma_drawn_mL"] * NUMBERS["dna_molecules_read"] * dna.molecules_per_mL[0]
    assert told.molecules.mean() == pytest.approx(expected, abs=4.0 * np.sqrt(expected / n))
    assert told.molecules.var() == pytest.approx(expected, rel=0.1)
    mutated = expected * (dna.vaf[0] + NUMBERS["dna_error_per_molecule"] * (1.0 - dna.vaf[0]))
    assert told.mutated.mean() == pytest.approx(mutated, abs=4.0 * np.sqrt(mutated / n))
    least = int(NUMBERS["tumor_dna_least_molecules"])
    sure = float(binom.sf(least - 1, round(expected), mutated / expected))
    assert told.found.mean() == pytest.approx(sure, abs=4.0 * np.sqrt(max(sure * (1 - sure), 1e-3) / n))
    assert (told.mutated <= told.molecules).all()


def test_the_places_of_two_mutations_are_counted_apart() -> None:
    told = drawn(plasma(20.0, 0.0, 5.0), 400)
    assert abs(np.corrcoef(told.vaf[:, 0], told.vaf_pik3ca[:, 0])[0, 1]) < 0.2


def test_calls_follow_the_measured_levels() -> None:
    told = drawn(plasma(60.0, 0.0, 3.0), 500)
    assert (told.erbb2_amplified == (told.erbb2_ratio >= NUMBERS["erbb2_plasma_amplified"])).all()
    assert 0.0 < told.erbb2_amplified.mean() < 1.0
    assert told.soluble_her2_raised.all() and np.std(np.log(told.soluble_her2_ng_per_mL)) == pytest.approx(
        NUMBERS["soluble_her2_noise"], rel=0.15
    )


def test_a_tube_is_the_patients_own_whoever_else_and_however_many_more_are_drawn() -> None:
    dna = plasma(3.0, 1.0, 5.0)
    many, few, longer = drawn(dna, 20, draws=3), drawn(dna, 5, draws=3, first=10), drawn(dna, 20, draws=8)
    for name, values in vars(many).items():
        assert np.array_equal(values[10:15], getattr(few, name)), name
        assert np.array_equal(values, getattr(longer, name)[:, :3]), name


def test_patients_differ_in_what_is_their_own_and_the_median_patient_does_not() -> None:
    n = 3000
    people = Patients(np.arange(n), {"weight_kg": np.full(n, 70.0)})
    own, same = sheds(people, NUMBERS, 1), sheds(people, NUMBERS, 1, median=True)
    shed = np.log(own.parameters["tumor_dna_per_death"])
    assert np.mean(shed) == pytest.approx(np.log(NUMBERS["tumor_dna_per_death"]), abs=0.08)
    assert np.std(shed) == pytest.approx(NUMBERS["tumor_dna_spread"], rel=0.05)
    assert (same.parameters["tumor_dna_per_death"] == NUMBERS["tumor_dna_per_death"]).all()
    assert (same.background_ng_per_mL == NUMBERS["background_dna_ng_per_mL"]).all()
    assert (own.parameters["plasma_volume_L"] == NUMBERS["plasma_volume_L"]).all()
    heavy = sheds(people.with_columns({"weight_kg": np.full(n, 105.0)}), NUMBERS, 1)
    assert heavy.parameters["plasma_volume_L"][0] == pytest.approx(1.5 * NUMBERS["plasma_volume_L"])
    few = background_at(sheds(people.take(np.arange(5, 9)), NUMBERS, 1), NUMBERS, 1, people.ids[5:9], 2)
    assert np.array_equal(few, background_at(own, NUMBERS, 1, people.ids, 4)[5:9, :2])


def test_numbers_of_the_laboratory_are_uncertain_from_replicate_1_on() -> None:
    first, drawn_again = laboratory_numbers(1, 3), laboratory_numbers(1, 3)
    assert first == drawn_again and first["tumor_dna_per_death"] != NUMBERS["tumor_dna_per_death"]
    assert first["dna_pg_per_haploid_genome"] == NUMBERS["dna_pg_per_haploid_genome"]
