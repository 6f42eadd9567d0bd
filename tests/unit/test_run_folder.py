from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from her2sim.core.durable import replacing, write_text
from her2sim.core.errors import InputError, SimulationError
from her2sim.core.run_folder import RunSettings, check_run_folder, open_run_folder, read_manifest, text_hash

SETTINGS = RunSettings("DB03", text_hash("id: DB03"), 50, 1, 7, "0.1.0", text_hash("model"))


def test_checking_writes_nothing(tmp_path: Path) -> None:
    assert check_run_folder(tmp_path / "runs" / "a", SETTINGS) == "new"
    assert list(tmp_path.iterdir()) == []


def test_a_run_is_new_then_under_way_then_finished(tmp_path: Path) -> None:
    with open_run_folder(tmp_path / "runs" / "a", SETTINGS) as folder:
        assert folder.state == "new"
    with open_run_folder(folder.path, SETTINGS) as folder:
        assert folder.state == "running"
        folder.finish({"seconds": 3.5})
    assert check_run_folder(folder.path, SETTINGS) == "finished"
    assert read_manifest(folder.path)["seconds"] == 3.5
    assert read_manifest(folder.path)["settings"]["seed"] == 7


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seed": 8}, "--seed (7 there, 8 now)"),
        ({"patients": None}, "--patients (50 there, the trial's own number now)"),
        ({"record_sha256": text_hash("id: DB04")}, "the content of the record"),
        ({"model_sha256": text_hash("other")}, "the model or its parameters"),
        ({"replicates": 2, "version": "0.2.0"}, "the version of her2sim (0.1.0 there, 0.2.0 now)"),
    ],
)
def test_the_folder_of_another_run_is_refused_and_the_difference_named(
    tmp_path: Path, change: dict[str, object], words: str
) -> None:
    with open_run_folder(tmp_path / "a", SETTINGS):
        pass
    before = (tmp_path / "a" / "manifest.json").read_bytes()
    with pytest.raises(InputError) as caught, open_run_folder(tmp_path / "a", replace(SETTINGS, **change)):  # type: ignore[arg-type]
        pass
    assert words in str(caught.value)
    assert "--out" in caught.value.hint
    assert (tmp_path / "a" / "manifest.json").read_bytes() == before


def test_a_folder_with_foreign_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").touch()
    with pytest.raises(InputError, match=r"not empty.*thesis\.docx"):
        check_run_folder(tmp_path, SETTINGS)


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(InputError, match="this is a file"):
        check_run_folder(tmp_path / "a" / "b", SETTINGS)


@pytest.mark.parametrize("text", ["{", "[]", "\x00"])
def test_a_broken_manifest_is_an_input_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(InputError, match="manifest"):
        check_run_folder(tmp_path, SETTINGS)


def test_a_manifest_without_settings_is_another_run(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps({"state": "finished"}))
    with pytest.raises(InputError, match="another run"):
        check_run_folder(tmp_path, SETTINGS)


def test_a_folder_where_writing_is_not_permitted_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # the tests may run as root, whom no permission stops
    with pytest.raises(InputError, match=r"not permitted.*--out"):
        check_run_folder(tmp_path / "a", SETTINGS)


def test_two_runs_cannot_work_in_one_folder_and_a_killed_one_leaves_no_lock(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; sys.path.insert(0, sys.argv[2]);"
        "from test_run_folder import SETTINGS; from her2sim.core.run_folder import open_run_folder\n"
        "with open_run_folder(Path(sys.argv[1]), SETTINGS): print('held', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "a"), str(Path(__file__).parent)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    with pytest.raises(InputError, match="another her2sim is working"), open_run_folder(tmp_path / "a", SETTINGS):
        pass
    process.kill()
    process.wait()
    process.stdout.close()
    with open_run_folder(tmp_path / "a", SETTINGS) as folder:
        assert folder.state == "running"


def test_a_file_is_whole_or_absent(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "old")

    def stops_half_way() -> None:
        with replacing(tmp_path / "a.txt") as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        stops_half_way()
    assert (tmp_path / "a.txt").read_text() == "old"
    assert [item.name for item in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_device_is_told_as_such(tmp_path: Path) -> None:

    def fills_up() -> None:
        with replacing(tmp_path / "a"), open("/dev/full", "w") as full:
            full.write("x")

    with pytest.raises(SimulationError, match="no space is left"):
        fills_up()
