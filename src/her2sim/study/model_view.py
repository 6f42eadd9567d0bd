"""The model of a regimen laid open: modules, states, equations, parameters, and where each of them comes from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

from her2sim.core.errors import InputError, did_you_mean
from her2sim.core.quantity import Quantity, Source
from her2sim.evidence.base import load_record
from her2sim.evidence.index import entries
from her2sim.model.assembly import DISEASES, modules_of
from her2sim.model.draft import drug_number_name
from her2sim.model.drug import Drug
from her2sim.model.drug_file import is_placebo, load_drug
from her2sim.model.formula import equation
from her2sim.model.module import Module, assemble
from her2sim.model.parameters import load_parameters
from her2sim.model.pharmacokinetics import parameter_name, typical_values
from her2sim.model.system import Assignment, OdeSystem, State
from her2sim.record.reading import is_record_path
from her2sim.record.types import Arm, TrialRecord

NATURAL_HISTORY = ("untreated", "none", "no treatment")
_DOI = re.compile(r"(?:[A-Z][\w-]+(?: et al\.)? \d{4} ?[(,]? ?)?doi:[\w./()-]*\w")


@dataclass(frozen=True)
class ParameterView:
    """A number of the model and its home.

    Main arguments:
        name, value, unit, description: as the model has them.
        origin: ``read`` at its source, ``recalled`` from a named source, ``assumed``, or ``fitted`` to trials.
        source: the citation; empty for an assumption.
        spread: distribution between patients, in words; empty where all share one value.
        uncertainty: of the typical value, in words; empty where none is given.
        bounds: plausible typical values, in words.
        modules: names of the modules that use it.
        note: what a reader should know.
    """

    name: str
    value: float
    unit: str
    description: str
    origin: str
    source: str
    spread: str
    uncertainty: str
    bounds: str
    modules: tuple[str, ...]
    note: str


@dataclass(frozen=True)
class EquationView:
    """A state or an assigned variable: what it means and how it is computed.

    ``lines`` is the formula for readers; ``kind`` is ``state`` or ``variable``; ``initial`` is the formula of a state
    at the start.
    """

    name: str
    kind: str
    unit: str
    description: str
    lines: tuple[str, ...]
    initial: str
    module: str
    uses: tuple[str, ...]


@dataclass(frozen=True)
class ModuleView:
    """A module: what it is, where it stands, what it takes and gives, its equations and what can be removed from it.

    ``about`` is the first paragraph of its description, ``theory`` all of it; ``sources`` are the citations in it.
    """

    name: str
    about: str
    theory: str
    file: str
    sources: tuple[str, ...]
    takes: tuple[str, ...]
    gives: tuple[str, ...]
    equations: tuple[EquationView, ...]
    mechanisms: tuple[str, ...]

    @property
    def states(self) -> tuple[EquationView, ...]:
        """Its states."""
        return tuple(item for item in self.equations if item.kind == "state")


@dataclass(frozen=True)
class ModelView:
    """The whole model of a regimen.

    Main arguments:
        title: what was asked for.
        disease: ``breast`` or ``gastric``.
        drugs: names of the drugs; empty for the natural history.
        system: what the engine solves.
        parts: the modules that it was joined from.
        modules, parameters: for readers.
    """

    title: str
    disease: str
    drugs: tuple[str, ...]
    system: OdeSystem
    parts: tuple[Module, ...]
    modules: tuple[ModuleView, ...]
    parameters: tuple[ParameterView, ...]

    @property
    def origins(self) -> dict[str, int]:
        """How many parameters are read, recalled, assumed and fitted."""
        return {
            word: sum(p.origin == word for p in self.parameters) for word in ("read", "recalled", "fitted", "assumed")
        }


@dataclass(frozen=True)
class Subject:
    """What ``her2sim model`` was asked about: the drugs with their routes, in one disease."""

    title: str
    disease: str
    routes: Mapping[str, str]


def subject(what: str, disease: str = "") -> Subject:
    """Drugs joined by ``+``, ``untreated``, a trial or one of its arms (``TRIAL/ARM``).

    Main arguments:
        what: for example ``trastuzumab+pertuzumab+docetaxel``, ``CLEOPATRA`` or ``DESTINY-Breast03/T-DXd``.

    Other arguments:
        disease: ``breast`` or ``gastric``; that of the trial, or breast, where empty.

    Raises:
        InputError: neither a drug nor a trial, an arm that the trial does not have, or an unknown disease.

    >>> dict(subject("T-DXd + tucatinib").routes)
    {'trastuzumab_deruxtecan': '', 'tucatinib': ''}
    """
    if disease and disease not in DISEASES:
        raise InputError(f"no model for {disease!r}", where="--disease", hint=did_you_mean(disease, DISEASES))
    record, arm = arm_of_trial(what)
    if record is None:
        return Subject(what, disease or "breast", _routes_of_drugs(what))
    if record.disease not in DISEASES and not disease:
        raise InputError(f"there is no model of the disease of {record.id} ({record.disease})")
    own = disease or record.disease
    if arm is None:
        routes: dict[str, str] = {}
        for one in record.arms:
            routes |= _routes_of_arm(one)
        return Subject(f"{record.id}, all arms", own, routes)
    return Subject(f"{record.id}, arm {arm.name}", own, _routes_of_arm(arm))


def model_view(asked: Subject) -> ModelView:
    """The model of a regimen, laid open.

    >>> view = model_view(subject("trastuzumab"))
    >>> [module.name for module in view.modules][:2]
    ['pk.trastuzumab', 'tumor_her2']
    """
    drugs = [load_drug(name) for name in asked.routes]
    parts = tuple(modules_of(drugs, asked.disease, asked.routes))
    name = "_".join(["her2sim", asked.disease, *sorted(drug.id for drug in drugs)])
    system = assemble(name, parts)
    quantities = _quantities(drugs, asked)
    users: dict[str, list[str]] = {}
    for part in parts:
        for parameter in part.parameters:
            users.setdefault(parameter.name, []).append(part.name)
    return ModelView(
        title=asked.title,
        disease=asked.disease,
        drugs=tuple(drug.inn for drug in drugs),
        system=system,
        parts=parts,
        modules=tuple(module_view(part, drugs) for part in parts),
        parameters=tuple(
            _parameter_view(p.name, p.value, p.unit, p.description, quantities.get(p.name), tuple(users[p.name]))
            for p in system.parameters
        ),
    )


def cell_view(drugs: Sequence[str]) -> ModelView:
    """The reference model of the cell (``her2sim cell``), laid open.

    Main arguments:
        drugs: names of drugs with a site of action at the cell; none for the untreated cell.
    """
    from her2sim.model.cell.action import cell_drug
    from her2sim.model.cell.numbers import cell_numbers
    from her2sim.model.cell.profile import cell_line
    from her2sim.model.cell.reference import reference_model, reference_modules

    loaded = [load_drug(name) for name in drugs]
    acting = [cell_drug(drug) for drug in loaded]
    parts, system, numbers = tuple(reference_modules(acting)), reference_model(acting), cell_numbers()
    homes: dict[str, tuple[Quantity, Mapping[str, Source], float]] = {
        name: (q, numbers.sources, 0.0) for name, q in {**numbers.quantities, **cell_line("SK-BR-3").quantities}.items()
    }
    for drug in loaded:
        for action in drug.actions:
            homes |= {drug_number_name(drug.id, key): (q, drug.sources, 0.0) for key, q in action.values.items()}
    users: dict[str, list[str]] = {}
    for part in parts:
        for parameter in part.parameters:
            users.setdefault(parameter.name, []).append(part.name)
    return ModelView(
        title="the cell",
        disease="receptors and pathways of one cell",
        drugs=tuple(drug.inn for drug in loaded),
        system=system,
        parts=parts,
        modules=tuple(module_view(part) for part in parts),
        parameters=tuple(
            _parameter_view(p.name, p.value, p.unit, p.description, homes.get(p.name), tuple(users[p.name]))
            for p in system.parameters
        ),
    )


def module_view(part: Module, drugs: Sequence[Drug] = ()) -> ModuleView:
    """One module for readers; its description is that of the file it is written in."""
    home = _home(part.name)
    theory = (import_module(home).__doc__ or "").strip() if home else ""
    sources = [hit.replace(" (", ", ") for hit in dict.fromkeys(_DOI.findall(" ".join(theory.split())))]
    drug = next((d for d in drugs if part.name == f"pk.{d.id}"), None)
    if drug is not None:
        key = drug.pk_for("").reference
        sources = [_cited(drug.sources[key])] if key in drug.sources else []
        theory = f"Pharmacokinetics of {drug.inn}. {drug.pk_for('').note}".strip()
    return ModuleView(
        name=part.name,
        about=" ".join(theory.split("\n\n")[0].split()),
        theory=theory,
        file=home.replace(".", "/") + ".py" if home else "",
        sources=tuple(sources),
        takes=tuple(port.name for port in part.takes),
        gives=tuple(port.name for port in part.gives),
        equations=tuple(_equation_view(item, part.name) for item in (*part.states, *part.assignments)),
        mechanisms=tuple(sorted(part.knock_outs)),
    )


def _home(name: str) -> str:
    """The Python module that writes a model module: ``lesion.T1`` stands in ``her2sim.model.modules.lesion``."""
    first = name.split(".")[0]
    if first == "pk":
        return "her2sim.model.pharmacokinetics"
    if first == "cell":
        last = name.split(".")[-1]
        return {"receptors": "her2sim.model.cell.receptor_network"}.get(last, f"her2sim.model.cell.{last}")
    home = f"her2sim.model.modules.{first}"
    return home if find_spec(home) is not None else ""


def _equation_view(item: State | Assignment, module: str) -> EquationView:
    from her2sim.model.expression import symbols
    from her2sim.model.formula import formula

    of_rate = isinstance(item, State)
    root = item.rate if isinstance(item, State) else item.expr
    return EquationView(
        name=item.name,
        kind="state" if of_rate else "variable",
        unit=item.unit,
        description=item.description,
        lines=tuple(equation(item.name, root, of_rate=of_rate)),
        initial=formula(item.initial) if isinstance(item, State) else "",
        module=module,
        uses=tuple(sorted(symbols([root]))),
    )


def _parameter_view(
    name: str,
    value: float,
    unit: str,
    description: str,
    home: tuple[Quantity, Mapping[str, Source], float] | None,
    modules: tuple[str, ...],
) -> ParameterView:
    if home is None:
        return ParameterView(name, value, unit, description, "assumed", "", "", "", "", modules, "")
    quantity, sources, variance = home
    named = "" if quantity.source == "assumed" else quantity.source
    cited = _cited(sources[named]) if named in sources else named
    spread = ""
    if variance > 0.0:
        spread = f"lognormal, SD {variance**0.5:.2g} (log)"
    elif quantity.spread_distribution != "none" and quantity.spread > 0.0:
        scale = "logit" if quantity.spread_distribution == "logitnormal" else "log"
        spread = f"{quantity.spread_distribution}, SD {quantity.spread:.2g} ({scale})"
    words = description or quantity.description
    note = quantity.note
    if note and words.startswith(note):
        note = ""
    finite = quantity.low > float("-inf") and quantity.high < float("inf")
    return ParameterView(
        name=name,
        value=value,
        unit=unit,
        description=words,
        origin=origin_of(quantity),
        source=cited,
        spread=spread,
        uncertainty=f"SD {quantity.uncertainty:.2g} (log)" if quantity.uncertainty > 0.0 else "",
        bounds=f"{quantity.low:g} to {quantity.high:g}" if finite else "",
        modules=modules,
        note=note,
    )


def origin_of(quantity: Quantity) -> str:
    """``read``, ``recalled``, ``fitted`` or ``assumed``."""
    if quantity.calibrated:
        return "fitted"
    if quantity.read:
        return "read"
    return "assumed" if quantity.source == "assumed" else "recalled"


def _quantities(drugs: Iterable[Drug], asked: Subject) -> dict[str, tuple[Quantity, Mapping[str, Source], float]]:
    """Parameter of the model -> its home, the sources that home may name, and its variance between patients (PK)."""
    shared = load_parameters()
    found = {name: (quantity, shared.sources, 0.0) for name, quantity in shared.quantities.items()}
    for drug in drugs:
        for action in drug.actions:
            for key, quantity in action.values.items():
                found[drug_number_name(drug.id, key)] = (quantity, drug.sources, 0.0)
        pk = drug.pk_for(asked.routes[drug.id])
        for short, quantity in typical_values(pk, asked.disease).items():
            variance = pk.omega.get((short, short), 0.0)
            found[parameter_name(short, drug.id, quantity.unit)] = (quantity, drug.sources, variance)
        found[f"MM_{drug.id}_g_per_mol"] = (drug.molar_mass_g_per_mol, drug.sources, 0.0)
    return found


def _cited(source: Source) -> str:
    return f"{source.citation} {source.address}".strip()


def arm_of_trial(what: str) -> tuple[TrialRecord | None, Arm | None]:
    """The trial and arm that a text names; (None, None) where it names drugs."""
    name, slash, arm_name = what.partition("/")
    if is_record_path(what):
        return load_record(what), None
    known = {entry.id.lower() for entry in entries()}
    if what.lower() in known:
        return load_record(what), None
    if not slash or not (is_record_path(name) or name.lower() in known):
        return None, None
    record = load_record(name)
    arms = {arm.name.lower(): arm for arm in record.arms}
    if arm_name.lower() not in arms:
        raise InputError(
            f"{record.id} has no arm {arm_name!r}",
            hint=did_you_mean(arm_name, [arm.name for arm in record.arms]),
        )
    return record, arms[arm_name.lower()]


def _routes_of_arm(arm: Arm) -> dict[str, str]:
    return {load_drug(item.drug).id: item.route for item in arm.regimen if not is_placebo(item.drug)}


def _routes_of_drugs(what: str) -> dict[str, str]:
    if what.strip().lower() in NATURAL_HISTORY:
        return {}
    routes: dict[str, str] = {}
    for name in re.split(r"\s*\+\s*|\s*,\s*", what.strip()):
        try:
            routes[load_drug(name).id] = ""
        except InputError as error:
            raise InputError(
                f"{name!r} is neither a drug nor a trial",
                hint=f"{error.hint} Write drugs as trastuzumab+pertuzumab, a trial as CLEOPATRA, "
                "an arm as CLEOPATRA/ARM.",
            ) from None
    return routes
