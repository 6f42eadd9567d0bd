"""The house style of figures: one column wide, readable on a phone, safe for the color-blind, the same bytes always.

Colors of arms are those of Okabe and Ito (Color Universal Design, 2008): told apart by all common kinds of vision.
"""

from __future__ import annotations

import warnings
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH_IN = 4.8  # a phone shows this width with letters of 9 pixels or more, a desk screen two beside each other
INK, MUTED, RULE = "#1b1f24", "#6e7781", "#b4bac1"
ARMS = ("#0072b2", "#d55e00", "#009e73", "#a8588a", "#8a6d00", "#4b9bc9")
RESPONSES = {"CR": "#00447c", "PR": "#5ba3d0", "SD": "#a3a9b0", "PD": "#d55e00", "NE": "#d9c98a"}

_STYLE: Any = {
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlecolor": INK,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "lines.linewidth": 1.6,
    "lines.solid_capstyle": "butt",
    "axes.facecolor": "none",
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.fonttype": "none",
    "svg.hashsalt": "her2sim",
    "axes.unicode_minus": True,
    "text.parse_math": False,  # names of trials and arms are text, dollar signs included
}


@contextmanager
def any_script() -> Generator[None]:
    """Take letters that the font lacks without a warning: boxes in PNG files, the reader's own fonts in SVG files."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


@contextmanager
def house_style() -> Generator[None]:
    """Draw in the house style, whatever the user's own matplotlib settings are."""
    from matplotlib import rc_context, rcdefaults

    with rc_context(), any_script():
        rcdefaults()
        with rc_context(_STYLE):
            yield


def new_figure(height_in: float, width_in: float = WIDTH_IN) -> Figure:
    """An empty figure that belongs to no window and no global state; sizes in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width_in, height_in))


def quiet_axis(axes: Axes) -> None:
    """Take away everything but what is drawn."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def decade_ticks(axes: Axes) -> None:
    """Ticks of a logarithmic y axis at powers of ten, as plain numbers; not at every one where they are many."""
    low, high = axes.get_ylim()
    powers = [n for n in range(-15, 16) if low <= 10.0**n <= high]
    powers = powers[:: 1 + len(powers) // 5]
    axes.set_yticks([10.0**n for n in powers], [_power_words(n) for n in powers])
    axes.minorticks_off()


def _power_words(n: int) -> str:
    if n >= 6:
        return f"1e{n}"
    return f"{10**n:,}" if n >= 0 else f"{10.0**n:g}"


def arm_color(number: int) -> str:
    """The color of arm ``number``, counted from 0."""
    return ARMS[number % len(ARMS)]


def shortened(text: str, letters: int) -> str:
    """The text, or its beginning with an ellipsis where it is longer than ``letters``.

    >>> shortened("trastuzumab deruxtecan", 12)
    'trastuzumab…'
    """
    return text if len(text) <= letters else text[: letters - 1].rstrip() + "…"
