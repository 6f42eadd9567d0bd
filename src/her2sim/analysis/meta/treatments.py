"""Which arms count as one treatment: drugs into groups, groups into a name, and what a kind of treatment is.

All choices stand in ``data/meta/treatments.yaml``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from her2sim.core.paths import data_dir
from her2sim.record.types import Arm, Contrast, Result, TrialRecord
from her2sim.record.yaml_reading import load_yaml_file

CHEMOTHERAPY = "chemotherapy"
NOTHING = "observation"
_POSITIVE = "IHC3+"
_WHOLE = 0.95
"""From this share of patients on, a component counts as given to all."""


@dataclass(frozen=True)
class RatioOutcome:
    """Endpoints whose hazard or odds ratios are pooled as one, first choice first."""

    endpoints: tuple[str, ...]
    measure: Literal["hazard ratio", "odds ratio"]
    small_is_good: bool


@dataclass(frozen=True)
class ArmOutcome:
    """Endpoints of arms that are predicted as one, first choice first; ``settings`` is a beginning of settings."""

    endpoints: tuple[str, ...]
    scale: Literal["logit", "log"]
    unit: str
    settings: str


@dataclass(frozen=True)
class Choices:
    """The content of ``data/meta/treatments.yaml``."""

    group_of: Mapping[str, str]
    kind_of: Mapping[str, str]
    other_kind: str
    merged_kinds: frozenset[str]
    ignored: frozenset[str]
    untreated: tuple[str, ...]
    strata: tuple[str, ...]
    whole_populations: frozenset[str]
    other_patients: tuple[str, ...]
    positive_words: tuple[str, ...]
    short: Mapping[str, str]
    ratios: Mapping[str, RatioOutcome]
    arm_figures: Mapping[str, ArmOutcome]
    event_share: float
    response_correlation: float


@lru_cache(maxsize=1)
def choices() -> Choices:
    """The choices, read once."""
    table: dict[str, Any] = load_yaml_file(data_dir("meta") / "treatments.yaml").value
    return Choices(
        group_of={drug: group for group, drugs in table["groups"].items() for drug in drugs},
        kind_of={group: kind for kind, groups in table["kinds"].items() for group in groups},
        other_kind=table["other_kind"],
        merged_kinds=frozenset(table["merged_kinds"]),
        ignored=frozenset(table["ignored"]),
        untreated=tuple(table["untreated"]),
        strata=tuple(table["strata"]),
        whole_populations=frozenset(table["whole_populations"]),
        other_patients=tuple(table["other_patients"]),
        positive_words=tuple(table["positive_words"]),
        short=dict(table["short"]),
        ratios={
            name: RatioOutcome(tuple(row["endpoints"]), row["measure"], bool(row["small_is_good"]))
            for name, row in table["ratios"].items()
        },
        arm_figures={
            name: ArmOutcome(tuple(row["endpoints"]), row["scale"], row["unit"], row["settings"])
            for name, row in table["arm_figures"].items()
        },
        event_share=float(table["event_share"]["value"]),
        response_correlation=float(table["response_correlation"]["value"]),
    )


def drugs_of(arm: Arm) -> dict[str, float]:
    """Drug to the share of patients who get it, at most 1; alternatives within an arm have shares below 1.

    >>> from her2sim.evidence.base import load_record
    >>> drugs_of(load_record("EMILIA").arms[1])
    {'lapatinib': 1.0, 'capecitabine': 1.0}
    """
    found: dict[str, float] = {}
    for item in arm.regimen:
        if item.drug not in choices().ignored:
            found[item.drug] = min(1.0, found.get(item.drug, 0.0) + item.share)
    return found


def groups_of(drugs: Mapping[str, float]) -> dict[str, float]:
    """Group to the share of patients who get a drug of it, at most 1.

    >>> groups_of({"trastuzumab": 1.0, "letrozole": 0.5, "anastrozole": 0.5})
    {'trastuzumab': 1.0, 'aromatase inhibitor': 1.0}
    """
    found: dict[str, float] = {}
    for drug, share in drugs.items():
        group = choices().group_of.get(drug, drug)
        found[group] = min(1.0, found.get(group, 0.0) + share)
    return found


def parts_of(groups: Mapping[str, float]) -> tuple[str, ...]:
    """The parts of a treatment, sorted: groups given to all; ``chemotherapy`` for a choice among chemotherapies.

    What only some patients get stands in parentheses.

    >>> parts_of({"trastuzumab": 1.0, "vinorelbine": 0.4, "fluoropyrimidine": 0.6})
    ('chemotherapy', 'trastuzumab')
    >>> parts_of({"trastuzumab": 0.55, "lapatinib": 0.45, "fluoropyrimidine": 1.0})
    ('(lapatinib/trastuzumab)', 'fluoropyrimidine')
    """
    whole = [name for name, share in groups.items() if share >= _WHOLE]
    partial = {name: share for name, share in groups.items() if share < _WHOLE}
    chemotherapies = {name: share for name, share in partial.items() if choices().kind_of.get(name) == CHEMOTHERAPY}
    others = [name for name in partial if name not in chemotherapies]
    if chemotherapies:
        of_choice = sum(chemotherapies.values()) >= _WHOLE
        (whole if of_choice else others).append(CHEMOTHERAPY)
    optional = ["(" + "/".join(sorted(others)) + ")"] if others else []
    return tuple(sorted({*whole, *optional}))


def treatment_name(groups: Mapping[str, float]) -> str:
    """Name of the treatment in a network: its parts joined by ``+``, or ``observation``.

    >>> treatment_name({"trastuzumab": 1.0, "taxane": 1.0})
    'taxane+trastuzumab'
    """
    return "+".join(parts_of(groups)) or NOTHING


def components_of(groups: Mapping[str, float]) -> dict[str, float]:
    """Components of the additive model: groups, with all chemotherapies as one component and likewise endocrine drugs.

    >>> components_of({"trastuzumab": 1.0, "vinorelbine": 0.4, "fluoropyrimidine": 0.6})
    {'trastuzumab': 1.0, 'chemotherapy': 1.0}
    """
    table = choices()
    found: dict[str, float] = {}
    for group, share in groups.items():
        kind = table.kind_of.get(group, table.other_kind)
        name = kind if kind in table.merged_kinds else group
        found[name] = min(1.0, found.get(name, 0.0) + share)
    return found


def counts_as_arm(arm: Arm, record: TrialRecord) -> bool:
    """Whether an arm can stand in an analysis of HER2-positive disease: its own patients, and what they got is known.

    Arms that repeat patients of other arms, and arms of HER2-low patients, do not count.

    >>> from her2sim.evidence.base import load_record
    >>> record = load_record("DAISY")
    >>> [arm.name for arm in record.arms if counts_as_arm(arm, record)]
    ['T-DXd, HER2-overexpressing']
    """
    table = choices()
    words = arm.name.lower()
    if any(word in words for word in (*table.strata, *table.other_patients)):
        return False
    if _POSITIVE not in record.eligibility.her2 and not any(word in words for word in table.positive_words):
        return False
    return bool(arm.regimen) or any(word in words for word in table.untreated)


def of_stratum(figure: Result | Contrast) -> bool:
    """Whether a figure is of a part of the patients."""
    population = str(figure.extra.get("population", "")).strip().lower()
    return bool(population) and population not in choices().whole_populations


def short_name(treatment: str) -> str:
    """The name with the usual abbreviations, antibodies before what they are given with.

    >>> short_name("taxane+trastuzumab"), short_name("trastuzumab deruxtecan")
    ('H+tax', 'T-DXd')
    """
    table = choices().short
    words = [_short_part(part, table) for part in treatment.split("+")]
    return "+".join(sorted(words, key=lambda word: (word not in ("T-DXd", "T-DM1", "P", "H", "L"), word.lower())))


def abbreviations(treatments: Iterable[str]) -> str:
    """What the short names of these treatments stand for, in one line.

    >>> abbreviations(["taxane+trastuzumab"])
    'H trastuzumab, tax taxane'
    """
    parts = {each for name in treatments for part in name.split("+") for each in part.strip("()").split("/")}
    table = choices().short
    return ", ".join(f"{table[part]} {part}" for part in sorted(parts, key=lambda x: table.get(x, "")) if part in table)


def _short_part(part: str, table: Mapping[str, str]) -> str:
    if part.startswith("("):
        return "(" + "/".join(table.get(each, each) for each in part.strip("()").split("/")) + ")"
    return table.get(part, part)


def kinds_of(groups: Mapping[str, float]) -> tuple[str, ...]:
    """Kinds of the groups that at least half of the patients get; chemotherapies add up. Sorted.

    >>> kinds_of({"trastuzumab": 1.0, "pertuzumab": 1.0, "taxane": 1.0})
    ('HER2 antibody', 'chemotherapy', 'pertuzumab')
    """
    table = choices()
    shares: dict[str, float] = {}
    for group, share in groups.items():
        kind = table.kind_of.get(group, table.other_kind)
        shares[kind] = shares.get(kind, 0.0) + share
    return tuple(sorted(kind for kind, share in shares.items() if share >= 0.5))
