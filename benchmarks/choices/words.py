"""Measures the joint space that ships: words to photos, photos with a change, photo to photo beside the plain features.

    python -m benchmarks.choices.words [--model lookseek-base] [--data FOLDER] [--keep FOLDER] [--split test]
                                       [--write]

--data (default: LOOKSEEK_DATA) holds clothing/, myntra/ and fashioniq/. A result file a row goes to --keep
(results/words), where ``lookseek compare`` reads them; those of the same model that are there are not measured again.
--write puts the tables into docs/benchmarks/words.md and into the model's card. Run it from a commit without changes.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.paths import DATA, PAGES, ROOT
from benchmarks.progress import Stages
from lookseek.atomic import write_text
from lookseek.encode import load_model
from lookseek.evaluate.details import details_path, write_details
from lookseek.evaluate.registry import BENCHMARKS
from lookseek.evaluate.result import Result, read_result, short_commit
from lookseek.evaluate.run import evaluate
from lookseek.evaluate.system import System, open_system
from lookseek.evaluate.task import Options

PAGE = PAGES / "words.md"
PLAIN = "efficientnet-lite2"
MARK = "\n## Figures on test\n"
WAYS = (None, "sum", "photo", "text")


@dataclass(frozen=True)
class Row:
    """One benchmark, asked of the joint space in some ways, and of the plain features where those can answer."""

    benchmark: str
    place: str
    metrics: tuple[str, ...]
    ways: tuple[str | None, ...] = (None,)
    plain: bool = False
    colour: bool = False
    parts: str = ""
    """Metric whose figures of parts make a second table."""


ROWS = (
    Row("myntra-text", "myntra", ("recall@1", "recall@10", "recall@50")),
    Row("myntra-attributes", "myntra", ("precision@10", "precision@10/vi", "precision@10/vi-plain")),
    Row("myntra-words", "myntra", ("precision@10", "precision@10/vi", "precision@10/vi-plain"), parts="precision@10"),
    Row(
        "myntra-composed",
        "myntra",
        ("recall@10", "recall@50", "any@10", "any@50", "any@10/vi", "any@10/vi-plain"),
        WAYS,
    ),
    Row("drawn-composed", "drawn", ("recall@1", "recall@10", "any@10", "recall@1/subset"), WAYS, parts="recall@10"),
    Row("clothing", "clothing", ("map@10", "map@100", "accuracy"), plain=True, colour=True),
    Row("clothing-judged", "clothing", ("ndcg@10",), plain=True, colour=True),
    Row("myntra-class", "myntra", ("map@10",), plain=True, colour=True),
    Row("drawn-instance", "drawn", ("recall@1",), plain=True, colour=True),
)


def systems(row: Row, model: str) -> Iterator[tuple[str, str, str | None, float]]:
    """Name, model, composer and colour weight of what is measured."""
    for way in row.ways:
        named = {None: "its own composer", "photo": "the photo alone", "text": "the words alone"}.get(way, way)
        yield (f"joint space, {named}" if len(row.ways) > 1 else "joint space"), model, way, 0.0
    if row.colour:
        yield "joint space, colour .1", model, None, 0.1
    if row.plain:
        yield "plain features", PLAIN, None, 0.0
        yield "plain features, colour .1", PLAIN, None, 0.1


def measured(row: Row, model: str, split: str, data: Path, keep: Path) -> Iterator[tuple[str, Result]]:
    """Each system's result, from its file where it is there."""
    benchmark = BENCHMARKS[row.benchmark]
    place = Path(row.place) if row.place == "drawn" else data / row.place
    for name, which, way, colour in systems(row, model):
        opened = open_system(which, "cosine", colour, way)
        path = keep / f"{row.benchmark}-{split}" / f"{name.replace(',', '').replace(' ', '-')}.json"
        if path.is_file() and made_by(read_result(path), opened, which):
            yield name, read_result(path)
            continue
        began = time.perf_counter()
        evaluation = evaluate(benchmark, Options(place, split, benchmark.protocols[0]), opened, Stages())
        print(f"{row.benchmark} {split}, {name}: {time.perf_counter() - began:.0f} s", flush=True)
        write_text(path, evaluation.result.to_json())
        write_details(evaluation.outcomes, details_path(path))
        yield name, evaluation.result


def made_by(result: Result, system: System, model: str) -> bool:
    """Whether a kept result is this system's: one that read words also names what read and composed them."""
    kept = dict(result.model)
    read = kept.get("text")
    words = read is None or str(read).endswith(load_model(model, single=True).words[:12])
    return words and all(kept.get(key) == value for key, value in system.info.items())


def table(row: Row, found: list[tuple[str, Result]]) -> Iterator[str]:
    """One benchmark's table."""
    result = found[0][1]
    yield f"\n**{row.benchmark}**, protocol `{result.protocol}`, {result.split}: {result.queries:,} queries, gallery "
    yield f"{result.gallery_size:,} (`{result.gallery_hash[:12]}`). {BENCHMARKS[row.benchmark].about}.\n"
    yield f"| | {' | '.join(row.metrics)} |"
    yield f"|---|{'---|' * len(row.metrics)}"
    for name, one in found:
        figures = (one.metrics[metric] for metric in row.metrics)
        yield f"| {name} | {' | '.join(f'{f.value:.3f} [{f.low:.3f}, {f.high:.3f}]' for f in figures)} |"


def kinds(row: Row, found: list[tuple[str, Result]]) -> Iterator[str]:
    """One metric by what is asked: the kind of change, the language, or what of the words is new."""
    parts = [name for name in found[0][1].metrics if name.startswith(f"{row.parts}/") and name not in row.metrics]
    if row.parts and parts:
        yield f"\n| {row.parts} | {' | '.join(part.partition('/')[2] for part in parts)} |"
        yield f"|---|{'---|' * len(parts)}"
        for name, one in found:
            yield f"| {name} | {' | '.join(f'{one.metrics[part].value:.3f}' for part in parts)} |"


def into_card(model: str, lines: list[str], head: str) -> None:
    """The tables at the end of the model's card, and its new checksum."""
    folder = load_model(model, single=True).folder
    card = folder / "README.md"
    text = (
        card.read_text(encoding="utf-8").partition(MARK)[0].rstrip() + f"\n{MARK}\n{head}\n" + "\n".join(lines) + "\n"
    )
    write_text(card, text)
    sums = folder / "SHA256SUMS"
    listed = sums.read_text(encoding="utf-8").splitlines(keepends=True)
    digest = hashlib.sha256(card.read_bytes()).hexdigest()
    write_text(sums, "".join(f"{digest}  README.md\n" if line.endswith("  README.md\n") else line for line in listed))


def main() -> None:
    """See the module's head."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="lookseek-base")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--keep", type=Path, default=ROOT / "results" / "words")
    parser.add_argument("--split", default="test")
    parser.add_argument("--only", action="append", help="a benchmark; may be given several times")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    lines: list[str] = []
    commits: set[str] = set()
    for row in ROWS:
        if options.only and row.benchmark not in options.only:
            continue
        found = list(measured(row, options.model, options.split, options.data, options.keep))
        commits |= {one.commit for _, one in found}
        lines += [*table(row, found), *kinds(row, found)]
    head = (
        f"Written by `python -m benchmarks.choices.words --write` on {datetime.now(UTC):%Y-%m-%d} from commit "
        f"{' and '.join(sorted(map(short_commit, commits)))}; 95 % bootstrap intervals over what asks (seed 0)."
    )
    print(head, *lines, sep="\n")
    if options.write:
        said = f"Model {options.model}. Nothing was chosen on {options.split}."
        write_text(PAGE, f"# Words and changes\n\n{head} {said}\n" + "\n".join(lines) + "\n")
        into_card(options.model, lines, head)


if __name__ == "__main__":
    main()
