"""``her2sim evidence import | export | reconstruct`` and their files: whole or absent, never over somebody's own."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from her2sim.cli.main import app
from her2sim.core.errors import InputError
from her2sim.evidence.base import load_record
from her2sim.evidence.exporters.netmeta import netmeta_csv
from her2sim.evidence.exporters.tidy_files import tidy_rows
from her2sim.record.reading import read_record
from her2sim.study.bring import bring, export

ARMS = "trial,disease,setting,arm,n,regimen,endpoint,value,unit\nX,breast,metastatic-1L,A,90,docetaxel,ORR,55,percent\n"


def her2sim(*words: object) -> Result:
    return CliRunner().invoke(app, ["evidence", *map(str, words)])


def test_a_table_becomes_a_record_file_that_reads_back(tmp_path: Path) -> None:
    table, out = tmp_path / "mine.csv", tmp_path / "mine.yaml"
    table.write_text(ARMS)
    made = her2sim("import", table, "--out", out)
    assert made.exit_code == 0 and "1 trials" in made.output
    assert read_record(out).arms[0].results[0].value == 55.0
    again = her2sim("import", table, "--out", out)
    assert again.exit_code == 2 and "there already" in again.output


def test_nothing_is_written_where_the_input_is_wrong(tmp_path: Path) -> None:
    table, out = tmp_path / "mine.csv", tmp_path / "new" / "mine.yaml"
    table.write_text(ARMS.replace("55", "155"))
    made = her2sim("import", table, "--out", out)
    assert made.exit_code == 2 and "mine.csv:2: value: 155 is impossible" in made.output
    assert not out.parent.exists()


def test_several_studies_go_into_a_folder_or_are_refused(tmp_path: Path) -> None:
    protocol = {
        "identificationModule": {"nctId": "NCT00000001", "briefTitle": "Adjuvant drug"},
        "conditionsModule": {"conditions": ["Breast Cancer"]},
        "armsInterventionsModule": {"armGroups": [{"label": "A"}]},
    }
    other = {**protocol, "identificationModule": {"nctId": "NCT00000002", "briefTitle": "Adjuvant drug"}}
    file = tmp_path / "two.json"
    file.write_text(json.dumps({"studies": [{"protocolSection": protocol}, {"protocolSection": other}]}))
    assert "Give a folder" in her2sim("import", file).output
    made = her2sim("import", file, "--out", tmp_path / "studies", "--adverse-events", tmp_path / "events.csv")
    assert made.exit_code == 0, made.output
    assert sorted(path.name for path in (tmp_path / "studies").iterdir()) == ["nct00000001.yaml", "nct00000002.yaml"]
    assert (tmp_path / "events.csv").read_text().startswith("arm,kind,term")
    with pytest.raises(InputError, match="GROUP TITLE=ARM LABEL"):
        bring(file, arms=["nonsense"])


def test_exports_hold_every_figure_once(tmp_path: Path) -> None:
    record = load_record("EMILIA")
    arms, contrasts = tidy_rows([record], "arms"), tidy_rows([record], "contrasts")
    assert sum(row.level == "arm" for row in arms) == sum(len(arm.results) for arm in record.arms)
    text = export(["EMILIA"], "arms-csv")
    assert isinstance(text, str) and text.splitlines()[0].startswith("record,disease,setting")
    import pyarrow.parquet as parquet

    out = tmp_path / "c.parquet"
    assert her2sim("export", "EMILIA", "--format", "contrasts-parquet", "--out", out).exit_code == 0
    assert parquet.read_table(out).num_rows == len(contrasts)
    assert her2sim("export", "EMILIA", "--format", "yaml").output == export(["EMILIA"], "yaml")


def test_netmeta_never_gets_a_trial_with_some_of_its_pairs() -> None:
    """netmeta refuses a file in which a three-arm trial has two of its three comparisons."""
    text = export([], "netmeta", endpoint="PFS")
    assert isinstance(text, str)
    pairs: dict[str, set[frozenset[str]]] = {}
    for line in text.splitlines()[1:]:
        trial, one, other = line.split(",")[:3]
        assert frozenset((one, other)) not in pairs.setdefault(trial, set()) and one != other
        pairs[trial].add(frozenset((one, other)))
    for trial, found in pairs.items():
        arms = len(frozenset().union(*found))
        assert len(found) == arms * (arms - 1) // 2, trial
    assert len(pairs) > 20


def test_citations_become_sources_of_a_record(tmp_path: Path) -> None:
    file = tmp_path / "a.ris"
    file.write_text("TY  - JOUR\nTI  - A trial\nDO  - 10.1000/a\nER  - \n")
    made = her2sim("import", file, "--attach", "EMILIA", "--out", tmp_path / "emilia.yaml")
    assert made.exit_code == 0, made.output
    source = read_record(tmp_path / "emilia.yaml").sources["RIS1"]
    assert source["url"] == "https://doi.org/10.1000/a" and source["read"] is False


def test_netmeta_gets_the_logarithm_and_the_error_of_the_interval() -> None:
    import math

    record = load_record("CLEOPATRA")
    file = netmeta_csv([record], "PFS")
    row = dict(zip(*(line.split(",")[:6] for line in file.text.splitlines()[:2]), strict=True))
    assert float(row["TE"]) == pytest.approx(math.log(0.62))
    assert float(row["seTE"]) == pytest.approx((math.log(0.75) - math.log(0.51)) / 3.919928, rel=1e-4)
    assert (row["treat1"], row["treat2"]) == ("docetaxel+pertuzumab+trastuzumab", "docetaxel+trastuzumab")
    assert file.rows == 1 and any("earlier figure" in item.why for item in file.left_out)
    assert her2sim("export", "CLEOPATRA", "--format", "netmeta").exit_code == 2


def test_patients_are_rebuilt_or_refused(tmp_path: Path) -> None:
    days = np.arange(0, 25)
    curve, risk, out = tmp_path / "c.csv", tmp_path / "r.csv", tmp_path / "patients.csv"
    curve.write_text("time_months,survival\n" + "".join(f"{day},{0.5 ** (day / 12):.4f}\n" for day in days))
    risk.write_text("time_months,at_risk\n0,200\n6,141\n12,100\n18,70\n")
    made = her2sim("reconstruct", curve, risk, "--median", 12, "--out", out)
    assert made.exit_code == 0, made.output
    lines = out.read_text().splitlines()
    assert lines[0] == "arm,time_months,event" and len(lines) == 201
    bad = her2sim("reconstruct", curve, risk, "--median", 20, "--out", tmp_path / "no.csv")
    assert bad.exit_code == 2 and "REFUSED median" in bad.output and not (tmp_path / "no.csv").exists()
    risk.write_text("time_weeks,at_risk\n0,200\n")
    assert "counts months and the risk table weeks" in her2sim("reconstruct", curve, risk).output
