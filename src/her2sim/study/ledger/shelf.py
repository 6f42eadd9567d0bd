"""The folder of the ledger: its entries in order, and an index for readers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from her2sim.report.document import Block, Bullets, Document, Heading, Paragraph, Table, as_markdown
from her2sim.study.ledger.entry import Entry, read_entry, slug

INDEX = "README.md"
ABOUT = (
    "Each file holds what her2sim predicted of a trial before results of that trial were looked at: the model's hash, "
    "the day, the protocol, every figure with its 90 % predictive interval, and a hash of all that. Files are written "
    "once, by her2sim ledger write, and never edited; a new model writes new ones. her2sim ledger list tells whether "
    "all are as they were written; her2sim ledger score RECORD holds an entry against a record with results."
)


@dataclass(frozen=True)
class Listed:
    """An entry in a list: trial, day, model, number of figures, and whether it is as it was written."""

    trial: str
    date: str
    model: str
    figures: int
    intact: bool
    path: Path


def entries_in(folder: str | Path, trial: str = "") -> tuple[Entry, ...]:
    """Entries by trial and day; of one trial if given."""
    places = Path(folder).glob(f"{slug(trial)}/*.yaml" if trial else "*/*.yaml")
    return tuple(read_entry(path) for path in sorted(places))


def listed(folder: str | Path = "ledger", trial: str = "") -> tuple[Listed, ...]:
    """The entries of a ledger, by trial and day."""
    return tuple(
        Listed(each.trial, each.date, str(each.model["sha256"])[:8], len(each.figures), each.intact, each.path)
        for each in entries_in(folder, trial)
    )


def index_text(folder: Path, not_predicted: Mapping[str, str]) -> str:
    """The index as Markdown.

    Main arguments:
        folder: the ledger.
        not_predicted: trial -> why it was not predicted.
    """
    rows = tuple(
        (each.trial, each.date, str(each.model["sha256"])[:8], str(each.model["draws"]), _main_figures(each))
        for each in entries_in(folder)
    )
    head = ("trial", "day", "model", "draws", "main predictions (90 % interval)")
    blocks: list[Block] = [Paragraph(ABOUT), Table(head, rows, words=len(head))]
    if not_predicted:
        blocks.append(Heading("Not predicted"))
        blocks.append(Bullets(tuple(f"{trial}: {why}." for trial, why in sorted(not_predicted.items()))))
    return as_markdown(Document("Ledger of predictions", tuple(blocks)))


def _main_figures(entry: Entry) -> str:
    from her2sim.study.validation.report import number

    told: list[str] = []
    seen: set[tuple[str, str, str]] = set()
    mains = {str(protocol.get("assessment", {}).get("assessor", "INV")) for protocol in entry.protocols}
    for each in entry.figures:
        key = each.key
        name = key.arm, key.reference, key.endpoint
        wanted = (key.endpoint in ("ORR", "PFS_median") and not key.reference) or bool(key.reference)
        if key.stratum or not wanted or name in seen or key.assessor not in ("", *mains):
            continue
        seen.add(name)
        words = f"{key.endpoint} hazard ratio" if key.reference else f"{key.arm} {key.endpoint}"
        low, high = number(each.low, each.unit), number(each.high, each.unit)
        told.append(f"{words} {number(each.value, each.unit)} ({low} to {high})")
    return "; ".join(told)
