"""Virtual patients: covariates, traits, correlations. Imports core and model."""
