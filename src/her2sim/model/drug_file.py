"""Drug files: the homes of what is known of each drug, ``data/drugs/<id>.yaml``.

Numbers stand in the files as their sources print them; this reader turns them to liters, days and milligrams, so that
a reader can hold file and paper side by side. Format of a file::

    id: docetaxel
    inn: docetaxel
    names: [Taxotere]                    # other names, matched without regard to case, hyphens and spaces
    class: taxane
    targets: [tubulin]
    molar_mass: {value: 807.9, unit: g/mol, read: false, source: assumed}
    label: {route: iv, dose: "75 mg/m2 q3w", infusion: {value: 1, unit: h, read: false, source: assumed}}
    sources: {koolen2010: {citation: "...", address: "..."}}
    pharmacokinetics:
      iv:                                # one model per route
        reference: koolen2010
        structure: three                 # one, two or three compartments; Vmax and Km add saturable elimination
        typical: {CL: {value: 44.1, unit: L/h, read: true, source: koolen2010}, ...}
        by_disease: {gastric: {CL: {...}}}
        covariates: [{parameter: CL, covariate: weight_kg, form: power, theta: 0.5, reference: 70, ...}]
        variability: [{parameter: CL, cv: 0.294, read: ..., source: ...}, {parameters: [CL, V1], covariance: 0.02, ...}]
    actions: [{kind: cytotoxic, chemo_class: taxane, effect_rate_per_day: {...}}]

A coefficient of variation becomes the variance ln(1 + CV²) of the log-normal random effect.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from her2sim.core.errors import InputError, did_you_mean
from her2sim.core.paths import data_dir
from her2sim.core.quantity import Quantity, Source
from her2sim.model.drug import Action, CovariateEffect, Drug, Label, Metabolite, Pharmacokinetics
from her2sim.model.parameters import quantity_from

CANONICAL_UNIT = {
    "CL": "L/day", "Q2": "L/day", "Q3": "L/day", "CLf": "L/day", "CLm": "L/day", "V1": "L", "V2": "L", "V3": "L",
    "Vmax": "mg/day", "Vmax12": "mg/day", "Km": "mg/L", "Km12": "mg/L", "ka": "1/day", "k21": "1/day",
    "F": "dimensionless", "tlag": "day", "CLmax": "dimensionless", "T50": "day", "hill": "dimensionless",
}  # fmt: skip
_FACTOR = {
    ("L/h", "L/day"): 24.0, ("mL/h", "L/day"): 0.024, ("mL/min", "L/day"): 1.44, ("1/h", "1/day"): 24.0,
    ("h", "day"): 1 / 24, ("min", "day"): 1 / 1440, ("mg/h", "mg/day"): 24.0, ("ug/h", "mg/day"): 0.024,
    ("ug/L", "mg/L"): 1e-3, ("kDa", "g/mol"): 1e3,
}  # fmt: skip
_MOLAR_FACTOR = {("umol/h", "mg/day"): 0.024, ("umol/L", "mg/L"): 1e-3}
_COMPARTMENTS = {"one": {"V1"}, "two": {"V1", "Q2", "V2"}, "three": {"V1", "Q2", "V2", "Q3", "V3"}}
_SATURABLE_TRANSPORT = {"Vmax12", "Km12", "k21"}
_FORMS = {"power", "exponential", "factor"}
_KINDS = {
    "antibody",
    "payload",
    "kinase_inhibitor",
    "cytotoxic",
    "endocrine",
    "cdk46",
    "checkpoint",
    "pathway",
}
_PLACEBO = {"placebo", "no treatment", "observation", "none", "no drug", "best supportive care", "watchful waiting"}


@cache
def load_drug(name: str) -> Drug:
    """The drug of that name: its id, INN, a brand or a common abbreviation, in any case.

    Raises:
        InputError: no drug file has that name; the nearest names are offered.

    >>> load_drug("T-DXd").id
    'trastuzumab_deruxtecan'
    """
    key = _plain(name)
    path = data_dir("drugs") / f"{key.replace(' ', '_')}.yaml"
    if not {"/", "\\", "."} & set(key) and path.exists():  # a name, not a path
        return _read(path)
    found = _index().get(key)
    if found is None:
        known = {spelling for drug in all_drugs() for spelling in (drug.inn, *drug.names)}
        raise InputError(
            f"unknown drug {name!r}",
            why="Its pharmacokinetics and actions are not in data/drugs.",
            hint=did_you_mean(name, known),
        )
    return found


@cache
def all_drugs() -> tuple[Drug, ...]:
    """Every drug of the package, by id."""
    return tuple(_read(path) for path in sorted(data_dir("drugs").glob("*.yaml")))


def is_placebo(name: str) -> bool:
    """Whether a regimen entry names no drug at all: placebo, observation, no treatment.

    >>> is_placebo("Placebo"), is_placebo("lapatinib")
    (True, False)
    """
    plain = _plain(name)
    return plain in _PLACEBO or plain.startswith("placebo ")


def read_drug_file(path: Path) -> Drug:
    """Read one drug file.

    Raises:
        InputError: a key is missing, a unit cannot be converted, a source is not listed, a compartment lacks its
            volume, a random effect belongs to no parameter, or the covariance matrix is not positive definite.
    """
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    reader = _Reader(path, content)
    return reader.drug()


class _Reader:
    """One file while it is being read: where it is, its sources and its molar mass."""

    def __init__(self, path: Path, content: Mapping[str, Any]) -> None:
        self.path, self.content = path, content
        missing = {"id", "inn", "names", "class", "targets", "molar_mass", "label", "sources", "pharmacokinetics",
                   "actions"} - set(content)  # fmt: skip
        if missing:
            raise self.wrong(f"missing keys {sorted(missing)}")
        if content["id"] != path.stem:
            raise self.wrong(f"id {content['id']!r} differs from the name of the file")
        self.sources = {
            key: Source(key, str(entry["citation"]), str(entry.get("address", "")))
            for key, entry in content["sources"].items()
        }
        self.molar_mass = self.quantity("molar_mass", content["molar_mass"], "g/mol")

    def wrong(self, what: str, hint: str = "") -> InputError:
        return InputError(what, where=str(self.path), hint=hint)

    def drug(self) -> Drug:
        label = self.label(self.content["label"])
        infusion = label.values["infusion_days"].value if "infusion_days" in label.values else 0.0
        models = {
            str(route): self.pharmacokinetics(str(route), entry, infusion)
            for route, entry in self.content["pharmacokinetics"].items()
        }
        if label.route not in models:
            raise self.wrong(f"the label's route {label.route!r} has no model under pharmacokinetics")
        return Drug(
            id=str(self.content["id"]),
            inn=str(self.content["inn"]),
            names=tuple(map(str, self.content["names"])),
            drug_class=str(self.content["class"]),
            targets=tuple(map(str, self.content["targets"])),
            molar_mass_g_per_mol=self.molar_mass,
            pk=models[label.route],
            actions=tuple(self.action(entry) for entry in self.content["actions"]),
            sources=self.sources,
            note=str(self.content.get("note", "")),
            label=label,
            pk_by_route=models,
        )

    def quantity(self, name: str, entry: Mapping[str, Any], unit: str = "") -> Quantity:
        """One number, checked for its source and turned to ``unit``."""
        found = quantity_from(name, entry, str(self.path))
        self.known_source(found.source, name)
        if not unit or found.unit == unit:
            return found
        factor = _FACTOR.get((found.unit, unit))
        if factor is None and (found.unit, unit) in _MOLAR_FACTOR:
            factor = _MOLAR_FACTOR[found.unit, unit] * self.molar_mass.value
        if factor is None:
            raise self.wrong(f"{name}: unit {found.unit!r} cannot be turned to {unit!r}")
        printed = f"{found.value:g} {found.unit} in the source"
        return replace(
            found,
            value=found.value * factor,
            unit=unit,
            low=found.low * factor,
            high=found.high * factor,
            note=f"{printed}; {found.note}" if found.note else printed,
        )

    def known_source(self, source: str, name: str) -> None:
        if source not in self.sources and source not in ("assumed", "derived"):
            raise self.wrong(f"{name}: source {source!r} is not listed", did_you_mean(source, self.sources))

    def label(self, entry: Mapping[str, Any]) -> Label:
        values: dict[str, Quantity] = {}
        for key, value in entry.items():
            if key == "infusion":
                values["infusion_days"] = self.quantity("infusion_days", value, "day")
            elif key not in ("route", "dose"):
                values[key] = self.quantity(key, value)
        return Label(str(entry["route"]), str(entry.get("dose", "")), values)

    def action(self, entry: Mapping[str, Any]) -> Action:
        if entry["kind"] not in _KINDS:
            raise self.wrong(f"unknown kind of action {entry['kind']!r}", did_you_mean(str(entry["kind"]), _KINDS))
        labels = {k: str(v) for k, v in entry.items() if k != "kind" and not isinstance(v, Mapping)}
        values = {k: self.quantity(k, v) for k, v in entry.items() if isinstance(v, Mapping)}
        return Action(str(entry["kind"]), labels, values)

    def pharmacokinetics(self, route: str, entry: Mapping[str, Any], infusion_days: float) -> Pharmacokinetics:
        structure = str(entry["structure"])
        typical = self.numbers(entry["typical"])
        self.check_structure(structure, typical)
        by_disease = {str(k): self.numbers(v) for k, v in (entry.get("by_disease") or {}).items()}
        foreign = {name for part in by_disease.values() for name in part} - set(typical)
        if foreign:
            raise self.wrong(f"by_disease changes {sorted(foreign)}, which typical does not have")
        metabolite: Mapping[str, Any] | None = entry.get("metabolite")
        return Pharmacokinetics(
            structure=structure,
            michaelis_menten="Vmax" in typical,
            typical=typical,
            by_disease=by_disease,
            covariates=tuple(self.covariate(item, typical) for item in entry.get("covariates") or ()),
            omega=self.omega(entry.get("variability") or (), typical),
            depot_routes=(route,) if "ka" in typical else (),
            infusion_days=0.0 if "ka" in typical else infusion_days,
            reference=str(entry["reference"]),
            route=route,
            metabolite=None if metabolite is None else Metabolite(
                str(metabolite["name"]), self.quantity("metabolite_molar_mass", metabolite["molar_mass"], "g/mol")
            ),
            note=str(entry.get("note", "")),
        )  # fmt: skip

    def numbers(self, entries: Mapping[str, Any]) -> dict[str, Quantity]:
        unknown = set(entries) - set(CANONICAL_UNIT)
        if unknown:
            raise self.wrong(f"unknown PK parameters {sorted(unknown)}", f"Known: {', '.join(CANONICAL_UNIT)}.")
        return {name: self.quantity(name, entry, CANONICAL_UNIT[name]) for name, entry in entries.items()}

    def check_structure(self, structure: str, typical: Mapping[str, Quantity]) -> None:
        if structure not in _COMPARTMENTS:
            raise self.wrong(f"unknown structure {structure!r}", did_you_mean(structure, _COMPARTMENTS))
        need = _COMPARTMENTS[structure]
        if "Vmax12" in typical:
            need = need - {"Q2", "V2"} | _SATURABLE_TRANSPORT
        need = need | ({"Vmax", "Km"} if "Vmax" in typical else {"CL"})
        if need - set(typical):
            raise self.wrong(f"{structure} compartments need {sorted(need - set(typical))}")

    def covariate(self, entry: Mapping[str, Any], typical: Mapping[str, Quantity]) -> CovariateEffect:
        effect = CovariateEffect(
            parameter=str(entry["parameter"]),
            covariate=str(entry["covariate"]),
            form=str(entry["form"]),
            theta=float(entry["theta"]),
            reference=float(entry["reference"]),
            read=bool(entry["read"]),
            source=str(entry["source"]),
        )
        self.known_source(effect.source, effect.covariate)
        if effect.parameter not in typical:
            raise self.wrong(f"a covariate acts on {effect.parameter}, which typical does not have")
        if effect.form not in _FORMS:
            raise self.wrong(f"unknown covariate form {effect.form!r}", did_you_mean(effect.form, _FORMS))
        return effect

    def omega(
        self, entries: Iterable[Mapping[str, Any]], typical: Mapping[str, Quantity]
    ) -> dict[tuple[str, str], float]:
        variance: dict[str, float] = {}
        pairs: dict[tuple[str, str], float] = {}
        for entry in entries:
            self.known_source(str(entry["source"]), "variability")
            if "parameter" in entry:
                name = str(entry["parameter"])
                variance[name] = (
                    float(entry["variance"]) if "variance" in entry else math.log1p(float(entry["cv"]) ** 2)
                )
                continue
            first, second = map(str, entry["parameters"])
            if {first, second} - set(variance):
                raise self.wrong(f"covariance of {first} and {second} before their variances")
            scale = math.sqrt(variance[first] * variance[second])
            pairs[first, second] = (
                float(entry["covariance"]) if "covariance" in entry else float(entry["correlation"]) * scale
            )
        if set(variance) - set(typical):
            raise self.wrong(f"random effects on {sorted(set(variance) - set(typical))}, which typical does not have")
        omega = {(name, name): value for name, value in variance.items()} | pairs
        matrix = omega_matrix(tuple(variance), omega)
        if len(variance) and float(np.linalg.eigvalsh(matrix).min()) <= 0.0:
            raise self.wrong("the covariance matrix of the random effects is not positive definite")
        return omega


def omega_matrix(names: tuple[str, ...], omega: Mapping[tuple[str, str], float]) -> NDArray[np.float64]:
    """The covariance matrix of the random effects in the order of ``names``, shape (k, k).

    >>> omega_matrix(("CL", "V1"), {("CL", "CL"): 0.1, ("V1", "V1"): 0.2, ("CL", "V1"): 0.05}).tolist()
    [[0.1, 0.05], [0.05, 0.2]]
    """
    matrix = np.zeros((len(names), len(names)))
    for (first, second), value in omega.items():
        i, j = names.index(first), names.index(second)
        matrix[i, j] = matrix[j, i] = value
    return matrix


def _plain(name: str) -> str:
    return " ".join(name.lower().replace("-", " ").replace("_", " ").split())


@cache
def _read(path: Path) -> Drug:
    return read_drug_file(path)


@cache
def _index() -> Mapping[str, Drug]:
    index: dict[str, Drug] = {}
    for drug in all_drugs():
        for spelling in (drug.id, drug.inn, *drug.names):
            other = index.setdefault(_plain(spelling), drug)
            if other.id != drug.id:
                raise InputError(f"the name {spelling!r} belongs to both {other.id} and {drug.id}", where="data/drugs")
    return index
