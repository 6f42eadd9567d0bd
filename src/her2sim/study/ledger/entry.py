"""One entry of the ledger: what was predicted of a trial, by which model, on which day; written once, never edited.

An entry is a YAML file with a hash of its own content. A new model writes a new file; no file is ever written twice.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from her2sim.core.durable import replacing
from her2sim.core.errors import InputError
from her2sim.record.types import NOT_REACHED, TrialRecord
from her2sim.record.writing import record_mapping
from her2sim.study.validation.figures import Key
from her2sim.study.validation.interval import Predicted

WHAT = "Predictions registered before results of the trial were looked at. Research use only; not medical advice."
HASH = "content_sha256"
DIGITS = 4


@dataclass(frozen=True)
class Entry:
    """An entry as read from its file.

    Main arguments:
        path: its file.
        trial: id of the record.
        date: day of the prediction, ISO.
        model: version, hashes, seed, patients, draws.
        protocols: what the predictions were made from, as mappings of the record format.
        figures: the predictions.
        intact: whether the content has the hash that the file tells.
    """

    path: Path
    trial: str
    date: str
    model: Mapping[str, Any]
    protocols: tuple[Mapping[str, Any], ...]
    figures: tuple[Predicted, ...]
    intact: bool


def entry_path(folder: Path, trial: str, date: str, model_hash: str) -> Path:
    """Where an entry stands: one folder for each trial, one file for each day and model.

    >>> entry_path(Path("ledger"), "HER2CLIMB-02", "2026-11-21", "0a1b2c3d4e").as_posix()
    'ledger/HER2CLIMB-02/2026-11-21-0a1b2c3d.yaml'
    """
    return folder / slug(trial) / f"{date}-{model_hash[:8]}.yaml"


def slug(trial: str) -> str:
    """The id of a trial as a name of a folder.

    >>> slug("RC48 phase 3 3L gastric")
    'RC48-phase-3-3L-gastric'
    """
    return re.sub(r"[^A-Za-z0-9.]+", "-", trial).strip("-")


def content_of(
    trial: TrialRecord,
    date: str,
    model: Mapping[str, Any],
    protocols: Sequence[TrialRecord],
    figures: Sequence[Predicted],
    remarks: Mapping[str, Any],
) -> dict[str, Any]:
    """The content of a new entry, its hash last."""
    content: dict[str, Any] = {
        "what": WHAT,
        "trial": trial.id,
        "registry_number": trial.nct,
        "date": date,
        "model": dict(model),
        **remarks,
        "figures": [_figure_mapping(each) for each in figures],
        "protocols": [record_mapping(protocol) for protocol in protocols],
    }
    plain: dict[str, Any] = json.loads(json.dumps(content))
    return plain | {HASH: content_hash(plain)}


def content_hash(content: Mapping[str, Any]) -> str:
    """SHA-256 of everything in an entry but the hash itself."""
    rest = {name: value for name, value in content.items() if name != HASH}
    return sha256(json.dumps(rest, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def write_entry(path: Path, content: Mapping[str, Any]) -> None:
    """Write a new entry.

    Raises:
        InputError: there is one already.
    """
    import yaml

    if path.exists():
        raise InputError(
            "this prediction is written already, and an entry of the ledger is never changed.",
            where=str(path),
            hint="A new model, or another day, makes a new entry.",
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(dict(content), sort_keys=False, width=118, allow_unicode=True)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def read_entry(path: Path) -> Entry:
    """Read an entry; ``intact`` says whether it is as it was written.

    Raises:
        InputError: it is no entry of a ledger.
    """
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Entry(
            path=path,
            trial=str(content["trial"]),
            date=str(content["date"]),
            model=content["model"],
            protocols=tuple(content["protocols"]),
            figures=tuple(_figure_from(row) for row in content["figures"]),
            intact=content_hash(content) == content[HASH],
        )
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"this is no entry of a ledger ({error}).", where=str(path)) from None


def _figure_mapping(each: Predicted) -> dict[str, Any]:
    key = each.key
    named = {
        "arm": key.arm,
        "reference": key.reference,
        "stratum": key.stratum,
        "endpoint": key.endpoint,
        "assessor": key.assessor,
        "confirmed": key.confirmed,
    }
    numbers = {"value": each.value, "low90": each.low, "high90": each.high}
    return {
        **{name: word for name, word in named.items() if word not in ("", None)},
        "unit": each.unit,
        **{name: _rounded(number) for name, number in numbers.items()},
        "n": each.n,
    }


def _figure_from(row: Mapping[str, Any]) -> Predicted:
    confirmed = row.get("confirmed")
    key = Key(
        arm=str(row["arm"]),
        endpoint=str(row["endpoint"]),
        assessor=str(row.get("assessor", "")),
        confirmed=None if confirmed is None else bool(confirmed),
        reference=str(row.get("reference", "")),
        stratum=str(row.get("stratum", "")),
    )
    value, low, high = (_number(row[name]) for name in ("value", "low90", "high90"))
    return Predicted(key, str(row["unit"]), value, low, high, value, int(row["n"]))


def _rounded(value: float) -> float | str:
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else NOT_REACHED


def _number(value: object) -> float:
    return math.inf if value == NOT_REACHED else float(value)  # type: ignore[arg-type]
