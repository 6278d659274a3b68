"""Pairs of a shop's items that differ in one fact: the same type, colour and brand, but with long sleeves.

Two items differ in a field if each lacks what the other has (``facts.lacks``), and agree in it if they have the same
values or nobody knows either. Where one is known and the other is not, or values may come together, the two make no
pair: a target must be right without a look at the photo.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .details import Details, read_details
from .facts import OTHER, Facts, lacks
from .parquet import ParquetRows

__all__ = [
    "BRANDLESS",
    "FIELDS",
    "FINER",
    "Article",
    "OneChange",
    "difference",
    "kind_change",
    "one_change",
    "read_articles",
]

FIELDS = ("sleeve", "neckline", "pattern", "length", "fit")
"""What may differ."""

FINER = (
    *FIELDS,
    "material",
    "sleeve style",
    "rise",
    "ankle height",
    "fastening",
    "toe",
    "heel",
    "display",
    "dial",
    "strap",
)
"""What may differ beside, where a training wants more."""

BRANDLESS = frozenset(["length"])
"""Fields whose pairs may be of two brands: within a brand of one colour there are but a handful."""


@dataclass(frozen=True, slots=True)
class Article:
    """An item without its photo.

    Args:
        id: of the item.
        article_type: e.g. "Tshirts".
        colour: e.g. "Navy Blue".
        gender: e.g. "Women".
        title: what the shop calls it.
        details: what else the shop says of it.
        facts: what its attributes say.
    """

    id: str
    article_type: str
    colour: str
    gender: str
    title: str
    details: Details
    facts: Facts

    @property
    def kind(self) -> tuple[str, str, str]:
        """What both items of a pair are."""
        return self.article_type, self.colour, self.gender


@dataclass(frozen=True, slots=True)
class OneChange:
    """An item, what changes about it, and the items that it then is.

    Args:
        reference: id of the item.
        field: what changes.
        old: what it has, the rarer value where it has several.
        new: what the targets have.
        targets: ids, at least one.
    """

    reference: str
    field: str
    old: str
    new: str
    targets: tuple[str, ...]


def read_articles(folder: Path, split: str) -> list[Article]:
    """Read the items of a split with what the shop says of them, without their photos.

    Args:
        folder: holds ``catalogue.parquet`` and ``details.parquet``.
        split: of the catalogue.

    Raises:
        CatalogueError: a file or column is missing or damaged.
    """
    table = ParquetRows(folder / "catalogue.parquet")
    columns = ("id", "articleType", "baseColour", "gender", "title", "split")
    rows = [entry[1] for entry in table.read(columns, others=False) if isinstance(entry, tuple)]
    chosen = {str(row["id"]): row for row in rows if row["split"] == split}
    details = read_details(folder, chosen.keys())
    articles = []
    for id, row in chosen.items():
        kind, colour, gender, title = (str(row[name] or "") for name in columns[1:5])
        own = details.get(id, Details())
        articles.append(Article(id, kind, colour, gender, title, own, own.facts(kind)))
    return articles


def difference(one: Facts, other: Facts, fields: Sequence[str] = FIELDS) -> str:
    """Return the field in which two items differ, where it is one alone and nothing is unsure; else "".

    >>> difference({"sleeve": frozenset({"long"})}, {"sleeve": frozenset({"short"})})
    'sleeve'
    >>> difference({"sleeve": frozenset({"long"})}, {})
    ''
    """
    differing = ""
    for field in fields:
        left, right = one.get(field), other.get(field)
        if left == right:
            continue
        if left is None or right is None or differing or not _exclude_each_other(field, left, right):
            return ""
        differing = field
    return differing


def one_change(articles: Sequence[Article], fields: Sequence[str] = FIELDS) -> list[OneChange]:
    """Return all changes of one fact between the items, in their order.

    Args:
        articles: of one split: a change never goes from one split to another.
        fields: what may differ; the items of a pair agree in the others.
    """
    counts = Counter((field, value) for one in articles for field in fields for value in one.facts.get(field, ()))
    by_kind: dict[tuple[str, str, str], list[Article]] = defaultdict(list)
    for article in articles:
        if any(field in article.facts for field in fields):
            by_kind[article.kind].append(article)
    found: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    for alike in by_kind.values():
        signs = [tuple(article.facts.get(field) for field in fields) for article in alike]
        first = {sign: article.facts for sign, article in zip(signs, alike, strict=True)}
        changes = {(a, b): difference(first[a], first[b], fields) for a in first for b in first}
        for reference, sign in zip(alike, signs, strict=True):
            for target, other in zip(alike, signs, strict=True):
                field = changes[sign, other]
                if field and (field in BRANDLESS or _brand(reference) == _brand(target)):
                    old, new = reference.facts[field], target.facts[field]
                    key = reference.id, field, _telling(field, old, counts), _telling(field, new, counts)
                    found[key].append(target.id)
    return [OneChange(*key, tuple(targets)) for key, targets in found.items() if OTHER not in key]


def kind_change(articles: Sequence[Article]) -> list[OneChange]:
    """Return changes from one kind of garment to another of the same brand, colour and people: "as shorts".

    Args:
        articles: of one split.
    """
    counts = Counter(("garment", value) for one in articles for value in one.facts.get("garment", ()))
    alike: dict[tuple[str, str, str], list[Article]] = defaultdict(list)
    for article in articles:
        if article.facts.get("garment"):
            alike[_brand(article), article.colour, article.gender].append(article)
    found: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    for some in alike.values():
        for reference in some:
            for target in some:
                old, new = reference.facts["garment"], target.facts["garment"]
                if _exclude_each_other("garment", old, new):
                    key = reference.id, "garment", _telling("garment", old, counts), _telling("garment", new, counts)
                    found[key].append(target.id)
    return [OneChange(*key, tuple(targets)) for key, targets in found.items()]


def _exclude_each_other(field: str, left: Iterable[str], right: Iterable[str]) -> bool:
    """Return whether each set of values excludes the values of the other."""
    ours, theirs = tuple(left), tuple(right)
    return all(lacks(field, ours, value) for value in theirs) and all(lacks(field, theirs, value) for value in ours)


def _telling(field: str, values: Iterable[str], counts: Mapping[tuple[str, str], int]) -> str:
    """Return the most specific value: the rarest."""
    return min(values, key=lambda value: (counts[field, value], value))


def _brand(article: Article) -> str:
    return article.details.brand.casefold()
