"""The her2sim model of a regimen: only the mechanisms that its drugs need, assembled to one system."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from her2sim.core.errors import InputError, did_you_mean
from her2sim.model.draft import actions_of
from her2sim.model.drug import Drug
from her2sim.model.lesions import CLONES, SLOTS, Slot
from her2sim.model.module import Module, assemble
from her2sim.model.modules.adcc import adcc, adcc_name
from her2sim.model.modules.cytotoxic import chemo_kill_name, cytotoxic
from her2sim.model.modules.growth_control import growth_control
from her2sim.model.modules.kinase_block import kinase_block
from her2sim.model.modules.lesion import lesion
from her2sim.model.modules.pathway_block import KIND as PATHWAY
from her2sim.model.modules.pathway_block import pathway_block
from her2sim.model.modules.payload import payload, payload_kill_name
from her2sim.model.modules.receptor_binding import receptor_binding
from her2sim.model.modules.receptor_signal import addiction_death_name, receptor_signal
from her2sim.model.modules.site_exposure import site_exposure
from her2sim.model.modules.tumor_her2 import tumor_her2
from her2sim.model.system import OdeSystem

DISEASES = ("breast", "gastric")
PkModule = Callable[[Drug, str, str], Module]


def assemble_model(
    drugs: Sequence[Drug], disease: str, routes: Mapping[str, str], *, pk: PkModule | None = None
) -> OdeSystem:
    """The model of a regimen in one disease; with no drugs, the natural history.

    Main arguments:
        drugs: the drugs of the regimen, in any order; each once.
        disease: ``breast`` or ``gastric``.
        routes: drug id -> route (``iv``, ``po``, ``sc``).

    Other arguments:
        pk: maker of the pharmacokinetic module of a drug, ``her2sim.model.pharmacokinetics.pk_module`` by default.

    Raises:
        InputError: unknown disease, a drug named twice, no route for a drug, or a number missing in a data file.

    >>> model = assemble_model([], "breast", {})
    >>> len([s for s in model.state_names if s.startswith("V_T1_")])
    7
    """
    name = "_".join(["her2sim", disease, *sorted(drug.id for drug in drugs)])
    return assemble(name, modules_of(drugs, disease, routes, pk=pk))


def modules_of(
    drugs: Sequence[Drug], disease: str, routes: Mapping[str, str], *, pk: PkModule | None = None
) -> list[Module]:
    """The modules that ``assemble_model`` joins, for inspection and for replacing one of them.

    Raises:
        InputError: as ``assemble_model``.
    """
    _check(drugs, disease, routes)
    if pk is None:
        from her2sim.model.pharmacokinetics import pk_module as pk
    ordered = sorted(drugs, key=lambda drug: drug.id)
    modules = [pk(drug, disease, routes[drug.id]) for drug in ordered]
    modules += [tumor_her2(), site_exposure(ordered), receptor_binding(ordered), kinase_block(ordered)]
    modules += [pathway_block(ordered), receptor_signal(ordered, disease), growth_control(ordered)]
    has = _killers(ordered)
    if has["antibody"]:
        modules.append(adcc(ordered))
    if has["payload"]:
        modules.append(payload(ordered))
    if has["cytotoxic"]:
        modules.append(cytotoxic(ordered, disease))
    deaths = death_rates(ordered)
    modules += [lesion(slot, disease, deaths[slot.name]) for slot in SLOTS]
    return [module for module in modules if module.states or module.assignments]


def knock_outs(drugs: Sequence[Drug], disease: str, routes: Mapping[str, str]) -> dict[str, dict[str, float]]:
    """Mechanism -> parameters and the values they take when it is removed, for the model of a regimen."""
    found: dict[str, dict[str, float]] = {}
    for module in modules_of(drugs, disease, routes):
        for mechanism, values in module.knock_outs.items():
            found.setdefault(mechanism, {}).update(values)
    return dict(sorted(found.items()))


MECHANISMS = ("antibody", "payload", "kinase_inhibitor", "cytotoxic", "endocrine", "cdk46", PATHWAY)


def actions_without_mechanism(drugs: Sequence[Drug]) -> tuple[tuple[str, str], ...]:
    """(drug id, kind of action) that the model has no mechanism for yet: the drug is given, but does nothing.

    A study must say so to its reader.
    """
    return tuple((drug.id, action.kind) for drug in drugs for action in drug.actions if action.kind not in MECHANISMS)


def death_rates(drugs: Sequence[Drug]) -> dict[str, dict[str, list[str]]]:
    """Slot -> clone -> names of the rates (1/day) at which the drugs of a regimen kill it.

    >>> death_rates([])["T1"]["bypass"]
    ['addiction_death_bypass_systemic_per_day']
    """
    has = _killers(drugs)
    return {slot.name: {clone: _deaths(clone, slot, has) for clone in CLONES} for slot in SLOTS}


def _killers(drugs: Sequence[Drug]) -> dict[str, bool]:
    return {kind: bool(actions_of(drugs, kind)) for kind in ("antibody", "payload", "cytotoxic")}


def _deaths(clone: str, slot: Slot, has: Mapping[str, bool]) -> list[str]:
    names = [addiction_death_name(clone, slot.site)]
    if has["antibody"]:
        names.append(adcc_name(clone, slot.site))
    if has["payload"]:
        names.append(payload_kill_name(clone, slot.name))
    if has["cytotoxic"]:
        names.append(chemo_kill_name(clone, slot.site))
    return names


def _check(drugs: Sequence[Drug], disease: str, routes: Mapping[str, str]) -> None:
    if disease not in DISEASES:
        raise InputError(
            f"no model for disease {disease!r}", where="assemble_model", hint=did_you_mean(disease, DISEASES)
        )
    ids = [drug.id for drug in drugs]
    doubled = sorted({i for i in ids if ids.count(i) > 1})
    if doubled:
        raise InputError(f"drugs named twice: {', '.join(doubled)}", where="assemble_model")
    lost = sorted(set(ids) - set(routes))
    if lost:
        raise InputError(
            f"no route given for {', '.join(lost)}", where="assemble_model", hint="Routes are iv, po or sc."
        )
