from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2sim.analysis.kaplan_meier import kaplan_meier
from her2sim.core.random import stream
from her2sim.plots.design import DesignArm, design_figure
from her2sim.plots.forest import ForestRow, forest_figure
from her2sim.plots.saving import figure_svg, inline_svg, save_figure
from her2sim.plots.spider import MOST_PATIENTS, spider_figure
from her2sim.plots.style import INK
from her2sim.plots.survival import PublishedPoint, SurvivalArm, survival_figure, tick_days
from her2sim.plots.waterfall import waterfall_figure

EVIL = "Arm $x_1 <script>alert(1)</script> & co."


def survival_arm(name: str, median: float, number: int) -> SurvivalArm:
    draws = stream(1, number, "test")
    time, follow = draws.exponential(median / np.log(2), 90), draws.uniform(300, 1100, 90)
    published = (PublishedPoint(7.5, 0.5, 6.0, None, True), PublishedPoint(12.0, 0.4, 0.3, 0.5, False))
    return SurvivalArm(name, kaplan_meier(np.minimum(time, follow), time <= follow), published=published)


def responses(count: int) -> pd.DataFrame:
    change = np.clip(stream(1, 3, "test").normal(-40, 50, count), -100, 180)
    bor = np.select([change < -95, change < -30, change < 20], ["CR", "PR", "SD"], "PD")
    frame = pd.DataFrame({"patient": np.arange(count), "best_change_pct": change, "bor": bor})
    frame.loc[:4, "best_change_pct"] = np.nan
    frame.loc[:4, "bor"] = "NE"
    return frame


def tracks(count: int) -> pd.DataFrame:
    frame = responses(count)
    rows = [(p, d, c * d / 84, b) for p, c, b in frame.itertuples(index=False) for d in (0, 42, 84)]
    return pd.DataFrame(rows, columns=["patient", "day", "change_pct", "bor"])


def figures() -> dict[str, Any]:
    arms = [survival_arm("T-DXd", 800, 1), survival_arm(EVIL, 200, 2)]
    rows = [
        ForestRow(EVIL, "Objective response", "percent", (78, 73, 82), (80, 74, 84), "78.0 (73.0 to 82.0)", "80.0"),
        ForestRow("A against B", "Median PFS", "months", (29, 23, None), (None, None, None), "29 (23 to NR)", "NR"),
        ForestRow(
            "A against B", "Hazard ratio for PFS", "ratio", (0.3, 0.2, 0.4), (0.33, 0.26, 0.43), "0.30", "0.33", False
        ),
    ]
    arm = DesignArm(EVIL, 261, ("trastuzumab deruxtecan 5.4 mg/kg iv q3w until progression",))
    return {
        "survival": survival_figure(arms, title="PFS", y_label="Without progression (%)", scan_days=42),
        "one high arm": survival_figure([survival_arm("T-DXd", 9000, 1)], title="OS", y_label="Alive (%)"),
        "waterfall": waterfall_figure(responses(130), title=EVIL),
        "spider": spider_figure(tracks(40), title=EVIL),
        "forest": forest_figure(rows, title="Simulated beside published"),
        "design": design_figure([arm, arm], population=["HER2+ " * 30], assessment=["Scans"], title="Design"),
        "five arms": design_figure([arm] * 5, population=[], assessment=[], title="Design"),
    }


@pytest.fixture(scope="module")
def drawn() -> dict[str, Any]:
    return figures()


def test_no_word_is_cut_off_by_the_edge_of_a_figure(drawn: dict[str, Any]) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    for name, figure in drawn.items():
        renderer = FigureCanvasAgg(figure).get_renderer()
        figure.draw_without_rendering()
        for text in figure.findobj(Text):
            if not text.get_text().strip() or not text.get_visible():
                continue
            box = text.get_window_extent(renderer)
            inside = (
                box.x0 >= -1 and box.y0 >= -1 and box.x1 <= figure.bbox.width + 1 and box.y1 <= figure.bbox.height + 1
            )
            assert inside, f"{name}: {text.get_text()!r} at {box}"


def test_the_same_figure_gives_the_same_bytes(drawn: dict[str, Any], tmp_path: Path) -> None:
    again = figures()
    for name, figure in drawn.items():
        assert figure_svg(figure) == figure_svg(again[name]), name
    one, two = (
        save_figure(drawn["survival"], tmp_path / "a", "km"),
        save_figure(again["survival"], tmp_path / "b", "km"),
    )
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]
    assert "<dc:date>" not in one[0].read_text()


def test_the_users_own_matplotlib_settings_change_nothing(drawn: dict[str, Any]) -> None:
    import matplotlib as mpl

    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red", "svg.fonttype": "path"}):
        figure = waterfall_figure(responses(130), title=EVIL)
        assert figure_svg(figure) == figure_svg(drawn["waterfall"])


def test_names_stay_text_and_cannot_become_code_or_formulas(drawn: dict[str, Any]) -> None:
    for name in ("survival", "waterfall", "forest", "design"):
        svg = figure_svg(drawn[name])
        assert "<script" not in svg
        assert "&lt;script" in svg
        assert "$x_1" in svg


def test_the_numbers_under_the_curves_are_those_of_the_risk_table(drawn: dict[str, Any]) -> None:
    texts = re.findall(r">([^<]+)</text>", figure_svg(drawn["one high arm"]))
    counts = texts[texts.index("at risk") + 1 : texts.index("censored")]
    assert counts[0] == "90"
    assert [int(c) for c in counts] == sorted((int(c) for c in counts), reverse=True)
    assert texts.index("at risk") < texts.index("censored") < texts.index("events")


@given(st.floats(20, 4000), st.sampled_from([None, 21.0, 42.0, 56.0, 63.0, 84.0]))
def test_ticks_stand_at_multiples_of_the_scan_interval_and_are_few(end: float, scan: float | None) -> None:
    ticks = tick_days(end, scan)
    unit = scan or 365.25 / 12
    assert all(abs(day / unit - round(day / unit)) < 1e-9 for day in ticks)
    assert ticks[0] == 0
    assert 1 <= len(ticks) <= 8
    assert ticks[-1] <= end * (1 + 1e-9)


def test_a_waterfall_draws_each_measured_patient_and_says_how_many_are_not(drawn: dict[str, Any]) -> None:
    axes = drawn["waterfall"].axes[0]
    heights = sorted(bar.get_height() for bar in axes.patches)
    assert len(heights) == 125
    assert heights[0] >= -100 and heights[-1] <= 100
    assert any("5 not drawn" in text.get_text() for text in drawn["waterfall"].texts)


def test_a_spider_of_many_patients_says_that_it_shows_the_first(drawn: dict[str, Any]) -> None:
    figure = spider_figure(tracks(MOST_PATIENTS + 30), title="A")
    assert any(f"first {MOST_PATIENTS} of {MOST_PATIENTS + 25}" in text.get_text() for text in figure.texts)
    assert sum(len(c.get_segments()) for c in figure.axes[0].collections) == MOST_PATIENTS


def test_an_svg_for_a_page_follows_the_ink_of_the_page_and_keeps_to_its_own_names(drawn: dict[str, Any]) -> None:
    inline = inline_svg(figure_svg(drawn["survival"]), "pfs", "Progression-free survival")
    assert inline.startswith("<svg") and inline.endswith("</svg>")
    assert INK not in inline and "currentColor" in inline
    assert "var(--arm-1, #0072b2)" in inline
    assert 'aria-label="Progression-free survival"' in inline
    assert not re.search(r'<svg[^>]*(?<!-)\b(?:width|height)="', inline)
    names = set(re.findall(r'\bid="([^"]+)"', inline))
    assert all(name.startswith("pfs-") for name in names)
    used = set(re.findall(r'(?:url\(|xlink:href=")#([^)"]+)', inline))
    assert used and used <= names
    assert "fill: #ffffff" not in inline.split("axes_1")[0]
