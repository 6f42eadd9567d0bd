"""Lesion: the clones of one slot grow, die and leave dead volume.

    dV_c/dt = g s [(1 + phi) fitness_c G_c - phi] V_c - (deaths by drugs)_c V_c -/+ switching -/+ mutation -/+ seeding
    dV_dead/dt = sum of all deaths - k_clear V_dead,    s = max(0, 1 - V/V_max)

Birth and death are separate: phi is spontaneous death over net growth, so a drug that only stops division still shrinks
a tumor. Tumors that the estrogen receptor drives have more of it: they shrink within months on drugs that only lower
births, although they grow slowly. Under HER2 blockade sensitive cells switch to little HER2 at a rate mu max(0, 1 -
signal); at a division a few become one of the resistant clones. What lives in the visible lesions outside the brain
seeds the occult lesions and the brain, clone by clone, so what resists is what spreads.
Dead volume is what makes a response visible weeks after cells died (Wang 2020, doi:10.3389/fbioe.2020.00141).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from her2sim.model.draft import Draft
from her2sim.model.expression import Expr, add, div, mul, neg, sub, sym
from her2sim.model.lesions import CLONES, DEAD, SLOTS, Slot, volume_state
from her2sim.model.module import Module
from her2sim.model.modules.growth_control import growth_name
from her2sim.model.modules.receptor_signal import signal_name
from her2sim.model.smooth import at_least_zero, complement, total

LOW, BULK = "her2low", "sensitive"
MUTANTS = tuple(clone for clone in CLONES if clone not in (BULK, LOW))
"""Clones that arise from sensitive cells by mutation; antigen-low cells arise by switching."""
SEEDERS = tuple(slot.name for slot in SLOTS if slot.role in ("target", "nontarget"))
"""Slots whose living tumor seeds others."""


def growth_rate_name(slot: str) -> str:
    """Name of the growth rate of a slot without drugs.

    >>> growth_rate_name("NT")
    'growth_rate_NT_per_day'
    """
    return f"growth_rate_{slot}_per_day"


def space_name(slot: str) -> str:
    """Name of the room that a lesion has left to grow, 1 where it is small.

    >>> space_name("NT")
    'space_NT'
    """
    return f"space_{slot}"


def start_volume_name(slot: str) -> str:
    """Name of the parameter that holds the volume of a slot at the start.

    >>> start_volume_name("NT")
    'V0_NT_mL'
    """
    return f"V0_{slot}_mL"


def lesion(slot: Slot, disease: str, deaths: Mapping[str, Sequence[str]]) -> Module:
    """The volumes of one slot.

    Main arguments:
        slot: place and site class.
        disease: ``breast`` or ``gastric``.
        deaths: clone -> names of the death rates (1/day) that drugs cause.

    Takes the growth multipliers of ``growth_control``, the signal of ``receptor_signal`` and the death rates named.
    Gives the volume states, the growth rate without drugs and the room left to grow.
    """
    draft = Draft(f"lesion.{slot.name}")
    growth = _untreated_growth(draft, slot, disease)
    turnover = turnover_of(draft)
    living = {clone: sym(volume_state(slot.name, clone)) for clone in CLONES}
    dead = sym(volume_state(slot.name, DEAD))
    full = div(add(total(living.values()), dead), draft.number("largest_lesion_mL"))
    words = "room left to grow"
    space = draft.assign(space_name(slot.name), at_least_zero(complement(full)), "dimensionless", words, give=True)
    pace = mul(growth, space)
    switching = mul(
        draft.number("her2_loss_per_day"),
        at_least_zero(complement(draft.take(signal_name(BULK, slot.site), "dimensionless"))),
        living[BULK],
    )
    initial = _initial(draft, slot, growth, turnover)
    arriving = _seeding(draft, slot, space)
    all_deaths: list[Expr] = []
    births: dict[str, Expr] = {}
    for clone in CLONES:
        multiplier = mul(draft.number(f"fitness_{clone}"), draft.take(growth_name(clone, slot.site), "dimensionless"))
        births[clone] = mul(pace, add(1.0, turnover), multiplier, living[clone])
    mutating = {c: mul(draft.number(f"acquired_{c}_per_division"), births[BULK]) for c in MUTANTS}
    for clone in CLONES:
        death = add(mul(pace, turnover), *(draft.take(name, "1/day") for name in deaths[clone]))
        all_deaths.append(mul(death, living[clone]))
        gains = [births[clone], *([mutating[clone]] if clone in mutating else []), *arriving[clone]]
        losses = [all_deaths[-1]]
        if clone == BULK:
            losses += [switching, *mutating.values()]
        elif clone == LOW:
            gains.append(switching)
        name = volume_state(slot.name, clone)
        rate = sub(total(gains), total(losses))
        draft.state(name, initial[clone], rate, "mL", f"{clone} cells in {slot.name}", give=True)
    clearance = mul(draft.number("dead_clearance_per_day"), dead)
    name = volume_state(slot.name, DEAD)
    draft.state(name, initial[DEAD], sub(total(all_deaths), clearance), "mL", f"dead cells in {slot.name}", give=True)
    draft.knock_out("turnover", {"turnover": 0.0, "turnover_estrogen_driven": 0.0})
    draft.knock_out("her2_loss", {"her2_loss_per_day": 0.0})
    draft.knock_out("her2low_clone", {f"fraction_{LOW}": 0.0, "her2_loss_per_day": 0.0})
    for clone in MUTANTS:
        draft.knock_out(f"{clone}_clone", {f"fraction_{clone}": 0.0, f"acquired_{clone}_per_division": 0.0})
        draft.knock_out("acquired_resistance", {f"acquired_{clone}_per_division": 0.0})
    return draft.module()


def _seeding(draft: Draft, slot: Slot, space: Expr) -> dict[str, list[Expr]]:
    """What arrives in a slot by clone, mL/day; a seed is one of the cells that its source loses to turnover."""
    arriving: dict[str, list[Expr]] = {clone: [] for clone in CLONES}
    if slot.role not in ("target", "nontarget"):
        settling = "seeding_brain_per_day" if slot.site == "cns" else "seeding_per_day"
        rate = mul(draft.number(settling), space)
        for clone in CLONES:
            source = total(draft.take(volume_state(name, clone), "mL") for name in SEEDERS)
            arriving[clone].append(mul(rate, source))
        draft.knock_out("seeding", {settling: 0.0})
    return arriving


def _untreated_growth(draft: Draft, slot: Slot, disease: str) -> Expr:
    """ln 2 over the volume doubling time, times the multipliers of the patient, the lesion and its organ."""
    factors = [draft.number("growth_patient"), draft.number(f"growth_{slot.name}")]
    if slot.site != "cns":
        factors.append(draft.number(f"organ_growth_{slot.name}"))
    if disease != "breast":
        factors.append(draft.number(f"growth_ratio_{disease}"))
    hr = draft.number("hr_positive")
    factors.append(add(complement(hr), mul(hr, draft.number("growth_ratio_hr_positive"))))
    return draft.assign(
        growth_rate_name(slot.name),
        div(mul(math.log(2.0), *factors), draft.number("doubling_time_days")),
        "1/day",
        "growth without drugs in a small lesion",
        give=True,
    )


def turnover_of(draft: Draft) -> Expr:
    """Spontaneous death over net growth: more of it in tumors that the estrogen receptor drives."""
    luminal = mul(draft.number("er_growth_share"), draft.number("hr_positive"))
    return add(
        mul(complement(luminal), draft.number("turnover")), mul(luminal, draft.number("turnover_estrogen_driven"))
    )


def _initial(draft: Draft, slot: Slot, growth: Expr, turnover: Expr) -> dict[str, Expr]:
    """Clones by fractions that are drawn one after the other (each of what is left), and dead volume in balance."""
    size = draft.number(start_volume_name(slot.name))
    loss = mul(growth, turnover)
    dead = div(mul(size, loss), add(loss, growth, draft.number("dead_clearance_per_day")))
    left = add(size, neg(dead))
    parts: dict[str, Expr] = {DEAD: dead}
    for clone in CLONES[1:]:
        fraction = draft.number(f"fraction_{clone}")
        parts[clone] = mul(left, fraction)
        left = mul(left, complement(fraction))
    parts[BULK] = left
    return parts
