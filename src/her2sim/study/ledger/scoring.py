"""Hold an entry of the ledger against a record with results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from her2sim.analysis.arm_matching import match_arms
from her2sim.core.calendar import DAYS_PER_MONTH
from her2sim.core.errors import InputError
from her2sim.evidence.base import load_record
from her2sim.record.protocol import holds_results
from her2sim.record.reading import read_record
from her2sim.record.types import Arm, TrialRecord
from her2sim.report.document import Table
from her2sim.study.ledger.entry import Entry
from her2sim.study.ledger.shelf import entries_in
from her2sim.study.validation.figures import Key
from her2sim.study.validation.published import Published, published_figures
from her2sim.study.validation.report import rows_table
from her2sim.study.validation.scoring import Scored, row_mapping, score
from her2sim.study.validation.settings import default_settings


@dataclass(frozen=True)
class LedgerScore:
    """An entry against published figures.

    Main arguments:
        entry: the prediction.
        rows: one per published figure that was predicted.
        not_predicted: endpoints published and not predicted.
    """

    entry: Entry
    rows: tuple[Scored, ...]
    not_predicted: tuple[str, ...]

    def inside(self) -> tuple[int, int]:
        """Published figures inside their interval, of those for which that can be told."""
        told = [row.inside for row in self.rows if row.inside is not None]
        return sum(told), len(told)

    def table(self) -> Table:
        """The rows as a table of texts."""
        whole = rows_table(self.rows)
        return Table(whole.head[1:-1], tuple(row[1:-1] for row in whole.rows), words=2)

    def text(self) -> str:
        """The rows as lines of plain text."""
        table = self.table()
        cells = (table.head, *table.rows)
        widths = [max(len(line[place]) for line in cells) for place in range(len(table.head))]
        return "\n".join(
            "  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip() for line in cells
        )

    def csv(self) -> str:
        """The rows as CSV."""
        import pandas as pd

        return pd.DataFrame([row_mapping(row) for row in self.rows]).to_csv(index=False, lineterminator="\n")


def score_record(record: str | Path | TrialRecord, *, folder: str | Path = "ledger") -> tuple[LedgerScore, ...]:
    """Score a record with results against every entry of its trial, oldest first.

    Main arguments:
        record: a YAML file, an id or a record; it must hold results.

    Other arguments:
        folder: the ledger.

    Raises:
        InputError: the record has no results, there is no entry, or an entry was edited after it was written.
    """
    found = record if isinstance(record, TrialRecord) else load_record(record)
    entries = entries_in(folder, found.id)
    if not entries:
        raise InputError(f"the ledger holds no prediction of {found.id}.", where=str(folder))
    if not holds_results(found):
        raise InputError(
            f"the record of {found.id} holds no results, so there is nothing to score.",
            hint="Give a YAML file with the published figures.",
        )
    return tuple(_scored(entry, found) for entry in entries)


def _scored(entry: Entry, record: TrialRecord) -> LedgerScore:
    if not entry.intact:
        raise InputError(
            "this entry was edited after it was written, so it proves nothing.",
            where=str(entry.path),
            hint="Restore it from the history of the repository.",
        )
    protocols = [read_record(_text(protocol)) for protocol in entry.protocols]
    arms: list[Arm] = [arm for protocol in protocols for arm in protocol.arms]
    names = match_arms(arms, record.arms)
    published = [_renamed(one, names) for one in published_figures(record)]
    by_key = {each.key: each for each in entry.figures}
    nearest = {one.key: _nearest(one.key, by_key) for one in published}
    known = [replace(one, key=key) for one in published if (key := nearest[one.key]) is not None]
    days = min(protocols[0].assessment.follow_up_days, default_settings().most_follow_up_days)
    rows = score(record, known, entry.figures, days / DAYS_PER_MONTH)
    missing = tuple(dict.fromkeys(one.key.endpoint for one in published if nearest[one.key] is None))
    return LedgerScore(entry, tuple(rows), missing)


def _renamed(one: Published, names: Mapping[str, str]) -> Published:
    key = one.key
    reference = names.get(key.reference, key.reference)
    return replace(one, key=replace(key, arm=names.get(key.arm, key.arm), reference=reference))


def _nearest(key: Key, known: Mapping[Key, Any]) -> Key | None:
    """The predicted figure of the same kind: the same in all, else with another rule of confirmation."""
    if key in known:
        return key
    same: Sequence[Key] = [each for each in known if replace(each, confirmed=None) == replace(key, confirmed=None)]
    return same[0] if same else None


def _text(protocol: Mapping[str, Any]) -> str:
    import yaml

    return yaml.safe_dump(dict(protocol), sort_keys=False, allow_unicode=True)
