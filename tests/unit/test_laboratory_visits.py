"""The laboratory of a trial: nobody's course moves, chunks change nothing, and rows are what the course says."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest

from her2sim.evidence.base import load_record
from her2sim.study.course import ArmCourse, ChunkCourse, simulate_chunk
from her2sim.study.laboratory.results import her2_loss
from her2sim.study.laboratory.visits import PROGRESSION, START, ArmLaboratory
from her2sim.study.patient import Choice, course_of
from her2sim.study.plan import TrialPlan, make_plan
from her2sim.study.scans import first_progression
from her2sim.study.tables import chunk_tables

N = 8
TABLE_KEYS = ["arm", "patient", "visit"]


def plan_of(**extra: object) -> TrialPlan:
    plan = make_plan(load_record("EMILIA"), patients=N, seed=5, laboratory=True)
    return replace(plan, after_progression=False, **extra)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def chunk() -> ChunkCourse:
    return simulate_chunk(plan_of(), 0, 0, N)


@pytest.fixture(scope="module")
def table(chunk: ChunkCourse) -> pd.DataFrame:
    return chunk_tables(chunk)["laboratory"].to_pandas()


def looked(arm: ArmCourse) -> ArmLaboratory:
    assert arm.laboratory is not None
    return arm.laboratory


def test_looking_on_moves_nobody(chunk: ChunkCourse) -> None:
    blind = chunk_tables(simulate_chunk(plan_of(laboratory=False), 0, 0, N))
    seen = chunk_tables(chunk)
    assert set(seen) - set(blind) == {"laboratory"}
    for name, rows in blind.items():
        pd.testing.assert_frame_equal(rows.to_pandas(), seen[name].to_pandas(), check_exact=True, obj=name)


def test_who_shares_a_chunk_changes_nothing(table: pd.DataFrame) -> None:
    parts = [chunk_tables(simulate_chunk(plan_of(), 0, *ends))["laboratory"].to_pandas() for ends in ((0, 3), (3, 8))]
    joined = pd.concat(parts).sort_values(TABLE_KEYS).reset_index(drop=True)
    pd.testing.assert_frame_equal(joined, table.sort_values(TABLE_KEYS).reset_index(drop=True), check_exact=True)


def test_blood_is_drawn_at_the_visits_of_trial_therapy_and_biopsies_at_its_ends(chunk: ChunkCourse) -> None:
    for arm in chunk.arms:
        found, ends = looked(arm), first_progression(arm.judged["INV"])
        scans = arm.judged["INV"].day
        assert np.array_equal(np.isnan(found.day), np.isnan(scans) | (scans > ends[:, None]))
        assert found.biopsied[START][:, 0].all() and found.biopsied[START].sum() == N
        assert np.array_equal(found.biopsied[PROGRESSION].any(axis=1), np.isfinite(ends))
        rows, visit = np.nonzero(found.biopsied[PROGRESSION])
        assert np.array_equal(found.day[rows, visit], ends[rows])


def test_before_therapy_both_arms_have_the_same_blood_and_biopsy(table: pd.DataFrame) -> None:
    first = table[table["visit"] == 0].set_index(["arm", "patient"])
    one, other = (first.loc[name] for name in sorted(table["arm"].unique()))
    names = [str(name) for name in first if str(name).endswith("_reported")]
    # two models of two regimens are compiled apart: the truth agrees to rounding, what is counted is the same
    for name in (name for name in names if first[name].dtype.kind in "ib" or name.startswith(("ihc", "her2"))):
        assert list(one[name]) == list(other[name]), name
    assert np.allclose(one["tumor_dna_per_mL"], other["tumor_dna_per_mL"], rtol=1e-6)


def test_rows_keep_the_laws_of_plasma(table: pd.DataFrame) -> None:
    assert (table["vaf"] <= 0.5).all() and (table["vaf_reported"] <= 1.0).all()
    assert np.allclose(table["tumor_fraction"], 2.0 * table["vaf"])
    assert (table["erbb2_plasma_ratio"] >= 1.0).all()
    assert (table["soluble_her2_ng_per_mL"] > 0.0).all()
    assert (table["mutated_molecules_reported"] <= table["dna_molecules_reported"]).all()
    biopsied = table["biopsy"].notna()
    assert table.loc[~biopsied, ["biopsy_lesion", "ihc_reported", "her2_status_reported"]].isna().all().all()
    assert set(table.loc[biopsied, "her2_status_reported"].dropna()) <= {"HER2-zero", "HER2-low", "HER2-positive"}


def test_pik3ca_is_told_where_it_is_mutated(chunk: ChunkCourse, table: pd.DataFrame) -> None:
    mutated = np.asarray(chunk.patients["pik3ca_mutated"])[table["patient"]] > 0.5
    assert 0 < mutated.sum() < len(mutated), "choose another seed: all alike"
    assert np.array_equal(table["vaf_pik3ca"].notna(), mutated)
    assert np.allclose(table.loc[mutated, "vaf_pik3ca"], table.loc[mutated, "vaf"])


def test_tumor_dna_follows_living_tumor_in_who_responds(chunk: ChunkCourse) -> None:
    """By the second scan tumor DNA per mL has fallen in everybody whose targets have shrunk by half in volume."""
    checked = 0
    for arm in chunk.arms:
        change = arm.judged["INV"].visits.targets.change_pct
        found = looked(arm)
        for row in np.flatnonzero((change[:, 2] < -25.0) & ~np.isnan(found.day[:, 2])):
            assert found.dna.tumor_per_mL[row, 2] < found.dna.tumor_per_mL[row, 0]
            checked += 1
    assert checked > 0, "nobody responds: choose another seed"


def test_a_replicate_draws_the_numbers_of_the_laboratory_anew(chunk: ChunkCourse) -> None:
    plan = plan_of()
    again = simulate_chunk(plan, 2, 0, 2)
    background = looked(again.arms[0]).dna.background_ng_per_mL
    assert not np.array_equal(background, looked(chunk.arms[0]).dna.background_ng_per_mL[:2])


def test_the_patient_of_the_command_has_the_blood_and_biopsies_of_the_run(chunk: ChunkCourse) -> None:
    line = course_of(Choice(("EMILIA/T-DM1",), number=1, seed=5)).lines[0]
    arm = next(arm for arm in chunk.arms if arm.arm == "T-DM1")
    found, row = looked(arm), 1
    done = ~np.isnan(found.day[row])
    assert np.allclose(line.laboratory.draw_day, found.day[row, done])
    # the solver's steps differ, so the truth agrees within its tolerance and counts may differ by one molecule
    for name in (field.name for field in fields(line.laboratory.reported)):
        mine, theirs = getattr(line.laboratory.reported, name)[0], getattr(found.reported, name)[row, done]
        close = np.isclose(mine.astype(float), theirs.astype(float), rtol=1e-2, atol=1.0)
        assert close.all(), name
    assert line.laboratory.biopsies[0].report.ihc[0] == found.biopsies[START].ihc[row]
    assert line.laboratory.biopsies[0].report.strong[0] == pytest.approx(found.biopsies[START].strong[row], rel=1e-3)


def test_loss_of_her2_is_counted_among_those_who_were_positive() -> None:
    rows = [
        ("start", "HER2-positive", 0), ("progression", "HER2-low", 0),
        ("start", "HER2-positive", 1), ("progression", "HER2-positive", 1),
        ("start", "HER2-positive", 2), ("progression", None, 2),
        ("start", "HER2-low", 3), ("progression", "HER2-zero", 3), ("start", "HER2-positive", 4),
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["biopsy", "her2_status_reported", "patient"])
    table["replicate"], table["arm"] = 0, "A"
    (found,) = her2_loss(table, 0, "A")
    assert (found.endpoint, found.value, found.n_evaluated) == ("HER2_loss", 50.0, 2)
    assert her2_loss(table, 0, "B") == ()
