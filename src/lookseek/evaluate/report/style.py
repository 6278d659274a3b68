"""How charts look: colours, letters and sizes, for light and dark pages, wide and narrow ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import QueryError
from .words import one_line

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "DARK",
    "LIGHT",
    "SCALE",
    "Chart",
    "Look",
    "breadth",
    "ceiling",
    "check_matplotlib",
    "fitted",
    "points",
    "readable",
    "save",
]

SCALE = 2
"""Pixels of a picture for each of the page: screens are that fine."""

_INCH = 100
"""Pixels of the page that we call an inch, so that all sizes are given in pixels of the page."""

_FONT = "DejaVu Sans"
"""Comes with matplotlib and has Vietnamese letters: a chart looks the same on every machine."""


@dataclass(frozen=True, slots=True)
class Look:
    """The colours of one scheme, as ``page.html`` has them, and how wide a chart is.

    Args:
        suffix: of the file's name.
        media: the media query of pages that it is for, as ``page.html`` asks; "" for all others.
        paper, ink, faint, grid: behind all, letters, less important letters, fine lines.
        grey: of lines without a name.
        accent: of the only line, and of a heat map where it is full.
        bar: of bars; whiskers of ``ink`` are seen on it.
        lines: of lines in order; after them the same again, dashed.
        narrow: for a phone's width.

    Source: M. Okabe and K. Ito, "Color Universal Design", 2008: ``lines``, which the colour-blind can tell apart,
    without its yellow and black, darkened or lightened until each stands out from the paper 3 to 1.
    """

    suffix: str
    media: str
    paper: str
    ink: str
    faint: str
    grid: str
    grey: str
    accent: str
    bar: str
    lines: tuple[str, ...]
    narrow: bool = False

    @property
    def width(self) -> int:
        """Of a chart, pixels of the page."""
        return 340 if self.narrow else 1060

    @property
    def letters(self) -> int:
        """Size of letters, pixels of the page."""
        return 11 if self.narrow else 13


LIGHT = Look(
    suffix="",
    media="",
    paper="#ffffff",
    ink="#1d2433",
    faint="#5b6475",
    grid="#e3e7ee",
    grey="#b9c0cc",
    accent="#2a6ab0",
    bar="#5a93cf",
    lines=("#0072b2", "#d55e00", "#00845f", "#b2508c", "#a87400", "#3388bb"),
)
DARK = Look(
    suffix="-dark",
    media="screen and (prefers-color-scheme: dark)",
    paper="#191d26",
    ink="#e8ebf1",
    faint="#a3acbb",
    grid="#2f3542",
    grey="#555e6e",
    accent="#6ea8e5",
    bar="#41719f",
    lines=("#58a6dd", "#f08a4b", "#3cc79c", "#dd8fbd", "#e6b042", "#9fd3f2"),
)


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
        return (DARK, LIGHT) if self.width else (_narrow(DARK), _narrow(LIGHT), DARK, LIGHT)

    def size(self, look: Look) -> tuple[int, int]:
        """Width and height, pixels of the page."""
        return self.width or look.width, self.height(look)


def _narrow(look: Look) -> Look:
    media = " and ".join(filter(None, (look.media, "(max-width: 640px)")))
    return replace(look, suffix=f"-narrow{look.suffix}", media=media, narrow=True)


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
        width, height = chart.size(look)
        with matplotlib.style.context(["default", _settings(look)]):
            figure = Figure((width / _INCH, height / _INCH), _INCH * SCALE, layout="constrained")
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


def readable(background: Sequence[float], look: Look) -> str:
    """The colour of letters on a background, red, green, blue from 0 to 1: ink or paper, whichever contrasts more.

    Source: Web Content Accessibility Guidelines 2.2, "relative luminance" and "contrast ratio".
    """
    from matplotlib.colors import to_rgb

    def light(rgb: Sequence[float]) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb[:3]]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05

    def contrast(colour: str) -> float:
        high, low = sorted((light(background), light(to_rgb(colour))), reverse=True)
        return high / low

    return max(look.ink, look.paper, key=contrast)


def ceiling(highest: float) -> float:
    """Where an axis from 0 ends: 1 for shares, unless they are small; else a round number above.

    >>> ceiling(0.7), ceiling(0.13), ceiling(31)
    (1.0, 0.15, 40.0)
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
