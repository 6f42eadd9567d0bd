"""The base of published trials: load one record, load all, count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from her2sim.core.errors import InputError, did_you_mean
from her2sim.core.paths import data_dir
from her2sim.evidence.index import TRIALS, Entry, entries
from her2sim.record.reading import is_record_path, read_record
from her2sim.record.types import TrialRecord


@dataclass(frozen=True)
class Counts:
    """Sizes of the evidence base.

    Main arguments:
        records, trials, cohorts, collections: all records, and those of each kind.
        arms, figures, read, recalled: arms, and figures in all, seen at their source, recalled.
        unparsed, undosed: regimen items with words outside the grammar, and without dose or schedule.
        by_role, by_setting, by_disease, by_status: number of records.
        read_percent_by_role: share of the figures of the trials of a role that were seen at their source.
    """

    records: int
    trials: int
    cohorts: int
    collections: int
    arms: int
    figures: int
    read: int
    recalled: int
    unparsed: int
    undosed: int
    by_role: dict[str, int]
    by_setting: dict[str, int]
    by_disease: dict[str, int]
    by_status: dict[str, int]
    read_percent_by_role: dict[str, float]


def load_record(id_or_path: str | Path) -> TrialRecord:
    """One trial: a record of the evidence base by its id, or a YAML file.

    Main arguments:
        id_or_path: id in any case (also the registry number, where only one record has it), or a path that ends with
            .yaml or .yml.

    Raises:
        InputError: no such id (the nearest ones are offered), no such file, or a record with an error.

    >>> load_record("destiny-breast03").arms[0].name
    'T-DXd'
    """
    if isinstance(id_or_path, Path) or is_record_path(id_or_path):
        return read_record(Path(id_or_path))
    return _load(_find(id_or_path.strip()))


def _find(name: str) -> Entry:
    known = entries()
    for key in (name.lower(), name.lower().replace(" ", "")):
        found = [entry for entry in known if key in (entry.id.lower(), entry.id.lower().replace(" ", ""))]
        found = found or [entry for entry in known if key and key == entry.file.removesuffix(".yaml")]
        found = found or [entry for entry in known if key and key in entry.nct.lower().split(" / ")]
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(entry.id for entry in found)
            raise InputError(f"{name!r} names {len(found)} records", hint=f"Choose one of {ids}.")
    near = did_you_mean(name, [entry.id for entry in known])
    raise InputError(
        f"no trial has the id {name!r}", hint=f"{near} `her2sim trials` lists all; a path ends with .yaml."
    )


@lru_cache(maxsize=512)
def _load(entry: Entry) -> TrialRecord:
    return read_record(data_dir("evidence") / TRIALS / entry.file)


def all_records() -> tuple[TrialRecord, ...]:
    """Every record of the base, by id. Reads all files once, which takes about a second; for lists use ``entries``."""
    return tuple(_load(entry) for entry in entries())


def counts() -> Counts:
    """Sizes of the evidence base, from the index.

    >>> counts().read + counts().recalled == counts().figures
    True
    """
    known = entries()
    kinds = Counter(entry.kind for entry in known)
    return Counts(
        records=len(known),
        trials=kinds["trial"],
        cohorts=kinds["cohort"],
        collections=kinds["collection"],
        arms=sum(entry.arms for entry in known),
        figures=sum(entry.figures for entry in known),
        read=sum(entry.read for entry in known),
        recalled=sum(entry.recalled for entry in known),
        unparsed=sum(entry.unparsed for entry in known),
        undosed=sum(entry.undosed for entry in known),
        by_role=dict(Counter(entry.role for entry in known).most_common()),
        by_setting=dict(Counter(entry.setting for entry in known).most_common()),
        by_disease=dict(Counter(entry.disease for entry in known).most_common()),
        by_status=dict(Counter(entry.status for entry in known).most_common()),
        read_percent_by_role=_read_percent(known),
    )


def _read_percent(known: Iterable[Entry]) -> dict[str, float]:
    figures, read = Counter[str](), Counter[str]()
    for entry in known:
        figures[entry.role] += entry.figures
        read[entry.role] += entry.read
    return {role: round(100 * read[role] / number, 1) for role, number in figures.items() if number}
