"""How charts are drawn and saved: letters, lines and sizes, in every theme."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import QueryError
from .themes import DARK, LIGHT, Theme, narrow_theme
from .words import one_line

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "SCALE",
    "Chart",
    "breadth",
    "ceiling",
    "check_matplotlib",
    "fitted",
    "points",
    "save",
]

SCALE = 2
"""Pixels of a picture for each of the page: screens are that fine."""

_INCH = 100
"""Pixels of the page that we call an inch, so that all sizes are given in pixels of the page."""

_FONT = "DejaVu Sans"
"""Comes with matplotlib and has Vietnamese letters: a chart looks the same on every machine."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart to be saved in all its themes.

    Args:
        name: of its files, without suffix.
        alt: what it shows, in words.
        height: for a theme, pixels of the page.
        paint: draws it into an empty figure.
        width: pixels of the page, of a chart that no phone can show whole and that is moved sideways there; None: as
            wide as the page.
    """

    name: str
    alt: str
    height: Callable[[Theme], int]
    paint: Callable[[Figure, Theme], None]
    width: int | None = None

    @property
    def themes(self) -> tuple[Theme, ...]:
        """The themes that it is saved in, the most specific first: a browser takes the first that fits."""
        return (DARK, LIGHT) if self.width else (narrow_theme(DARK), narrow_theme(LIGHT), DARK, LIGHT)

    def size(self, theme: Theme) -> tuple[int, int]:
        """Width and height, pixels of the page."""
        return self.width or theme.width, self.height(theme)


def check_matplotlib() -> None:
    """Raise a QueryError if matplotlib can't be imported."""
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise QueryError(
            f"a report has charts, and matplotlib can't be imported ({error}): pip install 'lookseek[evaluate]'"
        ) from error


def save(chart: Chart, folder: Path) -> None:
    """Write a chart as a PNG file for each of its themes."""
    import matplotlib.style
    from matplotlib.figure import Figure

    for theme in chart.themes:
        inches = [(side + 0.01) / _INCH for side in chart.size(theme)]  # matplotlib rounds down
        with matplotlib.style.context(["default", _settings(theme)]):
            figure = Figure((inches[0], inches[1]), _INCH * SCALE, layout="constrained")
            chart.paint(figure, theme)
            figure.savefig(folder / f"{chart.name}{theme.suffix}.png", metadata={"Software": None})


def _settings(theme: Theme) -> dict[str, Any]:
    return {
        "xtick.color": theme.grid,
        "ytick.color": theme.grid,
        "xtick.labelcolor": theme.faint,
        "ytick.labelcolor": theme.faint,
        "font.family": _FONT,
        "font.size": points(theme.letters),
        "text.color": theme.ink,
        "text.parse_math": False,  # a name may hold two dollar signs
        "axes.labelcolor": theme.faint,
        "axes.edgecolor": theme.grid,
        "axes.facecolor": theme.paper,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "figure.facecolor": theme.paper,
        "savefig.facecolor": theme.paper,
        "grid.color": theme.grid,
        "grid.linewidth": 0.6,
        "legend.frameon": False,
        "lines.solid_capstyle": "round",
    }


def points(pixels: float) -> float:
    """Pixels of the page as matplotlib's points, for letters and lines."""
    return pixels * 72 / _INCH


def ceiling(highest: float) -> float:
    """Return where an axis from 0 ends: 1 for shares, unless they are small; else a round number above.

    >>> ceiling(0.7), ceiling(0.17), ceiling(31)
    (1.0, 0.2, 40.0)
    """
    if not highest > 0 or 0.5 < highest <= 1:
        return 1.0
    power: float = 10.0 ** math.floor(math.log10(highest))
    return next(step * power for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if highest <= step * power)


def fitted(text: str, width: float, theme: Theme) -> str:
    """Return a name in letters that the charts' font has, others "?", cut to a width in pixels of the page."""
    line = "".join(c if c == " " or ord(c) in _letters() else "?" for c in one_line(text, 60))
    longest = len(line)
    while longest > 3 and breadth(one_line(line, longest), theme) > width:
        longest -= 1
    return one_line(line, max(3, longest))


def breadth(text: str, theme: Theme) -> float:
    """Return the width of a text in pixels of the page."""
    font = _font()
    font.set_size(points(theme.letters), _INCH)
    font.set_text(text)
    wide: int = font.get_width_height()[0]
    return wide / 64  # FreeType counts in 64ths


@cache
def _letters() -> frozenset[int]:
    return frozenset(_font().get_charmap())


def _font() -> Any:
    from matplotlib import font_manager

    return font_manager.get_font(font_manager.findfont(_FONT))
