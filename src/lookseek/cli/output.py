"""What the commands print: lines, tables and JSON for each kind of result."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..render.agreement import explanation_lines, verdict_words
from ..render.as_json import results_to_dict
from ..results import Results, Routed
from ..types import AttributeValue
from .console import err, escape, out, print_line, printable

if TYPE_CHECKING:  # modules that are slow to import are imported by the command that needs them
    from ..evaluate.outcome import Evaluation
    from ..index.export import Exported
    from ..index.report import Summary
    from ..index.routing import RoutingSummary
    from ..search.attribute_tags import AttributeTag
    from ..search.tagging import Tag

__all__ = [
    "attributes_to_json",
    "print_evaluation",
    "print_exported",
    "print_keyed",
    "print_results",
    "print_routing",
    "print_summary",
    "results_to_json",
    "tags_to_json",
]


_NARROW = 6
"""Characters that a column of attributes needs: narrower ones are left out of a table, and stand in --json."""


def print_summary(summary: Summary, index: str, hidden_skips: int) -> None:
    """Print what an index job did: counts, skipped items, duplicates."""
    from ..index.address import place_of
    from ..index.place import DUPLICATES, SKIPPED

    place = place_of(index)
    if hidden_skips:
        err.print(f"... and {hidden_skips:,} more skipped, all listed in {place.report_address(SKIPPED)}")
    parts = [f"{getattr(summary, name):,} {name}" for name in ("added", "changed", "unchanged", "removed")]
    line = f"{place.address}: {summary.items:,} items ({', '.join(parts)}) in {summary.seconds:.1f} s"
    print_line(line + _rate(summary))
    for kind, count in summary.skipped.items():
        print_line(f"skipped, {kind}: {count:,}")
    for column, odd in summary.odd.items():
        shown = ", ".join(map(str, odd[:5])) + (", ..." if len(odd) > 5 else "")
        print_line(f"kept as text, unlike the rest of {column}: {len(odd):,} (line {shown})")
    for name, groups in (("the same bytes", summary.duplicates.same), ("near-identical", summary.duplicates.near)):
        if groups:
            copies = sum(len(group) - 1 for group in groups)
            example = ", ".join(groups[0][:3])
            print_line(f"duplicates, {name}: {copies:,} in {len(groups):,} groups, e.g. {example}")
    if summary.duplicates.same or summary.duplicates.near:
        print_line(f"all duplicates are listed in {place.report_address(DUPLICATES)}")
    if " + " in summary.runtime:
        line = f"vectors of {summary.runtime} stand in this index; one photo's differ by up to 0.012 in cosine"
        err.print(f"[yellow]note:[/] {line} (docs/decisions/encoder.md)", soft_wrap=True)
    for note in summary.notes:
        err.print(f"[yellow]note:[/] {escape(note)}", soft_wrap=True)
    if summary.interrupted:
        err.print("[yellow]interrupted:[/] nothing that was encoded is lost; the same command goes on from here")


def _rate(summary: Summary) -> str:
    if not summary.encoded:
        return ""
    if summary.encoded < summary.added + summary.changed:  # the others share a photo, or have other attributes alone
        return f", {summary.encoded:,} photos encoded"
    return f", {summary.encoded / summary.seconds:,.0f} photos/s"


def print_exported(exported: Exported, out: Path) -> None:
    """Print what an export of vectors wrote."""
    metadata, size = exported.metadata, sum(size for size, _ in exported.metadata.files.values())
    kind = "of length 1" if metadata.origin.unit else "as the model gave them, also for Euclidean distance"
    print_line(f"{out}: {metadata.items:,} items, {len(metadata.files) + 1} files, {size:,} bytes")
    print_line(f"features: float32, {metadata.items:,} x {metadata.origin.dim:,}, of {metadata.origin.model}, {kind}")
    if metadata.label:
        first = ", ".join(f"{number} = {name}" for number, name in enumerate(exported.classes[:3]))
        more = f" and {metadata.classes - 3:,} more" if metadata.classes > 3 else ""
        missing = f"; {exported.unlabelled:,} items have none: -1" if exported.unlabelled else ""
        print_line(f"labels: {metadata.label}, {first}{more}{missing}")
    else:
        remedy = f"--label takes one of {', '.join(exported.fields)}" if exported.fields else "nor any other attribute"
        print_line(f"labels: none written, since no item has a category; {remedy}")


def print_keyed(done: RoutingSummary, index: str) -> None:
    """Print the keys of a routed index, and the share that soft and hard routing keep and visit."""
    info, choice = done.info, done.choice
    sizes = sorted(info.sizes.items(), key=lambda entry: (-entry[1], entry[0]))
    by, items = f" by {info.by}" if info.by else "", sum(info.sizes.values())
    largest = ", ".join(f"{key} {size:,}" for key, size in sizes[:8]) + (", ..." if len(sizes) > 8 else "")
    print_line(f"{index}: {items:,} items keyed by {done.kind}{by} ({info.preset}) in {done.seconds:.1f} s")
    print_line(f"{len(sizes):,} keys: {largest}")
    for mode, kept, visited in (
        ("soft", choice.kept, choice.visited),
        ("hard", choice.hard_kept, choice.hard_visited),
    ):
        print_line(f"{mode}: keeps {kept:.1%} of the exact top-10, visits {visited:.1%} of the items")
    print_line(
        f"measured on {choice.queries:,} items that it did not learn from; router {done.milliseconds:.2f} ms a query"
    )
    if done.kind == "svm" and info.preset == "baseline":
        err.print("[yellow]note:[/] --preset linear takes next to nothing a query (docs/benchmarks/routing.md)")
    if info.mass >= 1:
        err.print(
            f"[yellow]note:[/] {choice.queries:,} queries can't show that 99 % are kept: soft searches all items",
            soft_wrap=True,
        )


def print_routing(routed: Routed, limit: int = 5) -> None:
    """Print the keys that a routed search visited, at most ``limit`` by name, and the number of items they hold."""
    hidden = len(routed.keys) - limit
    keys = ", ".join(routed.keys[:limit]) + (f" and {hidden} more" if hidden > 0 else "")
    err.print(f"searched {escape(keys)}: {routed.visited:,} of {routed.items:,} items", soft_wrap=True)


def print_results(results: Results, truth: tuple[str, Any] | None) -> None:
    """Print the table of a search; with a truth, a tick or a cross beside each rank; below an empty one, hints."""
    from ..render.strip import agrees

    names = distinguishing_attributes(results)
    more = ["more photos"] if any(hit.photos for hit in results.hits) else []
    verdicts = ["differs"] if results.query.copied is not None else []
    rows = [["rank", "score", "id", *verdicts, *more, *names]]
    for hit in results.hits:
        mark = "" if truth is None else (" ✓" if agrees(hit.attributes, truth) else " ✗")
        photos = [str(len(hit.photos) or "") for _ in more]
        values = [_text(hit.attributes.get(name, "")) for name in names]
        differing = [verdict_words(hit) for _ in verdicts]
        rows.append([f"{hit.rank}{mark}", f"{hit.score:.3f}", hit.id, *differing, *photos, *values])
    for number, line in enumerate(_aligned(rows, fixed=3 + len(verdicts) + len(more))):
        out.print(escape(line), style="bold" if number == 0 else "", highlight=False, soft_wrap=True)
    for hit in results.hits:
        if hit.contributions is not None:
            for line in explanation_lines(hit):
                out.print(line, markup=False, highlight=False, soft_wrap=True)
    if not results.hits:
        routed = " among those searched" if results.routed is not None else ""
        out.print(f"no item{routed} meets the filter" if results.query.filter else "the index is empty")
    if results.uncompared:
        err.print(
            f"[yellow]note:[/] {results.uncompared} of the nearest photos can't be read any more: they were not "
            "compared by region; lookseek index --prune removes what left its source",
            soft_wrap=True,
        )
    for hint in results.hints:
        out.print(hint, markup=False, soft_wrap=True)
    err.print(f"{results.took_ms:.0f} ms")


def _aligned(rows: Sequence[Sequence[str]], fixed: int) -> list[str]:
    """Return the lines of a table, each as long as the terminal is wide, or as its first columns need.

    Args:
        rows: cells, all of one number.
        fixed: columns that are never cut, since an id is copied; later ones take the room that is left, and are left
            out where it is too narrow.
    """
    from rich.cells import cell_len, set_cell_size

    widths: list[int] = []
    for number, column in enumerate(zip(*rows, strict=True)):
        width, room = max(map(cell_len, column)), out.width - sum(widths) - 2 * len(widths)
        if number >= fixed and room < min(width, _NARROW):
            break
        widths.append(width if number < fixed else min(width, room))
    lines = []
    for row in rows:
        cells = [
            set_cell_size(cell, width) if cell_len(cell) <= width else f"{set_cell_size(cell, width - 1)}…"
            for cell, width in zip(row, widths, strict=False)
        ]
        lines.append("  ".join(cells).rstrip())
    return lines


def distinguishing_attributes(results: Results, limit: int = 5) -> list[str]:
    """Return the names of at most ``limit`` attributes that are short and differ from the id: a table's columns."""
    names = dict.fromkeys(name for hit in results.hits for name in hit.attributes)
    short = [
        name
        for name in names
        if all(
            len(_text(h.attributes.get(name, ""))) <= 24 and str(h.attributes.get(name)) != h.id for h in results.hits
        )
    ]
    return short[:limit]


def _text(value: AttributeValue) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def print_evaluation(evaluation: Evaluation) -> None:
    """Print a measured benchmark: protocol and gallery first, then its figures."""
    from . import tables

    result = evaluation.result
    for line in tables.protocol_lines(result):
        print_line(line)
    for note in evaluation.loaded.notes:
        err.print(printable(f"note: {note}"), markup=False, soft_wrap=True)
    out.print()
    out.print(tables.headline_table(result))
    parts = tables.parts_table(result)
    if parts is not None:
        out.print()
        out.print(parts)
    if result.missing:
        examples = ", ".join(result.missing[:3])
        err.print(
            f"[red]not comparable:[/] {len(result.missing):,} photos that the benchmark names are missing, "
            f"e.g. {escape(examples)}",
            soft_wrap=True,
        )


def results_to_json(results: Results) -> str:
    """Return the output of ``search --json``; paths become text."""
    return json.dumps(results_to_dict(results), ensure_ascii=False, default=str)


def tags_to_json(tags: Sequence[Tag], image: Path, model: str) -> str:
    """Return the output of ``tag --json``."""
    classes = [asdict(tag) for tag in tags]
    return json.dumps({"image": str(image), "model": model, "classes": classes}, ensure_ascii=False)


def attributes_to_json(tags: Sequence[AttributeTag], image: Path, model: str) -> str:
    """Return the output of ``tag --words --json``."""
    found = [asdict(tag) for tag in tags]
    return json.dumps({"image": str(image), "model": model, "attributes": found}, ensure_ascii=False)
