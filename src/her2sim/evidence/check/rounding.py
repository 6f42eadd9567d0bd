"""How much a printed number may be off by its rounding alone."""

from __future__ import annotations

TOLERANCE = 1e-9


def half_digit(number: float, most_digits: int = 3) -> float:
    """Half of the last printed digit.

    A number that ends in zeros has lost them (0.6 may have been 0.60), so the answer can be too wide, never too small.

    >>> half_digit(0.72), half_digit(10.5), half_digit(41.0)
    (0.005, 0.05, 0.5)
    """
    for digits in range(most_digits):
        if abs(round(number, digits) - number) < TOLERANCE:
            return 0.5 * 10.0**-digits
    return 0.5 * 10.0**-most_digits
