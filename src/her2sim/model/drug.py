"""What the model knows of a drug: identity, pharmacokinetics, actions. Read from ``data/drugs/*.yaml``.

Effects are not written here as formulas: an action names a mechanism (``kind``) and its numbers; the module of that
mechanism turns it into equations. Two drugs of the same class differ only by these numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from her2sim.core.quantity import Quantity, Source


@dataclass(frozen=True)
class CovariateEffect:
    """How a covariate shifts a PK parameter: ``power`` (x/reference)^theta, ``exponential`` e^(theta·x), or
    ``factor`` theta^x for a 0/1 covariate."""

    parameter: str
    covariate: str
    form: str
    theta: float
    reference: float
    read: bool
    source: str


@dataclass(frozen=True)
class Metabolite:
    """An active metabolite that follows its parent at once: molar concentration = CLf / CLm · that of the parent."""

    name: str
    molar_mass_g_per_mol: Quantity


@dataclass(frozen=True)
class Label:
    """How a drug is given where a record does not say.

    Main arguments:
        route: default route.
        dose: label dose in words, for readers.
        values: ``infusion_days``; ``escalated_share`` (share of patients in whom an optional dose escalation is made);
            ``calvert_nonrenal_mL_per_min`` and ``calvert_gfr_cap_mL_per_min`` of drugs dosed by AUC.
    """

    route: str = "iv"
    dose: str = ""
    values: Mapping[str, Quantity] = field(default_factory=dict[str, Quantity])


@dataclass(frozen=True)
class Pharmacokinetics:
    """A published population-PK model.

    Main arguments:
        structure: ``one``, ``two`` or ``three`` compartments; ``michaelis_menten`` adds a saturable elimination.
        typical: name (CL, V1, Q2, V2, Q3, V3, Vmax, Km, ka, F, tlag) to its quantity; L, day, mg.
        by_disease: disease -> overrides of ``typical``.
        covariates: effects on the typical values.
        omega: (name, name) -> variance or covariance of the log-normal random effects.
        depot_routes: routes that enter through an absorption depot (``po``, ``sc``).
        infusion_days: default length of an intravenous infusion.

    Other arguments:
        reference: key of the main source.
        route: the route that the model was built for.
        metabolite: an active metabolite at quasi-steady state (see ``Metabolite``).
        note: what was left out or simplified.
    """

    structure: str
    michaelis_menten: bool
    typical: Mapping[str, Quantity]
    by_disease: Mapping[str, Mapping[str, Quantity]]
    covariates: tuple[CovariateEffect, ...]
    omega: Mapping[tuple[str, str], float]
    depot_routes: tuple[str, ...]
    infusion_days: float
    reference: str = ""
    route: str = "iv"
    metabolite: Metabolite | None = None
    note: str = ""


@dataclass(frozen=True)
class Action:
    """A mechanism and its numbers.

    ``kind`` and what it needs (``labels``; ``values`` in the units given by the names):
        antibody: epitope (domain_II, domain_IV, biparatopic), fc_type; kd_nM, fc_activity
        payload: payload (DM1, DXd, MMAE, …); drug_to_antibody_ratio, bystander_fraction
        kinase_inhibitor: binding (reversible, covalent); fraction_unbound, kp_uu_brain; reversible ones ic50_HER2_nM,
            ic50_EGFR_nM; covalent ones ki_HER2_nM, ki_EGFR_nM (K_I) and inactivation_per_day (k_inact); optional
            metabolite_activity (that of active metabolites over that of the parent)
        cytotoxic: chemo_class (taxane, platinum, fluoropyrimidine, …); average_conc_mg_per_L (time-averaged plasma
            concentration at label dose), effect_rate_per_day, kp_uu_brain
        pathway: target (PI3Ka, mTORC1, VEGFR2); ic50_nM, fraction_unbound, kp_uu_brain of the small molecules,
            mutant_ic50_ratio (PI3Ka), mtor_block (mTORC1: the most it loses); kd_nM, vessel_block (VEGFR2)
        endocrine: er_drive_inhibition
        cdk46: ic50_CDK4_nM, fraction_unbound, proliferation_block
        checkpoint: no mechanism yet
    """

    kind: str
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    values: Mapping[str, Quantity] = field(default_factory=dict[str, Quantity])


@dataclass(frozen=True)
class Drug:
    """A drug as the model uses it. ``id`` is the INN in snake case and names its states (``A1_<id>_mg``)."""

    id: str
    inn: str
    names: tuple[str, ...]
    drug_class: str
    targets: tuple[str, ...]
    molar_mass_g_per_mol: Quantity
    pk: Pharmacokinetics
    actions: tuple[Action, ...]
    sources: Mapping[str, Source]
    note: str = ""
    label: Label = field(default_factory=Label)
    pk_by_route: Mapping[str, Pharmacokinetics] = field(default_factory=dict[str, Pharmacokinetics])

    def pk_for(self, route: str = "") -> Pharmacokinetics:
        """The model of a route; that of the label's route where none is published for ``route`` (or it is empty)."""
        return self.pk_by_route.get(route.lower(), self.pk)
