from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from her2sim.record.types import Contrast, Result, TrialRecord
from her2sim.report.content import agreement_sentence, answers, first_rows, hazard_sentence
from her2sim.report.headline import headline
from her2sim.report.pairing import Pair, Shown, paired
from her2sim.report.protocol_words import assessment_lines, drug_lines, population_lines, question
from her2sim.report.response_data import best_changes, change_tracks
from her2sim.report.run_files import RunFiles, read_run_files
from her2sim.report.survival_data import published_points, replicate_band, survival_arms

Maker = Callable[..., Path]


@pytest.fixture
def files(tmp_path: Path, make_run_folder: Maker) -> RunFiles:
    return read_run_files(make_run_folder(tmp_path / "a"))


def by_name(pairs: tuple[Pair, ...]) -> dict[tuple[str, str], Pair]:
    return {(pair.group, pair.endpoint): pair for pair in pairs}


def test_each_simulated_figure_is_paired_with_the_published_one(files: RunFiles) -> None:
    pairs = paired(files.record, files.published)
    arms = by_name(pairs.arms)
    response = arms["T-DM1", "ORR"]
    assert response.simulated is not None and response.published is not None
    assert (response.simulated.words, response.published.words, response.agreement) == ("45.2 %", "34.2 %", "outside")
    assert response.source.startswith("Cortés")
    survival = arms["T-DXd", "OS_median"]
    assert survival.simulated is not None and math.isinf(survival.simulated.value)
    assert (survival.simulated.words, survival.simulated.interval_words, survival.agreement) == (
        "NR",
        "36.1 to NR",
        "inside",
    )
    assert arms["T-DXd", "CR"].published is None and arms["T-DXd", "CR"].agreement == ""
    assert not arms["T-DM1", "PFS_median"].read
    assert [pair.endpoint for pair in pairs.only_published] == ["grade3plus_AE"]


def test_without_a_published_record_all_simulated_figures_are_still_there(files: RunFiles) -> None:
    pairs = paired(files.record, None)
    assert len(pairs.arms) == sum(len(arm.results) for arm in files.record.arms)
    assert len(pairs.contrasts) == 2
    assert agreement_sentence((*pairs.contrasts, *pairs.arms)) == "No published figure to compare with."


def test_hazard_ratios_become_sentences_that_respect_chance(files: RunFiles) -> None:
    told = answers(paired(files.record, files.published).contrasts)
    assert [answer.value for answer in told] == ["0.31", "0.81"]
    assert told[0].sentence == "T-DXd lowers the hazard of progression or death by 69%."
    assert "could as well show no difference" in told[1].sentence
    worse = Pair("A against B", "OS hazard ratio", "", "ratio", simulated=Shown(1.4, "ratio", (1.1, 1.8)))
    assert hazard_sentence(worse) == "A raises the hazard of death by 40%."


def test_the_first_screen_has_a_cell_for_each_arm(files: RunFiles) -> None:
    rows = first_rows(paired(files.record, files.published).arms, ["T-DXd", "T-DM1", "a third arm"])
    assert [label for label, _ in rows] == ["Objective response", "Median PFS", "Median OS"]
    assert all(len(cells) == 3 and cells[2] is None for _, cells in rows)


def test_the_headline_takes_the_main_assessor(files: RunFiles) -> None:
    arm = files.record.arms[0]
    local = Result("PFS_median", 99.0, "months", assessor="INV")
    record = replace(
        files.record,
        arms=(replace(arm, results=(local, *arm.results)), *files.record.arms[1:]),
        contrasts=(Contrast("PFS", "T-DXd", "T-DM1", hr=0.99, assessor="INV"), *files.record.contrasts),
    )
    values = {(figure.label, figure.arm): figure.value for figure in headline(record)}
    assert values["Median PFS", "T-DXd"] == "29.1 mo"
    assert values["Hazard ratio for PFS", "T-DXd against T-DM1"] == "0.31"


def test_a_protocol_in_words(files: RunFiles) -> None:
    record: TrialRecord = files.record
    assert question(record).endswith("how would T-DXd fare against T-DM1?")
    assert any("trastuzumab" in line and "taxane" in line for line in population_lines(record))
    words = drug_lines(record.arms[0])[0].replace("\N{NO-BREAK SPACE}", " ")
    assert words == "trastuzumab deruxtecan 5.4 mg/kg iv q3w until progression"
    assert assessment_lines(record.assessment)[0].startswith("Scans every 6 weeks, read by an independent central")


def test_best_change_leaves_out_the_baseline_scan_and_failed_patients() -> None:
    patients = pd.DataFrame(
        {
            "replicate": [0, 0, 0, 1],
            "arm": "A",
            "patient": [0, 1, 2, 0],
            "status": ["done", "done", "failed", "done"],
            "bor_BICR": ["PD", "NE", "", "CR"],
        }
    )
    rows = [(0, 0, 0, 0.0), (0, 0, 1, 25.0), (0, 0, 2, 40.0), (0, 1, 0, 0.0), (1, 0, 0, 0.0), (1, 0, 1, -100.0)]
    scans = pd.DataFrame(rows, columns=["replicate", "patient", "visit", "change_pct"])
    scans = scans.assign(arm="A", assessor="BICR", day=scans["visit"] * 42)
    best = best_changes(patients, scans, "A", "BICR")
    assert best["patient"].tolist() == [0, 1]
    assert best["best_change_pct"].tolist()[0] == 25.0
    assert np.isnan(best["best_change_pct"].tolist()[1])
    tracks = change_tracks(patients, scans, "A", "BICR")
    assert tracks["patient"].unique().tolist() == [0]


def test_the_band_of_replicates_holds_most_of_them_and_ends_where_too_few_are_followed() -> None:
    rng_free = np.linspace(0.5, 9.5, 10)
    replicate = np.repeat(np.arange(20), 10)
    time = np.concatenate([rng_free * (1 + 0.05 * k) for k in range(20)])
    band = replicate_band(replicate, time, np.ones(200, dtype=bool))
    assert band is not None
    days, low, high = band
    assert low[0] == high[0] == 1
    known = ~np.isnan(low)
    assert (low[known] <= high[known]).all()
    assert (np.diff(low[known]) <= 1e-12).all() and (np.diff(high[known]) <= 1e-12).all()
    assert high[known][-1] <= 0.1 and days[-1] == time.max()
    assert replicate_band(np.zeros(10, dtype=int), rng_free, np.ones(10, dtype=bool)) is None


def test_published_medians_and_rates_become_points_in_months(files: RunFiles) -> None:
    assert files.published is not None
    points = published_points(files.published.arms[0].results, "PFS", "BICR")
    assert [(p.months, p.share, p.is_median) for p in points] == [
        (28.8, 0.5, True),
        (pytest.approx(12.0), 0.758, False),
    ]
    assert (
        published_points(files.published.arms[0].results, "OS", "") == ()
    )  # a median that was not reached is no point


def test_arms_of_a_survival_figure_stand_in_the_order_of_the_record(files: RunFiles) -> None:
    assert files.events is not None
    shuffled = files.events.sample(frac=1, random_state=1)
    arms = survival_arms(shuffled, files.record, files.published, "PFS", "BICR")
    assert [arm.name for arm in arms] == ["T-DXd", "T-DM1"]
    assert [arm.median_days for arm in arms] == [pytest.approx(29.1 * 30.4375), pytest.approx(8.3 * 30.4375)]
    assert [arm.curve.n for arm in arms] == [260, 263]  # one patient failed
