"""The main figures of a record, for whoever works through the public face."""

from her2sim.report.headline import Figure, headline

__all__ = ["Figure", "headline"]
