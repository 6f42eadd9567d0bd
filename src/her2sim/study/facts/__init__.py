"""Stylised facts: what every model of HER2-positive cancer must show, as data, and whether this one does."""
