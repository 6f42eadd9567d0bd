"""The evidence base: every record loads, the index is current, figures keep their sources, queries find."""

from __future__ import annotations

from pathlib import Path

import pytest

from her2sim.core.errors import InputError
from her2sim.evidence.base import all_records, counts, load_record
from her2sim.evidence.index import INDEX, build_index, entries, trial_files
from her2sim.evidence.query import matching
from her2sim.record.reading import read_record
from her2sim.record.types import TrialRecord
from her2sim.record.writing import record_yaml


@pytest.fixture(scope="module")
def records() -> tuple[TrialRecord, ...]:
    return all_records()


def test_the_index_is_that_of_the_records() -> None:
    index = trial_files()[0].parent.parent / INDEX
    assert index.read_text(encoding="utf-8") == build_index(trial_files()), "run python -m her2sim.evidence.index"


def test_every_record_reads_back_as_it_was_written(records: tuple[TrialRecord, ...]) -> None:
    for record in records:
        assert read_record(record_yaml(record)) == record, record.id


def test_every_figure_has_a_source_and_an_explicit_read_flag_no_better_than_its_source() -> None:
    for path in trial_files():
        record = read_record(path)
        text = path.read_text(encoding="utf-8")
        figures = [result for arm in record.arms for result in arm.results] + list(record.contrasts)
        rows = [(figure.source, figure.read) for figure in figures]
        rows += [(str(subgroup.get("source", "")), bool(subgroup["read"])) for subgroup in record.subgroups]
        assert text.count("endpoint:") >= len(rows)
        for source, read in rows:
            assert source, record.id
            assert not read or record.sources[source]["read"], (
                f"{record.id} says read, but its source {source} was recalled"
            )


def test_every_source_that_was_read_says_where(records: tuple[TrialRecord, ...]) -> None:
    for record in records:
        for key, source in record.sources.items():
            assert source["citation"], (record.id, key)
            assert not source["read"] or source.get("url"), f"{record.id} {key}: read, but no address"


def test_no_id_and_no_file_name_stands_twice(records: tuple[TrialRecord, ...]) -> None:
    ids = [record.id.lower() for record in records]
    assert len(set(ids)) == len(ids)
    origins = [origin for record in records for origin in record.origin]
    assert len(set(origins)) == len(origins), "one record of the collections stands in two merged records"


def test_alternatives_of_an_arm_fill_complete_groups(records: tuple[TrialRecord, ...]) -> None:
    for record in records:
        for arm in record.arms:
            filled = 0.0
            for share in (item.share for item in arm.regimen if item.share < 1.0):
                filled = share if filled > 0.995 else filled + share
                assert filled < 1.005, f"{record.id}, {arm.name}: alternatives add up to more than all patients"


def test_patients_of_the_arms_fit_the_number_of_the_trial(records: tuple[TrialRecord, ...]) -> None:
    counted_twice = {"H0648g", "ABCSG-52/ATHENE", "APTneo (Michelangelo)"}  # strata or pooled arms beside the arms
    counted_twice |= {"DS8201-A-U105 (T-DXd + nivolumab)", "TBCRC022-capecitabine"}  # the baseline is of some cohorts
    for record in records:
        given = [arm.n for arm in record.arms]
        if record.kind != "trial" or None in given or not record.baseline.get("n") or record.id in counted_twice:
            continue
        total = sum(n or 0 for n in given)
        assert total <= 1.25 * record.baseline["n"], f"{record.id}: arms {given} against n {record.baseline['n']}"


def test_a_metastatic_trial_that_can_be_scored_has_doses_and_schedules(records: tuple[TrialRecord, ...]) -> None:
    """A missing dose would drop a drug from the simulated arm without a word."""
    for record in records:
        scored = record.status in ("completed", "withheld") and record.disease in ("breast", "gastric")
        if record.kind == "trial" and scored and record.setting.startswith("metastatic"):
            for arm in record.arms:
                for item in arm.regimen:
                    assert item.dose and item.schedule, f"{record.id}, {arm.name}: {item.drug}"


def test_completed_metastatic_trials_say_which_lines_came_before(records: tuple[TrialRecord, ...]) -> None:
    for record in records:
        if record.kind == "trial" and record.status == "completed" and record.setting.startswith("metastatic"):
            assert "eligibility.prior" not in record.defaults_taken, record.id


def test_no_patient_gets_a_chemotherapy_that_all_of_her_trial_had_before() -> None:
    """The physician's choice is among drugs not had: a class that has failed fails again in the model, as it should."""
    for record in (load_record(name) for name in ("TH3RESA", "SOPHIA", "monarcHER", "EGF104900", "DESTINY-Breast01")):
        had = {drug for line in record.eligibility.prior if line.share == 1.0 for drug in line.drugs} - {"trastuzumab"}
        had -= {"taxane"}  # a class of two drugs: one of them after the other is given
        for arm in record.arms:
            assert not had & {item.drug for item in arm.regimen}, f"{record.id}, {arm.name}"


@pytest.mark.parametrize(
    ("trial", "interval", "lines"),
    [
        ("CLEOPATRA", ((0.0, 63.0),), [(("trastuzumab", "taxane"), "adjuvant")]),
        (
            "EMILIA",
            ((0.0, 42.0),),
            [(("trastuzumab", "taxane"), "metastatic"), (("trastuzumab", "vinorelbine"), "metastatic")],
        ),
        (
            "DESTINY-Breast03",
            ((0.0, 42.0),),
            [
                (("trastuzumab", "pertuzumab", "taxane"), "metastatic"),
                (("trastuzumab", "taxane"), "metastatic"),
                (("trastuzumab", "vinorelbine"), "metastatic"),
            ],
        ),
        ("ToGA", ((0.0, 42.0),), []),
        (
            "HER2CLIMB",
            ((0.0, 42.0), (168.0, 63.0)),
            [(("trastuzumab", "pertuzumab", "taxane"), "metastatic"), (("trastuzumab emtansine",), "metastatic")],
        ),
    ],
)
def test_the_showcase_trials_are_designed_as_published(
    trial: str, interval: tuple[tuple[float, float], ...], lines: list[tuple[tuple[str, ...], str]]
) -> None:
    record = load_record(trial)
    assert record.assessment.scan_every_days == interval
    assert [(line.drugs, line.setting) for line in record.eligibility.prior] == lines
    assert not record.defaults_taken


def test_cleopatra_gives_docetaxel_for_six_cycles_and_the_antibodies_to_progression() -> None:
    arm = load_record("CLEOPATRA").arms[0]
    until = {item.drug: (item.until.kind, item.until.value) for item in arm.regimen}
    assert until == {
        "pertuzumab": ("progression", None),
        "trastuzumab": ("progression", None),
        "docetaxel": ("cycles", 6.0),
    }
    loading = {item.drug: item.loading.amount if item.loading else None for item in arm.regimen}
    assert loading == {"pertuzumab": 840.0, "trastuzumab": 8.0, "docetaxel": None}


def test_records_of_one_trial_in_several_collections_are_one() -> None:
    for trial in ("NEfERT-T", "KATE2", "CEREBEL", "DESTINY-Breast12", "IMpassion050", "ASTEFANIA", "KEYNOTE-811"):
        assert len(load_record(trial).origin) == 2, trial
    assert len(load_record("PANACEA").origin) == 3
    assert [entry.id for entry in entries() if "NCT02129556" in entry.nct] == ["PANACEA"]


def test_an_id_is_found_in_any_case_by_number_and_by_file(tmp_path: Path) -> None:
    cleopatra = load_record("CLEOPATRA")
    for name in ("cleopatra", " Cleopatra ", "nct00567190"):
        assert load_record(name) is cleopatra
    path = tmp_path / "mine.yaml"
    path.write_text(record_yaml(cleopatra), encoding="utf-8")
    assert load_record(str(path)) == cleopatra


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("CLEOPTRA", "Did you mean CLEOPATRA"),
        ("Destiny-Breast-03", "DESTINY-Breast03"),
        ("", "no trial"),
        ("NCT02614794", "names 2"),
    ],
)
def test_an_unknown_id_offers_the_nearest(name: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        load_record(name)


def test_counts_add_up() -> None:
    size = counts()
    known = entries()
    assert size.records == len(known) == size.trials + size.cohorts + size.collections == len(trial_files())
    assert size.figures == size.read + size.recalled == sum(entry.read + entry.recalled for entry in known)
    for part in (size.by_role, size.by_setting, size.by_disease, size.by_status):
        assert sum(part.values()) == size.records


@pytest.mark.parametrize(
    ("query", "has", "lacks"),
    [
        ("drug:T-DXd setting:2L", "DESTINY-Breast03", "DESTINY-Breast02"),
        ("tdxd", "DESTINY-Breast03", "CLEOPATRA"),
        ("pertuzumab docetaxel", "CLEOPATRA", "EMILIA"),
        ("disease:gastric role:fit", "ToGA", "JACOB"),
        ("status:withheld", "PATINA", "CLEOPATRA"),
        ('drug:"trastuzumab emtansine"', "EMILIA", "CLEOPATRA"),
        ("nct:NCT00829166", "EMILIA", "CLEOPATRA"),
    ],
)
def test_a_query_finds_what_it_says(query: str, has: str, lacks: str) -> None:
    found = {entry.id for entry in matching(entries(), query)}
    assert has in found
    assert lacks not in found


@pytest.mark.parametrize(("query", "said"), [("colour:red", "unknown field"), ('"open', "not closed")])
def test_a_query_that_cannot_be_read(query: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        matching(entries(), query)


def test_every_term_of_a_query_narrows() -> None:
    everything = {entry.id for entry in matching(entries(), "")}
    some = {entry.id for entry in matching(entries(), "lapatinib")}
    fewer = {entry.id for entry in matching(entries(), "lapatinib gastric")}
    assert everything > some > fewer
    assert {entry.id for entry in matching(entries(), "-lapatinib")} == everything - some


def test_every_figure_lies_in_its_own_interval_and_every_percentage_between_0_and_100(
    records: tuple[TrialRecord, ...],
) -> None:
    """A slip of the pen in a value or a bound shows here."""
    for record in records:
        rows = [(x.endpoint, x.value, x.ci95) for arm in record.arms for x in arm.results]
        rows += [(x.endpoint, x.hr or x.odds_ratio, x.ci95) for x in record.contrasts]
        for endpoint, value, interval in rows:
            low, high = interval or (None, None)
            if value is not None:
                assert low is None or low <= value, (record.id, endpoint)
                assert high is None or value <= high, (record.id, endpoint)
        for arm in record.arms:
            for x in arm.results:
                assert x.unit != "percent" or x.value is None or 0 <= x.value <= 100, (record.id, x)
