"""The times to event of one simulated arm: what tables, facts, checks, fit and validation all start from.

Each has one value per patient of the arm, also for those whose simulation failed: leave them out with
``.of(arm.status == 0)``.
"""

from __future__ import annotations

from her2sim.endpoints.time_to_event import TimeToEvent, overall_survival, progression_free_survival
from her2sim.study.course import ArmCourse
from her2sim.study.plan import ASSESSORS


def pfs_of(arm: ArmCourse, assessor: str) -> TimeToEvent:
    """Progression-free survival as an assessor (``BICR`` or ``INV``) saw it."""
    judged = arm.judged[assessor]
    return progression_free_survival(judged.day, judged.visits.overall, arm.follow_up[assessor])


def os_of(arm: ArmCourse) -> TimeToEvent:
    """Overall survival, of which all assessors know the same."""
    return overall_survival(arm.follow_up[ASSESSORS[0]])
