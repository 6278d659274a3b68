"""Takes the pictures of the page that README.md and README.vi.md show: drawn garments, in a real Chromium.

    python -m scripts.screenshots

Run it from the checkout: the service, the browser and the index are those of the tests. Needs Chromium (apt-get install
chromium).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from lookseek import images
from lookseek.catalogue import open_catalogue
from lookseek.catalogue.drawn import write_catalogue
from lookseek.index.job import build_index
from tests.helpers.catalogues import Heard
from tests.helpers.chromium import Tab, chromium, find
from tests.helpers.serving import serving

ROOT = Path(__file__).parents[1]

SHOWN = (
    # name, language, width, height, dark, address
    ("page-en", "en", 1280, 860, False, "/?text=red+dress&lang=en"),
    ("page-change-en", "en", 1280, 860, True, "/?photo=i:{item}&text=in+blue&lang=en"),
    ("page-vi", "vi", 1280, 860, False, "/?photo=i:{item}&text=m%C3%A0u+xanh&lang=vi"),
    ("page-phone-vi", "vi", 390, 800, False, "/?text=%C4%91%E1%BA%A7m+%C4%91%E1%BB%8F&lang=vi"),
    ("page-phone-en", "en", 390, 800, True, "/?text=red+dress&lang=en"),
)

CHANGED = "dress-0063-1"
"""A brown plain dress: the drawn catalogue has blue ones too. README.md shows what happens where nothing fits."""


def shoot(tab: Tab, address: str, item: str) -> None:
    """One picture after the other."""
    for name, language, width, height, dark, place in SHOWN:
        tab.screen(width, height, dark=dark, still=True)
        tab.speak(language)
        tab.visit(address + place.format(item=item))
        tab.until("[...document.images].slice(0, 8).every((one) => one.complete)")
        pixels = images.decode(tab.picture(whole=False))
        target = ROOT / "docs" / "images" / f"{name}.jpg"
        target.write_bytes(images.to_jpeg(pixels, 82))
        print(f"wrote {target} ({target.stat().st_size // 1024} KB)")


def main() -> None:
    """Draw, index, serve, visit."""
    program = find()
    if program is None:
        sys.exit("there is no Chromium: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        write_catalogue(top / "drawn", items=80, views=3)
        build_index(open_catalogue(str(top / "drawn" / "items.csv")), top / "shop", progress=Heard())
        with serving(top / "shop") as service, chromium(program, top / "profile") as tab:
            shoot(tab, service.url, CHANGED)


if __name__ == "__main__":
    main()
