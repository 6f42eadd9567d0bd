"""CSV of results of arms, digitized curves and risk tables: cells to figures, and errors with line and column."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2sim.core.errors import InputError
from her2sim.evidence.importers.arms_csv import import_arms
from her2sim.evidence.importers.curve_csv import parse_curve, parse_risk_table
from her2sim.evidence.importers.source_text import SourceText
from her2sim.record.reading import read_record
from her2sim.record.writing import record_yaml

HEAD = "trial,disease,setting,arm,n,regimen,endpoint,value,unit,ci_low,ci_high,reference,hr,p_value,citation,url,read\n"
GOOD = (
    HEAD + "X,breast,metastatic-2L,A,100,T-DXd,PFS_median,28.8,months,22.4,NR,,,,Doe 2022,https://doi.org/10.1/x,true\n"
    "X,breast,metastatic-2L,B,100,trastuzumab emtansine + placebo,PFS_median,6.8,months,5.6,8.2,,,,,,\n"
    "X,breast,metastatic-2L,A,,,PFS,,,0.26,0.43,B,0.33,0.0001,Doe 2022,https://doi.org/10.1/x,true\n"
    "# a remark\n"
    "Y,gastric,metastatic-1L,C,50,,,,,,,,,,,,\n"
)


def read(text: str):
    return import_arms(SourceText("t.csv", text))


def test_rows_become_arms_figures_and_contrasts() -> None:
    made = read(GOOD)
    first, second = made.records
    figure = first.arms[0].results[0]
    assert (figure.value, figure.ci95, figure.read) == (28.8, (22.4, None), True)
    assert first.sources[figure.source]["citation"] == "Doe 2022" and len(first.sources) == 1
    assert [item.drug for item in first.arms[1].regimen] == ["trastuzumab emtansine", "placebo"]
    contrast = first.contrasts[0]
    assert (contrast.hr, contrast.ci95, contrast.p_value, contrast.reference) == (0.33, (0.26, 0.43), 0.0001, "B")
    assert (second.id, second.arms[0].n, second.arms[0].results) == ("Y", 50, ())
    for record in made.records:
        assert read_record(record_yaml(record)) == record


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("28.8,months,22.4", "-1,months,22.4", "t.csv:2: value: -1 is impossible"),
        ("28.8,months", "128,percent", "t.csv:2: value: 128 is impossible"),
        ("5.6,8.2", "8.2,5.6", "t.csv:3: ci_low: the lower bound 8.2"),
        ("6.8,months", "9.8,months", "t.csv:3: ci_low: 9.8 lies outside"),
        ("PFS_median,6.8", "PSF_median,6.8", "t.csv:3: endpoint: unknown endpoint.*PFS_median"),
        ("B,0.33", "Z,0.33", "t.csv:4: reference: 'Z' is not another arm"),
        ("B,0.33", "B,0", "t.csv:4: hr: 0 is impossible"),
        ("0.0001", "1.1", "t.csv:4: p_value: 1.1 is impossible"),
        ("Y,gastric", "Y,lung", "trial 'Y'.*disease is 'lung'"),
        ("X,breast,metastatic-2L,B", "X,gastric,metastatic-2L,B", "t.csv:3: disease: trial 'X' had 'breast'"),
        ("6.8,months,5.6", '"6,8",months,5.6', "t.csv:3: value: '6,8' is not a number.*point"),
        ("citation", "author", "t.csv:1: unknown column 'author'"),
        ("trial,disease", "trial,trial", "given twice"),
        (",true\nX,breast,metastatic-2L,B", "\nX,breast,metastatic-2L,B", "t.csv:2: 16 cells, and the header has 17"),
        (",6.8,months", ",,months", "t.csv:3: value: the value is missing"),
        ("B,0.33,0.0001", "B,,", "a comparison needs hr"),
        ("metastatic-2L,A,,,PFS", "metastatic-2L,A,99,,PFS", "t.csv:4: n: arm 'A' had n 100"),
    ],
)
def test_what_is_wrong_is_refused_with_line_and_column(old: str, new: str, words: str) -> None:
    assert old in GOOD
    with pytest.raises(InputError, match=words):
        read(GOOD.replace(old, new, 1))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("trial,arm\nX,A\n", "no column disease, setting"), ("\n# only\n", "no header"), (HEAD, "a header and no rows"),
        (HEAD + '"X,breast\n', "t.csv:2: not a table"),
    ],
)  # fmt: skip
def test_tables_that_are_none(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read(text)


def test_a_quoted_cell_over_two_lines_does_not_shift_the_lines_of_later_errors() -> None:
    text = HEAD + 'X,breast,metastatic-2L,A,1,d,,,,,,,,,"two\nlines",,\nX,breast,metastatic-2L,A,0,,,,,,,,,,,,\n'
    with pytest.raises(InputError, match=r"t\.csv:4: n"):
        read(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("time,survival\n0,1\n5,80\n", "c.csv:3: survival: a survival of 80 is above 1.*survival_pct"),
        ("time,survival\n0,1\n-5,0.8\n", "c.csv:3: time: -5 is impossible"),
        ("time,survival\n0,1\n", "1 points are no curve"), ("time,value\n0,1\n", "unknown column 'value'"),
        ("survival\n1\n0.5\n", "one column must hold the time"), ("time\n0\n1\n", "must hold the survival"),
        ("time,survival\n0,1\n3,\n", "survival is missing"), ("time,survival\n0,1\n3,nan\n", "not a finite number"),
    ],
)  # fmt: skip
def test_curves_that_are_none(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        parse_curve(SourceText("c.csv", text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("time,at_risk\n3,10\n", "r.csv:2: time: the first time is 3"),
        ("time,at_risk\n0,10\n3,11\n", "r.csv:3: at_risk: 11 are at risk after 10"),
        ("time,at_risk\n0,10\n0,9\n", "r.csv:3: time: time 0 does not come after 0"),
        ("time,at_risk\n0,9.5\n", "not a whole number"), ("time,at_risk\n0,0\n", "nobody is at risk"),
    ],
)  # fmt: skip
def test_risk_tables_that_are_none(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        parse_risk_table(SourceText("r.csv", text))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 60), st.floats(0, 1)), min_size=2, max_size=30), st.sampled_from(",;\t"))
def test_curves_come_back_sorted_whatever_their_separator(points: list[tuple[float, float]], mark: str) -> None:
    text = f"time_weeks{mark}survival\n" + "".join(f"{time!r}{mark}{height!r}\n" for time, height in points)
    curve = parse_curve(SourceText("c.csv", text))
    assert curve.unit == "weeks" and sorted(time for time, _ in points) == curve.time.tolist()
    assert sorted(height for _, height in points) == sorted(curve.survival.tolist())
