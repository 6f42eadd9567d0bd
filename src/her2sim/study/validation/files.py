"""The files of a validation: every row as Parquet and CSV, the scope with reasons, the summary, the report twice."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from her2sim.core.durable import replacing, write_text
from her2sim.report.document import Picture, as_html, as_markdown
from her2sim.study.validation.report import validation_document
from her2sim.study.validation.scoring import row_mapping

if TYPE_CHECKING:
    import pandas as pd

    from her2sim.study.validate import Validation


def write_files(found: Validation) -> None:
    """Write all files of a validation into its folder, replacing what is there."""
    import pandas as pd

    from her2sim.study.explain.in_validation import explanations

    folder = found.folder
    explained = explanations(found)
    frame = pd.DataFrame([row_mapping(row) | explained.get((row.trial, row.key), {}) for row in found.rows])
    with replacing(folder / "figures.parquet") as temporary:
        frame.to_parquet(temporary, index=False)
    _csv(folder / "figures.csv", frame)
    _csv(folder / "scope.csv", pd.DataFrame(_scope_rows(found)))
    _csv(folder / "summary.csv", pd.DataFrame(summary_rows(found)))
    draws = [
        {"trial": done.job.protocol.id, **asdict(figure.key), "unit": figure.unit, "draws": json.dumps(figure.draws)}
        for done in found.done
        for figure in done.prediction.figures
    ]
    _csv(folder / "draws.csv", pd.DataFrame(draws))
    if found.earned:
        _csv(folder / "knock_outs.csv", pd.DataFrame([asdict(each) for each in found.earned]))
    document = validation_document(found)
    for block in document.blocks:
        if isinstance(block, Picture):
            write_text(folder / block.file, block.svg)
    write_text(folder / "validation.md", as_markdown(document))
    write_text(folder / "validation.html", as_html(document))


def summary_rows(found: Validation) -> list[dict[str, Any]]:
    """The summary as plain rows: group, disease, setting, measure, numbers, each benchmark in columns of its own."""
    rows: list[dict[str, Any]] = []
    settings = sorted({row.setting for row in found.rows})
    parts = [("", "")] + [(disease, "") for disease in ("breast", "gastric")]
    parts += [(disease, setting) for disease in ("breast", "gastric") for setting in settings]
    for group in ("unseen", "fitted"):
        for disease, setting in parts:
            for each in found.summary(group, disease=disease, setting=setting):
                plain: dict[str, Any] = {"group": group, "disease": disease, "setting": setting}
                plain |= {key: value for key, value in asdict(each).items() if key != "against"}
                plain["signs"], plain["signs_asked"] = each.signs
                plain["clear_signs"], plain["clear_signs_asked"] = each.clear_signs
                for other in each.against:
                    plain |= {f"{other.benchmark}: {name}": value for name, value in _numbers(asdict(other)).items()}
                rows.append(plain)
    return rows


def _numbers(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "benchmark"}


def _scope_rows(found: Validation) -> Sequence[Mapping[str, Any]]:
    return [
        {
            "trial": each.trial,
            "role": each.role,
            "arms_in_scope": sum(len(protocol.arms) for protocol in each.protocols),
            "reasons": "; ".join(each.reasons),
        }
        for each in found.scope
    ]


def _csv(path: Path, frame: pd.DataFrame) -> None:
    write_text(path, frame.to_csv(index=False, lineterminator="\n"))
