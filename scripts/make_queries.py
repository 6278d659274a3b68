"""Writes the frozen queries of the benchmarks on a folder laid out like ``myntra/``.

    python scripts/make_queries.py FOLDER [--only NAME ...] [--again]      # to FOLDER/queries/NAME.csv
    python scripts/make_queries.py FOLDER --packaged                       # those that come with lookseek

FOLDER holds catalogue.parquet and details.parquet; every split but train asks. ``lookseek evaluate NAME
FOLDER`` finds the lists there. A list that is there already stays, unless --again is given: queries are frozen so
that figures compare. Where there is a choice a checksum makes it, so a list comes out the same wherever it is made.
The benchmarks on a folder laid out like ``ccp/`` need no list: their queries are its masks.
"""

from __future__ import annotations

import argparse
import csv
import sys
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from random import Random

from lookseek.catalogue.details import read_details
from lookseek.catalogue.facts import OTHER, Facts, facts_of
from lookseek.catalogue.myntra import MyntraItem, read_catalogue, splits_of
from lookseek.catalogue.one_change import FIELDS, one_change, read_articles
from lookseek.evaluate.benchmarks import closeness, myntra_changes, myntra_fine, myntra_plus_minus
from lookseek.evaluate.benchmarks.frozen import QUERIES, packaged
from lookseek.train.words.asked_changes import ask_change
from lookseek.train.words.captions import LATE
from lookseek.train.words.lexicon import Language, Lexicon, read_lexicon, strip_diacritics

SHOWN = (
    "pattern", "sleeve", "sleeve style", "neckline", "length", "fit", "material", "style", "rise", "ankle height",
    "fastening", "toe", "heel", "heel height", "sock length", "display", "dial", "strap", "frame", "lens",
    "transparency", "distress", "fade", "padding", "bottom", "dupatta", myntra_fine.KIND,
)  # fmt: skip
"""Fields that a photo shows, at least to one who looks closely."""

SIGNED = ("pattern", "sleeve", "neckline", "length", "sleeve style", "fastening", "heel", "toe", "material", "rise")
"""Fields whose values are added and taken away."""

PARTS = ("sleeve", "sleeve style", "neckline", "fastening", "heel", "toe")
"""Fields that are parts: they are named as such, the others as they look."""

MOST = 60
"""Queries of one kind and split where there could be many more."""

ABSENT_TYPES = ("Watches", "Sunglasses", "Belts", "Socks", "Ties", "Sarees", "Umbrellas", "Caps")
"""Types that are taken out of the gallery of ``closeness``: none is nearly another that stays."""

NOTHING = (
    ("washing machine", "máy giặt"), ("acoustic guitar", "đàn ghi ta"), ("mountain bike", "xe đạp leo núi"),
    ("laptop computer", "máy tính xách tay"), ("pepperoni pizza", "bánh pizza"), ("car tyre", "lốp xe ô tô"),
    ("leather sofa", "ghế sô pha"), ("fridge", "tủ lạnh"), ("lawn mower", "máy cắt cỏ"),
    ("dog food", "thức ăn cho chó"), ("birthday cake", "bánh sinh nhật"), ("electric drill", "máy khoan điện"),
    ("coffee table", "bàn cà phê"), ("goldfish bowl", "bể cá vàng"), ("tomato seeds", "hạt giống cà chua"),
    ("bag of cement", "bao xi măng"), ("cordless phone", "điện thoại bàn"), ("office chair", "ghế văn phòng"),
    ("ceiling fan", "quạt trần"), ("frying pan", "chảo chiên"), ("teddy bear", "gấu bông"),
    ("wall clock", "đồng hồ treo tường"), ("mattress", "nệm cao su"), ("fishing rod", "cần câu cá"),
    ("violin", "đàn vi ô lông"), ("ice cream", "kem que"), ("garden hose", "ống nước tưới cây"),
    ("rice cooker", "nồi cơm"), ("motorbike helmet", "mũ bảo hiểm"), ("astronaut suit", "bộ đồ phi hành gia"),
    ("scuba diving suit", "đồ lặn biển"), ("horse saddle", "yên ngựa"), ("baby stroller", "xe đẩy em bé"),
    ("ice skates", "giày trượt băng"), ("xyzzy", "xyzzy"), ("qwertz uiop", "asdf ghjk"),
    ("lorem ipsum dolor", "abc xyz mnp"), ("income tax form", "tờ khai thuế"), ("steel bridge", "cầu thép"),
    ("mountain lake at dawn", "hồ trên núi lúc bình minh"),
)  # fmt: skip
"""What no clothes shop has, in both languages; other words than those that an index is measured with."""

Row = tuple[str, ...]


def phrase(noun: str, word: str, language: Language) -> str:
    """A noun with what is said of it: "striped shirt", "shirt with a hood", "áo sơ mi kẻ sọc"."""
    late = word.split()[0] in LATE
    return f"{noun} {word}" if language == "vi" or late else f"{word} {noun}"


def term(lexicon: Lexicon, field: str, value: str, language: Language) -> str:
    """How people name a value after a plus or a minus: "long sleeves", "hood", "floral"."""
    words = lexicon.words(field, value, language)
    named = [word.removeprefix("with ") for word in words if word.startswith("with ")]
    if field in PARTS and named and value != "sleeveless":
        return named[0].removeprefix("a ").removeprefix("an ")
    return words[0]


def some_of(rows: Sequence[Row], most: int) -> list[Row]:
    """At the most so many of the rows, in their order, chosen by their checksums."""
    ranked = sorted(rows, key=lambda row: zlib.crc32("/".join(row).encode()))[:most]
    kept = set(ranked)
    return [row for row in rows if row in kept]


class Shop:
    """One split of a folder, read once."""

    def __init__(self, folder: Path, split: str, lexicon: Lexicon) -> None:
        self.folder, self.split, self.lexicon = folder, split, lexicon
        self.items: list[MyntraItem] = read_catalogue(folder, split)
        self.facts = myntra_fine.facts_of_items(self.items, read_details(folder, {item.id for item in self.items}))
        rows: dict[str, list[int]] = defaultdict(list)
        for row, item in enumerate(self.items):
            rows[item.article_type].append(row)
        self.rows = {kind: some for kind, some in sorted(rows.items()) if self.noun(kind, "en")}

    def noun(self, kind: str, language: Language) -> str:
        """The plainest word of a type, "" where it has none."""
        return next(iter(self.lexicon.words("articleType", kind, language)), "")

    def values(self, kind: str, fields: Sequence[str]) -> list[tuple[str, str]]:
        """Fields and values that items of a type have and the lexicon names, in the order of the lexicon."""
        had = {
            (field, value) for row in self.rows[kind] for field in fields for value in self.facts[row].get(field, ())
        }
        named = [(field, value) for field in fields for value in self.lexicon.values(field) if (field, value) in had]
        own = facts_of(kind, {})
        return [(field, value) for field, value in named if value != OTHER and value not in own.get(field, ())]

    def subset(self, kind: str) -> tuple[list[MyntraItem], list[Facts]]:
        """The items of a type and their facts."""
        return [self.items[row] for row in self.rows[kind]], [self.facts[row] for row in self.rows[kind]]


def fine(shop: Shop) -> Iterator[Row]:
    """Each type with each value that ten have and ten lack."""
    for kind in shop.rows:
        items, facts = shop.subset(kind)
        for field, value in shop.values(kind, SHOWN):
            one = myntra_fine.judge(items, facts, kind, field, value)
            if min(len(one.right), one.wrong) < myntra_fine.LEAST:
                continue
            said = []
            for language in ("en", "vi"):
                word = shop.lexicon.words(field, value, language)[0]
                said.append(word if field == myntra_fine.KIND else phrase(shop.noun(kind, language), word, language))
            yield kind, field, value, *said, strip_diacritics(said[1])


def changes(shop: Shop) -> Iterator[Row]:
    """Changes of one fact, of each field at the most so many; a checksum of each chooses its words."""
    found = one_change(read_articles(shop.folder, shop.split))
    for field in FIELDS:
        rows = []
        for change in (change for change in found if change.field == field):
            seed = f"{change.reference}/{field}/{change.new}"
            said = []
            for language in ("en", "vi"):
                random = Random(f"{seed}/{language}")
                while True:  # the value is named: of "longer" more than the targets would be right
                    asked = ask_change(field, change.old, change.new, language, random, shop.lexicon)
                    if asked.values == {change.new}:
                        break
                said.append(asked.text)
            rows.append(
                (
                    change.reference,
                    field,
                    change.old,
                    change.new,
                    " ".join(change.targets),
                    *said,
                    strip_diacritics(said[1]),
                )
            )
        yield from some_of(rows, 3 * MOST)


def plus_minus(shop: Shop) -> Iterator[Row]:
    """A type with one value added, one taken away, or both."""
    made: dict[str, list[Row]] = defaultdict(list)
    for kind in shop.rows:
        items, facts = shop.subset(kind)
        values = shop.values(kind, SIGNED)
        pairs = [(plus, minus) for plus in [("", ""), *values] for minus in [("", ""), *values]]
        for plus, minus in pairs:
            if plus[0] == minus[0]:
                continue
            asked = "both" if plus[0] and minus[0] else "plus" if plus[0] else "minus"
            row = (asked, kind, *plus, *minus)
            if _asks(items, facts, row):
                nouns = {language: shop.noun(kind, language) for language in ("en", "vi")}
                terms = [
                    (nouns[language], *(term(shop.lexicon, *one, language) if one[0] else "" for one in (plus, minus)))
                    for language in ("en", "vi")
                ]
                made[asked].append((*row, *terms[0], *terms[1], *map(strip_diacritics, terms[1])))
    for asked in ("plus", "minus", "both"):
        yield from some_of(made[asked], MOST)


def _asks(items: Sequence[MyntraItem], facts: Sequence[Facts], row: Row) -> bool:
    """Whether ten items are right, and each sign excludes ten that would be right without it."""

    def right(plus: Sequence[str], minus: Sequence[str]) -> int:
        names = ("kind", "articleType", "plus_field", "plus_value", "minus_field", "minus_value")
        return len(myntra_plus_minus.judge(items, facts, dict(zip(names, (*row[:2], *plus, *minus), strict=True)))[0])

    plus, minus, nothing = row[2:4], row[4:6], ("", "")
    if right(plus, minus) < myntra_plus_minus.LEAST:
        return False
    if plus[0] and right(nothing, plus) < myntra_plus_minus.LEAST:  # items that lack what is added
        return False
    return not minus[0] or right(minus, nothing) >= myntra_plus_minus.LEAST


def close(shop: Shop) -> Iterator[Row]:
    """Absent and present words and photos; blank pictures are the benchmark's own."""
    gone = [kind for kind in ABSENT_TYPES if kind in shop.rows]
    stay = [kind for kind, rows in shop.rows.items() if kind not in gone and len(rows) >= myntra_fine.LEAST]
    yield from ((closeness.ABSENT_TYPE, kind, "", "", "") for kind in gone)
    for kind in gone:
        yield (
            "absent-words",
            kind,
            shop.noun(kind, "en"),
            shop.noun(kind, "vi"),
            strip_diacritics(shop.noun(kind, "vi")),
        )
    yield from (("absent-words", f"nothing-{n}", en, vi, strip_diacritics(vi)) for n, (en, vi) in enumerate(NOTHING))
    said: list[Row] = []
    for kind in stay:
        nouns = shop.noun(kind, "en"), shop.noun(kind, "vi")
        said.append(("present-words", kind, *nouns, strip_diacritics(nouns[1])))
        counts = Counter(shop.items[row].base_colour for row in shop.rows[kind])
        for colour in sorted(colour for colour, count in counts.items() if count >= myntra_fine.LEAST):
            shades = [shop.lexicon.words("baseColour", colour, language)[:1] for language in ("en", "vi")]
            if all(shades):
                words = f"{shades[0][0]} {nouns[0]}", f"{nouns[1]} {shades[1][0]}"
                said.append(("present-words", f"{kind}/{colour}", *words, strip_diacritics(words[1])))
    yield from some_of(said, MOST)
    for name, kinds in (("absent-photo", gone), ("present-photo", stay)):
        rows = [(name, shop.items[row].id, "", "", "") for kind in kinds for row in shop.rows[kind]]
        yield from some_of(rows, MOST)
    yield from (("blank", name, "", "", "") for name in closeness.blanks())


MADE: Mapping[str, tuple[Sequence[str], Callable[[Shop], Iterator[Row]]]] = {
    myntra_fine.NAME: (myntra_fine.COLUMNS, fine),
    myntra_changes.NAME: (myntra_changes.COLUMNS, changes),
    myntra_plus_minus.NAME: (myntra_plus_minus.COLUMNS, plus_minus),
    closeness.NAME: (closeness.COLUMNS, close),
}
"""Name of a benchmark to the columns of its list beside the split, and what makes its rows."""


def main() -> None:
    """Write the lists and say how many queries each has."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="+", choices=MADE, default=list(MADE), help="benchmarks")
    parser.add_argument("--again", action="store_true", help="also those that are there")
    parser.add_argument("--packaged", action="store_true", help="those that come with lookseek")
    chosen = parser.parse_args()
    lexicon = read_lexicon()
    splits = sorted(splits_of(chosen.folder))
    asking = [split for split in splits if split != "train"] or splits
    shops = [Shop(chosen.folder, split, lexicon) for split in asking]
    for name in chosen.only:
        path = packaged(name) if chosen.packaged else chosen.folder / QUERIES / f"{name}.csv"
        if path.is_file() and not (chosen.again or chosen.packaged):
            print(f"{path}: is there, stays")
            continue
        columns, make = MADE[name]
        rows = [(shop.split, *row) for shop in shops for row in make(shop)]
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([("split", *columns), *rows])
        print(f"{path}: {dict(Counter(row[0] for row in rows))}")


if __name__ == "__main__":
    main()
