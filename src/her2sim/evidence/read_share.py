"""How many figures were seen at their source, by the role of the figure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from her2sim.evidence.base import all_records
from her2sim.evidence.roles import fittable, fittable_strata
from her2sim.evidence.tidy import all_figures


@dataclass(frozen=True)
class ReadShare:
    """Counts of figures.

    Main arguments:
        figures, read: by role of the figure (``fit``, ``validate``, ``context``; withheld trials have none).
        used_by_fits: figures that calibration may use; all of them were read, as ``fittable`` asks for it.
    """

    figures: dict[str, int]
    read: dict[str, int]
    used_by_fits: int

    def percent(self, role: str) -> float:
        """Share of a role's figures that were read, in percent.

        >>> ReadShare({"fit": 4}, {"fit": 3}, 3).percent("fit")
        75.0
        """
        return 100 * self.read.get(role, 0) / self.figures[role] if self.figures.get(role) else 0.0


def read_share() -> ReadShare:
    """Count all figures of the base. Reads every record, which takes about half a second."""
    records = all_records()
    rows = list(all_figures(records))
    used = sum(1 for record in records for _ in (*fittable(record), *fittable_strata(record)))
    return ReadShare(
        figures=dict(Counter(row.role for row in rows)),
        read=dict(Counter(row.role for row in rows if row.read)),
        used_by_fits=used,
    )
