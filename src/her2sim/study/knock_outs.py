"""Mechanism knock-outs of a whole trial: earlier lines, arms and later lines, all without the mechanism."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from her2sim.model.drug import Drug
from her2sim.model.drug_file import is_placebo, load_drug
from her2sim.model.mechanisms import (
    all_mechanisms,
    chosen,
    mechanisms_of,
    population_mechanisms,
    removed_values,
    trial_mechanisms,
)
from her2sim.record.types import RegimenItem


@dataclass(frozen=True)
class Removal:
    """What a study goes without.

    Main arguments:
        names: the mechanisms removed, sorted; empty where the model is whole.
        values: parameter -> the value it takes for every patient and in every line of therapy.

    Other arguments:
        sentences: one for each mechanism, for reports: what was removed.
        remarks: what a reader must know besides, for example that no arm contains a mechanism.
    """

    names: tuple[str, ...] = ()
    values: Mapping[str, float] = field(default_factory=dict[str, float])
    sentences: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


NOTHING = Removal()


def removal(
    names: Sequence[str],
    disease: str,
    arms: Sequence[Sequence[RegimenItem]],
    other_lines: Sequence[Sequence[RegimenItem]] = (),
) -> Removal:
    """Resolve names of mechanisms for the regimens of a study.

    Main arguments:
        names: as typed after ``--without``; each may hold several, separated by commas.
        disease: ``breast`` or ``gastric``.
        arms: the regimens asked about.

    Other arguments:
        other_lines: regimens of earlier and later lines.

    Raises:
        InputError: a name that no mechanism has, or two that contradict each other.

    >>> from her2sim.study.plan import standard_regimen
    >>> dict(removal(["adcc"], "breast", [standard_regimen(["trastuzumab"])]).values)
    {'nk_kill_per_day': 0.0}
    """
    if not names:
        return NOTHING
    wanted = chosen(names, all_mechanisms())
    in_arms = mechanisms_of([drugs_and_routes(regimen) for regimen in arms], disease) | dict(population_mechanisms())
    in_any = mechanisms_of([drugs_and_routes(regimen) for regimen in (*arms, *other_lines)], disease)
    in_any |= dict(population_mechanisms()) | dict(trial_mechanisms() if other_lines else {})
    remarks: list[str] = []
    for name in wanted:
        if name not in in_any:
            remarks.append(f"No regimen here contains {name}, so removing it changes nothing.")
        elif name not in in_arms:
            remarks.append(f"The regimen does not contain {name}; it is removed from earlier and later lines only.")
    return Removal(
        names=tuple(wanted),
        values=removed_values(in_any[name] for name in wanted if name in in_any),
        sentences=tuple(f"{name}: {wanted[name].removes or 'see its module'}." for name in wanted if name in in_any),
        remarks=tuple(remarks),
    )


def drugs_and_routes(regimen: Sequence[RegimenItem]) -> tuple[list[Drug], dict[str, str]]:
    """The drugs of a regimen, each once, and the route of each by its id, as the functions on mechanisms take them."""
    given = [item for item in regimen if not is_placebo(item.drug)]
    drugs = {load_drug(item.drug).id: load_drug(item.drug) for item in given}
    return list(drugs.values()), {load_drug(item.drug).id: item.route for item in given}
