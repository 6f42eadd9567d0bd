"""Tumor DNA in plasma. An observation: nothing else in the model depends on it.

    D_c = q n / (k V_P) sum_slots b_site [ (d - g s phi)+ G_c + g s phi + (deaths by drugs)_c ] V_c

D_c is tumor DNA of clone c in plasma, in genomes of a tumor cell per mL; q what reaches the blood for each death, n the
cells in a mL, k = ln 2 over the half-life, V_P plasma, b the share that the brain lets out. Cells die of spontaneous
death (g s phi) and of drugs, as in ``lesion``. More die and are replaced at once: those moves leave a volume as it is,
so ``lesion`` has no need of them, but blood sees them. They bring the deaths of an untreated tumor to d, whatever its
growth, so an untreated milliliter sheds as measured (Avanzini 2020, doi:10.1126/sciadv.abc4308), and go with G_c, the
births that drugs leave: a tumor that stops dividing sheds less before it shrinks.

The level is taken as being at balance: DNA lives for an hour or so and the rates above change over days, so a lag would
move the curve by minutes. A study adds the module to a regimen as it adds ``soluble_her2``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache

from her2sim.core.paths import data_dir
from her2sim.model.draft import Draft
from her2sim.model.expression import Expr, add, div, mul, sub
from her2sim.model.lesions import CLONES, SLOTS, volume_state
from her2sim.model.module import Module
from her2sim.model.modules.growth_control import growth_name
from her2sim.model.modules.lesion import growth_rate_name, space_name, turnover_of
from her2sim.model.parameters import ParameterSet, load_parameters, read_parameter_file
from her2sim.model.smooth import at_least_zero, total

_LITERS_PER_ML = 1e-3


def tumor_dna_name(clone: str) -> str:
    """Name of the tumor DNA of a clone in plasma.

    >>> tumor_dna_name("her2low")
    'tumor_dna_her2low_per_mL'
    """
    return f"tumor_dna_{clone}_per_mL"


@cache
def tumor_dna_numbers() -> ParameterSet:
    """The numbers of tumor DNA and its assays, ``data/observation/tumor_dna.yaml``.

    They stand apart from ``data/parameters``, which a fit and a sensitivity analysis go through: no outcome hangs on
    them.
    """
    return read_parameter_file(data_dir("observation") / "tumor_dna.yaml")


def tumor_dna(deaths: Mapping[str, Mapping[str, Sequence[str]]]) -> Module:
    """Tumor DNA in plasma, by clone.

    Main arguments:
        deaths: slot -> clone -> names of the death rates (1/day) that drugs cause, ``assembly.death_rates``.

    Takes these rates, the volumes of the clones, ``growth_<clone>_<site>``, and of each lesion its growth rate and the
    room left. Gives ``tumor_dna_<clone>_per_mL``. Knock-out ``dna_shedding``.
    """
    own, shared = tumor_dna_numbers(), load_parameters()
    numbers = ParameterSet({**shared.quantities, **own.quantities}, {**shared.sources, **own.sources})
    draft = Draft("tumor_dna", numbers)
    all_deaths = draft.number("tumor_cell_death_per_day")
    spontaneous = {
        slot.name: mul(
            draft.take(growth_rate_name(slot.name), "1/day"),
            draft.take(space_name(slot.name), "dimensionless"),
            turnover_of(draft),
        )
        for slot in SLOTS
    }
    shed = div(
        mul(draft.number("tumor_dna_per_death"), draft.number("tumor_cells_per_mL"), _LITERS_PER_ML),
        mul(div(math.log(2.0), draft.number("tumor_dna_half_life_days")), draft.number("plasma_volume_L")),
    )
    for clone in CLONES:
        dying: list[Expr] = []
        for slot in SLOTS:
            births = draft.take(growth_name(clone, slot.site), "dimensionless")
            replaced = mul(at_least_zero(sub(all_deaths, spontaneous[slot.name])), births)
            by_drugs = [draft.take(name, "1/day") for name in deaths[slot.name][clone]]
            volume = at_least_zero(draft.take(volume_state(slot.name, clone), "mL"))
            lost = mul(add(replaced, spontaneous[slot.name], *by_drugs), volume)
            dying.append(mul(draft.number("tumor_dna_brain_share"), lost) if slot.site == "cns" else lost)
        draft.assign(
            tumor_dna_name(clone),
            mul(shed, total(dying)),
            "1/mL",
            f"tumor DNA of {clone} cells in plasma, genomes of a cell",
            give=True,
        )
    draft.knock_out("dna_shedding", {"tumor_dna_per_death": 0.0})
    return draft.module()
