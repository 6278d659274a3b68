"""Themes of charts: colours for light and dark pages, sizes for wide and narrow ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

__all__ = ["DARK", "LIGHT", "Theme", "narrow_theme", "text_colour"]


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of a light or dark page, equal to those in ``page.html``, and the width of a chart.

    Args:
        suffix: of the file's name.
        media: the media query of pages that it is for, as ``page.html`` asks; "" for all others.
        paper, ink, faint, grid: behind all, letters, less important letters, fine lines.
        grey: of lines without a name.
        accent: of the only line, and of a heat map where it is full.
        bar: of bars; whiskers of ``ink`` are seen on it.
        lines: of lines in order; after them the same again, dashed.
        narrow: for a phone's width.

    Source: M. Okabe and K. Ito, "Color Universal Design", 2008, for the hues of ``lines``: blue, vermilion, green and
    purple, set so that each stands out from the paper 3 to 1 and the colour-blind can tell all apart.
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


LIGHT = Theme(
    suffix="",
    media="",
    paper="#ffffff",
    ink="#1d2433",
    faint="#5b6475",
    grid="#e3e7ee",
    grey="#b9c0cc",
    accent="#2a6ab0",
    bar="#5a93cf",
    lines=("#0072b2", "#d55e00", "#009e73", "#9c3d76"),
)
DARK = Theme(
    suffix="-dark",
    media="screen and (prefers-color-scheme: dark)",
    paper="#191d26",
    ink="#e8ebf1",
    faint="#a3acbb",
    grid="#2f3542",
    grey="#555e6e",
    accent="#6ea8e5",
    bar="#41719f",
    lines=("#5b8df0", "#fb8136", "#5cdca0", "#c988bb"),
)


def narrow_theme(theme: Theme) -> Theme:
    """Return the theme with a phone's width."""
    media = " and ".join(filter(None, (theme.media, "(max-width: 640px)")))
    return replace(theme, suffix=f"-narrow{theme.suffix}", media=media, narrow=True)


def text_colour(background: Sequence[float], theme: Theme) -> str:
    """Return the colour of letters on a background: ink or paper, whichever contrasts more.

    Args:
        background: red, green, blue, 0 to 1.
        theme: of the chart.

    Source: Web Content Accessibility Guidelines 2.2, "relative luminance" and "contrast ratio".
    """
    from matplotlib.colors import to_rgb

    def light(rgb: Sequence[float]) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb[:3]]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05

    def contrast(colour: str) -> float:
        high, low = sorted((light(background), light(to_rgb(colour))), reverse=True)
        return high / low

    return max(theme.ink, theme.paper, key=contrast)
