"""The head of a report: what was measured how, and what must be known before its figures are read."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from ..outcome import Evaluation
from ..result import Result, short_commit
from .markup import counted, section
from .words import escaped, seconds

__all__ = ["LISTED", "MISSING", "banner", "head", "notes", "title"]

LISTED = 50
"""Missing photos that the page names; a file beside it names all."""

MISSING = "missing.txt"
"""That file: an id a line."""

_CHECKSUM = 12
"""Characters of a checksum that are shown: enough to tell any two apart."""

_LONG = 300
"""Characters of a note or of what a model says of itself."""


def title(result: Result) -> str:
    """Return the page's title, escaped."""
    name = str(result.model.get("name", ""))
    return escaped(f"{result.benchmark}: {name} measured by lookseek" if name else f"{result.benchmark}: measured", 160)


def head(result: Result, written: date) -> str:
    """Return the head of the page: the benchmark's name, a sentence, and all that the figures depend on."""
    model = {name: value if isinstance(value, str) else f"{value:g}" for name, value in result.model.items()}
    name, checksum = model.pop("name", "not named"), model.pop("checksum", "")
    asked, shown = counted(result.queries, "query"), counted(result.gallery_size, "item")
    facts = [
        ("Benchmark", result.benchmark, ""),
        ("Protocol", result.protocol, ""),
        ("Split", result.split, ""),
        ("Gallery", shown, result.gallery_hash[:_CHECKSUM]),
        ("Queries", f"{result.queries:,}", ""),
        ("Model", name, checksum[:_CHECKSUM]),
        *((label.replace("_", " ").capitalize(), value, "") for label, value in model.items()),
        ("Date", written.isoformat(), ""),
        ("Seed", str(result.seed), ""),
        ("Commit", short_commit(result.commit), ""),
        ("Took", seconds(result.took_s), ""),
    ]
    listed = "".join(
        f"<div><dt>{escaped(label)}</dt><dd>{escaped(value, _LONG) or '—'}{_small(more)}</dd></div>"
        for label, value, more in facts
    )
    return (
        f'<p class="kicker">Retrieval report</p><h1>{escaped(result.benchmark)}</h1>'
        f'<p class="lede">How well <b>{escaped(name)}</b> finds what is looked for: <b>{asked}</b> to a gallery of '
        f"<b>{shown}</b>.</p>"
        f'<div class="facts-card"><dl class="facts">{listed}</dl></div>'
    )


def _small(text: str) -> str:
    return f"<small><code>{escaped(text)}</code></small>" if text else ""


def banner(result: Result, folder: Path) -> str:
    """Return the warning that figures with missing photos compare with no others; "" without missing photos.

    Writes the file of all missing ids where the page can't name them all.
    """
    count = len(result.missing)
    if not count:
        return ""
    more = ""
    if count > LISTED:
        lines = "\n".join(result.missing) + "\n"
        (folder / MISSING).write_text(lines, encoding="utf-8", errors="backslashreplace")
        more = f'<p>The first {LISTED} are listed here, <a href="{MISSING}">all {count:,} in {MISSING}</a>.</p>'
    listed = "".join(f"<li>{escaped(id)}</li>" for id in result.missing[:LISTED])
    verb = "is" if count == 1 else "are"
    return (
        f'<div class="banner" role="note"><h2>Not comparable: {counted(count, "photo")} {verb} missing</h2>'
        "<p>The benchmark names photos that could not be had or read. They were left out of the queries and the "
        "gallery, so these figures compare with no others, not even with an earlier run that lacked other photos.</p>"
        f"{more}<details><summary>Which photos</summary><ul>{listed}</ul></details></div>"
    )


def notes(evaluation: Evaluation) -> str:
    """Return the notes of the benchmark as HTML."""
    lines = "".join(f"<li>{escaped(note, _LONG)}</li>" for note in evaluation.loaded.notes[:LISTED])
    return section("notes", "Read this first", f'<ul class="notes">{lines}</ul>' if lines else "")
