"""Looking up published trials: as a process, and through the facade."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from her2sim.cli.main import app
from her2sim.core.errors import InputError
from her2sim.record.reading import read_record
from her2sim.study import catalog

ADVICE = "Research use only; not medical advice."


def run(*args: str) -> str:
    result = CliRunner().invoke(app, list(args))
    assert result.exit_code == 0, result.output
    return result.output


def test_the_list_comes_fast_and_loads_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['her2sim', 'trials', 'setting:2L']\n"
        "from her2sim.cli.main import app\n"
        "try: app()\n"
        "except SystemExit: pass\n"
        "names = 'pandas scipy matplotlib statsmodels llvmlite libsbml pyarrow pint'\n"
        "heavy = set(names.split()) & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    start = time.process_time()
    begin = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "DESTINY-Breast03" in done.stdout
    assert time.perf_counter() - begin < 10.0  # a shared machine; alone it takes about half a second
    assert time.process_time() - start < 1.0


def test_a_reader_finds_a_trial_and_sees_what_was_read_and_what_recalled() -> None:
    listing = run("trials", "drug:T-DXd", "disease:breast")
    assert "DESTINY-Breast03" in listing
    assert "CLEOPATRA" not in listing
    assert ADVICE in listing
    shown = run("show", "destiny-breast03")
    assert "28.8 mo" in shown
    assert "recalled" in shown
    assert "earlier line, metastatic: trastuzumab + taxane" in shown
    assert shown.rstrip().endswith(ADVICE)


def test_a_term_with_a_hyphen_leaves_out_and_is_no_option() -> None:
    with_it, without = (
        run("trials", "class:checkpoint", "line:1"),
        run("trials", "class:checkpoint", "-status:withheld", "line:1"),
    )
    assert "HERIZON-GEA-01" in with_it and "HERIZON-GEA-01" not in without and "KEYNOTE-811" in without


def test_json_holds_every_trial_of_the_list() -> None:
    rows = json.loads(run("trials", "--json"))
    assert len(rows) == catalog.trial_counts().records
    assert {"id", "role", "setting", "read", "recalled"} <= set(rows[0])
    sizes = json.loads(run("trials", "--counts", "--json"))
    assert sizes["records"] == len(rows)
    record = json.loads(run("show", "ToGA", "--json"))
    assert record["role"] == "fit"
    assert record["arms"][0]["results"][0]["endpoint"] == "OS_median"


def test_the_yaml_of_a_record_can_be_edited_and_read_again() -> None:
    text = run("show", "CLEOPATRA", "--yaml")
    assert read_record(text) == catalog.trial_record("CLEOPATRA")
    assert read_record(text.replace("docetaxel", "paclitaxel")).arms[0].regimen[-1].drug == "paclitaxel"


def test_a_withheld_trial_shows_its_design_and_says_that_figures_are_kept_back() -> None:
    shown = run("show", "DESTINY-Breast09")
    assert "5.4 mg/kg" in shown
    assert catalog.WITHHELD_NOTE in shown
    assert "PFS" not in shown.replace("PFS_rate", "")


def test_one_endpoint_may_be_asked_for() -> None:
    shown = run("show", "EMILIA", "--endpoint", "OS")
    assert "30.9 mo" in shown
    assert "ORR" not in shown
    with pytest.raises(InputError, match="Did you mean OS"):
        catalog.figures_of(catalog.trial_record("EMILIA"), "OSS")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("show", "EMILLIA"), "EMILIA"),
        (("show", "nothing.yaml"), "no such file"),
        (("trials", "a:b"), "unknown field"),
        (("trials", "--jsn"), "no such option"),
    ],
)
def test_a_wrong_word_ends_with_code_2_and_one_message(args: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(app, list(args))
    assert result.exit_code == 2
    assert said in result.output
    assert "Traceback" not in result.output


def test_every_record_can_be_shown() -> None:
    for entry in catalog.list_trials():
        record = catalog.trial_record(entry.id)
        rows = catalog.figure_rows(record)
        assert len(rows) == entry.figures, entry.id
        assert all(row.mark in ("read", "recalled") and row.endpoint for row in rows)
        assert all(catalog.regimen_words(item) for arm in record.arms for item in arm.regimen)
        assert len(catalog.default_reasons(record)) == len(record.defaults_taken)
        assert catalog.design_lines(record)


def test_a_figure_says_something() -> None:
    """A value, an interval or a note: an empty row would be a figure lost in merging."""
    for entry in catalog.list_trials():
        for row in catalog.figure_rows(catalog.trial_record(entry.id)):
            assert row.value or row.ci95 or row.note, (entry.id, row)
