"""Readings: what a radiologist writes down about lesions whose true size the simulator knows.

Investigator (INV) and blinded independent central review (BICR) read the same scans: they share the error of the scan
(breath, slices, contrast) and add errors of their own, and each has an eye of its own for new lesions. RECIST is
applied to readings in ``her2sim.endpoints``, never to the truth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from her2sim.core.random import normals

Floats = NDArray[np.float64]
NONTARGET_CODES = ("CR", "NON_CR_NON_PD", "PD", "NE", "NOT_PRESENT")
CR, NON_CR_NON_PD, PD, NE, NOT_PRESENT = range(5)


@dataclass(frozen=True)
class TrueScans:
    """True diameters at the visits.

    Main arguments:
        day: (n_patients, n_visits), NaN where the visit is missed.
        target_mm: (n_patients, n_visits, n_targets); NaN where the patient has no such lesion.
        nontarget_mm: (n_patients, n_visits), NaN without non-target disease.
        occult_mm: (n_patients, n_visits) lesion outside the brain that is not visible at baseline.
        cns_mm: (n_patients, n_visits) brain lesion.
        occult_cns_mm: (n_patients, n_visits) brain lesion that is not visible at baseline, beside a known one.
        cns_known: (n_patients,) bool, brain metastases known at baseline.

    Other arguments:
        target_node: (n_patients, n_targets) bool, the target is a lymph node, read by its short axis; default none.
        nontarget_node: (n_patients,) bool, the non-target disease is lymph nodes; default nobody's.
        occult_ratio: (n_patients,) diameter at which the occult lesion is found in its organ over the usual; default 1.
    """

    day: Floats
    target_mm: Floats
    nontarget_mm: Floats
    occult_mm: Floats
    cns_mm: Floats
    occult_cns_mm: Floats
    cns_known: NDArray[np.bool_]
    target_node: NDArray[np.bool_] | None = None
    nontarget_node: NDArray[np.bool_] | None = None
    occult_ratio: Floats | None = None


@dataclass(frozen=True)
class Reading:
    """What one assessor wrote down. Shapes as in ``TrueScans``; ``nontarget`` indexes ``NONTARGET_CODES``.

    A new lesion stays one at all later visits; those in the brain stand apart, too.
    """

    assessor: str
    day: Floats
    target_mm: Floats
    nontarget: NDArray[np.int64]
    new_lesion: NDArray[np.bool_]
    cns_mm: Floats
    new_in_brain: NDArray[np.bool_]
    target_node: NDArray[np.bool_] | None = None


def read_scans(
    truth: TrueScans,
    assessor: str,
    parameters: Mapping[str, float],
    *,
    seed: int,
    patients: NDArray[np.int64],
    brain_imaging: bool,
) -> Reading:
    """Read all scans of all patients as one assessor.

    Main arguments:
        assessor: ``INV`` or ``BICR``; sets the size of the error and the stream of random numbers.
        parameters: the values of ``data/parameters/observation.yaml``.
        brain_imaging: whether the protocol images the brain at each scan; else a brain lesion shows by symptoms.
    """
    n, visits, targets = truth.target_mm.shape
    sd = parameters[f"measurement_sd_{assessor.lower()}"]
    count = visits * (targets + 2) * 2
    of_scan = normals(seed, patients, "measurement/scan", count)
    of_reader = normals(seed, patients, f"measurement/{assessor}", count)
    shared = parameters["measurement_shared"]
    errors = np.sqrt(shared) * of_scan + np.sqrt(1.0 - shared) * of_reader
    errors = errors.reshape(n, visits, targets + 2, 2)
    sizes = np.concatenate([truth.target_mm, truth.nontarget_mm[..., None], truth.cns_mm[..., None]], axis=2)
    read = _measured(sizes, errors, sd, parameters)
    missed = np.isnan(truth.day)
    read[missed] = np.nan
    cns_mm = np.where(truth.cns_known[:, None], read[..., targets + 1], np.nan)
    node = truth.nontarget_node
    nontarget = _nontarget(read[..., targets], cns_mm, read[..., :targets], missed, parameters, node)
    eye = normals(seed, patients, f"detection/{assessor}", 2)
    cns_limit = parameters["detection_cns_mri_mm" if brain_imaging else "detection_cns_symptom_mm"]
    spread = parameters["detection_log_sd"]
    new_limit = parameters["detection_new_mm"] * (1.0 if truth.occult_ratio is None else truth.occult_ratio)
    occult = truth.occult_mm > _limit_mm(truth.occult_mm[:, 0], eye[:, 0], new_limit, spread)
    hidden_cns = np.where(truth.cns_known[:, None], truth.occult_cns_mm, truth.cns_mm)
    brain = hidden_cns > _limit_mm(hidden_cns[:, 0], eye[:, 1], cns_limit, spread)
    new, in_brain = (np.logical_or.accumulate(found & ~missed, axis=1) for found in (occult | brain, brain))
    return Reading(assessor, truth.day, read[..., :targets], nontarget, new, cns_mm, in_brain, truth.target_node)


def _limit_mm(at_baseline_mm: Floats, z: Floats, typical_mm: float | Floats, log_sd: float) -> Floats:
    """(n, 1) diameter above which a reader calls a lesion that she did not see at baseline.

    Readers differ (log-normal around ``typical_mm``); of whoever did not see the lesion at baseline her limit lies
    above its size then, so the normal draws ``z`` (n,) are truncated there.
    """
    from scipy.special import ndtr, ndtri

    with np.errstate(divide="ignore"):
        least = np.log(at_baseline_mm / typical_mm) / log_sd if log_sd > 0.0 else np.full(len(z), -np.inf)
    above = -ndtri(ndtr(-least) * ndtr(-z))
    return np.maximum(typical_mm * np.exp(log_sd * above), at_baseline_mm)[:, None]


def _measured(sizes: Floats, errors: Floats, sd: float, parameters: Mapping[str, float]) -> Floats:
    noisy = sizes * np.exp(sd * errors[..., 0]) + parameters["measurement_floor_mm"] * errors[..., 1]
    small = np.where(sizes < parameters["gone_mm"], 0.0, parameters["too_small_mm"])
    return np.where(noisy < parameters["too_small_mm"], small, noisy)


def _nontarget(
    other_mm: Floats,
    cns_mm: Floats,
    target_mm: Floats,
    missed: NDArray[np.bool_],
    parameters: Mapping[str, float],
    node: NDArray[np.bool_] | None = None,
) -> NDArray[np.int64]:
    """The status of all non-target disease together, (n, visits): the worst of what is outside the brain and in it.

    Outside the brain RECIST 1.1 (section 4.3.4) asks of patients with measurable disease that the whole tumor burden
    has grown; that one part of it reads larger is not enough. A known lesion of the brain is an organ of its own.
    Lymph nodes (``node``, (n,)) are gone when they are normal, and come back only by unequivocal progression.
    """
    by_volume, by_mm = parameters["nontarget_progression_ratio"], parameters["nontarget_min_increase_mm"]
    ratio, least = by_volume ** (1.0 / 3.0), parameters["nontarget_min_mm"]
    whole = np.nansum(target_mm**3, axis=2) + other_mm**3
    outside = _grown(other_mm, ratio, by_mm, least) & _grown(whole, by_volume, 0.0, 0.0)
    brain = _grown(cns_mm, ratio, by_mm, least)
    sizes = np.stack([other_mm, cns_mm], axis=2)
    exists = ~np.isnan(sizes[:, :1, :])
    gone = np.where(exists, sizes <= 0.0, True)
    if node is not None:
        normal = np.logical_or.accumulate(other_mm < parameters["normal_node_below_mm"], axis=1)
        gone[..., 0] = np.where(node[:, None] & exists[..., 0], normal, gone[..., 0])
    status = np.where(outside | brain, PD, np.where(gone.all(axis=2), CR, NON_CR_NON_PD))
    status = np.where(missed, NE, status)
    return np.where(exists.any(axis=2), status, NOT_PRESENT).astype(np.int64)


def _grown(size: Floats, ratio: float, by: float, least: float) -> NDArray[np.bool_]:
    """Whether a size has grown from its smallest so far, or from ``least`` if that is larger, (n, visits)."""
    filled = np.where(np.isnan(size), np.inf, size)
    floor = np.maximum(np.minimum.accumulate(filled, axis=1), least)
    return np.isfinite(filled) & (filled > ratio * floor) & (filled >= floor + by)
