"""Makes src/lookseek/render/fonts: the letters of DejaVu Sans that Latin languages need, Vietnamese among them.

    python scripts/make_font.py

The font and the subsetter come with lookseek[evaluate]: matplotlib, fonttools.
Pillow's own font has no Vietnamese letters, and a machine without a desktop often has no font at all.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import matplotlib
from fontTools import subset

FOLDER = Path(__file__).parents[1] / "src" / "lookseek" / "render" / "fonts"

LETTERS = [
    *range(0x20, 0x7F),
    *range(0xA0, 0x180),  # Latin-1 and Latin Extended-A
    *(0x1A0, 0x1A1, 0x1AF, 0x1B0),  # ơ and ư
    *range(0x1EA0, 0x1EFA),  # Vietnamese letters with two marks
    *(0x2013, 0x2014, 0x2018, 0x2019, 0x201C, 0x201D, 0x2026, 0x2212, 0x20AB),
]


def main() -> None:
    """Write the font and its licence."""
    source = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    options = subset.Options(hinting=False, layout_features=[], glyph_names=False, recalc_timestamp=False)
    options.drop_tables += ["FFTM"]  # dates of FontForge
    font = subset.load_font(str(source / "DejaVuSans.ttf"), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=LETTERS)
    subsetter.subset(font)
    FOLDER.mkdir(exist_ok=True)
    font.save(FOLDER / "DejaVuSans-Latin.ttf")
    shutil.copyfile(source / "LICENSE_DEJAVU", FOLDER / "LICENSE")


if __name__ == "__main__":
    main()
