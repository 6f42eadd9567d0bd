"""A record from YAML: every error names file, line and key; every default is named; what is written reads back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2sim.core.errors import InputError
from her2sim.record.defaults import defaults_of, reason_of
from her2sim.record.grammar import parse_dose, parse_schedule, parse_start, parse_until
from her2sim.record.reading import read_record, record_from_mapping, regimen_item
from her2sim.record.types import SETTINGS, RegimenItem, TrialRecord
from her2sim.record.writing import item_mapping, record_mapping, record_yaml, write_record

PROTOCOL = """\
id: mine
disease: breast
setting: metastatic-2L
arms:
- name: T-DXd
  n: 100
  regimen:
  - {drug: trastuzumab deruxtecan, dose: 5.4 mg/kg, route: iv, schedule: q3w, until: progression}
- name: T-DM1
  n: 100
  regimen:
  - {drug: trastuzumab emtansine, dose: 3.6 mg/kg, route: iv, schedule: q3w, until: progression}
"""


def test_a_protocol_takes_the_defaults_of_its_setting_and_names_each() -> None:
    record = read_record(PROTOCOL)
    assert record.eligibility.prior[0].drugs == ("trastuzumab", "taxane")
    assert record.assessment.scan_every_days == ((0.0, 42.0),)
    assert set(record.defaults_taken) == {
        *(f"eligibility.{key}" for key in ("her2", "hormone_receptor", "brain_metastases", "prior")),
        *(f"assessment.{key}" for key in ("scan_every", "assessor", "confirmed", "follow_up", "brain_imaging")),
    }


def test_what_a_protocol_gives_is_no_default() -> None:
    given_text = PROTOCOL + "eligibility: {prior: []}\nassessment: {scan_every: 9 weeks, follow_up: 1 year}\n"
    record = read_record(given_text)
    assert record.eligibility.prior == ()
    assert record.assessment.scan_every_days == ((0.0, 63.0),)
    assert not {"eligibility.prior", "assessment.scan_every", "assessment.follow_up"} & set(record.defaults_taken)


def test_a_drug_without_a_stopping_rule_takes_that_of_the_setting() -> None:
    record = read_record(PROTOCOL.replace(", until: progression}", "}").replace("metastatic-2L", "adjuvant"))
    assert record.arms[0].regimen[0].until.value == 365.25
    assert "arms[0].regimen[0].until" in record.defaults_taken


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("disease", ["breast", "gastric", "other"])
def test_every_setting_has_defaults_with_a_reason_for_each(setting: str, disease: str) -> None:
    record = read_record(
        f"{{id: a, disease: {disease}, setting: {setting}, arms: [{{name: x, regimen: [{{drug: d}}]}}]}}"
    )
    for key in record.defaults_taken:
        assert reason_of("until" if key.endswith(".until") else key)
    assert defaults_of(setting).until


def replaced(old: str, new: str) -> str:
    assert old in PROTOCOL
    return PROTOCOL.replace(old, new, 1)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (replaced("id: mine\n", ""), None, "no id"),
        (replaced("disease: breast", "disease: brest"), 2, "Did you mean breast"),
        (replaced("metastatic-2L", "metastatic-2"), 3, "Did you mean metastatic-2L"),
        (replaced("setting: metastatic-2L\n", ""), None, "no setting"),
        (replaced("arms:", "amrs:"), 4, "Did you mean arms"),
        (replaced("5.4 mg/kg", "5.4"), 8, r"arms\[0\]\.regimen\[0\]\.dose.*no unit"),
        (replaced("5.4 mg/kg", "5.4 mg/gk"), 8, "Did you mean mg/kg"),
        (replaced("schedule: q3w", "schedule: q3v"), 8, "Did you mean q3w"),
        (replaced("until: progression", "until: never"), 8, "not a stopping rule"),
        (replaced("route: iv", "route: vein"), 8, "route is 'vein'"),
        (replaced("drug: trastuzumab deruxtecan, ", ""), 8, "names no drug"),
        (replaced("route: iv", "rout: iv"), 8, "Did you mean route"),
        (replaced("n: 100", "n: 0"), 6, "from 1 to 1000000"),
        (replaced("n: 100", "n: 1000000000000"), 6, "from 1 to 1000000"),
        (replaced("n: 100", "n: many"), 6, "whole number"),
        (replaced("n: 100", "n: 1.5"), 6, "whole number"),
        (replaced("name: T-DM1", "name: T-DXd"), 9, "two arms are named"),
        (replaced("name: T-DXd", "name: ''"), 5, "no name"),
        (replaced("until: progression}", "until: progression, share: 1.2}"), 8, "from 0 to 1"),
        (replaced("until: progression}", "until: progression, share: 0}"), 8, "gives nobody"),
        (replaced("schedule: q3w, until: progression", "schedule: q3w x6, until: 4 cycles"), 8, "do not agree"),
        (replaced("5.4 mg/kg, route: iv, schedule: q3w", "5.4 mg/kg bid, route: iv, schedule: tid"), 8, "Give one"),
        (PROTOCOL + "baseline: {n: 200, median_agee: 54}", 13, "Did you mean median_age"),
        (PROTOCOL + "baseline: {ihc3_pct: 120}", 13, "from 0 to 100"),
        (PROTOCOL + "eligibility: {her2: [IHC4+]}", 13, "unknown HER2 state"),
        (PROTOCOL + "eligibility: {prior: [{drugs: [trastuzumab], share: 2}]}", 13, "from 0 to 1"),
        (PROTOCOL + "eligibility: {prior: [{share: 1}]}", 13, "names no drugs"),
        (PROTOCOL + "assessment: {scan_every: 6}", 13, "not a length of time"),
        (PROTOCOL + "assessment: {assessor: me}", 13, "assessor is 'me'"),
        (PROTOCOL + "contrasts: [{endpoint: PFS, arm: T-DXD, reference: T-DM1, hr: 0.3}]", 13, "Did you mean T-DXd"),
        (PROTOCOL + "contrasts: [{endpoint: PFS, arm: T-DXd, reference: T-DM1, hr: 0}]", 13, "hr is 0"),
        (PROTOCOL + "contrasts: [{endpoint: PFFS, arm: T-DXd, reference: T-DM1}]", 13, "Did you mean PFS"),
        (PROTOCOL + "contrasts: [{endpoint: PFS, ci95: [0.4, 0.3]}]", 13, "above the upper"),
        (PROTOCOL + "contrasts: [{endpoint: PFS, source: S9}]", 13, "no source 'S9'"),
        (PROTOCOL + "status: finished", 13, "status is 'finished'"),
        ("id: a\ndisease: breast\nsetting: metastatic-1L\narms: []", 4, "no arms"),
        ("id: a\ndisease: breast\nsetting: metastatic-1L", None, "no arms"),
        ("id: a\ndisease: breast\nsetting: metastatic-1L\narms: [{name: x}]", 4, r"\[\] says"),
        ("id: a\ndisease: breast\nsetting: metastatic-1L\narms: {name: x}", 4, "must be a list"),
        ("id: a\ndisease: breast\nsetting: metastatic-1L\narms: [x]", 4, "must hold mappings"),
        ("- id: a", None, "not a trial record"),
        ("", None, "empty"),
    ],
)
def test_an_error_names_file_line_key_and_what_was_expected(text: str, line: int | None, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        read_record(text, "trial.yaml")
    place = "trial.yaml" if line is None else f"trial.yaml:{line}: "
    assert caught.value.where.startswith(place), caught.value.where
    assert caught.value.exit_code == 2


def test_the_same_drug_twice_is_a_slip_but_a_bolus_with_an_infusion_is_not() -> None:
    item = "{drug: fluorouracil, dose: 400 mg/m2, schedule: q2w}"
    text = "{{id: a, disease: gastric, setting: metastatic-1L, arms: [{{name: x, regimen: [{}, {}]}}]}}"
    with pytest.raises(InputError, match="twice"):
        read_record(text.format(item, item))
    assert len(read_record(text.format(item, item.replace("400", "2400"))).arms[0].regimen) == 2
    halves = item.replace("}", ", share: 0.5}")
    assert len(read_record(text.format(halves, halves)).arms[0].regimen) == 2


def test_bid_may_stand_with_the_dose_or_with_the_schedule() -> None:
    first = regimen_item({"drug": "capecitabine", "dose": "1000 mg/m2 bid", "schedule": "d1-14 q3w"})
    second = regimen_item({"drug": "capecitabine", "dose": "1000 mg/m2", "schedule": "bid d1-14 q3w"})
    for item in (first, second):
        assert item.dose is not None and item.schedule is not None
        assert item.dose.per_day == item.schedule.per_day == 2


def test_published_results_stay_with_their_source_and_read_flag() -> None:
    text = PROTOCOL.replace(
        "until: progression}\n- name",
        "until: progression}\n  results:\n"
        "  - {endpoint: PFS_median, value: NR, unit: months, ci95: [20, NE], source: S1}\n"
        "  - {endpoint: ORR, value: 80, unit: percent, source: S2}\n"
        "  - {endpoint: CR, value: 20, unit: percent, source: S1, read: false}\n- name",
        1,
    )
    text += "sources: {S1: {citation: a paper, read: yes}, S2: {citation: memory, read: no}}\n"
    pfs, orr, cr = read_record(text).arms[0].results
    assert (pfs.value, pfs.not_reached, pfs.ci95, pfs.read) == (None, True, (20.0, None), True)
    assert (orr.read, cr.read) == (False, False)


def test_a_path_is_read_as_a_file_and_a_text_as_text(tmp_path: Path) -> None:
    path = tmp_path / "trial.yaml"
    path.write_text(PROTOCOL)
    assert read_record(str(path)) == read_record(path)
    assert read_record(path).origin == ("trial.yaml",)
    with pytest.raises(InputError, match="no such file"):
        read_record("missing.yml")


def test_a_mapping_is_read_like_its_yaml() -> None:
    record = read_record(PROTOCOL)
    assert record_from_mapping(record_mapping(record)) == record


DRUGS = st.sampled_from(["trastuzumab", "capecitabine", "paclitaxel"])
DOSES = st.sampled_from(
    ["5.4 mg/kg", "75 mg/m2 (to 100)", "840 mg", "1000 mg/m2 bid", "AUC 6", "1e8 cells", "80 mg/m2 (max 150 mg)"]
)
SCHEDULES = st.sampled_from(["q3w", "d1,8 q3w", "d1-14 q3w", "daily", "weekly", "q3w x6", "once"])
UNTILS = st.sampled_from(["progression", "6 cycles", ">=6 cycles", "1 year", "surgery"])
ITEMS = st.fixed_dictionaries(
    {"drug": DRUGS},
    optional={
        "dose": DOSES,
        "schedule": SCHEDULES,
        "until": st.just("progression"),
        "loading": st.sampled_from(["8 mg/kg", "840 mg"]),
        "cap": st.just("200 mg"),
        "start": st.sampled_from(["week 13", "day 15"]),
        "share": st.floats(0.01, 1.0),
        "route": st.sampled_from(["iv", "po"]),
        "reduce": st.just(["60 mg/m2", "45 mg/m2"]),
        "note": st.text(max_size=20),
        "unparsed": st.just({"dose": "as needed"}),
    },
)


@given(ITEMS)
def test_a_regimen_item_reads_back_as_it_was_written(values: dict[str, object]) -> None:
    item = regimen_item(values)
    assert regimen_item(item_mapping(item)) == item


@given(
    st.floats(0.001, 90.0),
    st.integers(1, 4),
    st.floats(1.0, 300.0),
    st.sampled_from(["progression", "surgery"]),
    st.floats(0.0, 400.0),
)
def test_an_item_made_by_a_program_without_words_reads_back_too(
    amount: float, per_day: int, cycle: float, kind: str, start: float
) -> None:
    values = {
        "drug": "x",
        "dose": {"amount": amount, "unit": "mg/kg", "per_day": per_day},
        "schedule": {"cycle_days": cycle, "days": [1], "per_day": per_day},
        "until": {"kind": kind},
        "start_day": start,
    }
    item: RegimenItem = regimen_item(values)
    assert item.dose is not None
    assert item.dose.amount == amount
    assert regimen_item(item_mapping(item)) == item


figures = st.fixed_dictionaries(
    {"endpoint": st.sampled_from(["ORR", "PFS_median", "PFS_rate_12mo", "OS_median"]), "unit": st.just("percent")},
    optional={
        "value": st.floats(0, 100) | st.just("NR"),
        "ci95": st.tuples(st.floats(0, 50), st.floats(50, 100)).map(list) | st.just([1.5, "NR"]),
        "pi90": st.tuples(st.floats(0, 50), st.floats(50, 100)).map(list),
        "confirmed": st.booleans(),
        "read": st.booleans(),
        "note": st.text(max_size=12),
        "n_evaluated": st.integers(1, 5000),
    },
)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(SETTINGS),
    st.lists(ITEMS, min_size=1, max_size=3),
    st.lists(figures, max_size=3),
    st.text(max_size=30),
    st.floats(1, 5000),
)
def test_a_record_reads_back_as_it_was_written(
    setting: str, items: list[dict[str, object]], results: list[dict[str, object]], words: str, follow_up: float
) -> None:
    arm = {"name": "A", "n": 10, "regimen": [{**item, "share": 0.2} for item in items], "results": results}
    values = {
        "id": "mine", "disease": "gastric", "setting": setting, "arms": [arm], "population": words, "notes": words,
        "assessment": {"scan_every_days": [[0, 41.5], [100, 63]], "follow_up_days": follow_up},
    }  # fmt: skip
    record: TrialRecord = record_from_mapping(values)
    assert read_record(record_yaml(record)) == record


def test_a_record_file_is_utf8_with_plain_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "out.yaml"
    record = read_record(PROTOCOL + "notes: 'α ≥ β'\n")
    write_record(record, path)
    assert b"\r" not in path.read_bytes()
    assert read_record(path, "") == read_record(record_yaml(record), "out.yaml")
    assert read_record(path).notes == "α ≥ β"


def test_the_example_of_the_reference_is_a_record_and_its_words_are_words() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "trial-record.md").read_text(encoding="utf-8")
    record = read_record(page.split("```yaml\n")[1].split("```")[0])
    assert record.eligibility.prior[0].drugs == ("trastuzumab", "taxane")
    readers = {"dose": parse_dose, "schedule": parse_schedule, "until": parse_until, "start": parse_start}
    key, seen = "", 0
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) != 5:
            continue
        key = cells[1].strip("`") or key
        for words in re.findall(r"`([^`]+)`", cells[2]) if key in readers else ():
            readers[key](words)
            seen += 1
    assert seen > 20
