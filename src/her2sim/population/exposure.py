"""Individual pharmacokinetics: typical value x covariates x random effect, for every patient and every PK parameter.

Albumin, weight, tumor burden and liver metastases act on clearance here and on prognosis elsewhere; simulating both
keeps exposure and prognosis correlated, as they are in patients.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from her2sim.core.random import normals
from her2sim.model.drug import CovariateEffect, Drug, Pharmacokinetics
from her2sim.model.drug_file import omega_matrix
from her2sim.model.pharmacokinetics import parameter_name, typical_values
from her2sim.population.physiology import body_surface_area_m2, lean_body_weight_kg

Floats = NDArray[np.float64]


def individual_pk(
    drug: Drug,
    disease: str,
    covariates: Mapping[str, NDArray[np.float64]],
    seed: int,
    patients: NDArray[np.int64],
    *,
    route: str = "",
) -> dict[str, Floats]:
    """The PK parameters of each patient, under the names that ``pk_module`` gives them.

    Covariates act as published: power (x/reference)^theta, exponential e^(theta (x - reference)), factor theta^x.
    Random effects are log-normal with the published covariance matrix; patient i's draws depend on the seed, the
    number of the patient and the drug only, so a patient clears a drug alike in every arm.

    Main arguments:
        drug, disease: as in ``pk_module``.
        covariates: name -> (n,) values. Known names: age_years, weight_kg, height_cm, female, albumin_g_per_L,
            ast_U_per_L, alt_U_per_L, creatinine_clearance_mL_per_min, asia, japan, liver_metastases, ecog, sld_mm;
            bsa_m2 (Mosteller), lbw_kg (Boer), male and ecog_1_or_more are derived from these. A covariate that is
            not given, or is NaN (or not positive in a power law, such as a tumor size of 0 in adjuvant treatment), is
            at its reference: no effect.
        seed: seed of the study.
        patients: (n,) numbers of the patients.

    Other arguments:
        route: as in ``pk_module``.

    Returns:
        name -> (n,) array for every parameter of the module, and for the dose table ``F_<drug>`` (fraction of the
        dose that enters, at most 1 where the typical value is below 1) and ``tlag_<drug>_day``.

    >>> from her2sim.model.drug_file import load_drug
    >>> two = individual_pk(load_drug("pertuzumab"), "breast", {}, 1, np.arange(2))
    >>> sorted(two)[:2], two["F_pertuzumab"].tolist()
    (['CL_pertuzumab_L_per_day', 'F_pertuzumab'], [1.0, 1.0])
    """
    values = typical_pk(drug, disease, covariates, len(patients), route=route)
    pk = drug.pk_for(route)
    for name, effect in _random_effects(drug, pk, seed, patients).items():
        key = parameter_name(name, drug.id, pk.typical[name].unit)
        values[key] = values[key] * np.exp(effect)
        if name == "F" and pk.typical[name].value < 1.0:
            values[key] = np.minimum(values[key], 1.0)
    return values


def typical_pk(
    drug: Drug, disease: str, covariates: Mapping[str, NDArray[np.float64]], n: int, *, route: str = ""
) -> dict[str, Floats]:
    """PK parameters of ``n`` patients without random effects: what the model expects of their covariates.

    Arguments and names as in ``individual_pk``; covariates are (n,).

    >>> from her2sim.model.drug_file import load_drug
    >>> typical_pk(load_drug("T-DM1"), "breast", {"weight_kg": np.array([70.0])}, 1)["V1_trastuzumab_emtansine_L"]
    array([3.127])
    """
    pk = drug.pk_for(route)
    known = derived_covariates(covariates)
    values: dict[str, Floats] = {}
    for name, quantity in typical_values(pk, disease).items():
        value = np.full(n, quantity.value)
        for effect in pk.covariates:
            if effect.parameter == name:
                value = value * _multiplier(effect, known.get(effect.covariate), n)
        values[parameter_name(name, drug.id, quantity.unit)] = value
    values.setdefault(f"F_{drug.id}", np.ones(n))
    values.setdefault(f"tlag_{drug.id}_day", np.zeros(n))
    return values


def derived_covariates(covariates: Mapping[str, NDArray[np.float64]]) -> dict[str, Floats]:
    """The covariates with those that follow from them: ``bsa_m2`` (Mosteller), ``lbw_kg`` (Boer), ``male``,
    ``ecog_1_or_more``.

    Boer is taken because lean body weight of Boer's formula agrees with the cohort medians of the pertuzumab models
    (48 kg of 481 patients of both sexes; 45 kg of women), whose authors do not name their formula.

    Main arguments:
        covariates: name -> (n,) values; a column that is already there is kept.

    >>> sorted(derived_covariates({"weight_kg": np.array([70.0]), "height_cm": np.array([170.0])}))
    ['bsa_m2', 'height_cm', 'weight_kg']
    """
    found: dict[str, Floats] = {name: np.asarray(values, dtype=np.float64) for name, values in covariates.items()}
    if {"weight_kg", "height_cm"} <= set(found):
        found.setdefault("bsa_m2", body_surface_area_m2(found["weight_kg"], found["height_cm"]))
        if "female" in found:
            lean = lean_body_weight_kg(found["weight_kg"], found["height_cm"], found["female"], formula="boer")
            found.setdefault("lbw_kg", lean)
    if "female" in found:
        found.setdefault("male", 1.0 - found["female"])
    if "ecog" in found:
        found.setdefault("ecog_1_or_more", np.where(np.isnan(found["ecog"]), np.nan, found["ecog"] >= 1.0))
    return found


def _multiplier(effect: CovariateEffect, values: Floats | None, n: int) -> Floats:
    if values is None:
        return np.ones(n)
    x = np.where(np.isnan(values), effect.reference, values)
    if effect.form == "power":
        return np.power(np.where(x > 0.0, x, effect.reference) / effect.reference, effect.theta)
    if effect.form == "factor":
        return np.power(effect.theta, x - effect.reference)
    return np.exp(effect.theta * (x - effect.reference))


def _random_effects(drug: Drug, pk: Pharmacokinetics, seed: int, patients: NDArray[np.int64]) -> dict[str, Floats]:
    names = tuple(first for first, second in pk.omega if first == second)
    if not names:
        return {}
    root = np.linalg.cholesky(omega_matrix(names, pk.omega))
    draws = normals(seed, patients, f"pk/{drug.id}", len(names))
    # written out, not as a matrix product: the sum of one patient must not depend on how many are in the chunk
    return {
        name: sum((root[row, column] * draws[:, column] for column in range(row + 1)), np.zeros(len(patients)))
        for row, name in enumerate(names)
    }
