"""The role of each trial: what calibration may read, what judges the model, what is kept back.

The table is ``data/evidence/roles.yaml``. Calibration code asks ``fittable``; nothing else may feed a fit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from her2sim.core.paths import data_dir
from her2sim.record.types import Contrast, Result, TrialRecord
from her2sim.record.yaml_reading import load_yaml_file

Role = Literal["fit", "validate", "withheld", "context"]
ROLES: tuple[Role, ...] = ("fit", "validate", "withheld", "context")


@dataclass(frozen=True)
class PartlyFit:
    """Which part of a trial may be fitted.

    Main arguments:
        rest: role of everything else.
        arms: names of the fitted arms; None for all. With names, contrasts and strata belong to the rest.
        not_endpoints, not_endpoints_in: patterns of endpoints, and the arms, that belong to the rest.
        subgroups: whether strata may be fitted.
        reason: why.
    """

    rest: Role
    arms: tuple[str, ...] | None
    not_endpoints: tuple[re.Pattern[str], ...]
    not_endpoints_in: tuple[str, ...]
    subgroups: bool
    reason: str


@dataclass(frozen=True)
class Roles:
    """The table of roles, with ids in lower case."""

    default: Role
    named: Mapping[str, Role]
    partly: Mapping[str, PartlyFit]
    context_prefixes: tuple[str, ...]


@lru_cache(maxsize=1)
def roles() -> Roles:
    """The table of ``data/evidence/roles.yaml``; a trial named under two roles is a ``ValueError``."""
    table: dict[str, Any] = load_yaml_file(data_dir("evidence") / "roles.yaml").value
    named: dict[str, Role] = {}
    partly = {str(name).lower(): _partly(row) for name, row in table["partly"].items()}
    for role in ROLES:
        for name in table.get(role, ()):
            key = str(name).lower()
            if key in named or key in partly:
                raise ValueError(f"{name} has two roles in roles.yaml")
            named[key] = role
    return Roles(table["default"], named, partly, tuple(prefix.lower() for prefix in table["context_prefixes"]))


def _partly(row: Mapping[str, Any]) -> PartlyFit:
    return PartlyFit(
        rest=row["rest"],
        arms=tuple(row["arms"]) if "arms" in row else None,
        not_endpoints=tuple(re.compile(pattern) for pattern in row.get("not_endpoints", ())),
        not_endpoints_in=tuple(row.get("not_endpoints_in", ())),
        subgroups=bool(row.get("subgroups", "arms" not in row)),
        reason=row["reason"],
    )


def role_of(trial_id: str, part_of: str = "") -> Role:
    """The role of a trial; ``fit`` where any part of it may be fitted (see ``role_of_figure``).

    Main arguments:
        trial_id: id of the record, in any case.

    Other arguments:
        part_of: id of the trial that the record is a cohort of.

    >>> role_of("CLEOPATRA"), role_of("DESTINY-Breast03"), role_of("patina")
    ('fit', 'validate', 'withheld')
    """
    table = roles()
    if part_of and role_of(part_of) == "withheld":
        return "withheld"
    key = trial_id.lower()
    if key in table.named:
        return table.named[key]
    if key in table.partly:
        return "fit"
    return "context" if key.startswith(table.context_prefixes) else table.default


def role_of_figure(
    trial_id: str, *, endpoint: str = "", arm: str = "", subgroup: str = "", contrast: bool = False
) -> Role:
    """The role of one figure of a trial.

    Main arguments:
        trial_id: id of the record.
        endpoint, arm: what the figure is, and the arm it belongs to (for a contrast, the experimental arm).
        subgroup: the stratum, or empty for all patients.
        contrast: whether the figure compares two arms.

    >>> role_of_figure("KATHERINE", endpoint="iDFS_rate_3y", arm="T-DM1")
    'validate'
    >>> role_of_figure("HER2CLIMB", endpoint="CNS_ORR", arm="tucatinib+trastuzumab+capecitabine")
    'validate'
    """
    part = roles().partly.get(trial_id.lower())
    if part is None:
        return role_of(trial_id)
    if part.arms is not None and (contrast or arm not in part.arms):
        return part.rest
    if subgroup and not part.subgroups:
        return part.rest
    intracranial = any(pattern.fullmatch(endpoint) for pattern in part.not_endpoints)
    if intracranial and (contrast or not arm or arm in part.not_endpoints_in):
        return part.rest
    return "fit"


def fittable(record: TrialRecord) -> Iterator[tuple[str, Result | Contrast]]:
    """The figures of a record that calibration may use: role ``fit``, seen at their source, for all patients.

    Yields (name of the arm, figure). Figures of a stratum (``population`` in the figure) are left out.

    >>> from her2sim.evidence.base import load_record
    >>> next(fittable(load_record("DESTINY-Breast03")), None) is None
    True
    """
    part_of = str(record.extra.get("part_of", ""))
    if role_of(record.id, part_of) != "fit" or record.kind == "collection":
        return
    for arm in record.arms:
        for result in arm.results:
            if _usable(result) and role_of_figure(record.id, endpoint=result.endpoint, arm=arm.name) == "fit":
                yield arm.name, result
    for contrast in record.contrasts:
        role = role_of_figure(record.id, endpoint=contrast.endpoint, arm=contrast.arm, contrast=True)
        if _usable(contrast) and role == "fit":
            yield contrast.arm, contrast


def fittable_strata(record: TrialRecord) -> Iterator[Mapping[str, Any]]:
    """The figures of strata that calibration may use: role ``fit`` and seen at their source.

    >>> from her2sim.evidence.base import load_record
    >>> any("PIK3CA" in stratum["subgroup"] for stratum in fittable_strata(load_record("CLEOPATRA")))
    True
    """
    if role_of(record.id, str(record.extra.get("part_of", ""))) != "fit" or record.kind == "collection":
        return
    for stratum in record.subgroups:
        name, endpoint, arm = (str(stratum.get(key, "")) for key in ("subgroup", "endpoint", "arm"))
        if stratum["read"] and role_of_figure(record.id, endpoint=endpoint, arm=arm, subgroup=name) == "fit":
            yield stratum


def _usable(figure: Result | Contrast) -> bool:
    return figure.read and not figure.extra.get("population")
