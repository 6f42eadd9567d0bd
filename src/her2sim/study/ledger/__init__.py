"""Predictions that are registered before results are looked at, and scored on the day they are."""

from her2sim.study.ledger.registering import Registered, register
from her2sim.study.ledger.scoring import LedgerScore, score_record
from her2sim.study.ledger.shelf import Listed, listed

__all__ = ["LedgerScore", "Listed", "Registered", "listed", "register", "score_record"]
