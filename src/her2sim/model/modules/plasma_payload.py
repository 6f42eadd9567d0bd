"""Released payload in plasma. An observation: nothing else in the model depends on it.

    V dC/dt = k_rel DAR V1 Cm - CL C

Cm is the conjugate in the central compartment of volume V1. The release falls with the cycle: k_rel of cycle n is that
of the first times n^a, and times b after the first (Yin 2021, doi:10.1002/cpt.2096). Only payloads whose release and
clearance in people were published have one: DXd. The patient model leaves this module out; a study adds it, as it adds
``soluble_her2``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from her2sim.model.draft import Draft, actions_of
from her2sim.model.drug import Drug
from her2sim.model.expression import Expr, call, div, mul, power, select, sub, sym
from her2sim.model.module import Module
from her2sim.model.parameters import load_parameters
from her2sim.model.pharmacokinetics import parameter_name, typical_values
from her2sim.model.system import Parameter

CYCLE = "plasma_release_cycle"
"""Parameter: the number of the cycle whose release holds."""


def plasma_payload_name(drug_id: str) -> str:
    """Name of the payload of a conjugate in plasma.

    >>> plasma_payload_name("trastuzumab_deruxtecan")
    'plasma_payload_trastuzumab_deruxtecan_ng_per_mL'
    """
    return f"plasma_payload_{drug_id}_ng_per_mL"


def plasma_payload(drugs: Sequence[Drug], disease: str) -> Module:
    """Payload that conjugates of a regimen release into plasma.

    Takes ``Cm_<drug>_nM``. State ``plasma_payload_<drug>_nM``; gives ``plasma_payload_<drug>_ng_per_mL``. Parameter
    ``plasma_release_cycle``: the release is that of this cycle.

    Main arguments:
        drugs: drugs of the regimen; those without a payload, or with one whose release is not known, are passed over.
        disease: as in ``assemble_model``; the central volume may depend on it.

    >>> from her2sim.model.drug_file import load_drug
    >>> module = plasma_payload([load_drug("T-DM1"), load_drug("T-DXd")], "breast")
    >>> [state.name for state in module.states]
    ['plasma_payload_trastuzumab_deruxtecan_nM']
    """
    draft = Draft("plasma_payload")
    extra: list[Parameter] = []
    known = load_parameters().quantities
    for drug, action in actions_of(drugs, "payload"):
        kind = action.labels["payload"]
        if f"plasma_release_{kind}_per_day" not in known:
            continue
        central = typical_values(drug.pk_for(""), disease)["V1"]
        volume = parameter_name("V1", drug.id, central.unit)
        extra.append(Parameter(volume, central.value, central.unit, source=central.source))
        state = f"plasma_payload_{drug.id}_nM"
        release = mul(
            draft.number(f"plasma_release_{kind}_per_day"),
            _fall_with_cycle(draft, kind),
            draft.of_drug(drug, action, "drug_to_antibody_ratio"),
            sym(volume),
            draft.take(f"Cm_{drug.id}_nM", "nM"),
        )
        loss = mul(draft.number(f"plasma_clearance_{kind}_L_per_day"), sym(state))
        rate = div(sub(release, loss), draft.number(f"plasma_volume_{kind}_L"))
        draft.state(state, 0.0, rate, "nM", f"released {kind} in plasma")
        mass = draft.number(f"plasma_molar_mass_{kind}_kg_per_mol")
        draft.assign(plasma_payload_name(drug.id), mul(mass, sym(state)), "ng/mL", f"{kind} in plasma", give=True)
    module = draft.module()
    return replace(module, parameters=(*module.parameters, *extra))


def _fall_with_cycle(draft: Draft, kind: str) -> Expr:
    """Release of the cycle over that of the first."""
    cycle = draft.number(CYCLE)
    by_power = power(cycle, draft.number(f"plasma_release_{kind}_exponent"))
    later = draft.number(f"plasma_release_{kind}_later")
    return mul(by_power, select(call("gt", cycle, 1.0), later, 1.0))
