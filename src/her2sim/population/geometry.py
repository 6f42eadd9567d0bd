"""Where the tumor of a patient is at the start: sizes of the lesions in their slots, and clones within them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from her2sim.core.errors import InputError
from her2sim.model.lesions import CLONES, SLOTS, sphere_volume_mL
from her2sim.population.patients import Patients

Floats = NDArray[np.float64]
TARGETS = ("T1", "T2", "T3")
SMALLEST_TARGET_MM = 10.0
SHAPE = ("target_log_ratio_12", "target_log_ratio_32")


def target_diameters_mm(
    sld_mm: Floats, count: Floats, log_ratio_12: Floats, log_ratio_32: Floats, largest_mm: float = np.inf
) -> Floats:
    """(n, 3) longest diameters of up to three target lesions, largest first; they sum to ``sld_mm``.

    Every target is at least 10 mm, the smallest measurable lesion of RECIST 1.1 (Eisenhauer 2009,
    doi:10.1016/j.ejca.2008.10.026), so a small sum has fewer targets than wanted; none is above ``largest_mm``, so a
    large sum has more.

    Main arguments:
        sld_mm: (n,) sum of longest diameters, from 10 to 3 times ``largest_mm``.
        count: (n,) wanted number of targets, 1 to 3.
        log_ratio_12, log_ratio_32: (n,) logarithm of what the first and the third lesion exceed 10 mm by, over that
            of the second.

    Other arguments:
        largest_mm: largest diameter of one lesion.

    >>> target_diameters_mm(np.array([60.0, 15.0, 150.0]), np.array([3.0, 2.0, 1.0]), *np.zeros((2, 3)), 100.0).tolist()
    [[20.0, 20.0, 20.0], [15.0, 0.0, 0.0], [75.0, 75.0, 0.0]]
    """
    needed = np.clip(np.ceil(sld_mm / largest_mm), 1, 3)
    possible = np.clip(np.floor(sld_mm / SMALLEST_TARGET_MM), 1, 3)
    n_targets = np.maximum(np.minimum(count, possible), needed)
    weights = np.stack([np.exp(log_ratio_12), np.ones(len(sld_mm)), np.exp(log_ratio_32)], axis=1)
    # with one target only the first lesion counts, with two the first and the second
    present = np.arange(3)[None, :] < n_targets[:, None]
    weights = np.where(present, weights, 0.0)
    extra = (sld_mm - SMALLEST_TARGET_MM * n_targets)[:, None] * weights / weights.sum(axis=1, keepdims=True)
    diameters = np.where(present, SMALLEST_TARGET_MM + extra, 0.0)
    for _ in range(2):  # what one lesion exceeds the largest by goes to the others, in equal parts
        over = np.maximum(diameters - largest_mm, 0.0)
        room = present & (diameters < largest_mm)
        diameters = diameters - over
        diameters += np.where(room, over.sum(axis=1, keepdims=True) / np.maximum(room.sum(axis=1, keepdims=True), 1), 0)
    return -np.sort(-diameters, axis=1)


def lesion_columns(
    columns: Mapping[str, Floats], *, largest_mm: float, numbers: Mapping[str, float]
) -> dict[str, Floats]:
    """Columns of the lesions: ``target_lesions``, ``target_1_mm`` to ``target_3_mm`` and ``V0_<slot>_mL``.

    Lesions are spheres. Non-target disease has the size of the trait ``V0_NT_mL`` where the flag ``nontarget`` is 1.
    The brain has a lesion of ``cns_mm`` where ``brain_metastases`` is 1, else the hidden one of the trait ``V0_CNS_mL``
    (and ``cns_mm`` becomes 0). Diameters of targets that are already there are kept. The occult lesions, outside the
    brain and beside known ones in it, are the largest that are too small to see (``hidden_volume_mL``), where no column
    says their size. In early disease (a column
    ``primary_mm``) see ``early_lesion_columns``.

    Main arguments:
        columns: name -> (n,) covariates and traits of the patients.
        largest_mm: largest diameter of one target.
        numbers: typical values, among them those that ``hidden_volume_mL`` needs.
    """
    if "primary_mm" in columns:
        return early_lesion_columns(columns)
    if "target_1_mm" in columns:
        nothing = np.zeros(len(columns["target_1_mm"]))
        diameters = np.stack([columns.get(f"target_{i + 1}_mm", nothing) for i in range(3)], axis=1)
    else:
        first, third = (columns[name] for name in SHAPE)
        diameters = target_diameters_mm(columns["sld_mm"], columns["target_lesions"], first, third, largest_mm)
    found = _target_columns(diameters) | {"sld_mm": diameters.sum(axis=1)}
    if "V0_NT_mL" in columns:
        found["V0_NT_mL"] = columns["V0_NT_mL"] * columns["nontarget"]
    if "hidden_lesion_gap" in columns and "V0_OC_mL" not in columns:
        seen = found["target_lesions"] + columns["nontarget"] * numbers["nontarget_lesions"]
        found["V0_OC_mL"] = hidden_volume_mL(
            columns["hidden_lesion_gap"], seen, numbers["detection_new_mm"], numbers["lesion_size_exponent"]
        )
    known = columns["brain_metastases"] > 0.5
    found["cns_mm"] = np.where(known, columns["cns_mm"], 0.0)
    if "V0_CNS_mL" in columns:
        found["V0_CNS_mL"] = np.where(known, sphere_volume_mL(columns["cns_mm"]), columns["V0_CNS_mL"])
    if "hidden_brain_gap" in columns and "V0_OB_mL" not in columns:
        seen = np.full(len(known), numbers["brain_lesions"])
        hidden = hidden_volume_mL(
            columns["hidden_brain_gap"], seen, numbers["detection_cns_mri_mm"], numbers["lesion_size_exponent"]
        )
        found["V0_OB_mL"] = np.where(known, hidden, 0.0)
    return found


def hidden_volume_mL(gap: Floats, seen: Floats, limit_mm: float, exponent: float) -> Floats:
    """(n,) volume in mL of the largest lesion that is too small to see, from the number of those that are seen.

    Metastases that are sown in proportion to a power of tumor volume and grow alike have sizes with density
    proportional to V^-(1 + exponent) (Iwata 2000, doi:10.1006/jtbi.2000.1075). So V^-exponent is a Poisson process, and
    where ``seen`` lesions lie above the limit of detection V_d, the next below it is where

        (V / V_d)^-exponent = 1 + gap / seen,    gap exponential with mean 1.

    The more lesions are seen, the nearer the largest hidden one is to being seen.

    Main arguments:
        gap: (n,) exponential draws of mean 1.
        seen: (n,) number of lesions seen outside the brain, at least 1.
        limit_mm: diameter at which lesions are found.
        exponent: of the distribution of sizes; 0.66 in the patient of the source.

    >>> mm = np.cbrt(6e3 / np.pi * hidden_volume_mL(np.full(2, np.log(2.0)), np.array([1.0, 6.0]), 8.0, 0.66))
    >>> mm.round(1).tolist()
    [6.1, 7.6]
    """
    return sphere_volume_mL(np.full(len(gap), limit_mm)) * (1.0 + gap / np.maximum(seen, 1.0)) ** (-1.0 / exponent)


def early_lesion_columns(columns: Mapping[str, Floats]) -> dict[str, Floats]:
    """Lesion columns of early disease: T1 is the primary tumor, T2 the involved nodes, OC the largest micrometastasis.

    What has been resected has no volume; no micrometastasis, no occult lesion; there is no other disease.

    Main arguments:
        columns: name -> (n,) covariates and traits of the patients.
    """
    node = columns["node_mm"] * columns["node_positive"]
    sizes = np.stack([columns["primary_mm"], node, np.zeros(len(node))], axis=1)
    found = _target_columns(np.where(columns["resected"][:, None] > 0.5, 0.0, sizes))
    found |= {"node_mm": node, "sld_mm": sizes.sum(axis=1) * (columns["resected"] < 0.5)}
    found |= {f"V0_{slot}_mL": np.zeros(len(node)) for slot in ("NT", "CNS", "OB")}
    if "V0_OC_mL" in columns:
        found["V0_OC_mL"] = np.where(columns["micrometastases"] > 0, columns["V0_OC_mL"], 0.0)
    return found


def _target_columns(diameters: Floats) -> dict[str, Floats]:
    found: dict[str, Floats] = {"target_lesions": (diameters > 0).sum(axis=1).astype(np.float64)}
    for i, slot in enumerate(TARGETS):
        found[f"target_{i + 1}_mm"] = np.ascontiguousarray(diameters[:, i])
        found[f"V0_{slot}_mL"] = sphere_volume_mL(diameters[:, i])
    return found


def initial_volumes_mL(patients: Patients) -> dict[str, Floats]:
    """Slot -> (n,) volume in mL at the start, as a scanner would see it; 0 where there is no lesion.

    Main arguments:
        patients: with columns ``V0_<slot>_mL``; a table without them may have ``target_<k>_mm`` and ``cns_mm``, and has
            empty slots elsewhere.
    """
    by_slot = {**{slot: f"target_{i + 1}_mm" for i, slot in enumerate(TARGETS)}, "CNS": "cns_mm"}
    found: dict[str, Floats] = {}
    for slot in SLOTS:
        name = f"V0_{slot.name}_mL"
        if name in patients:
            found[slot.name] = np.asarray(patients[name], dtype=np.float64)
        else:
            found[slot.name] = sphere_volume_mL(patients.get(by_slot.get(slot.name, ""), 0.0))
    return found


def clone_fractions(patients: Patients, clones: Sequence[str] = CLONES) -> Floats:
    """(n, n_clones) shares of the clones in the living tumor before therapy; rows sum to 1.

    The trait ``fraction_<clone>`` is the share of what the clones before it left (as in the model's lesion module),
    so shares can never exceed 1 together. The first clone of ``clones`` is the rest.

    Main arguments:
        patients: with columns ``fraction_<clone>`` for all clones but the first.

    Raises:
        InputError: a fraction is missing or outside 0-1.
    """
    shares = np.zeros((len(patients), len(clones)))
    left = np.ones(len(patients))
    for j, clone in enumerate(clones[1:], start=1):
        name = f"fraction_{clone}"
        if name not in patients:
            raise InputError(f"column {name} is missing", where="patients", hint="Shares of clones are traits.")
        fraction = np.asarray(patients[name], dtype=np.float64)
        if len(fraction) and not (fraction.min() >= 0.0 and fraction.max() <= 1.0):
            raise InputError("a share outside 0-1", where=f"patients, column {name}")
        shares[:, j] = left * fraction
        left = left * (1.0 - fraction)
    shares[:, 0] = left
    return shares
