"""The page as a person waits for it: from a photo that was chosen to the first picture of a result, in Chromium.

    python -m benchmarks.service.page [--data FOLDER] [--work FOLDER] [--photos N] [--write]

The index holds all photos of ``clothing``; each photo that is asked with is one of them, chosen in the page's file
field. The clock is the browser's: from the field's change until the first result's picture is drawn; 200 results are
asked for in words that were asked before, from a page that shows 24. Chromium, the service and the drawing, which is
done in software, share the cores. Needs Chromium (apt-get install chromium).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles

from benchmarks.paths import DATA, PAGES
from lookseek.catalogue import open_catalogue
from lookseek.index.job import build_index
from tests.helpers.catalogues import Heard
from tests.helpers.chromium import Tab, chromium, find
from tests.helpers.serving import serving

PAGE = PAGES / "page.md"
WORDS = ("red", "blue", "green", "black", "white", "dress", "shirt", "skirt", "hat", "shoes")

_WATCH = """(() => {
  window.chosen = window.drawn = 0;
  const field = document.querySelector("input[type=file]");
  field.addEventListener("change", () => { window.chosen = performance.now(); }, true);
  const look = () => {
    const picture = document.querySelector("#found .picture img");
    const there = window.chosen && location.search.includes("photo") && picture && picture.complete;
    if (there && picture.naturalWidth) window.drawn = performance.now(); else requestAnimationFrame(look);
  };
  look();
})()"""

_WEIGHT = """[performance.getEntriesByType("navigation")[0], ...performance.getEntriesByType("resource")]
  .filter((one) => !one.name.includes("/image") && !one.name.includes("/photos/"))
  .reduce((sum, one) => sum + one.decodedBodySize, 0)"""


_MANY = """((address) => {
  window.asked = performance.now();
  window.many = 0;
  history.pushState({}, "", "/");
  const look = () => {
    const pictures = document.querySelectorAll("#found .picture img");
    if (pictures.length == 200 && pictures[0].complete && pictures[0].naturalWidth) window.many = performance.now();
    else requestAnimationFrame(look);
  };
  htmx.ajax("GET", address, {target: "#page", select: "#page", swap: "outerHTML"});
  look();
})"""

_SHIFTS = """window.shifts = [];
new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map((one) => one.value)))
  .observe({type: "layout-shift", buffered: true});"""


def shown_many(tab: Tab, address: str, words: str) -> float:
    """Milliseconds from asking for 200 results to the first one's picture, with all of them in the page."""
    tab.visit(f"{address}/?text={words}")
    tab.ask(f"{_MANY}('/?text={words}&k=200')")
    tab.until("window.many > 0")
    return float(tab.ask("window.many - window.asked"))


def shifted(tab: Tab, address: str) -> float:
    """The cumulative layout shift while results come, with their pictures."""
    tab.visit(f"{address}/?text=red+dress&k=24")
    tab.ask(_SHIFTS)
    tab.until("[...document.images].slice(0, 8).every((one) => one.complete)")
    return float(
        tab.ask("new Promise((done) => setTimeout(() => done(window.shifts.reduce((a, b) => a + b, 0)), 500))")
    )


def waited(tab: Tab, address: str, photo: Path) -> float:
    """Milliseconds from the choice of a photo to the first result's picture."""
    tab.visit(address)
    tab.ask(_WATCH)
    tab.choose("input[type=file]", photo)
    tab.until("window.drawn > 0")
    return float(tab.ask("window.drawn - window.chosen"))


def main() -> None:
    """Measure and print; with --write, replace the page."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, default=DATA)
    options.add_argument("--work", type=Path, default=Path("/tmp/lookseek-bench"))
    options.add_argument("--photos", type=int, default=40)
    options.add_argument("--write", action="store_true")
    given = options.parse_args()
    program = find()
    if program is None:
        sys.exit("there is no Chromium: apt-get install chromium")
    index = given.work / "clothing"
    summary = build_index(open_catalogue(str(given.data / "clothing" / "items.csv")), index, progress=Heard())
    photos = sorted((given.data / "clothing" / "images").glob("*.jpg"))
    photos = photos[:: len(photos) // given.photos][: given.photos]
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(index) as service,
        chromium(program, Path(folder) / "profile") as tab,
    ):
        tab.screen(1400, 900)
        first, *taken = [waited(tab, service.url, photo) for photo in (photos[0], *photos)]
        tab.visit(f"{service.url}/?text=red+dress&k=24")
        weight = int(tab.ask(_WEIGHT))
        many = [shown_many(tab, service.url, words) for words in WORDS]
        shift = shifted(tab, service.url)
        widget = len(service.ask.get("/static/widget.js").content)
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    text = "\n".join(
        [
            "# The page",
            "",
            f"```\n{(__doc__ or '').strip()}\n```",
            "",
            "| what | |",
            "|---|---|",
            f"| first result, median of {len(taken)} photos | {median(taken):.0f} ms |",
            f"| 95 % of them | {quantiles(taken, n=20)[-1]:.0f} ms |",
            f"| the very first of all | {first:.0f} ms |",
            f"| 200 results, from the request to the first picture, median of {len(many)} | {median(many):.0f} ms |",
            f"| the slowest of them | {max(many):.0f} ms |",
            f"| layout shift while 24 results come (CLS) | {shift:.3f} |",
            f"| the widget | {widget:,} bytes |",
            f"| page, script, style and icons with 24 results, unpacked, without pictures | {weight:,} bytes |",
            "",
            f"{summary.items:,} items, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end, "
            f"{datetime.now(UTC):%Y-%m-%d}, commit {commit}.",
            "",
        ]
    )
    print(text)
    if given.write:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
