"""The headline errors of every validation that was published, oldest first: a new freeze hides no former one."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from her2sim.core.durable import write_text
from her2sim.core.paths import data_dir
from her2sim.report.document import Block, Heading, Paragraph, Table
from her2sim.study.validation.scoring import UNSEEN
from her2sim.study.validation.summary import IN_POINTS, Summary

if TYPE_CHECKING:
    from her2sim.study.validate import Validation

FILE = "history.yaml"
SHOWN = ("ORR", "PFS median", "OS median", "PFS hazard ratio", "OS hazard ratio")


def read_history(folder: Path | None = None) -> tuple[Mapping[str, Any], ...]:
    """The validations that were published, oldest first."""
    import yaml

    path = (folder or data_dir("validation")) / FILE
    return tuple(yaml.safe_load(path.read_text(encoding="utf-8"))["validations"]) if path.exists() else ()


def entry_of(found: Validation, today: str = "") -> dict[str, Any]:
    """The headline errors of a validation on unseen trials.

    Other arguments:
        today: ISO date of the validation; the day of the call by default.
    """
    whole = [each for each in found.summary(UNSEEN) if each.measure in SHOWN and each.figures]
    return {
        "date": today or datetime.date.today().isoformat(),
        "frozen": str(found.facts["frozen"]),
        "frozen_date": str(found.facts["frozen_date"]),
        "trials": len({row.trial for row in found.rows if row.group == UNSEEN and row.published.read}),
        "unseen": {each.measure: _numbers(each) for each in whole},
    }


def _numbers(each: Summary) -> dict[str, Any]:
    told: dict[str, Any] = {
        "figures": each.figures,
        "error": round(each.error, 1 if each.measure in IN_POINTS else 2),
        "inside": each.covered,
        "asked": each.asked,
    }
    return told | ({"signs": each.signs[0], "signs_asked": each.signs[1]} if each.signs[1] else {})


def add_to_history(entry: Mapping[str, Any], folder: Path | None = None) -> Path:
    """Add a validation, unless the same calibration with the same figures is there; no other is touched.

    Main arguments:
        entry: of ``entry_of``.
    """
    import yaml

    path = (folder or data_dir("validation")) / FILE
    kept = [dict(each) for each in read_history(folder)]
    if any(_key(each) == _key(entry) for each in kept):
        return path
    content = {
        "what": "headline errors on unseen trials of every published validation, oldest first; none is ever taken out",
        "made_by": "her2sim validate --docs",
        "validations": [*kept, dict(entry)],
    }
    write_text(path, yaml.safe_dump(content, sort_keys=False, width=118, allow_unicode=True))
    return path


def _key(entry: Mapping[str, Any]) -> tuple[str, Any]:
    return str(entry["frozen"]), entry["unseen"]


def history_blocks(found: Validation) -> list[Block]:
    """Former validations beside this one, for its report; nothing before the second, or where this one is of a part."""
    if found.facts["without"] or not found.facts["all_trials"]:
        return []
    mine = entry_of(found)
    former = [each for each in read_history() if _key(each) != _key(mine)]
    return history_table([*former, mine]) if former else []


def history_table(entries: Sequence[Mapping[str, Any]]) -> list[Block]:
    """The table, one row for each validation."""
    rows = tuple(
        (
            str(each["date"]),
            f"{each['frozen_date']} ({str(each['frozen'])[:8]})",
            str(each["trials"]),
            *(_cell(measure, each["unseen"].get(measure)) for measure in SHOWN),
        )
        for each in entries
    )
    words = (
        "Every validation that was published, on the trials that its fit had not seen: median absolute error (ORR in "
        "points, else |log ratio|), share of figures in the 90 % interval, and contrasts with the right sign. The "
        "first figures stay, whatever came later. From the second on, errors on unseen trials were known when the "
        "model was changed; changes were chosen inside the fit set, but whoever made them had seen the page."
    )
    head = ("validated", "frozen", "trials", *SHOWN)
    return [Heading("All validations so far"), Paragraph(words), Table(head, rows, words=2)]


def _cell(measure: str, told: Mapping[str, Any] | None) -> str:
    if told is None or not math.isfinite(float(told["error"])):
        return "–"
    error = f"{told['error']:.1f}" if measure in IN_POINTS else f"{told['error']:.2f}"
    inside = f", {100 * told['inside'] / told['asked']:.0f} % inside" if told["asked"] else ""
    signs = f", {told['signs']} of {told['signs_asked']} signs" if "signs" in told else ""
    return f"{error}{inside}{signs}"
