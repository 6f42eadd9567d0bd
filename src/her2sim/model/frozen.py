"""The frozen calibration: the fitted numbers of the model, draws of their posterior, and what they were fitted to.

``data/calibration/frozen.yaml`` holds the numbers at the mode, the figures that were used, the log of fits and a hash;
``data/calibration/frozen_draws.csv`` holds one posterior draw per row. They are written by ``her2sim fit --freeze`` and
by nothing else; a file that was edited by hand is refused.

A calibrated number is a parameter's typical value, under the parameter's own name, or its standard deviation between
patients, under ``spread of NAME`` (``spread_name``).
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from her2sim.core.errors import InputError
from her2sim.core.paths import data_dir

FILE, DRAWS = "frozen.yaml", "frozen_draws.csv"
UNSEEN = "unseen_discrepancy"
_SPREAD = "spread of "


@dataclass(frozen=True)
class Frozen:
    """A calibration that is not changed any more.

    Main arguments:
        values: calibrated number -> its value at the mode, in the parameter's unit.
        draws: posterior draws, each with the same names as ``values``.
        hash: SHA-256 over values, draws and the simulator they were fitted with.
        date: day of the freeze, ISO.
        figures: the published figures that were fitted: trial, arm, endpoint, assessor, published, fitted.

    Other arguments:
        simulator: fingerprint of the model's code and data at the freeze.
        log: every fit made, and why it was changed.
        unseen: kind of figure -> standard deviation of what the model misses in a trial that it was not fitted to, on
            the scale of the figure; empty in calibrations frozen before it was estimated.
        unseen_degrees: of freedom of Student's t of the error of such a figure over its standard deviation.
    """

    values: Mapping[str, float]
    draws: tuple[Mapping[str, float], ...]
    hash: str
    date: str
    figures: tuple[Mapping[str, Any], ...]
    simulator: str = ""
    log: tuple[Mapping[str, Any], ...] = ()
    unseen: Mapping[str, float] = field(default_factory=dict[str, float])
    unseen_degrees: float = math.inf


def spread_name(parameter: str) -> str:
    """The name of the standard deviation between patients of a parameter.

    >>> spread_name("growth_patient")
    'spread of growth_patient'
    """
    return f"{_SPREAD}{parameter}"


def parameter_of(number: str) -> tuple[str, bool]:
    """The parameter that a calibrated number belongs to, and whether it is its spread.

    >>> parameter_of("spread of growth_patient"), parameter_of("turnover")
    (('growth_patient', True), ('turnover', False))
    """
    return number.removeprefix(_SPREAD), number.startswith(_SPREAD)


def content_hash(
    values: Mapping[str, float],
    draws: Sequence[Mapping[str, float]],
    simulator: str,
    unseen: Mapping[str, float] | None = None,
) -> str:
    """SHA-256 over the numbers, to 12 digits, the simulator's fingerprint, and the error on unseen trials if known."""

    def told(numbers: Mapping[str, float]) -> dict[str, str]:
        return {name: f"{numbers[name]:.12g}" for name in sorted(numbers)}

    content: dict[str, Any] = {"values": told(values), "draws": [told(draw) for draw in draws], "simulator": simulator}
    content |= {"unseen": told(unseen)} if unseen else {}
    return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@cache
def load_frozen() -> Frozen | None:
    """The frozen calibration of the package; None where none was made yet.

    Raises:
        InputError: the files were changed after they were written.
    """
    folder = data_dir("calibration")
    return read_frozen(folder) if (folder / FILE).exists() else None


def read_frozen(folder: Path) -> Frozen:
    """Read ``frozen.yaml`` and ``frozen_draws.csv`` of a folder.

    Raises:
        InputError: the numbers do not have the hash that the file tells.
    """
    content: dict[str, Any] = yaml.safe_load((folder / FILE).read_text())
    with (folder / DRAWS).open(newline="") as lines:
        draws = tuple({name: float(text) for name, text in row.items()} for row in csv.DictReader(lines))
    values = {str(name): float(value) for name, value in content["values"].items()}
    simulator, unseen = str(content["simulator"]), content.get(UNSEEN, {})
    sd = {str(kind): float(value) for kind, value in unseen.get("sd", {}).items()}
    degrees = float(unseen.get("degrees", math.inf))
    if content_hash(values, draws, simulator, sd | {"degrees": degrees} if sd else None) != content["hash"]:
        raise InputError(
            "the frozen calibration was changed after it was written.",
            where=str(folder / FILE),
            hint="Restore it from the package, or freeze again with her2sim fit --freeze.",
        )
    return Frozen(values, draws, content["hash"], str(content["date"]), tuple(content["figures"]), simulator,
                  tuple(content.get("log", ())), sd, degrees)  # fmt: skip


def write_frozen(folder: Path, frozen: Frozen, remarks: Mapping[str, Any]) -> None:
    """Write a calibration as two files.

    Main arguments:
        folder: where to, ``data/calibration`` of the package for the one that the model uses.
        frozen: the calibration; its hash is made anew from its numbers as they are written.
        remarks: further entries of ``frozen.yaml``, such as settings and diagnostics; under ``unseen_discrepancy``
            where the figures of ``Frozen.unseen`` come from.
    """
    values = {name: float(f"{value:.10g}") for name, value in frozen.values.items()}
    draws = [{name: float(f"{draw[name]:.6g}") for name in values} for draw in frozen.draws]
    sd = {kind: float(f"{value:.4g}") for kind, value in frozen.unseen.items()}
    told: dict[str, Any] = dict(remarks.get(UNSEEN, {})) | {"sd": sd, "degrees": frozen.unseen_degrees}
    content = {
        "what": "calibrated numbers of the model at the mode; they replace those of data/parameters",
        "made_by": "her2sim fit --freeze",
        "date": frozen.date,
        "hash": content_hash(values, draws, frozen.simulator, sd | {"degrees": frozen.unseen_degrees} if sd else None),
        "simulator": frozen.simulator,
        "values": values,
        **remarks,
        **({UNSEEN: told} if sd else {}),
        "log": [dict(entry) for entry in frozen.log],
        "figures": [dict(figure) for figure in frozen.figures],
    }
    with (folder / DRAWS).open("w", newline="") as out:
        table = csv.DictWriter(out, list(values), lineterminator="\n")
        table.writeheader()
        table.writerows([{name: f"{draw[name]:.6g}" for name in values} for draw in draws])
    (folder / FILE).write_text(yaml.safe_dump(content, sort_keys=False, width=118, allow_unicode=True))
