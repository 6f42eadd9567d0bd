"""Smooth forms of functions with a kink or a limited domain, so that an implicit solver can take derivatives anywhere.

A state that should be zero may come out of a solver as -1e-15. A power with a fractional exponent would turn this into
not-a-number; these forms do not.
"""

from __future__ import annotations

from collections.abc import Iterable

from her2sim.model.expression import ONE, Expr, Operand, add, as_expr, call, div, mul, power, sub

_EDGE = 1e-9  # numerical: width of the rounding at zero; arguments are ratios of order one


def positive_power(base: Operand, exponent: Operand) -> Expr:
    """``base``^``exponent`` for a base that is positive up to rounding: (x² + e²)^(n/2) with e = 1e-9."""
    x = as_expr(base)
    return power(add(mul(x, x), _EDGE**2), div(exponent, 2.0))


def saturating(x: Operand, exponent: Operand = 1.0) -> Expr:
    """x^n / (1 + x^n) of a ratio ``x``: 0 at 0, one half at 1."""
    xn = as_expr(x) if as_expr(exponent) is ONE else positive_power(x, exponent)
    return div(xn, add(1.0, xn))


def at_least_zero(x: Operand) -> Expr:
    """The larger of ``x`` and 0."""
    return call("max", as_expr(x), 0.0)


def total(terms: Iterable[Operand]) -> Expr:
    """The sum of the terms, 0 if there is none."""
    return add(0.0, *terms)


def complement(x: Operand) -> Expr:
    """1 - x."""
    return sub(1.0, x)


def product(factors: Iterable[Operand]) -> Expr:
    """The product of the factors, 1 if there is none."""
    return mul(1.0, *factors)
