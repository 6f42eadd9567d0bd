"""A compact index of the evidence base, so that listing 230 trials does not parse 230 files.

``data/evidence/index.json`` is made by ``python -m her2sim.evidence.index`` and committed; a test holds it against the
records.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from her2sim.core.paths import data_dir
from her2sim.evidence.roles import role_of
from her2sim.evidence.tidy import figures
from her2sim.evidence.vocabulary import biomarkers_of, words_of
from her2sim.record.reading import read_record
from her2sim.record.types import TrialRecord

INDEX = "index.json"
TRIALS = "trials"


@dataclass(frozen=True)
class Entry:
    """What the list of trials shows of one record.

    Main arguments:
        id, file, kind, nct, phase, status, disease, disease_text, setting, role: identity.
        drugs: drugs of all arms, in order of first appearance.
        arms, n: number of arms and of patients (0 where not given).
        read, recalled: figures (of arms, contrasts and strata) seen at their source, and recalled.
        unparsed: regimen items with words that the grammar does not know.
        undosed: regimen items without dose or schedule.
        words: lower-case words that a query may hit beyond the fields above.
        classes, targets: of the drugs (review heading and class; see ``her2sim.evidence.vocabulary``).
        endpoints, biomarkers: endpoints with a figure; what the patients were chosen or divided by.
    """

    id: str
    file: str
    kind: str
    nct: str
    phase: str
    status: str
    disease: str
    disease_text: str
    setting: str
    role: str
    drugs: tuple[str, ...]
    arms: int
    n: int
    read: int
    recalled: int
    unparsed: int
    undosed: int
    words: str
    classes: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    biomarkers: tuple[str, ...] = ()

    @property
    def figures(self) -> int:
        """All figures of the record."""
        return self.read + self.recalled


def entry_of(record: TrialRecord, file: str) -> Entry:
    """The entry of one record."""
    items = [item for arm in record.arms for item in arm.regimen]
    flags = [result.read for arm in record.arms for result in arm.results]
    flags += [contrast.read for contrast in record.contrasts]
    flags += [bool(subgroup["read"]) for subgroup in record.subgroups]
    names = [arm.name for arm in record.arms]
    drugs = tuple(dict.fromkeys(item.drug for item in items))
    known = [words for words in map(words_of, drugs) if words]
    return Entry(
        id=record.id,
        file=file,
        kind=record.kind,
        nct=record.nct,
        phase=record.phase,
        status=record.status,
        disease=record.disease,
        disease_text=str(record.extra.get("disease_text", "")),
        setting=record.setting,
        role=role_of(record.id, str(record.extra.get("part_of", ""))),
        drugs=drugs,
        arms=len(record.arms),
        n=_patients(record),
        read=sum(flags),
        recalled=len(flags) - sum(flags),
        unparsed=sum(bool(item.unparsed) for item in items),
        undosed=sum(item.dose is None or item.schedule is None for item in items),
        words=" ".join((*names, record.population)).lower(),
        classes=tuple(dict.fromkeys(name for words in known for name in (words.group, words.drug_class))),
        targets=tuple(dict.fromkeys(target for words in known for target in words.targets)),
        endpoints=tuple(dict.fromkeys(figure.endpoint for figure in figures(record))),
        biomarkers=biomarkers_of(record),
    )


def _patients(record: TrialRecord) -> int:
    """Patients of the record: the baseline's n, else the sum of the arms, else the planned number."""
    given = record.baseline.get("n") or sum(arm.n or 0 for arm in record.arms)
    return int(given or record.extra.get("planned_n") or 0)


def trial_files() -> list[Path]:
    """All record files of the evidence base, by name."""
    return sorted((data_dir("evidence") / TRIALS).glob("*.yaml"))


def build_index(files: Iterable[Path]) -> str:
    """The index of these files as JSON text, one entry per line."""
    entries = sorted((entry_of(read_record(path), path.name) for path in files), key=lambda entry: entry.id.lower())
    lines = ",\n".join(json.dumps(asdict(entry), ensure_ascii=False) for entry in entries)
    return f"[\n{lines}\n]\n"


@lru_cache(maxsize=1)
def entries() -> tuple[Entry, ...]:
    """All entries of the committed index, by id."""
    rows: list[dict[str, Any]] = json.loads((data_dir("evidence") / INDEX).read_text(encoding="utf-8"))
    for row in rows:
        for name in ("drugs", "classes", "targets", "endpoints", "biomarkers"):
            row[name] = tuple(row[name])
    return tuple(Entry(**row) for row in rows)


if __name__ == "__main__":
    (data_dir("evidence") / INDEX).write_text(build_index(trial_files()), encoding="utf-8")
    print(f"{len(trial_files())} records indexed")
