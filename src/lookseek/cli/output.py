"""What the verbs print: the lines and tables of each kind of answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..render.as_json import answer
from ..results import Results, Routed
from .console import err, out, plain, say
from .progress_bars import SHOWN

if TYPE_CHECKING:  # what costs time to import is imported by the verb that needs it
    from ..evaluate.outcome import Evaluation
    from ..index.export import Exported
    from ..index.report import Summary
    from ..index.routing import Keyed
    from ..search.tagging import Tag

__all__ = [
    "as_json",
    "print_evaluation",
    "print_exported",
    "print_keyed",
    "print_results",
    "print_summary",
    "say_routed",
    "tags_as_json",
]


def print_summary(summary: Summary, index: Path, left_out: int) -> None:
    """What an index job did: counts, what was skipped, duplicates."""
    if left_out > SHOWN:
        err.print(f"... and {left_out - SHOWN:,} more skipped, all listed in {index / 'skipped.csv'}")
    parts = [f"{getattr(summary, name):,} {name}" for name in ("added", "changed", "unchanged", "removed")]
    rate = f", {summary.encoded / summary.seconds:,.0f} photos/s" if summary.encoded else ""
    say(f"{index}: {summary.items:,} items ({', '.join(parts)}) in {summary.seconds:.1f} s{rate}")
    for kind, count in summary.skipped.items():
        say(f"skipped, {kind}: {count:,}")
    for name, groups in (("the same bytes", summary.duplicates.same), ("near-identical", summary.duplicates.near)):
        if groups:
            copies = sum(len(group) - 1 for group in groups)
            example = ", ".join(groups[0][:3])
            say(f"duplicates, {name}: {copies:,} in {len(groups):,} groups, e.g. {example}")
    if summary.duplicates.same or summary.duplicates.near:
        say(f"all duplicates are listed in {index / 'duplicates.csv'}")
    if " + " in summary.runtime:
        line = f"vectors of {summary.runtime} stand in this index; one photo's differ by up to 0.012 in cosine"
        err.print(f"[yellow]note:[/] {line} (docs/decisions/encoder.md)", soft_wrap=True)
    if summary.interrupted:
        err.print("[yellow]interrupted:[/] nothing that was encoded is lost; the same command goes on from here")


def print_exported(exported: Exported, out: Path) -> None:
    """What an export of vectors wrote."""
    about, size = exported.about, sum(size for size, _ in exported.about.files.values())
    kind = "of length 1" if about.made.unit else "as the model gave them, also for Euclidean distance"
    say(f"{out}: {about.items:,} items, {len(about.files) + 1} files, {size:,} bytes")
    say(f"features: float32, {about.items:,} x {about.made.dim:,}, of {about.made.model}, {kind}")
    if about.label:
        shown = ", ".join(f"{number} = {name}" for number, name in enumerate(exported.classes[:3]))
        more = f" and {about.classes - 3:,} more" if about.classes > 3 else ""
        missing = f"; {exported.unlabelled:,} items have none: -1" if exported.unlabelled else ""
        say(f"labels: {about.label}, {shown}{more}{missing}")
    else:
        known = f"--label takes one of {', '.join(exported.fields)}" if exported.fields else "nor any other attribute"
        say(f"labels: none written, since no item has a category; {known}")


def print_keyed(done: Keyed, index: Path) -> None:
    """What routing an index came to: keys, what soft and hard keep and visit."""
    note, choice = done.note, done.choice
    sizes = sorted(note.sizes.items(), key=lambda entry: (-entry[1], entry[0]))
    by = f" by {note.by}" if note.by else ""
    some = ", ".join(f"{key} {size:,}" for key, size in sizes[:8]) + (", ..." if len(sizes) > 8 else "")
    say(f"{index}: {sum(note.sizes.values()):,} items keyed by {done.kind}{by} ({note.preset}) in {done.seconds:.1f} s")
    say(f"{len(sizes):,} keys: {some}")
    for mode, kept, visited in (
        ("soft", choice.kept, choice.visited),
        ("hard", choice.hard_kept, choice.hard_visited),
    ):
        say(f"{mode}: keeps {kept:.1%} of the exact top-10, visits {visited:.1%} of the items")
    say(f"measured on {choice.questions:,} items that it did not learn from; router {done.milliseconds:.2f} ms a query")
    if done.kind == "svm" and note.preset == "baseline":
        err.print("[yellow]note:[/] --preset linear takes next to nothing a query (docs/benchmarks/routing.md)")
    if note.mass >= 1:
        err.print(
            f"[yellow]note:[/] {choice.questions:,} questions can't show that 99 % are kept: soft searches all items",
            soft_wrap=True,
        )


def say_routed(routed: Routed, most: int = 5) -> None:
    """Which keys a routed search went through, and how many items they hold."""
    keys = ", ".join(routed.keys[:most]) + (f" and {len(routed.keys) - most} more" if len(routed.keys) > most else "")
    err.print(f"searched {plain(keys)}: {routed.visited:,} of {routed.items:,} items", soft_wrap=True)


def print_results(results: Results, agreed: tuple[str, Any] | None) -> None:
    """The table of a search, marked where a truth was given."""
    from rich.table import Table

    from ..render.strip import agrees

    names = telling(results)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("rank", "score", "id", *names):
        table.add_column(name, overflow="fold" if name == "id" else "ellipsis", no_wrap=name != "id")
    for hit in results.hits:
        mark = "" if agreed is None else (" ✓" if agrees(hit.attributes, agreed) else " ✗")
        values = [str(hit.attributes.get(name, "")) for name in names]
        table.add_row(f"{hit.rank}{mark}", f"{hit.score:.3f}", plain(hit.id), *map(plain, values))
    out.print(table)
    if not results.hits:
        routed = " among those searched" if results.routed is not None else ""
        out.print(f"no item{routed} meets the filter" if results.query.filter else "the index is empty")
    err.print(f"{results.took_ms:.0f} ms")


def telling(results: Results, most: int = 5) -> list[str]:
    """The attributes that tell results apart in a table: short, and not the same as the id."""
    names = dict.fromkeys(name for hit in results.hits for name in hit.attributes)
    short = [
        name
        for name in names
        if all(len(str(h.attributes.get(name, ""))) <= 24 and str(h.attributes.get(name)) != h.id for h in results.hits)
    ]
    return short[:most]


def print_evaluation(evaluation: Evaluation) -> None:
    """A measured benchmark: protocol and gallery first, then its figures."""
    from . import tables

    result = evaluation.result
    for line in tables.said_of(result):
        say(line)
    for note in evaluation.loaded.notes:
        err.print(f"note: {note}", markup=False, soft_wrap=True)
    out.print()
    out.print(tables.headline(result))
    rest = tables.parts(result)
    if rest is not None:
        out.print()
        out.print(rest)
    if result.missing:
        some = ", ".join(result.missing[:3])
        err.print(
            f"[red]not comparable:[/] {len(result.missing):,} photos that the benchmark names are missing, "
            f"e.g. {plain(some)}",
            soft_wrap=True,
        )


def as_json(results: Results) -> str:
    """The answer of ``search --json``; paths become text."""
    return json.dumps(answer(results), ensure_ascii=False, default=str)


def tags_as_json(tags: Sequence[Tag], image: Path, model: str) -> str:
    """The answer of ``tag --json``."""
    classes = [asdict(each) for each in tags]
    return json.dumps({"image": str(image), "model": model, "classes": classes}, ensure_ascii=False)
