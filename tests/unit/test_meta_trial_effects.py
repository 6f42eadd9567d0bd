from __future__ import annotations

import math
from typing import Any

import pytest

from her2sim.analysis.benchmarks.arm_figures import arm_figures
from her2sim.analysis.meta.trial_effects import in_setting, ratio_error, trial_effects
from her2sim.core.errors import InputError
from her2sim.evidence.base import all_records, load_record
from her2sim.evidence.roles import role_of
from her2sim.record.reading import read_record
from her2sim.record.types import Contrast

RECORD = """
id: TEST-1
disease: breast
setting: metastatic-1L
eligibility: {{her2: [{her2}]}}
arms:
- name: combination
  n: 100
  regimen: [{{drug: lapatinib}}, {{drug: trastuzumab}}, {{drug: letrozole}}]
  results: {results}
- name: control
  n: 100
  regimen: [{{drug: trastuzumab}}, {{drug: anastrozole}}]
contrasts: {contrasts}
sources: {{S: {{citation: made for a test, read: true}}}}
"""


def record(contrasts: str = "[]", results: str = "[]", her2: str = "IHC3+") -> Any:
    return read_record(RECORD.format(contrasts=contrasts, results=results, her2=her2))


def figure(ratio: float, low: float, high: float, more: str = "") -> str:
    return (
        f"{{endpoint: PFS, arm: combination, reference: control, hr: {ratio}, ci95: [{low}, {high}], source: S, "
        f"read: true{more}}}"
    )


def test_trials_kept_back_never_enter() -> None:
    for outcome in ("PFS", "OS", "DFS", "ORR", "pCR"):
        studies = {x.study.split(" (")[0] for x in trial_effects(all_records(), outcome).comparisons}
        assert studies
        assert not [name for name in studies if role_of(name) == "withheld"]
    for outcome in ("ORR", "PFS median", "OS median", "pCR"):
        assert not [x for x in arm_figures(all_records(), outcome) if role_of(x.trial) == "withheld"]


def test_only_visible_trials_enter() -> None:
    found = trial_effects(all_records(), "PFS", visible={"EMILIA", "CLEOPATRA"})
    assert {x.study for x in found.comparisons} == {"EMILIA", "CLEOPATRA"}
    assert {x.trial for x in arm_figures(all_records(), "ORR", visible={"EMILIA"})} == {"EMILIA"}


def test_times_in_weeks_become_months() -> None:
    found = {x.arm: x.value for x in arm_figures([load_record("EGF104900")], "PFS median")}
    assert found["lapatinib"] == pytest.approx(8.1 * 7 / (365.25 / 12))


def test_figures_of_strata_are_left_out() -> None:
    stratum = figure(0.2, 0.1, 0.4, ", population: visceral disease")
    whole = figure(0.6, 0.5, 0.72)
    found = trial_effects([record(f"[{stratum}, {whole}]")], "PFS").comparisons
    assert [round(math.exp(x.effect), 6) for x in found] == [0.6]
    assert trial_effects([record(f"[{stratum}]")], "PFS").comparisons == ()
    everyone = figure(0.7, 0.5, 0.98, ", population: intention to treat")
    assert len(trial_effects([record(f"[{everyone}]")], "PFS").comparisons) == 1


def test_her2_low_disease_is_kept_apart() -> None:
    low = record(f"[{figure(0.6, 0.5, 0.72)}]", her2="IHC1+")
    assert trial_effects([low], "PFS").comparisons == ()
    assert "TEST-1" in trial_effects([low], "PFS").left_out


def test_read_figures_go_before_recalled_and_mature_before_early_ones() -> None:
    recalled = figure(0.5, 0.45, 0.55).replace("read: true", "read: false")
    early, mature = figure(0.55, 0.3, 1.0), figure(0.65, 0.5, 0.845)
    found = trial_effects([record(f"[{recalled}, {early}, {mature}]")], "PFS")
    assert [round(math.exp(x.effect), 6) for x in found.comparisons] == [0.65]
    assert found.recalled == ()
    assert trial_effects([record(f"[{recalled}]")], "PFS").recalled == ("TEST-1",)


def test_interchangeable_drugs_make_one_treatment() -> None:
    found = trial_effects([record(f"[{figure(0.6, 0.5, 0.72)}]")], "PFS").comparisons[0]
    assert found.treatment == "aromatase inhibitor+lapatinib+trastuzumab"
    assert found.reference == "aromatase inhibitor+trastuzumab"


def test_three_arms_with_two_published_ratios_are_completed() -> None:
    found = trial_effects([load_record("ALTERNATIVE")], "PFS").comparisons
    assert [x.derived for x in found] == [False, False, True]
    assert math.exp(abs(found[2].effect)) == pytest.approx(0.71 / 0.62)


@pytest.mark.parametrize(
    ("ci95", "extra", "expected"),
    [
        ((0.5, 0.845), {}, math.log(0.845 / 0.5) / (2 * 1.959964)),
        ((0.5, 0.845), {"ci_level": "97.5%"}, math.log(0.845 / 0.5) / (2 * 2.241403)),
        (None, {"ci80": [0.5, 0.845]}, math.log(0.845 / 0.5) / (2 * 1.281552)),
        (None, {}, None),
        ((0.7, 0.845), {}, None),
        ((0.60, 0.845), {}, math.log(0.845 / 0.65) / 1.959964),
    ],
)
def test_the_error_of_a_published_ratio(ci95: Any, extra: dict[str, Any], expected: float | None) -> None:
    found = ratio_error(Contrast("PFS", "A", "B", hr=0.65, ci95=ci95, extra=extra))
    assert found == (None if expected is None else pytest.approx(expected, rel=1e-5))


def test_settings_are_named_by_their_beginning() -> None:
    words = ("", "metastatic", "2L", "METASTATIC-2L", "1L", "meta")
    assert [in_setting("metastatic-2L", each) for each in words] == [True, True, True, True, False, False]


def test_an_unknown_outcome_is_refused() -> None:
    with pytest.raises(InputError, match="Did you mean PFS"):
        trial_effects([], "PSF")
    with pytest.raises(InputError, match="unknown outcome"):
        arm_figures([], "ORRR")
