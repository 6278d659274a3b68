"""How charts are drawn and saved: letters, lines and sizes, in every look."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import QueryError
from .looks import DARK, LIGHT, Look, narrowed
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
    """A chart to be saved in all its looks.

    Args:
        name: of its files, without suffix.
        alt: what it shows, in words.
        height: for a look, pixels of the page.
        paint: draws it into an empty figure.
        width: pixels of the page, of a chart that no phone can show whole and that is moved sideways there; None: as
            wide as the page.
    """

    name: str
    alt: str
    height: Callable[[Look], int]
    paint: Callable[[Figure, Look], None]
    width: int | None = None

    @property
    def looks(self) -> tuple[Look, ...]:
        """The looks it is saved in, the most special first, as a browser takes the first that fits."""
        return (DARK, LIGHT) if self.width else (narrowed(DARK), narrowed(LIGHT), DARK, LIGHT)

    def size(self, look: Look) -> tuple[int, int]:
        """Width and height, pixels of the page."""
        return self.width or look.width, self.height(look)


def check_matplotlib() -> None:
    """Raise a QueryError if matplotlib can't be imported."""
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise QueryError(
            f"a report has charts, and matplotlib can't be imported ({error}): pip install 'lookseek[evaluate]'"
        ) from error


def save(chart: Chart, folder: Path) -> None:
    """Write a chart in all its looks, PNG."""
    import matplotlib.style
    from matplotlib.figure import Figure

    for look in chart.looks:
        inches = [(side + 0.01) / _INCH for side in chart.size(look)]  # matplotlib rounds down
        with matplotlib.style.context(["default", _settings(look)]):
            figure = Figure((inches[0], inches[1]), _INCH * SCALE, layout="constrained")
            chart.paint(figure, look)
            figure.savefig(folder / f"{chart.name}{look.suffix}.png", metadata={"Software": None})


def _settings(look: Look) -> dict[str, Any]:
    return {
        "xtick.color": look.grid,
        "ytick.color": look.grid,
        "xtick.labelcolor": look.faint,
        "ytick.labelcolor": look.faint,
        "font.family": _FONT,
        "font.size": points(look.letters),
        "text.color": look.ink,
        "text.parse_math": False,  # a name may hold two dollar signs
        "axes.labelcolor": look.faint,
        "axes.edgecolor": look.grid,
        "axes.facecolor": look.paper,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "figure.facecolor": look.paper,
        "savefig.facecolor": look.paper,
        "grid.color": look.grid,
        "grid.linewidth": 0.6,
        "legend.frameon": False,
        "lines.solid_capstyle": "round",
    }


def points(pixels: float) -> float:
    """Pixels of the page as matplotlib's points, for letters and lines."""
    return pixels * 72 / _INCH


def ceiling(highest: float) -> float:
    """Where an axis from 0 ends: 1 for shares, unless they are small; else a round number above.

    >>> ceiling(0.7), ceiling(0.17), ceiling(31)
    (1.0, 0.2, 40.0)
    """
    if not highest > 0 or 0.5 < highest <= 1:
        return 1.0
    power: float = 10.0 ** math.floor(math.log10(highest))
    return next(step * power for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if highest <= step * power)


def fitted(text: str, width: float, look: Look) -> str:
    """A name in letters that the charts' font has, others "?", cut to a width in pixels of the page."""
    line = "".join(c if c == " " or ord(c) in _letters() else "?" for c in one_line(text, 60))
    longest = len(line)
    while longest > 3 and breadth(one_line(line, longest), look) > width:
        longest -= 1
    return one_line(line, max(3, longest))


def breadth(text: str, look: Look) -> float:
    """How wide a text is, pixels of the page."""
    font = _font()
    font.set_size(points(look.letters), _INCH)
    font.set_text(text)
    wide: int = font.get_width_height()[0]
    return wide / 64  # FreeType counts in 64ths


@cache
def _letters() -> frozenset[int]:
    return frozenset(_font().get_charmap())


def _font() -> Any:
    from matplotlib import font_manager

    return font_manager.get_font(font_manager.findfont(_FONT))
