"""Figures by matplotlib, each from a table."""
