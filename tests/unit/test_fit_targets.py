"""Which figures the fit uses, and the role test: calibration code cannot read a figure that is not for fitting."""

from __future__ import annotations

import ast
import math
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from her2sim.core.errors import InputError
from her2sim.evidence.base import all_records, load_record
from her2sim.evidence.roles import fittable, fittable_strata, role_of, role_of_figure
from her2sim.record.types import TrialRecord
from her2sim.study import fit_targets
from her2sim.study.fit_freeze import check_roles
from her2sim.study.fit_targets import Target, fit_data, targets_of

STUDY = Path(fit_targets.__file__).parent
DATA = fit_data()
PUBLISHED = {"results", "contrasts", "subgroups"}
WRONG = 77.7


def poisoned(record: TrialRecord) -> TrialRecord:
    """The record with every figure changed that a fit may not read."""
    allowed = {id(figure) for _, figure in fittable(record)}
    strata = [id(row) for row in fittable_strata(record)]
    return replace(
        record,
        arms=tuple(
            replace(arm, results=tuple(r if id(r) in allowed else replace(r, value=WRONG) for r in arm.results))
            for arm in record.arms
        ),
        contrasts=tuple(c if id(c) in allowed else replace(c, hr=WRONG) for c in record.contrasts),
        subgroups=tuple(row if id(row) in strata else {**row, "value": WRONG, "hr": WRONG} for row in record.subgroups),
    )


def test_no_figure_that_is_not_for_fitting_changes_the_fit() -> None:
    changed = 0
    for record in all_records():
        if not record.setting.startswith("metastatic"):
            continue
        other = poisoned(record)
        changed += other != record
        assert targets_of(other) == targets_of(record), record.id
    assert changed > 50


def test_every_figure_of_the_fit_belongs_to_a_trial_of_the_fit() -> None:
    assert {role_of(target.trial) for target in DATA.targets} == {"fit"}
    for target in DATA.targets:
        contrast = bool(target.reference) and not target.words
        role = role_of_figure(
            target.trial, endpoint=target.kind, arm=target.arm, subgroup=target.words, contrast=contrast
        )
        assert role == "fit", target


def test_no_code_of_the_fit_reads_published_figures_but_through_the_roles() -> None:
    for path in STUDY.glob("fit*.py"):
        tree = ast.parse(path.read_text())
        read = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)} & PUBLISHED
        assert not read, f"{path.name} reads {read} of a record: go through evidence.roles.fittable"
        names = {
            f"{node.module}.{alias.name}"
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("her2sim.evidence")
            for alias in node.names
        }
        assert names <= {
            "her2sim.evidence.base.all_records",
            "her2sim.evidence.base.load_record",
            "her2sim.evidence.roles.fittable",
            "her2sim.evidence.roles.fittable_strata",
            "her2sim.evidence.roles.role_of",
        }, path.name


def target_like(**changes: Any) -> Target:
    first = next(target for target in DATA.targets if target.trial == "EMILIA" and not target.words)
    return replace(first, **changes)


@pytest.mark.parametrize(
    "wrong",
    [
        {"trial": "DESTINY-Breast03", "arm": "T-DXd"},
        {"published": 12.34},
        {"words": "PIK3CA mutated", "published": 99.0},
        {"arm": "no such arm"},
    ],
)
def test_a_freeze_refuses_a_figure_that_may_not_be_fitted(wrong: dict[str, Any]) -> None:
    check_roles(DATA.targets)
    with pytest.raises(InputError, match="no figure that a fit may use"):
        check_roles([*DATA.targets, target_like(**wrong)])


def test_one_figure_for_one_thing_by_the_trials_own_assessor_and_latest_cut() -> None:
    keys = [(t.trial, t.arm, t.reference, t.kind, t.months, t.words) for t in DATA.targets]
    assert len(keys) == len(set(keys))
    found = {key: target.published for key, target in zip(keys, DATA.targets, strict=True)}
    cleopatra = "pertuzumab+trastuzumab+docetaxel"
    assert found["CLEOPATRA", cleopatra, "", "PFS_median", 0.0, ""] == 18.5  # central review, not 18.7
    assert found["EMILIA", "T-DM1", "", "OS_median", 0.0, ""] == 29.9  # final, not 30.9 at the interim
    assert found["DESTINY-Breast01", "T-DXd", "", "PFS_median", 0.0, ""] == 19.4  # not 16.4 of the first report


def test_arms_with_a_drug_that_does_nothing_in_the_model_are_left_out_and_named() -> None:
    assert not [t for t in DATA.targets if "pembrolizumab" in t.arm + t.reference]
    assert {row.trial for row in DATA.left_out if "pembrolizumab" in row.why} == {"PANACEA", "KEYNOTE-811"}


def test_errors_are_those_of_the_interval_or_of_the_numbers_and_never_below_the_discrepancy() -> None:
    record = load_record("DESTINY-Breast01")
    orr = next(t for t in targets_of(record)[0] if t.kind == "ORR" and not t.words)
    assert orr.sampling == pytest.approx(1.0 / math.sqrt(184 * 0.62 * 0.38), rel=0.02)
    pfs = next(t for t in targets_of(record)[0] if t.kind == "PFS_median" and not t.words)
    assert pfs.sampling == pytest.approx(math.log(25.0 / 14.1) / 3.92)
    assert all(t.error >= t.discrepancy >= 0.1 and t.sampling > 0 for t in DATA.targets)


def test_date_of_a_freeze_is_kept(tmp_path: Path) -> None:
    from her2sim.model.frozen import Frozen, read_frozen, write_frozen

    write_frozen(tmp_path, Frozen({"a": 1.0}, ({"a": 1.5},), "", date(2026, 11, 21).isoformat(), ()), {})
    assert read_frozen(tmp_path).date == "2026-11-21"


def test_time_to_progression_is_a_figure_of_the_fit() -> None:
    """Trials of the 1990s published nothing else; without it nothing says how long trastuzumab lasts."""
    told = {(target.trial, target.arm): target.published for target in DATA.targets if target.kind == "TTP_median"}
    assert ("H0649g", "trastuzumab") in told
    assert ("H0648g-paclitaxel", "paclitaxel") in told
    assert all(not name.endswith("chemotherapy") for _, name in told)  # arms whose strata are arms of their own
