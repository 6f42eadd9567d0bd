"""The organs in which the lesions of a patient lie, drawn so that they agree with what her baseline says of her.

A patient with liver metastases has a lesion in the liver, one with visceral disease and no liver metastases has one in
another visceral organ, one without visceral disease has none there. Nodes are targets from 15 mm on, bone and the
stomach's wall never are, and no organ has more than two targets (RECIST 1.1, doi:10.1016/j.ejca.2008.10.026). Shares
stand in ``data/populations/organs.yaml``. The draws have a purpose of their own, so no other trait of a patient moves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from her2sim.core.paths import data_dir
from her2sim.core.random import uniforms
from her2sim.model.lesions import SLOTS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
UNKNOWN = 0
LIVER, NODE, BRAIN = "LIVER", "LYMPH NODE", "BRAIN"
PLACED = tuple(slot.name for slot in SLOTS if slot.site != "cns")
"""Slots whose organ is drawn; the slot in the brain lies in the brain."""
TARGETS = tuple(slot.name for slot in SLOTS if slot.role == "target")
PURPOSE = "population/organs"


@dataclass(frozen=True)
class Organs:
    """What ``data/populations/organs.yaml`` says.

    Main arguments:
        names: words of CDISC (TULOC); the code of an organ is its place in them plus 1.
        visceral: (n_organs,) bool.
        least_target_mm: (n_organs,) smallest diameter of a target there, infinity where nothing can be measured.
        most_targets: targets that one organ can have.
        shares: disease -> kind of lesion (``required_without_liver``, ``target``, ``nontarget``, ``new``, ``volume``)
            -> (n_organs,) weights.
    """

    names: tuple[str, ...]
    visceral: NDArray[np.bool_]
    least_target_mm: Floats
    most_targets: int
    shares: Mapping[str, Mapping[str, Floats]]

    def code(self, name: str) -> int:
        """Code of an organ in a patient table.

        >>> load_organs().code("LIVER")
        1
        """
        return self.names.index(name) + 1


@cache
def load_organs() -> Organs:
    """The organs of the package."""
    content: dict[str, Any] = yaml.safe_load((data_dir("populations") / "organs.yaml").read_text(encoding="utf-8"))
    entries: dict[str, dict[str, Any]] = content["organs"]
    names = tuple(entries)
    shares = {
        disease: {
            kind: np.array([float(weights.get(name, {"value": 0.0})["value"]) for name in names])
            for kind, weights in kinds.items()
        }
        for disease, kinds in content["diseases"].items()
    }
    return Organs(
        names=names,
        visceral=np.array([bool(entry["visceral"]) for entry in entries.values()]),
        least_target_mm=np.array([float(e["least_target_mm"]["value"]) if "least_target_mm" in e else np.inf
                                  for e in entries.values()]),
        most_targets=int(content["most_targets_per_organ"]["value"]),
        shares=shares,
    )  # fmt: skip


def organ_column(slot: str) -> str:
    """Name of the column with the code of the organ of a slot.

    >>> organ_column("NT")
    'organ_NT'
    """
    return f"organ_{slot}"


def organ_words(codes: Floats) -> NDArray[np.str_]:
    """The organs of these codes in words; ``""`` where there is no lesion or its organ is not known.

    >>> organ_words(np.array([3.0, 0.0])).tolist()
    ['LYMPH NODE', '']
    """
    return np.array(["", *load_organs().names])[np.asarray(codes).astype(np.int64)]


def organ_columns(columns: Mapping[str, Floats], disease: str, *, seed: int, ids: Ints) -> dict[str, Floats]:
    """Columns ``organ_<slot>``: codes of the organs; 0 where there is no lesion.

    An organ that the table already has stays. The occult lesion may lie anywhere: a new lesion is not bound to the
    organs known at baseline. In early disease (a column ``primary_mm``) there are none.

    Main arguments:
        columns: name -> (n,) columns of the patients, with ``visceral``, ``liver_metastases``, ``target_<k>_mm`` and
            ``V0_NT_mL``.
        disease: ``breast`` or ``gastric``.
        seed, ids: seed of the study and patient numbers.
    """
    if "primary_mm" in columns:
        return {}
    organs, n = load_organs(), len(ids)
    shares, nothing = organs.shares[disease], np.zeros(n)
    draws = uniforms(seed, ids, PURPOSE, 2 + len(PLACED))
    visceral = columns.get("visceral", nothing) > 0.5
    liver = columns.get("liver_metastases", nothing) > 0.5
    sizes = np.stack([columns.get(f"target_{i + 1}_mm", nothing) for i in range(len(TARGETS))], axis=1)
    present = np.concatenate([sizes > 0.0, (columns.get("V0_NT_mL", nothing) > 0.0)[:, None]], axis=1)
    names = np.array(organs.names)
    possible = ~organs.visceral[None, :] | (visceral[:, None] & ((names != LIVER)[None, :] | liver[:, None]))

    inner = _drawn(draws[:, 0], np.tile(shares["required_without_liver"], (n, 1)))
    required = np.where(liver, organs.code(LIVER), np.where(visceral, inner, UNKNOWN))
    codes = np.zeros((n, len(TARGETS) + 1), dtype=np.int64)
    bearer = _bearer(required, sizes, present, draws[:, 1], shares["nontarget"] > shares["target"])
    held = bearer >= 0
    codes[held, bearer[held]] = required[held]

    for index in range(len(TARGETS)):
        fits = possible & (sizes[:, index, None] >= organs.least_target_mm[None, :])
        taken = (codes[:, : len(TARGETS), None] == np.arange(1, len(names) + 1)).sum(axis=1)
        spare = fits & (taken < organs.most_targets)
        weights = shares["target"] * np.where((shares["target"] * spare).any(axis=1, keepdims=True), spare, fits)
        free = present[:, index] & (codes[:, index] == UNKNOWN)
        codes[free, index] = _drawn(draws[:, 2 + index], weights)[free]
    free = present[:, -1] & (codes[:, -1] == UNKNOWN)
    codes[free, -1] = _drawn(draws[:, 2 + len(TARGETS)], shares["nontarget"] * possible)[free]
    found = {organ_column(slot): codes[:, i].astype(np.float64) for i, slot in enumerate((*TARGETS, "NT"))}
    found[organ_column("OC")] = _drawn(draws[:, -1], np.tile(shares["new"], (n, 1))).astype(np.float64)
    return {name: columns.get(name, values) for name, values in found.items()}


def _drawn(u: Floats, weights: Floats) -> Ints:
    """(n,) codes drawn by (n, n_organs) weights from uniform draws; 0 in a row without any weight."""
    total = np.cumsum(weights, axis=1)
    place = (u[:, None] * total[:, -1:] >= total).sum(axis=1)
    return np.where(total[:, -1] > 0.0, np.minimum(place, weights.shape[1] - 1) + 1, UNKNOWN)


def _bearer(
    required: Ints, sizes: Floats, present: NDArray[np.bool_], u: Floats, rather_nontarget: NDArray[np.bool_]
) -> Ints:
    """(n,) which lesion, of the targets and the non-target disease, lies in the required organ; -1 without any.

    One of the targets that can lie there, each as likely; non-target disease if there is none, or first where that is
    the usual place of the organ (the peritoneum).
    """
    organs = load_organs()
    least = np.append(np.inf, organs.least_target_mm)[required]
    rather = np.append(False, rather_nontarget)[required]
    fits = sizes >= least[:, None]
    count = fits.sum(axis=1)
    wanted = np.minimum((u * count).astype(np.int64), np.maximum(count - 1, 0))
    target = (np.cumsum(fits, axis=1) > wanted[:, None]).argmax(axis=1)
    last = present.shape[1] - 1
    use_last = present[:, last] & (rather | (count == 0))
    found = np.where(use_last, last, np.where(count > 0, target, -1))
    return np.where(required != UNKNOWN, found, -1)


def growth_columns(
    columns: Mapping[str, Floats], spreads: Mapping[str, float], correlation: float
) -> dict[str, Floats]:
    """Columns ``organ_growth_<slot>``: what the organ makes of the growth of a lesion; 1 for the first one in an organ.

    Lesions of a patient that share an organ grow more alike than others. A lesion's growth over the patient's is
    ``exp(sd z)``; that of a further lesion in the organ of an earlier one becomes ``exp(sd z')`` with
    ``z' = r z_first + sqrt(1 - r^2) z``, as wide as before and with correlation r to the first.

    Main arguments:
        columns: name -> (n,) with ``organ_<slot>`` and ``growth_<slot>``.
        spreads: slot -> SD of the logarithm of ``growth_<slot>``; a slot without one grows as it does anyway.
        correlation: r, 0 to 1.

    >>> two = {"organ_T1": np.ones(1), "organ_T2": np.ones(1), "growth_T1": np.exp([0.3]), "growth_T2": np.ones(1)}
    >>> found = growth_columns(two, {"T1": 0.3, "T2": 0.3}, 1.0)
    >>> float(found["organ_growth_T1"][0]), float(found["organ_growth_T2"][0] / np.exp(0.3))
    (1.0, 1.0)
    """
    here = [slot for slot in PLACED if organ_column(slot) in columns and spreads.get(slot, 0.0) > 0.0]
    score = {slot: np.log(columns[f"growth_{slot}"]) / spreads[slot] for slot in here}
    found: dict[str, Floats] = {}
    for index, slot in enumerate(here):
        code, change = columns[organ_column(slot)], np.zeros_like(score[slot])
        for earlier in reversed(here[:index]):  # the first of the organ has the last word
            alike = (code == columns[organ_column(earlier)]) & (code != UNKNOWN)
            shared = correlation * score[earlier] + (np.sqrt(1.0 - correlation**2) - 1.0) * score[slot]
            change = np.where(alike, shared, change)
        found[f"organ_growth_{slot}"] = np.exp(spreads[slot] * change)
    return found
