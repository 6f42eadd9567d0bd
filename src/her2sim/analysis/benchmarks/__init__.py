"""Simple predictors that a mechanistic model must beat: averages, regression, additive components, independent action.

Each is a function of the published trials it may see; withheld trials never are among them.
"""
