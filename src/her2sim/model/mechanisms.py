"""Mechanism knock-outs by name: which there are, what each takes away, and which parameters take which values.

A knock-out never changes an equation: it sets parameters to the value at which the mechanism does nothing. The modules
of the patient scale say so themselves (``Draft.knock_out``); this file joins what they say over regimens and adds the
words of ``data/mechanisms/knock_outs.yaml``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from her2sim.core.errors import InputError, did_you_mean
from her2sim.core.paths import data_dir
from her2sim.model.assembly import DISEASES, knock_outs
from her2sim.model.drug import Drug

Scale = Literal["patient", "cell"]
OPTION = "--without"


@dataclass(frozen=True)
class Mechanism:
    """Something that can be removed.

    Main arguments:
        name: as ``--without`` takes it.
        removes: what is taken away, in words.
        values: parameter -> the value it takes.

    Other arguments:
        traits: at the cell scale, trait of the cell -> the value it takes.
    """

    name: str
    removes: str
    values: Mapping[str, float]
    traits: Mapping[str, float]


def mechanisms_of(regimens: Iterable[tuple[Sequence[Drug], Mapping[str, str]]], disease: str) -> dict[str, Mechanism]:
    """The mechanisms that the models of these regimens contain, by name.

    Main arguments:
        regimens: the drugs of each regimen and the route of each drug, by its id (empty: that of the label).
        disease: ``breast`` or ``gastric``.

    >>> from her2sim.model.drug_file import load_drug
    >>> found = mechanisms_of([([load_drug("trastuzumab")], {"trastuzumab": ""})], "breast")
    >>> found["adcc"].values
    {'nk_kill_per_day': 0.0}
    """
    values: dict[str, dict[str, float]] = {}
    for drugs, routes in regimens:
        for name, changed in knock_outs(drugs, disease, routes).items():
            values.setdefault(name, {}).update(changed)
    return {name: Mechanism(name, _words(name), dict(sorted(values[name].items())), {}) for name in sorted(values)}


@cache
def all_mechanisms() -> Mapping[str, Mechanism]:
    """Every mechanism of the patient scale, over all drugs and diseases, and of the course of a trial."""
    from her2sim.model.drug_file import all_drugs

    every = (all_drugs(), dict.fromkeys((drug.id for drug in all_drugs()), ""))
    found: dict[str, Mechanism] = {}
    for disease in DISEASES:
        for name, mechanism in mechanisms_of([every], disease).items():
            known = dict(found[name].values) if name in found else {}
            found[name] = Mechanism(name, mechanism.removes, known | dict(mechanism.values), {})
    return dict(sorted({**found, **trial_mechanisms(), **population_mechanisms()}.items()))


@cache
def trial_mechanisms() -> Mapping[str, Mechanism]:
    """What happens to patients between lines of therapy and stands in no module: every trial contains it."""
    return _in_no_module("trial")


@cache
def population_mechanisms() -> Mapping[str, Mechanism]:
    """What is drawn with a patient and stands in no module: every study contains it, in every line of therapy."""
    return _in_no_module("population")


def _in_no_module(part: str) -> dict[str, Mechanism]:
    entries: Mapping[str, Any] = _file()[part]
    return {name: Mechanism(name, str(entry["removes"]), entry["numbers"], {}) for name, entry in entries.items()}


@cache
def cell_mechanisms() -> Mapping[str, Mechanism]:
    """Every mechanism that can be removed from a cell in a dish (``her2sim cell``)."""
    return {
        name: Mechanism(name, str(entry["removes"]), entry.get("numbers", {}), entry.get("traits", {}))
        for name, entry in sorted(_file()["cell"].items())
    }


def names_from(texts: Iterable[str]) -> tuple[str, ...]:
    """Names from what a user typed: separated by commas, in any order, each once; sorted.

    >>> names_from(["bystander, adcc", "adcc"])
    ('adcc', 'bystander')
    """
    return tuple(sorted({word.strip().replace("-", "_") for text in texts for word in text.split(",") if word.strip()}))


def chosen(names: Sequence[str], known: Mapping[str, Mechanism]) -> dict[str, Mechanism]:
    """The mechanisms of these names, which are found in any case.

    Raises:
        InputError: a name that no mechanism has; the nearest names are offered.

    >>> list(chosen(["ADCC"], all_mechanisms()))
    ['adcc']
    """
    spelled = {name.lower(): name for name in known}
    found: dict[str, Mechanism] = {}
    for name in names_from(names):
        if name.lower() not in spelled:
            raise InputError(
                f"no mechanism is named {name!r}",
                where=OPTION,
                hint=f"{did_you_mean(name, known)} `her2sim model --mechanisms` lists all.",
            )
        found[spelled[name.lower()]] = known[spelled[name.lower()]]
    return dict(sorted(found.items()))


def removed_values(mechanisms: Iterable[Mechanism]) -> dict[str, float]:
    """Parameter -> value when all these mechanisms are removed together.

    Raises:
        InputError: two of them ask different values of one parameter.
    """
    values: dict[str, float] = {}
    first: dict[str, str] = {}
    for mechanism in mechanisms:
        for name, value in mechanism.values.items():
            if values.setdefault(name, value) != value:
                raise InputError(
                    f"{first[name]} and {mechanism.name} set {name} to {values[name]:g} and {value:g}",
                    where=OPTION,
                    hint="Remove one of them at a time.",
                )
            first.setdefault(name, mechanism.name)
    return values


def _words(name: str) -> str:
    entries: Mapping[str, Any] = _file()["patient"]
    if name in entries:
        return str(entries[name]["removes"])
    for pattern, entry in entries.items():
        if pattern.endswith("*") and name.startswith(pattern[:-1]):
            return f"{entry['removes']} ({name[len(pattern) - 1 :].replace('_', ' ')})"
    return ""


@cache
def _file() -> dict[str, Any]:
    import yaml

    return yaml.safe_load((data_dir("mechanisms") / "knock_outs.yaml").read_text(encoding="utf-8"))
