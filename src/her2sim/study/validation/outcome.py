"""The outcome of the last validation as package data, so that every run can say how far it may be trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from her2sim.core.durable import write_text
from her2sim.core.paths import data_dir
from her2sim.model.frozen import load_frozen

FILE = "outcome.yaml"
ROUGH = "The model is a first core with a rough fit; most of its biological numbers are assumed within stated ranges."
CHANGED = "The calibration in use is not the one that was validated, so how far its predictions hold is not known."


@cache
def read_outcome() -> Mapping[str, Any]:
    """The outcome; empty before the first validation."""
    import yaml

    path = data_dir("validation") / FILE
    return yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}


def write_outcome(frozen: str, date: str, sentences: Sequence[str], *, folder: Path | None = None) -> Path:
    """Keep the outcome of a validation.

    Main arguments:
        frozen: hash of the calibration that was validated.
        date: of the freeze.
        sentences: what it says to whoever reads a run's report.
    """
    import yaml

    content = {
        "what": "outcome of the last validation of the frozen calibration, told in the report of every run",
        "made_by": "her2sim validate --docs",
        "frozen": frozen,
        "frozen_date": date,
        "sentences": list(sentences),
    }
    path = (folder or data_dir("validation")) / FILE
    write_text(path, yaml.safe_dump(content, sort_keys=False, width=118, allow_unicode=True))
    return path


def trust_sentences() -> tuple[str, ...]:
    """How far predictions of the calibration in use may be trusted, for the report of a run."""
    frozen, outcome = load_frozen(), read_outcome()
    if frozen is None:
        return (ROUGH,)
    if outcome.get("frozen") != frozen.hash:
        return (CHANGED,)
    return tuple(str(sentence) for sentence in outcome["sentences"])
