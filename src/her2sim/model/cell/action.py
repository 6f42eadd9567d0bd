"""What a drug does at a cell: which domains of HER2 it binds and which kinases it fills, from its drug file."""

from __future__ import annotations

from dataclasses import dataclass

from her2sim.core.errors import InputError, did_you_mean
from her2sim.core.quantity import Quantity
from her2sim.model.drug import Action, Drug
from her2sim.model.drug_file import load_drug

DOMAINS = {"domain_II": ("II",), "domain_IV": ("IV",), "biparatopic": ("II", "IV")}
KINASES = ("HER2", "EGFR")


@dataclass(frozen=True)
class CellDrug:
    """A drug at the cell.

    Main arguments:
        id: of the drug file.
        domains: HER2 domains that its antibody part binds; empty without one.
        kd_nM: apparent dissociation constant of the antibody part, or None.
        pocket_nM: kinase -> concentration that fills half of the pockets without a bond: the IC50 of a reversible
            kinase inhibitor, the K_I of a covalent one; empty without one.
        inactivation_per_day: k_inact of a covalent inhibitor, or None.
    """

    id: str
    domains: tuple[str, ...] = ()
    kd_nM: Quantity | None = None
    pocket_nM: tuple[tuple[str, Quantity], ...] = ()
    inactivation_per_day: Quantity | None = None

    @property
    def biparatopic(self) -> bool:
        """Whether its arms bind two domains."""
        return len(self.domains) > 1

    @property
    def covalent(self) -> bool:
        """Whether its kinase inhibitor forms a bond."""
        return self.inactivation_per_day is not None


def cell_drug(name: str | Drug) -> CellDrug:
    """The drug's part at the cell.

    Raises:
        InputError: no such drug; it acts neither on HER2 nor on an ErbB kinase; its file lacks a number.

    >>> cell_drug("pertuzumab").domains
    ('II',)
    """
    drug = load_drug(name) if isinstance(name, str) else name
    antibody = [action for action in drug.actions if action.kind == "antibody"]
    inhibitor = [action for action in drug.actions if action.kind == "kinase_inhibitor"]
    if not antibody and not inhibitor:
        kinds = ", ".join(sorted({action.kind for action in drug.actions})) or "none"
        raise InputError(
            f"{drug.inn} has no site of action at the HER2 network of the cell (its actions: {kinds})",
            where=f"data/drugs/{drug.id}.yaml",
            hint="Antibodies of HER2, their conjugates and HER2 kinase inhibitors have one, for example trastuzumab.",
        )
    domains: tuple[str, ...] = ()
    kd: Quantity | None = None
    if antibody:
        epitope = antibody[0].labels.get("epitope", "")
        if epitope not in DOMAINS:
            raise InputError(
                f"unknown epitope {epitope!r}",
                where=f"data/drugs/{drug.id}.yaml",
                hint=did_you_mean(epitope, DOMAINS),
            )
        domains, kd = DOMAINS[epitope], _value(drug, antibody[0], "kd_nM")
    potency: tuple[tuple[str, Quantity], ...] = ()
    inactivation: Quantity | None = None
    if inhibitor:
        covalent = inhibitor[0].labels.get("binding") == "covalent"
        key = "ki" if covalent else "ic50"
        potency = tuple((kinase, _value(drug, inhibitor[0], f"{key}_{kinase}_nM")) for kinase in KINASES)
        inactivation = _value(drug, inhibitor[0], "inactivation_per_day") if covalent else None
    return CellDrug(drug.id, domains, kd, potency, inactivation)


def concentration_name(drug: CellDrug) -> str:
    """Name of the parameter that holds a drug's free concentration at the cell.

    >>> concentration_name(CellDrug("lapatinib"))
    'C_lapatinib_nM'
    """
    return f"C_{drug.id}_nM"


def _value(drug: Drug, action: Action, key: str) -> Quantity:
    if key not in action.values:
        raise InputError(
            f"action {action.kind} of {drug.id} lacks {key}",
            where=f"data/drugs/{drug.id}.yaml",
            hint=f"It has {', '.join(sorted(action.values))}.",
        )
    found = action.values[key]
    if not found.value > 0:
        raise InputError(
            f"{key} of {drug.id} is {found.value:g}, it must be positive", where=f"data/drugs/{drug.id}.yaml"
        )
    return found
