"""The mechanisms of the model, one file each. Every function here returns a ``Module`` with ports and units."""
