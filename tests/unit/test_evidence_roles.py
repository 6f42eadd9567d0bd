"""Roles: each trial has exactly one, what is kept back holds no figure, and a fit sees only what it may."""

from __future__ import annotations

import pytest

from her2sim.evidence.base import all_records, load_record
from her2sim.evidence.index import entries, trial_files
from her2sim.evidence.roles import ROLES, fittable, fittable_strata, role_of, role_of_figure, roles
from her2sim.record.types import Contrast
from her2sim.record.yaml_reading import load_yaml_file

WITHHELD = (
    "DESTINY-Breast05", "DESTINY-Breast09", "DESTINY-Breast11", "DESTINY-Breast12", "DESTINY-Gastric04",
    "HERIZON-GEA-01", "HER2CLIMB-02", "HER2CLIMB-05", "PATINA",
)  # fmt: skip


def test_every_record_has_exactly_one_role() -> None:
    table = load_yaml_file(trial_files()[0].parent.parent / "roles.yaml").value
    named = [name for role in ROLES for name in table.get(role, ())] + list(table["partly"])
    assert len({str(name).lower() for name in named}) == len(named), "a trial is named under two roles"
    for entry in entries():
        assert entry.role in ROLES


def test_every_name_in_the_table_is_a_record() -> None:
    ids = {entry.id.lower() for entry in entries()}
    table = roles()
    assert not (set(table.named) | set(table.partly)) - ids
    for name, part in table.partly.items():
        arms = {arm.name for arm in load_record(name).arms}
        assert set(part.arms or ()) <= arms, name
        assert set(part.not_endpoints_in) <= arms, name


@pytest.mark.parametrize("trial", WITHHELD)
def test_a_withheld_trial_carries_no_result(trial: str) -> None:
    record = load_record(trial)
    assert role_of(trial) == "withheld"
    assert record.status == "withheld"
    assert record.arms
    assert not any(arm.results for arm in record.arms)
    assert not record.contrasts
    assert not record.subgroups
    assert not record.notes


def test_withheld_by_status_and_by_role_are_the_same_trials() -> None:
    assert {entry.id for entry in entries() if entry.status == "withheld"} == set(WITHHELD)
    assert {entry.id for entry in entries() if entry.role == "withheld"} == set(WITHHELD)


def test_a_cohort_of_a_withheld_trial_is_withheld_too() -> None:
    assert role_of("PATINA-liver", part_of="PATINA") == "withheld"
    assert role_of("HER2CLIMB-brain-metastases", part_of="HER2CLIMB") == "validate"


@pytest.mark.parametrize("trial", ["DESTINY-Breast03", "MARIANNE", "JACOB", "GATSBY", "KATE2", "TH3RESA", "PATINA"])
def test_a_fit_sees_nothing_of_what_judges_the_model(trial: str) -> None:
    assert list(fittable(load_record(trial))) == []


def test_a_fit_sees_only_figures_that_were_read_of_all_patients() -> None:
    for record in all_records():
        for _, figure in fittable(record):
            assert figure.read, (record.id, figure)
            assert role_of(record.id) == "fit"
            assert "population" not in figure.extra
    assert len(list(fittable(load_record("CLEOPATRA")))) > 5


@pytest.mark.parametrize(
    ("trial", "arms"),
    [
        ("KATHERINE", {"trastuzumab"}),
        ("APHINITY", {"placebo + trastuzumab + chemo"}),
        ("TyTAN", {"paclitaxel"}),
        ("WJOG7112G/T-ACT", {"paclitaxel"}),
        ("DESTINY-Gastric01", {"physician's choice (irinotecan or paclitaxel)"}),
    ],
)
def test_where_only_the_control_arm_is_fitted_no_other_arm_and_no_contrast_is(trial: str, arms: set[str]) -> None:
    found = list(fittable(load_record(trial)))
    assert {arm for arm, _ in found} <= arms
    assert not any(isinstance(figure, Contrast) for _, figure in found)
    assert role_of_figure(trial, endpoint="PFS", arm="anything else") == "validate"


def test_the_brain_endpoints_of_tucatinib_are_not_fitted_but_those_of_its_control_may_be() -> None:
    tucatinib, control = (arm.name for arm in load_record("HER2CLIMB").arms)
    assert role_of_figure("HER2CLIMB", endpoint="CNS_ORR", arm=tucatinib) == "validate"
    assert role_of_figure("HER2CLIMB", endpoint="CNS_PFS", arm=tucatinib, contrast=True) == "validate"
    assert role_of_figure("HER2CLIMB", endpoint="CNS_ORR", arm=control) == "fit"
    assert role_of_figure("HER2CLIMB", endpoint="PFS_median", arm=tucatinib) == "fit"


@pytest.mark.parametrize(("trial", "stratum"), [("SOPHIA", "CD16A-158F carriers"), ("KEYNOTE-811", "PD-L1 CPS>=1")])
def test_strata_that_test_a_mechanism_are_not_fitted(trial: str, stratum: str) -> None:
    assert role_of_figure(trial, endpoint="PFS", subgroup=stratum) == "validate"
    assert role_of_figure(trial, endpoint="PFS") == "fit"
    assert load_record(trial).subgroups
    assert list(fittable_strata(load_record(trial))) == []


def test_strata_of_fitted_trials_may_be_fitted_where_they_were_read() -> None:
    for record in all_records():
        for stratum in fittable_strata(record):
            assert stratum["read"]
            assert role_of(record.id) == "fit"
            assert not (
                record.id == "HER2CLIMB" and stratum["endpoint"].startswith("CNS") and "tuc" in stratum.get("arm", "")
            )
    assert list(fittable_strata(load_record("HER2CLIMB")))
    assert not list(fittable_strata(load_record("MARIANNE")))


@pytest.mark.parametrize(
    "trial", ["POOLED-pCR-EFS-CTNeoBC", "BIOMARKER-HER2-loss", "DK-RWE-pertuzumab-1L", "TDM1-safety-pool"]
)
def test_collections_are_context(trial: str) -> None:
    assert role_of(trial) == "context"
    assert load_record(trial).kind == "collection"
    assert list(fittable(load_record(trial))) == []
