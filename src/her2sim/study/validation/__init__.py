"""Scoring the model on published trials: scope by rule, prediction from the protocol, errors beside benchmarks."""
