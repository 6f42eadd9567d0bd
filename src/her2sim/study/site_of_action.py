"""Drugs at their site of action: what the model predicts beside what was published, with the source of each figure.

Run as ``python -m her2sim.study.site_of_action --out docs/reference/site-of-action.md``. Published figures are data
(``data/site_of_action/published.yaml``); predictions are computed anew (``site_predictions``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from her2sim.core.durable import write_text
from her2sim.core.errors import InputError
from her2sim.core.paths import data_dir

NEAR, TWOFOLD = 0.15, 2.0
_KEYS = {"id", "group", "what", "unit", "value", "low", "high", "text", "source", "read", "note"}


@dataclass(frozen=True)
class Published:
    """One published figure.

    Main arguments:
        id: key of its prediction; group: heading of its table; what: the quantity in words.
        unit: of value and prediction; text: as printed; citation: its source.
        read: seen at the source, not recalled.

    Other arguments:
        value: the figure, None where only a bound, a direction or nothing was published.
        low, high: published spread; one of them alone is a bound (0 for a direction).
        note: what limits the comparison.
        address: where the source was read.
    """

    id: str
    group: str
    what: str
    unit: str
    text: str
    citation: str
    read: bool
    value: float | None = None
    low: float | None = None
    high: float | None = None
    note: str = ""
    address: str = ""


def published_figures(path: Path | None = None) -> tuple[Published, ...]:
    """The published figures, in the order of the file.

    Raises:
        InputError: a key is unknown, a source is not listed, or an id is used twice.

    >>> published_figures()[0].group
    'occupancy'
    """
    where = path or data_dir("site_of_action") / "published.yaml"
    content: dict[str, Any] = yaml.safe_load(where.read_text())
    sources: dict[str, dict[str, str]] = content["sources"]
    found: list[Published] = []
    for entry in content["figures"]:
        unknown = sorted(set(entry) - _KEYS)
        if unknown or entry["source"] not in sources:
            raise InputError(
                f"figure {entry.get('id')}: unknown keys {unknown}" if unknown else f"no source {entry['source']!r}",
                where=str(where),
                hint=f"Keys are {', '.join(sorted(_KEYS))}.",
            )
        rest = {key: value for key, value in entry.items() if key != "source"}
        source = sources[entry["source"]]
        found.append(Published(citation=source["citation"], address=source["address"], **rest))
    ids = [figure.id for figure in found]
    doubled = sorted({name for name in ids if ids.count(name) > 1})
    if doubled:
        raise InputError(f"ids used twice: {', '.join(doubled)}", where=str(where))
    return tuple(found)


def verdict(figure: Published, predicted: float | None) -> str:
    """How a prediction stands to its published figure, in words.

    >>> one = Published("x", "g", "w", "nM", "10", "c", True, value=10.0)
    >>> verdict(one, 11.0), verdict(one, 18.0), verdict(one, 40.0)
    ('agrees', 'within twofold', 'misses: 4 times the published')
    """
    if predicted is None:
        return "no prediction"
    low, high = figure.low, figure.high
    if figure.value is None and low is None and high is None:
        return "prediction only"
    if low is not None or high is not None:
        inside = (low is None or low <= predicted) and (high is None or predicted <= high)
        if inside:
            return "within the published spread" if figure.value is not None else "as published"
    if not figure.value:
        return "misses"
    ratio = predicted / figure.value
    if abs(ratio - 1.0) <= NEAR:
        return "agrees"
    if 1.0 / TWOFOLD <= ratio <= TWOFOLD:
        return "within twofold"
    return f"misses: {_short(ratio)} times the published"


def site_of_action_page(figures: Sequence[Published], predicted: Mapping[str, float]) -> str:
    """The reference page: one table per group, then the sources.

    Main arguments:
        figures: published figures; predicted: id -> prediction in the unit of the figure.
    """
    return "\n".join([INTRODUCTION, *figure_tables(figures, predicted), "", READING])


def figure_tables(figures: Sequence[Published], predicted: Mapping[str, float]) -> list[str]:
    """One table per group of figures, each with its notes, as lines of Markdown; arguments as in the page."""
    lines: list[str] = []
    for group in dict.fromkeys(figure.group for figure in figures):
        lines += ["", f"## {group[0].upper()}{group[1:]}", "| quantity | predicted | published | verdict | source |"]
        lines.append("|---" * 5 + "|")
        notes: list[str] = []
        for figure in (f for f in figures if f.group == group):
            value = predicted.get(figure.id)
            unit = {"percent": " %", "dimensionless": ""}.get(figure.unit, f" {figure.unit}")
            shown = "none" if value is None else f"{_short(value)}{unit}"
            source = f"{figure.citation} ({'read' if figure.read else 'recalled or derived'})"
            cells = (figure.what, shown, figure.text, verdict(figure, value), source)
            lines.append(f"| {' | '.join(cells)} |")
            if figure.note:
                notes.append(f"* {figure.what}: {figure.note}.")
        lines += ["", *notes] if notes else []
    return lines


INTRODUCTION = """# At the site of action

What the model predicts at the receptor, in tumor cells and in blood, beside published numbers. Written by
`python -m her2sim.study.site_of_action --out docs/reference/site-of-action.md`; the published figures are
`data/site_of_action/published.yaml`. A prediction agrees within 15 %."""

READING = """## How to read it
* Occupancy, payload in cells and soluble HER2 are of the patient scale: typical patients, or virtual patients where a
  median or a share is told. Soluble HER2 and payload in plasma are observations: modules (`soluble_her2`,
  `plasma_payload`) that a study adds to the model of a regimen, and that no outcome depends on. Receptors are of the
  cell scale, at rest.
* Soluble HER2 before therapy follows from tumor volume, HER2 per cell and one assumed rate of shedding. Nothing was
  fitted to these figures.
* Under trastuzumab the model stops shedding wherever domain IV is covered, in healthy tissue too, and lets bound
  ectodomain stay as long as an antibody (half-life 11.6 days against 5 hours), as the platform model of its source. So
  it first rises for some days and then falls far below the level of healthy people, which patients do not show: with
  shedding of healthy tissue left as it was it would rise to fifty times that level instead. The published levels ask
  for a faster loss of bound ectodomain and some shedding left.
* Brain metastases get a tenth of the exchange of other lesions. Imaging of 14 patients sees more trastuzumab there;
  cerebrospinal fluid is another place. Occupancy in the brain is the least certain number of this page.
* No published size of HER2 down-regulation by zanidatamab or the two antibodies could be read, only its direction.
"""


def _short(number: float) -> str:
    return f"{number:.3g}" if abs(number) < 1000 else f"{number:.0f}"


def main(words: Sequence[str] | None = None) -> None:
    """Compute the predictions and write the page to ``--out``; without it, print the page.

    Other arguments:
        words: of the command line, that of the process by default.
    """
    import argparse

    from her2sim.study.site_predictions import predictions

    parser = argparse.ArgumentParser(description="Set predictions at the site of action beside published numbers.")
    parser.add_argument("--out", type=Path, default=None, help="file to write; default: print the page")
    given = parser.parse_args(words)
    page = site_of_action_page(published_figures(), predictions())
    if given.out is None:
        print(page, end="")
    else:
        write_text(given.out, page)


if __name__ == "__main__":
    main()
