"""Solvers for populations: (model, parameters, doses, times) -> trajectories. Imports core and model."""
