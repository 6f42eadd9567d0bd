"""Class, targets and review heading of every drug of the base, and what counts as a biomarker of a trial.

The table is ``data/evidence/vocabulary.yaml``. Drugs with a drug file repeat what that file says (a test holds them
equal), because evidence must not stand on the model that it judges.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from her2sim.core.paths import data_dir
from her2sim.record.types import TrialRecord
from her2sim.record.yaml_reading import load_yaml_file

CHECKPOINT, CONJUGATE, KINASE = "checkpoint inhibitor", "antibody-drug conjugate", "kinase inhibitor"


@dataclass(frozen=True)
class DrugWords:
    """What a drug is: heading in reviews, class, targets.

    >>> words_of("T-DXd") is None, words_of("trastuzumab deruxtecan").drug_class
    (True, 'antibody-drug conjugate')
    """

    group: str
    drug_class: str
    targets: tuple[str, ...]


@lru_cache(maxsize=1)
def _tables() -> tuple[dict[str, DrugWords], dict[str, re.Pattern[str]]]:
    table: dict[str, Any] = load_yaml_file(data_dir("evidence") / "vocabulary.yaml").value
    drugs = {
        str(name).lower(): DrugWords(row["group"], row["class"], tuple(row["targets"]))
        for name, row in table["drugs"].items()
    }
    return drugs, {str(name): re.compile(text, re.IGNORECASE) for name, text in table["biomarkers"].items()}


def words_of(drug: str) -> DrugWords | None:
    """Class, targets and heading of a drug, by its name in the records; None for a drug that the base does not know."""
    return _tables()[0].get(drug.lower())


def groups_of(drugs: Iterable[str]) -> frozenset[str]:
    """The review headings of some drugs.

    >>> sorted(groups_of(["pembrolizumab", "trastuzumab"]))
    ['antibody', 'checkpoint inhibitor']
    """
    return frozenset(words.group for words in map(words_of, drugs) if words)


def biomarkers_of(record: TrialRecord) -> tuple[str, ...]:
    """The biomarkers by which the trial's patients were chosen or its figures divided.

    >>> from her2sim.evidence.base import load_record
    >>> "PD-L1" in biomarkers_of(load_record("KATE2"))
    True
    """
    texts = [record.population, *(str(stratum["subgroup"]) for stratum in record.subgroups)]
    figures = [figure.extra.get("population") for arm in record.arms for figure in arm.results]
    figures += [contrast.extra.get("population") for contrast in record.contrasts]
    texts += [str(text) for text in figures if text]
    if "pdl1_positive_pct" in record.baseline:
        texts.append("PD-L1")
    return biomarkers_in("\n".join(texts))


def biomarkers_in(text: str) -> tuple[str, ...]:
    """The biomarkers that a description of patients names.

    >>> biomarkers_in("PD-L1 CPS>=1, PIK3CA mutated")
    ('PD-L1', 'PIK3CA')
    """
    return tuple(name for name, pattern in _tables()[1].items() if pattern.search(text))
