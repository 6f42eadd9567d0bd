"""Estimates with intervals: Kaplan-Meier, log-rank, Cox, exact rates, comparison with published records."""
