"""Documented defaults of each setting, from ``data/defaults/settings.yaml``: value, reason and source of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from her2sim.core.paths import data_dir
from her2sim.record.yaml_reading import load_yaml_file


@dataclass(frozen=True)
class SettingDefaults:
    """What a record of one setting takes where it says nothing.

    Main arguments:
        eligibility, assessment: key to its value, in the words of the record.
        prior_by_disease: disease to the earlier lines that every patient has had.
        until: the stopping rule of a drug.
    """

    eligibility: Mapping[str, Any]
    assessment: Mapping[str, Any]
    prior_by_disease: Mapping[str, list[Any]]
    until: str

    def prior(self, disease: str) -> list[Any]:
        """Earlier lines of ``disease``, as they would be written in a record."""
        return list(self.eligibility.get("prior") or self.prior_by_disease.get(disease) or [])


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    return load_yaml_file(data_dir("defaults") / "settings.yaml").value


@lru_cache
def defaults_of(setting: str) -> SettingDefaults:
    """Defaults of one setting.

    >>> defaults_of("metastatic-2L").assessment["scan_every"]
    '6 weeks'
    """
    row = _table()["settings"][setting]
    return SettingDefaults(row["eligibility"], row["assessment"], row.get("prior_by_disease", {}), row["until"])


def reason_of(key: str) -> str:
    """Why the default of ``key`` (for example ``assessment.scan_every``) is what it is, with its source.

    >>> reason_of("eligibility.her2").startswith("the guideline")
    True
    """
    table = _table()
    row = table["reasons"][key]
    source = table["sources"][row["source"]]
    return f"{row['reason']} ({source['short']}, {'read' if source['read'] else 'recalled'})"
