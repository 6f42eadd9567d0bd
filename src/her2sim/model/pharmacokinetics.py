"""Pharmacokinetic modules: the compartments of one drug as states, with the names that other rooms use.

The central concentration is what other modules take: ``C_<drug>_mg_per_L`` and ``Cm_<drug>_nM``. Bioavailability and
lag belong to the dose, not to the equations: the dose table carries F times the dose, shifted by the lag.
"""

from __future__ import annotations

from collections.abc import Mapping

from her2sim.core.quantity import Quantity
from her2sim.model.drug import Drug, Pharmacokinetics
from her2sim.model.expression import TIME, ZERO, Expr, add, exp, hill, neg, sym
from her2sim.model.module import Module, Port
from her2sim.model.system import Assignment, Parameter, State

UNIT_SUFFIX = {"L/day": "L_per_day", "L": "L", "mg/day": "mg_per_day", "mg/L": "mg_per_L", "1/day": "per_day",
               "day": "day", "dimensionless": ""}  # fmt: skip
OF_THE_DOSE = ("F", "tlag")
_NANOMOLAR_PER_MILLIMOLAR = 1e6


def parameter_name(name: str, drug_id: str, unit: str) -> str:
    """The name of a PK parameter in the model.

    >>> parameter_name("CL", "trastuzumab", "L/day"), parameter_name("F", "lapatinib", "dimensionless")
    ('CL_trastuzumab_L_per_day', 'F_lapatinib')
    """
    suffix = UNIT_SUFFIX[unit]
    return f"{name}_{drug_id}_{suffix}" if suffix else f"{name}_{drug_id}"


def typical_values(pk: Pharmacokinetics, disease: str) -> dict[str, Quantity]:
    """Typical values with the overrides of a disease, by short name (``CL``, ``V1``, …)."""
    return {**pk.typical, **pk.by_disease.get(disease, {})}


def dose_state(drug: Drug, route: str = "") -> str:
    """The state that takes the doses: the depot for routes with absorption, else the central compartment.

    >>> from her2sim.model.drug_file import load_drug
    >>> dose_state(load_drug("tucatinib")), dose_state(load_drug("trastuzumab"), "iv")
    ('A0_tucatinib_mg', 'A1_trastuzumab_mg')
    """
    pk = drug.pk_for(route)
    return f"A0_{drug.id}_mg" if pk.route in pk.depot_routes else f"A1_{drug.id}_mg"


def pk_module(drug: Drug, disease: str, route: str = "") -> Module:
    """The compartments of a drug.

    Elimination is linear (CL), saturable (Vmax, Km) or both. The second compartment is linear (Q2, V2) or, for
    paclitaxel, filled by a saturable transport (Vmax12, Km12) and emptied at a rate (k21). A clearance that drifts
    with time on treatment (checkpoint antibodies) is CL · exp(CLmax · t^hill / (T50^hill + t^hill)).

    Main arguments:
        drug: from ``load_drug``.
        disease: ``breast``, ``gastric`` or ``other``; chooses disease-specific typical values.

    Other arguments:
        route: ``iv``, ``sc``, ``po`` or ``im``; the label's route where empty or without a published model.

    Returns:
        A module that gives ``C_<drug>_mg_per_L`` and ``Cm_<drug>_nM`` (and ``Cm_<metabolite>_of_<drug>_nM``), in mg,
        L and days, and takes doses into ``A0_<drug>_mg`` (depot) or ``A1_<drug>_mg``.

    >>> from her2sim.model.drug_file import load_drug
    >>> [state.name for state in pk_module(load_drug("tucatinib"), "breast").states]
    ['A0_tucatinib_mg', 'A1_tucatinib_mg', 'A2_tucatinib_mg']
    """
    pk = drug.pk_for(route)
    typical = typical_values(pk, disease)
    parts = _Parts(drug, pk, typical)
    concentration, molar = f"C_{drug.id}_mg_per_L", f"Cm_{drug.id}_nM"
    assignments = [
        Assignment(concentration, parts.central / parts["V1"], "mg/L", f"plasma concentration of {drug.inn}"),
        Assignment(
            molar,
            sym(concentration) * _NANOMOLAR_PER_MILLIMOLAR / parts.molar_mass,
            "nM",
            f"molar plasma concentration of {drug.inn}",
        ),
    ]
    gives = [Port(concentration, "mg/L"), Port(molar, "nM")]
    if pk.metabolite is not None:
        name = f"Cm_{pk.metabolite.name}_of_{drug.id}_nM"
        formed = sym(molar) * parts["CLf"] / parts["CLm"]
        assignments.append(Assignment(name, formed, "nM", f"{pk.metabolite.name} formed from {drug.inn}"))
        gives.append(Port(name, "nM"))
    return Module(
        name=f"pk.{drug.id}",
        gives=tuple(gives),
        states=tuple(parts.states()),
        parameters=tuple(parts.parameters()),
        assignments=tuple(assignments),
        dose_targets=(dose_state(drug, route),),
    )


class _Parts:
    """Symbols and rates of one drug's compartments."""

    def __init__(self, drug: Drug, pk: Pharmacokinetics, typical: Mapping[str, Quantity]) -> None:
        self.drug, self.pk, self.typical = drug, pk, typical
        self.depot, self.central = sym(f"A0_{drug.id}_mg"), sym(f"A1_{drug.id}_mg")
        self.molar_mass = sym(f"MM_{drug.id}_g_per_mol")

    def __getitem__(self, name: str) -> Expr:
        return sym(parameter_name(name, self.drug.id, self.typical[name].unit))

    def parameters(self) -> list[Parameter]:
        mass = self.drug.molar_mass_g_per_mol
        found = [Parameter(f"MM_{self.drug.id}_g_per_mol", mass.value, "g/mol", "molar mass", mass.source)]
        for name, quantity in self.typical.items():
            if name not in OF_THE_DOSE:
                full = parameter_name(name, self.drug.id, quantity.unit)
                found.append(Parameter(full, quantity.value, quantity.unit, quantity.note, quantity.source))
        return found

    def states(self) -> list[State]:
        concentration = self.central / self["V1"]
        loss = neg(self._elimination(concentration))
        found: list[State] = []
        if self.pk.depot_routes:
            absorbed = self["ka"] * self.depot
            found.append(self._state(0, neg(absorbed), "absorption depot"))
            loss = add(loss, absorbed)
        peripheral: list[State] = []
        for number in (2, 3)[: {"one": 0, "two": 1, "three": 2}[self.pk.structure]]:
            exchange = self._exchange(number, concentration)
            peripheral.append(self._state(number, exchange, "peripheral compartment"))
            loss = add(loss, neg(exchange))
        return [*found, self._state(1, loss, "central compartment"), *peripheral]

    def _elimination(self, concentration: Expr) -> Expr:
        linear, saturable = ZERO, ZERO
        if "CL" in self.typical:
            linear = self["CL"] * concentration
            if "CLmax" in self.typical:
                linear = linear * exp(self["CLmax"] * hill(TIME, self["T50"], self["hill"]))
        if self.pk.michaelis_menten:
            saturable = self["Vmax"] * concentration / (self["Km"] + concentration)
        return add(linear, saturable)

    def _exchange(self, number: int, concentration: Expr) -> Expr:
        amount = sym(f"A{number}_{self.drug.id}_mg")
        if number == 2 and "Vmax12" in self.typical:
            return self["Vmax12"] * concentration / (self["Km12"] + concentration) - self["k21"] * amount
        return self[f"Q{number}"] * (concentration - amount / self[f"V{number}"])

    def _state(self, number: int, rate: Expr, description: str) -> State:
        return State(f"A{number}_{self.drug.id}_mg", ZERO, rate, "mg", f"{description} of {self.drug.inn}")
