"""Population specifications: covariates, distributions and correlations, read from ``data/populations/*.yaml``.

Format of a file (each number is a quantity with value, unit, source and read, as in the parameter files)::

    disease: breast
    sources: {cortes2022: {citation: "...", address: "..."}}
    covariates:
      age_years: {distribution: normal, unit: year, mean: {...}, sd: {...}, low: {...}, high: {...}}
      weight_kg: {distribution: lognormal, unit: kg, given: [asia], when: {"0": {median: {...}, sd_log: {...}}, ...}}
      her2_class: {distribution: ordinal, unit: dimensionless, classes: {IHC0: {...}, ...}}
    settings: {metastatic-2L: {brain_metastases: {probability: {...}}}}
    correlations: [{between: [hr_positive, pik3ca_mutated], rho: {...}}]
    rules: {her2_class: [IHC2+/ISH+, IHC3+]}
    typical_values: {fraction_her2low: {...}}
    constants: {cell_volume_mL: {...}}
    spreads: {V0_OC_mL: {...}}
    plausibility: [{quantity: doubling_time_days, low: {...}, high: {...}}]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from her2sim.core.errors import InputError, did_you_mean
from her2sim.core.paths import data_dir
from her2sim.core.quantity import Quantity, Source
from her2sim.model.parameters import quantity_from

NEEDS: Mapping[str, tuple[str, ...]] = {
    "normal": ("mean", "sd", "low", "high"),
    "lognormal": ("median", "sd_log", "low", "high"),
    "bernoulli": ("probability",),
    "poisson": ("mean", "high"),
    "ordinal": (),
    "constant": ("value",),
    "cockcroft_gault": (),
}
WITHOUT_DRAW = ("constant", "cockcroft_gault")
Level = Mapping[str, Quantity]


@dataclass(frozen=True)
class Covariate:
    """One column of the patient table and its distribution.

    Main arguments:
        distribution: a key of ``NEEDS``. ``ordinal`` columns hold the position of the class in ``classes``.
        levels: parameters for each combination of classes of the ``given`` covariates; key () if there are none.

    Other arguments:
        given: covariates (bernoulli or ordinal) that this one depends on; they come earlier in the file.
        classes: names of the classes of an ordinal or bernoulli covariate, lowest first.
    """

    name: str
    distribution: str
    unit: str
    levels: Mapping[tuple[int, ...], Level]
    given: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()

    @property
    def discrete(self) -> bool:
        """True for flags and classes."""
        return self.distribution in ("bernoulli", "ordinal")

    @property
    def codes(self) -> tuple[float, ...]:
        """What the column holds for each class: its name where all names are numbers, else its position."""
        if all(name.isdigit() for name in self.classes):
            return tuple(map(float, self.classes))
        return tuple(map(float, range(len(self.classes))))

    @property
    def derived(self) -> bool:
        """True if the column follows from others and has no draw of its own."""
        return self.distribution in WITHOUT_DRAW


@dataclass(frozen=True)
class Correlation:
    """Correlation of the normal scores of two covariates or traits. ``optional``: skip it if a trait is unknown."""

    first: str
    second: str
    rho: Quantity
    optional: bool = False


@dataclass(frozen=True)
class PlausibleRange:
    """A quantity computed from a patient's traits must lie within these bounds, else the traits are drawn again."""

    quantity: str
    low: float
    high: float


@dataclass(frozen=True)
class Specification:
    """A population before any trial selects from it.

    Main arguments:
        stage: ``metastatic`` or ``early``.
        covariates: in the order of drawing.
        correlations: entries of the Gaussian copula over covariates and traits; all others are 0.
        typical_values: typical values of traits that differ from the parameter files in this disease.
        constants: numbers that geometry and plausibility need.
        spreads: SD of the logarithm for parameters that have no spread of their own, so that they become traits.
        plausible: bounds that every patient must meet.
        rules: classes that patients may have unless a trial says otherwise (default eligibility).
        sources: where the numbers were found.
        settings, setting_rules: changes of covariates and rules by setting.
    """

    name: str
    disease: str
    stage: str
    description: str
    covariates: tuple[Covariate, ...]
    correlations: tuple[Correlation, ...]
    typical_values: Mapping[str, Quantity]
    constants: Mapping[str, Quantity]
    spreads: Mapping[str, Quantity]
    plausible: tuple[PlausibleRange, ...]
    sources: Mapping[str, Source]
    settings: Mapping[str, Mapping[str, Level]]
    rules: Mapping[str, tuple[str, ...]]
    setting_rules: Mapping[str, Mapping[str, tuple[str, ...]]]

    def covariate(self, name: str) -> Covariate:
        """The covariate ``name``; a KeyError if there is none."""
        for item in self.covariates:
            if item.name == name:
                return item
        raise KeyError(name)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the covariates, in order."""
        return tuple(c.name for c in self.covariates)

    def in_setting(self, setting: str) -> Specification:
        """The population of one treatment setting; unchanged where the file says nothing about it."""
        changes = self.settings.get(setting, {})
        changed = tuple(
            replace(c, levels={key: {**level, **changes[c.name]} for key, level in c.levels.items()})
            if c.name in changes
            else c
            for c in self.covariates
        )
        return replace(self, covariates=changed, rules={**self.rules, **self.setting_rules.get(setting, {})})


FILES = ("breast_metastatic", "gastric_metastatic", "breast_early")
EARLY_SETTINGS = ("neoadjuvant", "adjuvant", "post-neoadjuvant")


@cache
def load_specification(disease: str, setting: str = "") -> Specification:
    """The built-in population of a disease and setting; without a setting that of metastatic disease.

    Raises:
        InputError: there is no such population.

    >>> load_specification("breast", "metastatic-2L").name, load_specification("breast", "neoadjuvant").name
    ('breast_metastatic', 'breast_early')
    """
    stage = "early" if setting in EARLY_SETTINGS else "metastatic"
    known = {(s.disease, s.stage): s for s in map(read_specification, map(_path, FILES))}
    if (disease, stage) not in known:
        raise InputError(
            f"no population of {stage} {disease} cancer.",
            where="disease",
            hint=f"There are: {', '.join(f'{s} {d}' for d, s in known)}.",
        )
    return known[disease, stage].in_setting(setting)


def _path(name: str) -> Path:
    return data_dir("populations") / f"{name}.yaml"


@cache
def read_specification(path: Path) -> Specification:
    """Read one specification file.

    Raises:
        InputError: a key is missing or unknown, a source is not listed, a ``given`` covariate does not come earlier.
    """
    content: dict[str, Any] = yaml.safe_load(path.read_text())
    here = str(path)
    sources = {k: Source(k, str(v["citation"]), str(v.get("address", ""))) for k, v in content["sources"].items()}
    covariates: dict[str, Covariate] = {}
    for name, entry in content["covariates"].items():
        covariates[name] = _covariate(name, entry, covariates, here)
    specification = Specification(
        name=path.stem,
        disease=str(content["disease"]),
        stage=str(content.get("stage", "metastatic")),
        description=str(content.get("description", "")),
        covariates=tuple(covariates.values()),
        correlations=tuple(_correlation(entry, here) for entry in content.get("correlations", ())),
        typical_values={k: quantity_from(k, v, here) for k, v in content.get("typical_values", {}).items()},
        constants={k: quantity_from(k, v, here) for k, v in content.get("constants", {}).items()},
        spreads={k: quantity_from(k, v, here) for k, v in content.get("spreads", {}).items()},
        plausible=tuple(
            PlausibleRange(
                str(entry["quantity"]),
                quantity_from("low", entry["low"], here).value if "low" in entry else float("-inf"),
                quantity_from("high", entry["high"], here).value if "high" in entry else float("inf"),
            )
            for entry in content.get("plausibility", ())
        ),
        sources=sources,
        settings={
            setting: {k: _level(v, f"{here}: {setting}: {k}") for k, v in changes.items() if k != "rules"}
            for setting, changes in content.get("settings", {}).items()
        },
        rules=_rules(content),
        setting_rules={setting: _rules(changes) for setting, changes in content.get("settings", {}).items()},
    )
    _check_settings(specification, here)
    _check_sources(specification, here)
    return specification


def _covariate(name: str, entry: Mapping[str, Any], earlier: Mapping[str, Covariate], here: str) -> Covariate:
    where = f"{here}: {name}"
    distribution = str(entry.get("distribution"))
    if distribution not in NEEDS:
        raise InputError(f"distribution {distribution!r}", where=where, hint=did_you_mean(distribution, NEEDS))
    given = tuple(str(g) for g in entry.get("given", ()))
    for other in given:
        if other not in earlier or not earlier[other].discrete:
            raise InputError(f"given {other!r}, which is not an earlier flag or class", where=where)
    shared = {k: v for k, v in entry.items() if k not in ("distribution", "unit", "given", "when", "description")}
    levels: dict[tuple[int, ...], Level] = {}
    for key, own in entry["when"].items() if given else (("", {}),):
        words = zip(str(key).split(), given, strict=True)
        levels[tuple(_class_number(word, earlier[g], where) for word, g in words)] = _level({**shared, **own}, where)
    classes: tuple[str, ...] = ("0", "1") if distribution == "bernoulli" else ()
    if distribution == "ordinal":
        classes = tuple(next(iter(levels.values())))
    for level in levels.values():
        missing = set(classes if distribution == "ordinal" else NEEDS[distribution]) ^ set(level)
        if missing:
            raise InputError(f"missing or unknown: {', '.join(sorted(missing))}", where=where)
    return Covariate(name, distribution, str(entry["unit"]), levels, given, classes)


def _class_number(word: str, covariate: Covariate, where: str) -> int:
    if word not in covariate.classes:
        raise InputError(
            f"{word!r} is no class of {covariate.name}", where=where, hint=did_you_mean(word, covariate.classes)
        )
    return covariate.classes.index(word)


def _level(entry: Mapping[str, Any], where: str) -> Level:
    flat = {**entry.get("classes", {}), **{k: v for k, v in entry.items() if k != "classes"}}
    return {str(k): quantity_from(str(k), v, where) for k, v in flat.items()}


def _rules(entry: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {str(k): tuple(map(str, v)) for k, v in entry.get("rules", {}).items()}


def _correlation(entry: Mapping[str, Any], here: str) -> Correlation:
    first, second = (str(x) for x in entry["between"])
    rho = quantity_from(f"{first}~{second}", entry["rho"], here)
    if not -1.0 < rho.value < 1.0:
        raise InputError(f"correlation {rho.value:g}", where=f"{here}: {rho.name}", hint="It must be between -1 and 1.")
    return Correlation(first, second, rho, bool(entry.get("optional", False)))


def _check_settings(specification: Specification, here: str) -> None:
    for setting, changes in specification.settings.items():
        for name, level in changes.items():
            if name not in specification.names:
                raise InputError(f"unknown covariate {name}", where=f"{here}: settings: {setting}")
            known = set(next(iter(specification.covariate(name).levels.values())))
            if not set(level) <= known:
                raise InputError(f"unknown keys {sorted(set(level) - known)}", where=f"{here}: {setting}: {name}")


def _check_sources(specification: Specification, here: str) -> None:
    for quantity in quantities(specification):
        if quantity.source != "assumed" and quantity.source not in specification.sources:
            raise InputError(f"source {quantity.source!r} is not listed", where=f"{here}: {quantity.name}")


def quantities(specification: Specification) -> list[Quantity]:
    """Every number of a specification, for provenance tables."""
    found = [q for c in specification.covariates for level in c.levels.values() for q in level.values()]
    found += [q for changes in specification.settings.values() for level in changes.values() for q in level.values()]
    found += [c.rho for c in specification.correlations]
    parts = (specification.typical_values, specification.constants, specification.spreads)
    return found + [q for part in parts for q in part.values()]
