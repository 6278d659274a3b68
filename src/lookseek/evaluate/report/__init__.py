"""An evaluation as one page: static HTML and pictures, no network, no scripts.

``headline`` says what comes first. Charts: curves, parts, confusion, strengths, drawn in one ``style`` and four
``themes``. Queries with their answers: answers, strips. HTML: heading, tables, sections, shown, of the pieces in
``markup``, put into ``page.html``.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from string import Template

from ..outcome import Evaluation
from .heading import banner, head, notes, title
from .markup import section
from .sections import confusion_section, curve_section, parts_section, strengths_section
from .shown import queries_sections
from .style import check_matplotlib
from .tables import cards, meanings, table

__all__ = ["write_report"]

PAGE = "index.html"

_TEMPLATE = Path(__file__).with_name("page.html")


def write_report(evaluation: Evaluation, folder: Path) -> Path:
    """Write an evaluation as a page with pictures.

    Photos are drawn anew, never copied, so nothing that a file holds beside its picture gets into the report.

    Args:
        evaluation: what was measured.
        folder: made if it is not there; files of the same names are replaced.

    Returns:
        The page, ``index.html``.

    Raises:
        QueryError: matplotlib, which draws the charts, is not installed.
        OSError: a folder that can't be written.
    """
    check_matplotlib()
    folder.mkdir(parents=True, exist_ok=True)
    result = evaluation.result
    sections = {
        "main": section("main", "The main figures", cards(result)),
        "all": section("all", "All figures", table(result, folder) + meanings(result) if result.metrics else ""),
        "curve": curve_section(evaluation, folder),
        "parts": parts_section(evaluation, folder),
        "confusion": confusion_section(evaluation, folder),
        "strengths": strengths_section(evaluation, folder),
    }
    sections["best"], sections["worst"] = queries_sections(evaluation, folder)
    there = {anchor: body for anchor, body in sections.items() if body}
    links = "".join(f'<li><a href="#{anchor}">{_LINKS[anchor]}</a></li>' for anchor in there)
    nav = f'<nav aria-label="On this page"><ul>{links}</ul></nav>' if links else ""
    body = (
        f"<header>{head(result, datetime.now(UTC).date())}{nav}</header>"
        f"<main>{banner(result, folder)}{notes(evaluation)}{''.join(there.values())}</main>"
        "<footer>Written by lookseek. Figures compare only where benchmark, protocol, split and gallery are the same."
        "</footer>"
    )
    page = folder / PAGE
    html = Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(title=title(result), body=body)
    page.write_text(html, encoding="utf-8")
    return page


_LINKS = {
    "main": "Main figures",
    "all": "All figures",
    "curve": "Recall curve",
    "parts": "Parts",
    "confusion": "Confusion",
    "strengths": "Changed photos",
    "best": "Best queries",
    "worst": "Worst queries",
}
