"""Cytotoxic chemotherapy: plasma concentration -> delayed effect -> kill, by class.

    dE_d/dt = k_e (C_d / C_average - E_d)                 1 on average at the reference dose
    e = (1 + s) E / (s + E) with E the sum over drugs of the class, times Kp,uu in the brain
    kill = k_class,disease · sensitivity · W_class · e · factor_clone · [1 + sigma max(0, 1 - signal_clone)]
    factor_tolerant = efflux_class · f_efflux + (1 - efflux_class) · f_reserve

The effect is 1 at the average concentration of the reference dose and saturates above it, so doubling a dose does not
double its effect. The delayed effect compartment is Sheiner's (1979); kill by class and disease is fitted. How long a
drug stays in cells sets what its schedule does: peaks of a drug that leaves soon are spent in saturation.

Tolerant cells resist for two reasons: efflux (MDR1), which only carries some classes, and an apoptotic reserve, which
blunts all. So a line of one class does not take away the effect of the next.

Cells with an intact HER2 signal survive damage of every kind (``sensitization``): what blocks the signal makes
chemotherapy kill more.
"""

from __future__ import annotations

from collections.abc import Sequence

from her2sim.model.draft import Draft, actions_of
from her2sim.model.drug import Action, Drug
from her2sim.model.expression import Expr, add, div, mul, sub, sym
from her2sim.model.lesions import CLONES, SITES, Site
from her2sim.model.module import Module
from her2sim.model.modules.sensitization import sensitized
from her2sim.model.modules.waning import add_waning
from her2sim.model.smooth import complement, total


def chemo_kill_name(clone: str, site: Site) -> str:
    """Name of the rate at which chemotherapy kills a clone.

    >>> chemo_kill_name("tolerant", "systemic")
    'chemo_kill_tolerant_systemic_per_day'
    """
    return f"chemo_kill_{clone}_{site}_per_day"


def cytotoxic(drugs: Sequence[Drug], disease: str) -> Module:
    """Kill by the chemotherapy of a regimen; classes add, drugs of one class share its saturation and waning.

    Takes ``C_<drug>_mg_per_L`` and ``signal_<clone>_<site>``. Gives ``chemo_kill_<clone>_<site>_per_day``. States: the
    effect ``E_<drug>`` of each drug and ``W_<class>``, the share of effect left.
    """
    draft = Draft("cytotoxic")
    by_class: dict[str, list[tuple[Drug, Action]]] = {}
    for drug, action in actions_of(drugs, "cytotoxic"):
        by_class.setdefault(action.labels["chemo_class"], []).append((drug, action))
    kills: dict[Site, list[tuple[str, Expr]]] = {site: [] for site in SITES}
    for chemo_class, members in by_class.items():
        effect = {site: _saturation(draft, chemo_class, members, site) for site in SITES}
        left = add_waning(draft, chemo_class, effect["systemic"], "chemo_waning_per_day")
        strength = mul(
            draft.number(f"kill_{chemo_class}_{disease}_per_day"),
            draft.number("sensitivity_chemo"),
            draft.number(f"sensitivity_{chemo_class}"),
            left,
        )
        for site in SITES:
            kills[site].append((chemo_class, mul(strength, effect[site])))
        draft.knock_out(f"chemo_{chemo_class}", {f"kill_{chemo_class}_{disease}_per_day": 0.0})
    for site in SITES:
        for clone in CLONES:
            kill = total(mul(_factor(draft, clone, chemo_class), rate) for chemo_class, rate in kills[site])
            kill = mul(kill, sensitized(draft, clone, site))
            draft.assign(chemo_kill_name(clone, site), kill, "1/day", "kill by chemotherapy", give=True)
    return draft.module()


def _factor(draft: Draft, clone: str, chemo_class: str) -> Expr:
    """Kill of a clone by a class over that of sensitive cells."""
    factor = draft.number(f"cytotoxic_factor_{clone}")
    if clone != "tolerant":
        return factor
    carried = draft.number(f"efflux_{chemo_class}")
    return add(mul(carried, factor), mul(complement(carried), draft.number("cytotoxic_factor_tolerant_no_efflux")))


def _saturation(draft: Draft, chemo_class: str, members: Sequence[tuple[Drug, Action]], site: Site) -> Expr:
    exposure: list[Expr] = []
    for drug, action in members:
        name = f"E_{drug.id}"
        if site == "systemic":
            plasma = draft.take(f"C_{drug.id}_mg_per_L", "mg/L")
            ratio = div(plasma, draft.of_drug(drug, action, "average_conc_mg_per_L"))
            rate = mul(draft.of_drug(drug, action, "effect_rate_per_day"), sub(ratio, sym(name)))
            draft.state(name, 0.0, rate, "dimensionless", f"effect of {drug.inn}, 1 on average at the reference dose")
            exposure.append(sym(name))
        else:
            exposure.append(mul(draft.of_drug(drug, action, "kp_uu_brain"), sym(name)))
            draft.knock_out("blood_brain_barrier", {f"{drug.id}_kp_uu_brain": 1.0})
    half = draft.number("chemo_half_exposure")
    combined = total(exposure)
    return draft.assign(
        f"effect_{chemo_class}_{site}",
        div(mul(add(1.0, half), combined), add(half, combined)),
        "dimensionless",
        f"effect of {chemo_class}, 1 at the average concentration of the reference dose",
    )
