"""Body size and kidney function from a patient's measurements: the published formulas, vectorized.

The numbers in these functions are the definitions of the formulas themselves, not properties of a population, so
they stand in code beside their source. Arguments are numbers or arrays of shape (n,), broadcast against each other.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
LeanWeightFormula = Literal["boer", "janmahasatian"]


def body_surface_area_m2(weight_kg: ArrayLike, height_cm: ArrayLike) -> Floats:
    """Body surface area, on which cytotoxic drugs are dosed: sqrt(weight · height / 3600).

    Main arguments:
        weight_kg: (n,) body weight.
        height_cm: (n,) height.

    Source: Mosteller 1987, N Engl J Med 317:1098, doi:10.1056/NEJM198710223171717, PMID 3657876.

    >>> round(float(body_surface_area_m2(70.0, 170.0)), 3)
    1.818
    """
    return np.sqrt(_floats(weight_kg) * _floats(height_cm) / 3600.0)


def body_mass_index_kg_per_m2(weight_kg: ArrayLike, height_cm: ArrayLike) -> Floats:
    """Body mass index: weight / height².

    >>> round(float(body_mass_index_kg_per_m2(70.0, 170.0)), 2)
    24.22
    """
    return _floats(weight_kg) / (_floats(height_cm) / 100.0) ** 2


def lean_body_weight_kg(
    weight_kg: ArrayLike, height_cm: ArrayLike, female: ArrayLike, *, formula: LeanWeightFormula = "janmahasatian"
) -> Floats:
    """Lean body weight, a covariate of several antibody population-PK models.

    Boer, men: 0.407·W + 0.267·H - 19.2; women: 0.252·W + 0.473·H - 48.3. Linear, from body water; not meant for
    the extremes of weight.
    Janmahasatian, men: 9270·W / (6680 + 216·BMI); women: 9270·W / (8780 + 244·BMI). Stays positive and below the
    body weight at any size, so it is the default.

    Main arguments:
        weight_kg: (n,) body weight.
        height_cm: (n,) height.
        female: (n,) 1 for women, 0 for men.

    Other arguments:
        formula: ``janmahasatian`` or ``boer``; take the one the PK model was estimated with.

    Sources: Boer 1984, Am J Physiol 247:F632-F636, doi:10.1152/ajprenal.1984.247.4.F632, PMID 6496691;
    Janmahasatian et al. 2005, Clin Pharmacokinet 44:1051-1065, doi:10.2165/00003088-200544100-00004, PMID 16176118.

    >>> round(float(lean_body_weight_kg(70.0, 170.0, 1)), 2)
    44.17
    >>> round(float(lean_body_weight_kg(70.0, 170.0, 1, formula="boer")), 2)
    49.75
    """
    weight, height, women = _floats(weight_kg), _floats(height_cm), _floats(female) > 0.5
    if formula == "boer":
        return np.where(women, 0.252 * weight + 0.473 * height - 48.3, 0.407 * weight + 0.267 * height - 19.2)
    bmi = body_mass_index_kg_per_m2(weight, height)
    return 9270.0 * weight / np.where(women, 8780.0 + 244.0 * bmi, 6680.0 + 216.0 * bmi)


def creatinine_clearance_mL_per_min(
    age_years: ArrayLike, weight_kg: ArrayLike, creatinine_mg_per_dL: ArrayLike, female: ArrayLike
) -> Floats:
    """Creatinine clearance, for carboplatin doses (Calvert) and renal dose rules.

    (140 - age) · weight / (72 · creatinine), times 0.85 in women.

    Main arguments:
        age_years: (n,) age.
        weight_kg: (n,) body weight.
        creatinine_mg_per_dL: (n,) serum creatinine (1 mg/dL = 88.4 µmol/L).
        female: (n,) 1 for women, 0 for men.

    Source: Cockcroft and Gault 1976, Nephron 16:31-41, doi:10.1159/000180580, PMID 1244564.

    >>> round(float(creatinine_clearance_mL_per_min(60, 72, 1.0, 0)), 1)
    80.0
    """
    sex = np.where(_floats(female) > 0.5, 0.85, 1.0)
    return (140.0 - _floats(age_years)) * _floats(weight_kg) / (72.0 * _floats(creatinine_mg_per_dL)) * sex


def _floats(values: ArrayLike) -> Floats:
    return np.asarray(values, dtype=np.float64)
