"""The whole way from the files of one arm, or of two, to patients that passed their audit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from her2sim.analysis.reconstruct.audit import Audit, Stray, audit, audit_hazard_ratio
from her2sim.analysis.reconstruct.guyot import RebuiltPatients, rebuild
from her2sim.core.errors import InputError
from her2sim.evidence.importers.curve_csv import DigitizedCurve, RiskTable

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class PublishedArm:
    """What was published of one arm.

    Main arguments:
        curve, risk: digitized points and printed numbers at risk.

    Other arguments:
        events, median: published figures, None where not known; the median in the unit of the curve.
        name: of the arm.
    """

    curve: DigitizedCurve
    risk: RiskTable
    events: int | None = None
    median: float | None = None
    name: str = "arm"


@dataclass(frozen=True)
class Reconstruction:
    """Rebuilt patients of each arm and the audit of all of them."""

    arms: tuple[str, ...]
    patients: tuple[RebuiltPatients, ...]
    audit: Audit

    def frame(self) -> pd.DataFrame:
        """One row per patient: ``arm``, ``time`` (with its unit in the name, if known), ``event``."""
        import pandas as pd

        unit = self.patients[0].unit
        parts = [
            pd.DataFrame({"arm": name, f"time_{unit}" if unit else "time": rows.time, "event": rows.event})
            for name, rows in zip(self.arms, self.patients, strict=True)
        ]
        return pd.concat(parts, ignore_index=True)


def reconstruct(
    arm: PublishedArm, reference: PublishedArm | None = None, *, hazard_ratio: float | None = None
) -> Reconstruction:
    """Rebuild one arm, or two, and judge the result; ``audit.refuse_bad`` turns a bad one into an error.

    Main arguments:
        arm: what was published of the arm.

    Other arguments:
        reference: the arm that it was compared with.
        hazard_ratio: published, of ``arm`` over ``reference``; compared if both are given.

    Raises:
        InputError: impossible figures, units that differ, or a hazard ratio without a reference arm.

    >>> import numpy as np
    >>> curve = DigitizedCurve(np.array([1.0, 2.0, 3.0]), np.array([0.75, 0.5, 0.25]))
    >>> made = reconstruct(PublishedArm(curve, RiskTable(np.array([0.0]), np.array([4])), events=3))
    >>> made.audit.accepted, int(made.patients[0].event.sum())
    (True, 3)
    """
    if hazard_ratio is not None and reference is None:
        raise InputError("a hazard ratio compares two arms", hint="Give the curve and risk table of the reference too.")
    arms = (arm,) if reference is None else (arm, reference)
    if len({one.curve.unit for one in arms}) > 1:
        raise InputError("the two curves count time in different units", where=arms[-1].curve.name)
    lines: list[Stray] = []
    patients: list[RebuiltPatients] = []
    for one in arms:
        if one.events is not None and not 0 <= one.events <= int(one.risk.at_risk[0]):
            raise InputError(
                f"{one.events} events among {int(one.risk.at_risk[0])} patients are impossible", where=one.risk.name
            )
        made = rebuild(one.curve, one.risk, one.events)
        patients.append(made)
        judged = audit(made, one.curve, one.risk, events=one.events, median=one.median).lines
        lines += [replace(line, words=f"{one.name}: {line.words}") for line in judged] if reference else judged
    if hazard_ratio is not None:
        lines.append(audit_hazard_ratio(patients[0], patients[1], hazard_ratio))
    return Reconstruction(tuple(one.name for one in arms), tuple(patients), Audit(tuple(lines)))
