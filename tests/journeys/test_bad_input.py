"""What a user gets who types something wrong: one message that says what, where and what would be right; no files.

Each test is named after the mistake. All go through the command line.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from her2sim import run
from her2sim.core.errors import InputError

Command = Callable[..., "Outcome"]  # noqa: F821  (the class lives in conftest.py)
Listing = Callable[[Path], dict[str, tuple[int, int]]]
Refused = Callable[..., str]


@pytest.fixture
def record(tmp_path: Path, small_trial: Path) -> Callable[..., str]:
    """Writes the small trial with one text replaced by another into ``trial.yaml``; returns its name."""

    def write(old: str = "", new: str = "") -> str:
        text = small_trial.read_text()
        assert old in text
        (tmp_path / "trial.yaml").write_text(text.replace(old, new, 1))
        return "trial.yaml"

    return write


@pytest.fixture
def refused(command: Command, listing: Listing, tmp_path: Path) -> Refused:
    """Runs a command that must be refused as the contract says, and returns its message.

    The message must hold every one of ``says``; exit code 2, one line on stderr, no traceback, no file touched.
    """

    def run(*words: object, says: tuple[str, ...] = ()) -> str:
        before = listing(tmp_path)
        done = command("run", *words, "--quiet")
        assert done.err.startswith("Error: "), done.err
        assert "Traceback" not in done.err
        assert len(done.err.strip().splitlines()) == 1, done.err
        assert (done.code, done.out) == (2, "")
        assert listing(tmp_path) == before, "a refused command wrote something"
        for text in says:
            assert text in done.err, f"{text!r} is not in: {done.err}"
        assert re.search(r"[.?!]$", done.err.strip()), f"not a sentence: {done.err}"
        return done.err

    return run


def line_of(file: Path, text: str) -> int:
    return next(i for i, line in enumerate(file.read_text().splitlines(), start=1) if text in line)


def test_an_unknown_drug_is_told_with_its_line_and_the_nearest_known(
    record: Callable[..., str], refused: Refused, tmp_path: Path
) -> None:
    name = record("drug: trastuzumab emtansine", "drug: trastuzumab emtansin")
    line = line_of(tmp_path / name, "emtansin,")
    refused(name, says=(f"trial.yaml:{line}", "arms[0].regimen[0].drug", "Did you mean trastuzumab emtansine"))


def test_a_dose_without_unit_is_told_with_what_was_expected(record: Callable[..., str], refused: Refused) -> None:
    refused(record("3.6 mg/kg", "3.6"), says=("trial.yaml:", "arms[0].regimen[0].dose", "mg/kg"))


def test_a_negative_dose_is_refused(record: Callable[..., str], refused: Refused) -> None:
    refused(record("3.6 mg/kg", "-3.6 mg/kg"), says=("trial.yaml:", "dose", "-3.6"))


def test_a_dose_a_thousand_times_too_high_is_refused(record: Callable[..., str], refused: Refused) -> None:
    refused(record("3.6 mg/kg", "3600 mg/kg"), says=("trial.yaml:", "dose", "3600"))


def test_an_unknown_unit_of_a_dose_offers_the_nearest(record: Callable[..., str], refused: Refused) -> None:
    refused(record("3.6 mg/kg", "3.6 mg/lb"), says=("trial.yaml:", "mg/lb", "mg/kg"))


def test_an_unknown_schedule_offers_the_nearest(record: Callable[..., str], refused: Refused) -> None:
    refused(record("q3w", "q3v"), says=("trial.yaml:", "arms[0].regimen[0].schedule", "q3v", "q3w"))


def test_an_unknown_route_offers_the_usual_word(record: Callable[..., str], refused: Refused) -> None:
    refused(record("route: iv", "route: ivv"), says=("trial.yaml:", "route", "Did you mean iv"))


def test_an_unknown_key_offers_the_nearest(record: Callable[..., str], refused: Refused) -> None:
    refused(record("schedule: q3w", "shedule: q3w"), says=("trial.yaml:", "'shedule'", "Did you mean schedule"))


def test_an_unknown_setting_offers_the_nearest(record: Callable[..., str], refused: Refused) -> None:
    refused(record("metastatic-2L", "metastatic-2l"), says=("trial.yaml:4", "metastatic-2L"))


def test_an_unknown_endpoint_among_the_results_offers_the_nearest(record: Callable[..., str], refused: Refused) -> None:
    name = record("n: 8", "n: 8\n    results: [{endpoint: PFS_medain, value: 6, unit: months, read: false}]")
    refused(name, says=("trial.yaml:", "arms[0].results[0].endpoint", "PFS_medain", "PFS_median"))


def test_two_arms_of_one_name_are_refused(record: Callable[..., str], refused: Refused) -> None:
    refused(record("name: trastuzumab\n", "name: T-DM1\n"), says=("trial.yaml:", "arms[1].name", "T-DM1"))


def test_a_record_without_arms_says_what_an_arm_needs(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "trial.yaml").write_text("id: A\ndisease: breast\nsetting: metastatic-2L\n")
    refused("trial.yaml", says=("trial.yaml", "arms", "regimen"))


def test_an_empty_list_of_arms_is_refused_too(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "trial.yaml").write_text("id: A\ndisease: breast\nsetting: metastatic-2L\narms: []\n")
    refused("trial.yaml", says=("trial.yaml:4", "arms"))


def test_malformed_yaml_is_told_with_its_line(record: Callable[..., str], refused: Refused) -> None:
    refused(record("arms:\n", "arms: [\n"), says=("trial.yaml:", "not YAML"))


def test_text_that_is_no_mapping_is_refused(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "trial.yaml").write_text("- one\n- two\n")
    refused("trial.yaml", says=("trial.yaml", "list", "id, disease, setting and arms"))


def test_an_empty_file_is_refused(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "trial.yaml").write_text("")
    refused("trial.yaml", says=("trial.yaml", "empty"))


def test_a_yaml_bomb_is_refused_before_it_grows(refused: Refused, tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    (tmp_path / "trial.yaml").write_text("\n".join(lines) + "\n")
    refused("trial.yaml", says=("trial.yaml:", "values"))


def test_a_python_object_in_yaml_is_refused_and_not_made(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "trial.yaml").write_text("id: !!python/object/apply:os.mkdir [made]\n")
    refused("trial.yaml", says=("trial.yaml:1", "tag"))
    assert not (tmp_path / "made").exists()


def test_endless_nesting_is_refused(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "trial.yaml").write_text("arms: " + "[" * 100_000)
    refused("trial.yaml", says=("trial.yaml:1", "nested"))


def test_a_huge_file_is_refused_unread(refused: Refused, tmp_path: Path) -> None:
    with (tmp_path / "trial.yaml").open("wb") as file:
        file.truncate(3_000_000_000)  # a hole: no disk is used
    refused("trial.yaml", says=("trial.yaml", "too large", "4000000"))


def test_a_missing_file_offers_the_file_that_was_meant(record: Callable[..., str], refused: Refused) -> None:
    record()
    refused("trail.yaml", says=("trail.yaml", "no such file", "Did you mean trial.yaml"))


def test_a_folder_of_the_name_of_a_record_is_refused(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "trial.yaml").mkdir()
    refused("trial.yaml", says=("trial.yaml", "directory"))


def test_a_file_that_is_not_text_is_refused(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "trial.yaml").write_bytes(b"id: \xff\xfe\x00\x81")
    refused("trial.yaml", says=("trial.yaml", "UTF-8"))


def test_control_characters_are_refused(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "trial.yaml").write_bytes(b"id: a\x00b\n")
    refused("trial.yaml", says=("trial.yaml", "not YAML"))


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission_is_refused(record: Callable[..., str], refused: Refused, tmp_path: Path) -> None:
    (tmp_path / record()).chmod(0)
    refused("trial.yaml", says=("trial.yaml", "ermission"))


def test_an_unknown_trial_offers_the_nearest(refused: Refused) -> None:
    refused("EMILLIA", says=("'EMILLIA'", "EMILIA"))


def test_a_name_like_no_trial_still_says_where_the_list_is(refused: Refused) -> None:
    refused("qqqqqqqq", says=("'qqqqqqqq'", "her2sim trials"))


def test_a_run_folder_in_place_of_a_record_is_refused(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "somewhere").mkdir()
    refused("somewhere", says=("'somewhere'",))


@pytest.mark.parametrize("setting", ["adjuvant", "neoadjuvant", "post-neoadjuvant", "brain-metastases"])
def test_a_setting_that_cannot_be_simulated_yet_says_so(
    record: Callable[..., str], refused: Refused, setting: str
) -> None:
    refused(record("metastatic-2L", setting), says=(setting, "cannot be simulated yet", "metastatic-1L"))


def test_rules_that_nobody_can_meet_are_told_before_anything_is_written(
    record: Callable[..., str], refused: Refused
) -> None:
    name = record("arms:\n", "baseline: {hr_positive_pct: 0}\narms:\n")
    (Path(name)).write_text(Path(name).read_text().replace("brain_m", "hormone_receptor: positive, brain_m", 1))
    refused(name, says=("trial.yaml:5: eligibility", "hr_positive", "no patient can meet"))


def test_a_share_above_100_percent_is_told_before_anything_is_written(
    record: Callable[..., str], refused: Refused
) -> None:
    refused(record("arms:\n", "baseline: {ihc3_pct: 190}\narms:\n"), says=("trial.yaml:6", "ihc3_pct", "190"))
    twice = "baseline: {ihc3_pct: 80, ihc2_ish_positive_pct: 60}\narms:\n"
    refused(record("arms:\n", twice), says=("trial.yaml:6: baseline", "140.0 percent"))
    refused(record("arms:\n", "baseline: {median_age: 150}\narms:\n"), says=("trial.yaml:6: baseline.median_age", "90"))


def test_a_drug_that_is_known_but_has_no_model_says_so(record: Callable[..., str], refused: Refused) -> None:
    name = record("prior: [trastuzumab]", "prior: [bevacizumab]")
    refused(name, says=("trial.yaml:5", "eligibility.prior", "bevacizumab", "Did you mean"))


def test_a_route_without_published_pharmacokinetics_is_not_replaced_in_silence(
    record: Callable[..., str], refused: Refused
) -> None:
    refused(record("route: iv", "route: po"), says=("trial.yaml:10", "regimen[0].route", "route po", ": iv"))


def test_a_dose_that_the_model_cannot_take_is_told_before_anything_is_written(
    record: Callable[..., str], refused: Refused
) -> None:
    refused(record("3.6 mg/kg", "AUC 6"), says=("trial.yaml", "AUC", "mg/kg"))


def test_surgery_in_a_metastatic_trial_is_not_passed_over(record: Callable[..., str], refused: Refused) -> None:
    refused(record("until: progression", "until: surgery"), says=("trial.yaml:10", "until", "surgery"))


def test_an_arm_without_patients_asks_for_a_number(record: Callable[..., str], refused: Refused) -> None:
    refused(record("    n: 8\n", ""), says=("trial.yaml:7", "T-DM1", "--patients"))


def test_a_drug_without_dose_or_schedule_asks_for_them(record: Callable[..., str], refused: Refused) -> None:
    refused(record("dose: 3.6 mg/kg, ", ""), says=("trial.yaml:10", "arms[0].regimen[0]", "dose"))
    refused(record("schedule: q3w, ", ""), says=("trial.yaml:10", "schedule"))


def test_a_path_in_place_of_a_drug_is_not_opened(record: Callable[..., str], refused: Refused) -> None:
    message = refused(record("drug: trastuzumab e", "drug: ../parameters/adcc, note: e"), says=("unknown drug",))
    assert "site-packages" not in message and "src/" not in message


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        ("0", "greater than or equal to 1"),
        ("-5", "greater than or equal to 1"),
        ("1000000000000", "1000000"),
        ("many", "integer"),
        ("1.5", "integer"),
    ],
)
def test_an_impossible_number_of_patients_is_refused(
    record: Callable[..., str], refused: Refused, count: str, expected: str
) -> None:
    refused(record(), "--patients", count, says=("--patients", expected))


@pytest.mark.parametrize("n", ["0", "-5", "1000000000000", "many"])
def test_an_impossible_number_of_patients_in_the_record_is_refused(
    record: Callable[..., str], refused: Refused, n: str
) -> None:
    refused(record("n: 8", f"n: {n}"), says=("trial.yaml:", "arms[0].n", n))


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--replicates", "0", "greater than or equal to 1"),
        ("--replicates", "1000000000000", "from 1 to"),
        ("--seed", "-1", "greater than or equal to 0"),
        ("--seed", "1e3", "integer"),
        ("--workers", "0", "greater than or equal to 1"),
        ("--workers", "1000000", "from 1 to"),
        ("--chunk-size", "0", "greater than or equal to 1"),
    ],
)
def test_an_impossible_option_is_refused(
    record: Callable[..., str], refused: Refused, option: str, value: str, expected: str
) -> None:
    refused(record(), option, value, says=(option, expected))


def test_more_patients_in_all_replicates_than_any_disk_holds_are_refused(
    record: Callable[..., str], refused: Refused
) -> None:
    refused(record(), "--patients", 1_000_000, "--replicates", 1000, says=("--patients", "--replicates"))


@pytest.mark.parametrize(
    "numbers",
    [{"patients": 0}, {"patients": 2.5}, {"replicates": 0}, {"seed": -1}, {"workers": 0}, {"chunk_size": 0}],
)
def test_impossible_numbers_are_refused_from_python_too(
    small_trial: Path, tmp_path: Path, numbers: dict[str, int]
) -> None:
    with pytest.raises(InputError, match="Expected a whole number"):
        run(small_trial, out=tmp_path / "out", **numbers)
    assert not (tmp_path / "out").exists()


def test_a_follow_up_of_ten_thousand_years_is_refused(record: Callable[..., str], refused: Refused) -> None:
    refused(record("follow_up: 48 months", "follow_up: 10000 years"), says=("trial.yaml:", "follow_up"))


def test_scans_every_minute_are_refused(record: Callable[..., str], refused: Refused) -> None:
    refused(record("scan_every: 6 weeks", "scan_every: 0 days"), says=("trial.yaml:", "scan_every"))


def test_the_folder_of_another_run_is_left_alone(
    record: Callable[..., str], refused: Refused, make_run_folder: Callable[..., Path], tmp_path: Path
) -> None:
    make_run_folder(tmp_path / "out")
    refused(record(), "--out", "out", says=("out", "another run", "--out"))


def test_a_folder_with_foreign_files_is_left_alone(
    record: Callable[..., str], refused: Refused, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.docx").write_text("years of work")
    refused(record(), "--out", "out", says=("out", "thesis.docx", "--out"))


def test_an_output_path_that_is_a_file_is_left_alone(
    record: Callable[..., str], refused: Refused, tmp_path: Path
) -> None:
    (tmp_path / "out").write_text("a file")
    refused(record(), "--out", "out", says=("out", "file", "--out"))
    refused(record(), "--out", "out/below", says=("out", "file", "--out"))


def test_a_folder_with_a_broken_manifest_is_left_alone(
    record: Callable[..., str], refused: Refused, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "manifest.json").write_text("{")
    refused(record(), "--out", "out", says=("manifest.json", "cannot be read"))


@pytest.mark.parametrize("command_line", [["--patients", "3"], ["--seed", "4"], ["--replicates", "2"]])
def test_a_finished_run_is_not_overwritten_by_one_with_other_options(
    refused: Refused, small_run: Path, command_line: list[str], small_trial: Path, listing: Listing
) -> None:
    before = listing(small_run)
    assert "another run" in refused(small_trial, *command_line, "--out", small_run)
    assert listing(small_run) == before


def test_debug_shows_the_traceback(command: Command) -> None:
    done = command("run", "EMILLIA", "--debug")
    assert done.code != 0
    assert "Traceback" in done.err
    assert "InputError" in done.err


def test_a_full_disk_is_told_at_every_stage_and_the_same_command_goes_on(
    command: Command, small_trial: Path, small_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, sync, calls = tmp_path / "out", os.fsync, [0, 0]

    def fsync(descriptor: int) -> None:
        calls[0] += 1
        if calls[0] > calls[1]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    stages: set[str] = set()
    for allowed in (*range(0, 24, 3), 1000):  # more each time: the last suffices for the whole rest
        calls[:] = [0, allowed]
        done = command("run", small_trial, "--chunk-size", "4", "--out", out, "--quiet")
        if done.code == 0:
            break
        assert done.code == 1
        assert re.fullmatch(r"Error: .*: no space is left on the disk\. .*goes on from there\.\n", done.err), done.err
        stages |= {name for name in ("manifest.json", "chunks", "patients.parquet") if (out / name).exists()}
        if (out / "manifest.json").exists() and '"finished"' in (out / "manifest.json").read_text():
            stages.add("report")
    assert done.code == 0
    assert stages == {"manifest.json", "chunks", "patients.parquet", "report"}
    for name in ("patients.parquet", "scans.parquet", "events.parquet", "record.yaml"):
        assert (out / name).read_bytes() == (small_run / name).read_bytes()
    assert (out / "report.html").exists()
    assert not (out / "chunks").exists()
    assert not list(out.rglob(".tmp-*"))
