"""A needle, a stain, a reader: rule and order of the classes, sampling of patches, counted signals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2sim.core.errors import InputError
from her2sim.model.lesions import CLONES, SLOTS
from her2sim.study.her2_reading import assay_numbers, edges_per_cell, gene_ratio, ihc_class, stained_shares
from her2sim.study.laboratory.biopsy import NOT_DONE, STATUSES, Biopsies, largest_lesion, take_biopsies
from her2sim.study.laboratory.course import Wanted, wanted_biopsy

LOW = CLONES.index("her2low")
RATIO_LOW = 0.05


def biopsies(
    n: int = 1500,
    *,
    low: float = 0.0,
    her2: float = 1e6,
    left: float = 1.0,
    patch_um: float = 600.0,
    volume_mL: float = 1.0,
    first: int = 0,
    purpose: str = "test",
) -> Biopsies:
    """Biopsies of the first target lesion of patients with the same tumor."""
    clone_mL = np.zeros((n, len(SLOTS), len(CLONES)))
    clone_mL[:, 0, 0], clone_mL[:, 0, LOW] = volume_mL * (1.0 - low), volume_mL * low
    untreated = np.full((n, len(CLONES)), her2)
    untreated[:, LOW] *= RATIO_LOW
    return take_biopsies(
        clone_mL, np.zeros(n, dtype=np.int64), untreated, np.full_like(untreated, left), np.full(n, patch_um),
        seed=2, patients=np.arange(first, first + n), purpose=purpose,
    )  # fmt: skip


@given(st.floats(3.5, 6.5), st.floats(1.0, 30.0), st.floats(0.0, 1.0))
@settings(max_examples=30, deadline=None)
def test_more_her2_is_never_read_as_less_by_the_same_reader_of_the_same_cores(
    log10: float, factor: float, low: float
) -> None:
    less, more = (biopsies(60, low=low, her2=10.0**log10 * f) for f in (1.0, factor))
    assert (more.ihc >= less.ihc).all() and (more.ish_ratio >= less.ish_ratio).all()
    assert (more.status >= less.status).all()


@given(st.floats(3.5, 6.5), st.floats(0.0, 0.95), st.floats(0.0, 0.05))
@settings(max_examples=30, deadline=None)
def test_more_cells_with_little_her2_never_raise_the_class(log10: float, low: float, more: float) -> None:
    first, later = (biopsies(60, low=share, her2=10.0**log10) for share in (low, low + more))
    assert (later.ihc <= first.ihc).all()


def test_readers_agree_on_clear_tumors_and_part_at_an_edge() -> None:
    assert set(biopsies(her2=3e6).ihc) == {3} and set(biopsies(her2=1e3).ihc) == {0}
    at_edge = biopsies(her2=float(edges_per_cell()[2])).ihc
    assert set(at_edge) == {2, 3} and 0.4 < np.mean(at_edge == 3) < 0.6


def test_status_follows_the_guideline() -> None:
    found = biopsies(her2=float(edges_per_cell()[2]) * 0.6)
    amplified = found.ish_ratio >= assay_numbers().value("ish_ratio_amplified")
    positive = (found.ihc == 3) | ((found.ihc == 2) & amplified)
    assert 0 < positive.sum() < len(positive)
    assert (found.status == np.where(positive, 2, np.where(found.ihc == 0, 0, 1))).all()
    assert STATUSES[2] == "HER2-positive"


def test_large_patches_make_samples_uneven_and_leave_their_mean() -> None:
    spread: list[float] = []
    for patch in (0.0, 100.0, 4000.0):
        shown = 1.0 - biopsies(low=0.3, patch_um=patch, her2=3e6).strong
        assert np.mean(shown) == pytest.approx(0.3, abs=0.03)
        spread.append(float(np.std(shown)))
    assert spread[0] < spread[1] < spread[2]
    cores_um = assay_numbers().value("biopsy_cores") * assay_numbers().value("biopsy_core_mm") * 1e3
    assert spread[2] == pytest.approx(np.sqrt(0.3 * 0.7 / round(cores_um / 4000.0)), rel=0.1)


def test_signals_are_counted_around_the_mean_of_the_cells() -> None:
    found = biopsies(her2=3e5)
    assert np.mean(found.ish_ratio) == pytest.approx(float(gene_ratio(np.array(3e5))), rel=0.02)
    assert 0.1 < np.std(found.ish_ratio) / np.mean(found.ish_ratio) < 0.3
    assert biopsies(her2=1e7).ish_ratio.max() <= assay_numbers().value("ish_ratio_counted")


def test_drugs_take_receptors_from_the_stain_and_no_copies_from_the_gene() -> None:
    without, under = biopsies(her2=4e5), biopsies(her2=4e5, left=0.4)
    assert np.mean(under.ihc) < np.mean(without.ihc) - 0.5
    assert np.array_equal(without.ish_ratio, under.ish_ratio)


def test_too_little_tumor_is_no_biopsy() -> None:
    found = biopsies(3, volume_mL=0.5 * assay_numbers().value("biopsy_least_mL"))
    assert (found.ihc == NOT_DONE).all() and (found.status == NOT_DONE).all() and np.isnan(found.ish_ratio).all()
    assert found.words(0) == "too little tumor for a biopsy"


def test_a_biopsy_is_the_patients_own_and_another_one_is_another() -> None:
    many, few = biopsies(30, low=0.3), biopsies(5, low=0.3, first=20)
    for name, values in vars(many).items():
        assert np.array_equal(values[20:25], getattr(few, name)), name
    assert not np.array_equal(many.strong, biopsies(30, low=0.3, purpose="another").strong)


def test_the_largest_lesion_outside_the_brain_is_taken() -> None:
    clone_mL = np.zeros((2, len(SLOTS), len(CLONES)))
    names = [slot.name for slot in SLOTS]
    clone_mL[:, names.index("CNS"), 0] = 50.0
    clone_mL[0, names.index("NT"), 1], clone_mL[1, names.index("T2"), 0] = 3.0, 1.0
    assert [names[i] for i in largest_lesion(clone_mL)] == ["NT", "T2"]


def test_a_reader_who_sets_edges_higher_sees_less() -> None:
    one, her2 = np.ones((1, 1)), np.array([float(edges_per_cell()[2]) * 1.1])
    assert [int(ihc_class(stained_shares(one, her2, shift))[0]) for shift in (-0.3, 0.0, 0.3)] == [3, 3, 2]


@pytest.mark.parametrize("text", ["", "soon", "-3", "nan", "inf", "100:T9"])
def test_a_biopsy_that_cannot_be_taken_is_told(text: str) -> None:
    with pytest.raises(InputError):
        wanted_biopsy(text)


def test_a_biopsy_is_asked_for_by_day_and_lesion() -> None:
    assert wanted_biopsy("84") == Wanted(84.0) and wanted_biopsy("84:CNS") == Wanted(84.0, "CNS")
