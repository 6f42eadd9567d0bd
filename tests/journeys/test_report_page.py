"""A clinician opens a report: on a phone or a desk, without network, and without trusting the trial's name."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from her2sim.core.errors import InputError
from her2sim.report.page import write_report

Maker = Callable[..., Path]
EVIL = "<script>alert('x')</script> & $co"
VOID = {"meta", "br", "img", "link", "input", "hr", "use", "path"}


class Page(HTMLParser):
    """Collects ids, links and visible text, and notices tags that are left open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("src", "href", "xlink:href", "data", "action", "srcset"):
                self.addresses.append(value or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    maker = request.getfixturevalue("make_run_folder")
    return write_report(maker(tmp_path_factory.mktemp("run") / "a", replicates=3))


def test_the_page_is_whole_and_needs_no_network_and_no_script(report: Path) -> None:
    page = Page(report.read_text(encoding="utf-8"))
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    assert all(
        address.startswith("#") or address == "https://doi.org/10.1056/NEJMoa2115022" for address in page.addresses
    )
    assert "@import" not in report.read_text(encoding="utf-8") and "url(http" not in report.read_text(encoding="utf-8")


def test_the_first_screen_says_the_question_and_the_answer_and_both_ends_say_research_only(report: Path) -> None:
    text = re.sub(r"\s+", " ", Page(report.read_text(encoding="utf-8")).text).strip()
    assert text.startswith("DESTINY-Breast03, simulated Research use only; not medical advice.")
    assert text.endswith("Research use only; not medical advice.")
    first = text[:1400].replace("\N{NON-BREAKING HYPHEN}", "-")
    for words in (
        "how would T-DXd fare against T-DM1?",
        "0.31",
        "0.22 to 0.45",
        "77.4 %",
        "29.1 mo",
        "published 28.8 mo",
    ):
        assert words in first


def test_the_page_says_everything_that_a_reader_must_be_able_to_check(report: Path) -> None:
    text = re.sub(r"\s+", " ", Page(report.read_text(encoding="utf-8")).text)
    text = text.replace("\N{NON-BREAKING HYPHEN}", "-")
    for words in (
        "her2sim run DESTINY-Breast03 --seed 7",
        "b" * 64,
        "1 of 1572 simulated patients failed",
        "a state or rate became infinite or not a number",
        "assessment.brain_imaging: false",
        "Toxicity is not simulated yet.",
        "read at their source",
        "Cortés J et al. N Engl J Med 2022;386:1143",
        "(recalled)",
        "7 of 9 published figures lie within the simulated interval",
        "Hormone receptor positive (%)",
        "Published figures that were not simulated (1)",
        "all 3 simulated trials together",
        "Simulated here: 3 trials with the trial's own numbers of patients.",
        "Prediction intervals from 3 simulated trials are rough",
    ):
        assert words in text, words


def test_figures_lie_beside_the_report_for_print(report: Path) -> None:
    names = {path.name for path in (report.parent / "figures").iterdir()}
    stems = {"design", "km_PFS", "km_OS", "waterfall_1", "waterfall_2", "spider_1", "spider_2", "forest"}
    assert names == {f"{stem}.{kind}" for stem in stems for kind in ("svg", "png")}


def test_made_again_it_is_the_same_file(report: Path) -> None:
    before = report.read_bytes()
    assert write_report(report.parent).read_bytes() == before


def test_a_hostile_name_stays_a_name(tmp_path: Path, make_run_folder: Maker) -> None:
    report = write_report(make_run_folder(tmp_path / "a", name=EVIL))
    page = Page(report.read_text(encoding="utf-8"))
    assert "script" not in page.tags
    assert EVIL in page.text.replace("\N{NON-BREAKING HYPHEN}", "-")
    assert not any("javascript" in address for address in page.addresses)


def test_a_report_can_be_made_of_the_record_and_the_manifest_alone(tmp_path: Path, make_run_folder: Maker) -> None:
    folder = make_run_folder(tmp_path / "a", published=False)
    for name in ("patients.parquet", "scans.parquet", "events.parquet", "baseline.json"):
        (folder / name).unlink()
    page = Page(write_report(folder).read_text(encoding="utf-8"))
    assert "This run folder holds no baseline table." in page.text
    assert "No published figure to compare with." in page.text
    assert "0.31" in page.text


def test_a_folder_that_is_no_finished_run_is_told_so(tmp_path: Path, make_run_folder: Maker) -> None:
    with pytest.raises(InputError, match="not a run folder"):
        write_report(tmp_path)
    folder = make_run_folder(tmp_path / "a")
    (folder / "record.yaml").unlink()
    with pytest.raises(InputError, match=r"record\.yaml"):
        write_report(folder)


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs the browser chromium")
@pytest.mark.parametrize("width", [390, 1280])
def test_no_reader_must_scroll_sideways(report: Path, tmp_path: Path, width: int) -> None:
    measured = tmp_path / "measured.html"
    script = "<script>document.title = document.documentElement.scrollWidth + ' of ' + innerWidth</script>"
    measured.write_text(report.read_text(encoding="utf-8").replace("</body>", script + "</body>"), encoding="utf-8")
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--window-size={width},900", "--dump-dom"]
    dom = subprocess.run([*command, measured.as_uri()], capture_output=True, text=True, check=True, timeout=120).stdout
    found = re.search(r"<title>(\d+) of (\d+)</title>", dom)
    assert found is not None
    assert int(found[1]) <= int(found[2])
