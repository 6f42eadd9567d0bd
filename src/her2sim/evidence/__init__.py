"""The base of published trials: loading, merging, querying. Imports core and record."""
